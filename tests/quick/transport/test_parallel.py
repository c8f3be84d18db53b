"""Questions that are asked at once."""

from __future__ import annotations

import threading
import time

import pytest

from shared_transport.parallel import at_once


def test_answers_come_in_the_order_of_the_questions() -> None:
    def ask(number: int) -> int:
        time.sleep(0.02 * (3 - number % 4))
        return number * number

    assert at_once(ask, range(30)) == [number * number for number in range(30)]
    assert at_once(ask, []) == []


def test_they_are_asked_at_once_and_not_all_at_once() -> None:
    together = threading.Barrier(8)  # passed by eight threads, or by none
    assert at_once(lambda _: together.wait(10) >= 0, range(8)) == [True] * 8
    names: set[str] = set()
    at_once(lambda _: names.add(threading.current_thread().ident), range(100))
    assert len(names) <= 8


def test_an_error_is_raised_and_not_lost() -> None:
    def ask(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return number

    with pytest.raises(ValueError, match="five"):
        at_once(ask, range(10))
