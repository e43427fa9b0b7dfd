"""The vigil: when a target is taken for gone, and when it is not."""

from __future__ import annotations

import threading

import pytest

from conformance.target import TargetError
from conformance.target.vigil import Vigil


def _vigil(told: list[list[str]], **patience: float) -> Vigil:
    return Vigil(lambda ids: told.append(list(ids)), most=3, **{"patience_s": 0.1, "pause_s": 0.01, **patience})


def test_a_target_that_answers_nothing_is_gone() -> None:
    """After so many requests in a row without an answer nothing more is sent, and their ids are told once."""
    told: list[list[str]] = []
    vigil = _vigil(told)
    for number in range(3):
        vigil.before()
        vigil.unanswered(str(number), lambda left: False)
    assert vigil.gone
    assert told == [["0", "1", "2"]]
    with pytest.raises(TargetError, match="the target stopped answering"):
        vigil.before()


def test_one_answer_begins_the_count_again() -> None:
    """Requests without an answer between answers are no silence, and nobody is asked."""
    vigil = _vigil([])
    for number in range(20):
        vigil.unanswered(str(number), lambda left: pytest.fail("nobody has to be asked"))
        if number % 2:
            vigil.answered()
    assert not vigil.gone


def test_a_restart_is_waited_for() -> None:
    """A target that answers within the patience is there, and has the same patience again."""
    told: list[list[str]] = []
    asked: list[float] = []

    def third_time(left: float) -> bool:
        asked.append(left)
        return len(asked) % 3 == 0

    vigil = _vigil(told, patience_s=5.0)
    for number in range(7):
        vigil.unanswered(str(number), third_time)
    assert len(asked) == 6
    assert asked == sorted(asked[:3], reverse=True) + sorted(asked[3:], reverse=True)
    assert not vigil.gone
    assert told == []


def test_threads_ask_once() -> None:
    """Threads that all meet the silence find one answer to it."""
    told: list[list[str]] = []
    vigil = _vigil(told)
    threads = [threading.Thread(target=vigil.unanswered, args=(str(n), lambda left: False)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vigil.gone
    assert len(told) == 1
