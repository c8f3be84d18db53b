"""The command ``qhub``."""
