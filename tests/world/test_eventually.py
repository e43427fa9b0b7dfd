"""Waiting for what a server finishes late."""

from __future__ import annotations

import time

from conformance.world import eventually


def test_the_first_good_value_is_returned() -> None:
    """Asked again until it is good, and not longer."""
    values = iter([0, 0, 3, 4])
    assert eventually(lambda: next(values)) == 3


def test_the_last_value_is_returned_when_the_time_is_over() -> None:
    """It is for the caller to judge it."""
    started = time.monotonic()
    assert eventually(lambda: 0, deadline_s=0.2) == 0
    assert time.monotonic() - started < 2


def test_even_without_time_it_is_asked_once() -> None:
    """A deadline of nothing is no excuse for not asking."""
    assert eventually(lambda: "x", deadline_s=0) == "x"
