"""How long a refused method call waits."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.world.methods import pause_after


@pytest.mark.parametrize(
    "error",
    [
        None,
        "too-many-requests",
        {"error": "error-not-allowed", "message": "Not allowed [error-not-allowed]"},
        {"error": 500, "reason": "Internal server error"},
        [],
    ],
)
def test_other_errors_are_not_waited_for(error: Any) -> None:
    """Only the refusal of one call too many says how long to wait."""
    assert pause_after(error) is None


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ({"timeToReset": 6500}, 6.6),
        ({"timeToReset": 0}, 0.1),
        ({"timeToReset": -5}, 0.1),
        ({"timeToReset": 10**9}, 20.0),
        ({"timeToReset": True}, 10.0),
        ({"timeToReset": "soon"}, 10.0),
        ({}, 10.0),
        (None, 10.0),
    ],
)
def test_a_call_too_many_waits_as_long_as_the_server_says(details: Any, seconds: float) -> None:
    """The time is taken from the refusal, with bounds, and guessed where it says none."""
    error = {"isClientSafe": True, "error": "too-many-requests", "details": details, "errorType": "Meteor.Error"}
    assert pause_after(error) == pytest.approx(seconds)
