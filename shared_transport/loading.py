"""What SDKs do to a process that loads them, taken back."""

from __future__ import annotations

import ctypes
import gc
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["keeping_handlers", "without_collection"]

_get, _put = ctypes.pythonapi.PyOS_getsig, ctypes.pythonapi.PyOS_setsig
_get.argtypes, _get.restype = [ctypes.c_int], ctypes.c_void_p
_put.argtypes, _put.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
_lock = threading.Lock()
_users = 0
_handler: int | None = None
_hook = sys.excepthook


@contextmanager
def without_collection() -> Iterator[None]:
    """Import without garbage collection: what imports make stays, and a look through it takes a tenth of a second.

    Braket's modules leave 180,000 objects, and Python looks through all of them again and again. Afterwards all of it
    counts as old, as if it had been looked through; the next full collection does so.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():  # else what the program froze would be old, too
                gc.freeze()
                gc.unfreeze()
            gc.enable()


@contextmanager
def keeping_handlers() -> Iterator[None]:
    """Use Perceval, and let Ctrl-C and uncaught exceptions be what they were.

    Its core, exqalibur 1.3, sets a signal handler of its own at import and whenever it computes. Under that handler
    no KeyboardInterrupt is ever raised by Python's own code: no wait and no loop of the program could be interrupted.
    Its logger sets `sys.excepthook`, which then prints a traceback whatever the program had chosen.
    Python's `signal.signal` works in the main thread alone; this in every thread, and in several at once.
    """
    global _users, _handler, _hook
    with _lock:
        if _users == 0:
            _handler, _hook = _get(signal.SIGINT), sys.excepthook
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _put(signal.SIGINT, _handler)
                sys.excepthook = _hook
