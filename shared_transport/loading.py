"""Loading an SDK: Braket's modules leave 180,000 objects, and Python looks through all of them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_collection"]


@contextmanager
def without_collection() -> Iterator[None]:
    """Import without garbage collection: what imports make stays, and a look through it takes a tenth of a second.

    Afterwards all of it counts as old, as if it had been looked through; the next full collection does so.
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
