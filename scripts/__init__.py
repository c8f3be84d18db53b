"""Scripts of the project that are not part of its packages."""
