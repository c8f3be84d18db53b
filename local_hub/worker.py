"""A worker: a child process that simulates one job at a time (`python -m local_hub.worker`).

It reads requests from its stdin and answers on its stdout (see `frames`). Whatever a library prints goes to stderr. It
ends with the server, however that ends: the kernel kills it (Linux), and the end of its stdin does elsewhere.

Requests: `load` an engine; `check` a job's input; `run` a job, checked before or not.
Answers: `loaded`, `checked`, `done` (the document follows), `refused` and `failed` with a message.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

from local_hub import frames
from local_hub.engines import load_engine
from local_hub.engines.base import Prepared, Refused, Task

_PR_SET_PDEATHSIG = 1
_NICENESS = 10


def main() -> None:
    """Serve requests until stdin ends."""
    arguments = _arguments()
    # Ctrl-C reaches the server too, and the server ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(arguments.parent)
    _stand_back()
    requests, answers = _private_pipes()
    pending: queue.SimpleQueue[frames.Message] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests, pending), daemon=True).start()
    worker = _Worker(answers, arguments.memory_mb)
    while True:
        worker.handle(pending.get())


class _Worker:
    def __init__(self, answers: BinaryIO, memory_mb: int) -> None:
        self._answers = answers
        self._memory_mb = memory_mb
        self._ticket = -1
        self._prepared: Prepared | None = None

    def handle(self, request: frames.Message) -> None:
        """Carry a request out and answer it."""
        try:
            if request["op"] == "load":
                load_engine(request["engine"])
                self._answer({"op": "loaded", "engine": request["engine"]})
                return
            # Outside the memory limit: an engine is no part of a job.
            load_engine(request["engine"])
            self._answer({"op": "loaded", "engine": request["engine"]})
            with _memory_limit(self._memory_mb):
                self._work(request)
        except Refused as refusal:
            self._answer({"op": "refused", "message": str(refusal)})
        except MemoryError:
            self._prepared = None
            self._fail(f"The job needs more memory than its limit of {self._memory_mb} MB.")
        # A Rust library that panics raises no Exception.
        except BaseException as error:  # noqa: BLE001 - what an engine raises ends the job, not the worker
            self._fail(f"The simulation failed: {type(error).__name__}: {error}")

    def _work(self, request: frames.Message) -> None:
        if request["ticket"] != self._ticket or self._prepared is None:
            self._prepared = None
            self._prepared = load_engine(request["engine"]).prepare(Task(**request["task"]))
            self._ticket = request["ticket"]
        if request["op"] == "check":
            self._answer({"op": "checked"})
            return
        prepared, self._prepared = self._prepared, None
        self._answer({"op": "done"}, prepared.run(request["job_id"], request["seed"]))

    def _fail(self, message: str) -> None:
        self._answer({"op": "failed", "message": message})

    def _answer(self, message: frames.Message, body: bytes = b"") -> None:
        self._answers.write(frames.pack(message, body))
        self._answers.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_hub.worker", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="the server's process id")
    parser.add_argument("--memory-mb", type=int, default=0, help="memory a job may add; 0: any")
    return parser.parse_args()


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the server dies. Elsewhere than on Linux, stdin's end does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)


def _stand_back() -> None:
    """Let the server, and whoever sits at this machine, have the processor first. POSIX only."""
    if sys.platform != "win32":
        os.nice(_NICENESS)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the protocol away from file descriptors 0 and 1, so that no library can read or write it."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _read(requests: BinaryIO, pending: queue.SimpleQueue[frames.Message]) -> None:
    while (frame := frames.read(requests)) is not None:
        pending.put(frame[0])
    os._exit(0)


@contextlib.contextmanager
def _memory_limit(megabytes: int) -> Iterator[None]:
    """Limit the address space to what is in use now and `megabytes` more. POSIX only."""
    if not megabytes or sys.platform == "win32":
        yield
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _address_space() -> int:
    """Bytes of address space in use; 0 where the kernel does not tell."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
