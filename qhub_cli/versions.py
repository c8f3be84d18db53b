"""What `qhub --version` says: versions, and which extras are there."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

__all__ = ["Extra", "extras", "install_line", "version_text"]

_DISTRIBUTION = "qhub-plugins"
# Collections of the others, and what only the project's developers need.
_NOT_SHOWN = ("all", "dev")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)[^;]*;\s*(.*)")
_EXTRA = re.compile(r"extra == ['\"]([\w-]+)['\"]")


@dataclass
class Extra:
    """A part of the distribution that is installed when it is asked for.

    Attributes:
        name: Its name.
        present: Version of each of its packages that is there.
        missing: Those that are not.
    """

    name: str
    present: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def extras() -> list[Extra]:
    """The extras and what of them is installed, by the distribution's own metadata."""
    found = {
        name: Extra(name)
        for name in metadata.metadata(_DISTRIBUTION).get_all("Provides-Extra") or ()
        if name not in _NOT_SHOWN
    }
    for extra, package in _requirements():
        if extra in found:
            version = _version(package)
            if version is None:
                found[extra].missing.append(package)
            else:
                found[extra].present[package] = version
    return list(found.values())


def version_text() -> str:
    """Versions, and a line for each extra."""
    lines = [
        f"{_DISTRIBUTION} {metadata.version(_DISTRIBUTION)}, Python {platform.python_version()}"
    ]
    for extra in extras():
        if extra.missing:
            lines.append(f"  {extra.name:10} missing   {install_line(extra.name)}")
        else:
            packages = ", ".join(f"{name} {number}" for name, number in extra.present.items())
            lines.append(f"  {extra.name:10} present   {packages}")
    return "\n".join(lines)


def install_line(extra: str) -> str:
    """The command that adds an extra to this installation."""
    wanted = f"'{_DISTRIBUTION}[{extra}]'"
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        return f"pipx install --force {wanted}"
    return f"pip install {wanted}"


def _requirements() -> Iterator[tuple[str, str]]:
    """Extra and package; those that only some systems need are left out."""
    for line in metadata.requires(_DISTRIBUTION) or ():
        requirement = _REQUIREMENT.fullmatch(line)
        extra = _EXTRA.fullmatch(requirement[2].strip()) if requirement else None
        if requirement and extra:
            yield extra[1], requirement[1]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
