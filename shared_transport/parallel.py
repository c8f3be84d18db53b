"""Several requests at once, in threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from .errors import HubError
from .models import Job
from .requests import JobRequest

if TYPE_CHECKING:
    from .client import HubClient

__all__ = ["AT_ONCE", "at_once", "create_jobs"]

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8
"""How many requests are sent at once where nothing else is said."""


def at_once(ask: Callable[[T], R], things: Iterable[T], threads: int = AT_ONCE) -> list[R]:
    """Ask for each thing, several at once, and give the answers in their order.

    For questions, which may be left unanswered: Ctrl-C or an error ends it at once, where an executor would first
    wait for every answer that is under way.

    Args:
        ask: Asks for one.
        things: What to ask for.
        threads: How many at once.

    Raises:
        Exception: What the first question raised that was not answered; no further one is asked.
    """
    several = list(things)
    if len(several) == 1:
        return [ask(several[0])]
    answers: list[Future[R]] = [Future() for _ in several]
    waiting: queue.SimpleQueue[tuple[T, Future[R]]] = queue.SimpleQueue()
    for one in zip(several, answers, strict=True):
        waiting.put(one)
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                thing, answer = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answer.set_result(ask(thing))
            except BaseException as problem:  # noqa: BLE001 - raised below, where the answer is waited for
                answer.set_exception(problem)

    for _ in range(min(threads, len(answers))):
        threading.Thread(target=work, name="qhub-ask", daemon=True).start()
    try:
        return [answer.result() for answer in answers]
    finally:
        stopped.set()


def create_jobs(
    client: HubClient, requests: Sequence[JobRequest]
) -> tuple[list[Job | None], HubError | None]:
    """Create jobs, several at once.

    Args:
        client: The Hub.
        requests: The jobs.

    Returns:
        The jobs in the order of the requests, None for one that was not created; and the first error, after
        which no further one is begun.
    """
    stopped = threading.Event()
    problems: list[HubError] = []

    def create(request: JobRequest) -> Job | None:
        if stopped.is_set():
            return None
        try:
            return client.jobs.create(request)
        except HubError as problem:
            stopped.set()
            problems.append(problem)
            return None

    if len(requests) == 1:
        jobs = [create(requests[0])]
    else:
        # What is under way is waited for, also after Ctrl-C: it is paid for, and its id goes into the journal.
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="qhub-submit") as pool:
            try:
                jobs = list(pool.map(create, requests))
            finally:
                stopped.set()
    return jobs, problems[0] if problems else None
