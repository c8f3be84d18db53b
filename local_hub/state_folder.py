"""The folder of the database and the runtime file: the owner's alone, and of one Hub at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "local-hub-"
_LOCK = "lock"
# A folder this young may belong to a Hub that has not locked it yet.
_SECONDS_TO_LOCK = 60.0


@contextmanager
def state_folder(chosen: Path | None) -> Iterator[Path]:
    """Hold the chosen folder, or a temporary one that is removed at the end.

    Temporary folders of Hubs that were killed are removed at the next start.

    Raises:
        OSError: the folder is in use, or cannot be written.
    """
    if chosen is not None:
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(chosen):
            yield chosen.resolve()
        return
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a file that only one Hub can hold; the kernel lets go of it when the process ends. POSIX only."""
    with open(folder / _LOCK, "w") as lock:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OSError(f"{folder} is in use by another local Hub") from None
        yield


def _sweep() -> None:
    """Remove the temporary folders of this user that no running Hub holds."""
    if sys.platform == "win32":
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Another Hub may sweep too, and be faster.
        with contextlib.suppress(OSError):
            state = folder.lstat()
            young = time.time() - state.st_mtime < _SECONDS_TO_LOCK
            if folder.is_symlink() or state.st_uid != os.getuid():
                continue
            if young and not (folder / _LOCK).exists():
                continue
            with _locked(folder):
                shutil.rmtree(folder)
