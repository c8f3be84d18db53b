"""Asking for several things at once, in threads that nobody has to wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["at_once"]

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 8


def at_once(ask: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """Ask for each thing, several at once, and give the answers in their order.

    Ctrl-C ends it at once: an executor would first wait for every answer that is under way.

    Raises:
        Exception: What the first question raised that was not answered.
    """
    waiting: queue.SimpleQueue[tuple[T, Future[R]]] = queue.SimpleQueue()
    answers: list[Future[R]] = []
    for thing in things:
        answers.append(Future())
        waiting.put((thing, answers[-1]))

    def work() -> None:
        while True:
            try:
                thing, answer = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answer.set_result(ask(thing))
            except Exception as problem:  # noqa: BLE001 - whoever waits gets it
                answer.set_exception(problem)

    for _ in range(min(_THREADS, len(answers))):
        threading.Thread(target=work, name="qhub-cli", daemon=True).start()
    return [answer.result() for answer in answers]
