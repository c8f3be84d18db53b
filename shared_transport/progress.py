"""A progress bar while somebody waits: at a notebook or a prompt, never in a script.

Shown where tqdm is installed (the extra ``notebook``) and Python is used interactively: in a notebook, or at the prompt
of IPython or Python in a terminal. The environment decides otherwise: ``QHUB_PROGRESS=0`` never, ``QHUB_PROGRESS=1``
in scripts too.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .errors import HubError
from .models import JobStatus, is_terminal

if TYPE_CHECKING:
    from .client import HubClient

__all__ = ["progress", "progress_is_shown"]

# A wait that lasts longer than this, in seconds, gets a bar, which is then drawn so often.
PATIENCE = 2.0
PAUSE = 0.5
# The Hub is asked for the queue at most this often, in seconds.
ASK_AGAIN = 5.0
# With a delay, it is not drawn before it says something.
_LOOK = {
    "bar_format": "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}]",
    "delay": 1e-9,
    "dynamic_ncols": True,
    "leave": False,
}
_WAITING = (JobStatus.PENDING, JobStatus.UNKNOWN)


def progress(
    client: HubClient,
    job_ids: Sequence[str],
    look: Callable[[str], str | None],
    *,
    backend_id: str | None,
) -> AbstractContextManager[object]:
    """A bar for as long as a context is open, if that is longer than two seconds.

    It costs nothing where none is shown: no thread, no request, no import.

    Args:
        client: The Hub; while jobs wait it is asked for the queue.
        job_ids: The jobs that are waited for.
        look: Gives what is known of a job, its status by the Hub's word or None, without asking the Hub.
        backend_id: Their backend.
    """
    if not job_ids or not progress_is_shown():
        return nullcontext()
    return _Progress(client, job_ids, look, backend_id)


def progress_is_shown() -> bool:
    """Whether waits have a bar here."""
    wish = os.environ.get("QHUB_PROGRESS")
    if wish == "0" or (wish != "1" and not _interactive()):
        return False
    return find_spec("tqdm") is not None


def _interactive() -> bool:
    """Whether somebody looks: a kernel of a notebook, or a prompt in a terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and getattr(shell, "kernel", None) is not None:
        return True
    at_a_prompt = shell is not None or hasattr(sys, "ps1")
    return at_a_prompt and sys.stderr is not None and sys.stderr.isatty()


class _Progress:
    """The bar, drawn by a thread of its own, so that it delays no result."""

    def __init__(
        self,
        client: HubClient,
        job_ids: Sequence[str],
        look: Callable[[str], str | None],
        backend_id: str | None,
    ) -> None:
        self._queue = _Queue(client, backend_id)
        self._job_ids = job_ids
        self._look = look
        self._backend_id = backend_id or "The Hub"
        self._started = time.time()
        self._over = threading.Event()
        self._drawing = threading.Lock()
        self._bar: Any = None

    def __enter__(self) -> None:
        threading.Thread(target=self._run, name="qhub-progress", daemon=True).start()

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self._over.set()
        # The thread may be asking the Hub: it is not waited for, and draws no more.
        with self._drawing:
            if self._bar is not None:
                if kind is None:
                    self._bar.n = self._bar.total  # a widget that is not full stays, in red
                self._bar.close()

    def _run(self) -> None:
        if self._over.wait(PATIENCE):
            return
        make: Any = _tqdm()
        while not self._over.is_set():
            words = {job_id: self._look(job_id) for job_id in self._job_ids}
            said = f"{self._backend_id}: {self._in_words(words)}"
            with self._drawing:
                if self._over.is_set():
                    return
                if self._bar is None:
                    self._bar = make(total=len(words), **_LOOK)
                    self._bar.start_t = self._started
                self._bar.n = sum(map(is_terminal, words.values()))
                self._bar.set_description_str(said)
            self._over.wait(PAUSE)

    def _in_words(self, words: dict[str, str | None]) -> str:
        waiting = [job_id for job_id, word in words.items() if word is None or word in _WAITING]
        counted = Counter(
            "queued" if word is None or word in _WAITING else str(word).lower()
            for word in words.values()
            if not is_terminal(word)
        )
        if not counted:
            return "ended"
        told = f" ({queue})" if waiting and (queue := self._queue.ahead_of(waiting[0])) else ""
        if len(words) == 1:
            return f"{next(iter(counted))}{told}"
        return ", ".join(f"{number} {word}" for word, number in sorted(counted.items())) + told


class _Queue:
    """What the Hub says of the queue, asked now and then."""

    def __init__(self, client: HubClient, backend_id: str | None) -> None:
        self._client = client
        self._backend_id = backend_id
        self._tells_places = True
        self._asked = float("-inf")
        self._said: str | None = None

    def ahead_of(self, job_id: str) -> str | None:
        """Where a job stands, if the Hub says that; else how long its backend's queue is; else None."""
        if time.monotonic() - self._asked >= ASK_AGAIN:
            try:
                self._said = self._ask(job_id)
            except HubError:
                self._said = None  # a bar may lack it; the wait itself says what is wrong
            self._asked = time.monotonic()
        return self._said

    def _ask(self, job_id: str) -> str | None:
        if self._tells_places:
            place = (self._client.jobs.get(job_id).model_extra or {}).get("queue_position")
            if isinstance(place, int):
                return f"{place} before it"
            self._tells_places = False
        if self._backend_id is None:
            return None
        size = self._client.backends.status(self._backend_id).queue_size
        return None if size is None else f"{size} in the queue"


def _tqdm() -> Any:
    """The bar that fits where it is shown: a widget in a notebook that has them, else text."""
    # tqdm.auto warns where there are no widgets; text does as well.
    module = "tqdm.auto" if find_spec("ipywidgets") is not None else "tqdm"
    return importlib.import_module(module).tqdm
