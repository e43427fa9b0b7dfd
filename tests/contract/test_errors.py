"""The code of an error is found in each of the six shapes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract import Body, Response, error_code, is_validation_failure

_MATCH = {
    "message": "Match error: Missing key 'token'",
    "path": "",
    "sanitizedError": {"error": 400},
    "errorType": "Match.Error",
    "success": False,
}


def _response(body: Any, status: int = 400) -> Response:
    return Response(status, {}, Body(json=body, is_json=True))


@pytest.mark.parametrize(
    ("body", "code", "validation"),
    [
        (
            {"error": "invalid-token", "errorType": "Meteor.Error", "message": "[invalid-token]", "success": False},
            "invalid-token",
            False,
        ),
        (_MATCH, None, True),
        ({"success": False}, None, True),
        ({"success": False, "error": "invalid-room"}, "invalid-room", False),
        ({"success": False, "error": "Not there [error-x]", "errorType": "error-x"}, "error-x", False),
        ({"success": False, "error": "Too many requests. [error-too-many-requests]"}, "error-too-many-requests", False),
        ({"success": False, "error": "Match error: Expected string"}, None, True),
        ({"success": False, "error": "department-not-found"}, "department-not-found", False),
        ({"status": "error", "message": "You must be logged in to do this."}, None, False),
        ({"status": "error", "error": "Unauthorized", "message": "Unauthorized"}, "Unauthorized", False),
        ({"error": "x", "success": True}, None, False),
        ([], None, False),
        (None, None, False),
    ],
)
def test_the_code_is_found_in_every_shape(body: Any, code: str | None, validation: bool) -> None:
    """Shapes S1 to S6 of section 0.2 of the facts, login failures and bodies that are none."""
    assert error_code(_response(body)) == code
    assert is_validation_failure(_response(body)) is validation


def test_only_a_400_is_a_validation_failure() -> None:
    """The same body with another status is not."""
    assert not is_validation_failure(_response(_MATCH, 200))


_ANY = st.none() | st.booleans() | st.integers() | st.text() | st.dictionaries(st.text(), st.text() | st.integers())


@given(st.dictionaries(st.sampled_from(["error", "errorType", "message", "reason", "success"]), _ANY))
def test_no_body_breaks_the_normalisation(body: dict[str, Any]) -> None:
    """A code is a text that is not empty, and a refused parameter has none."""
    code = error_code(_response(body))
    assert code is None or code
    if is_validation_failure(_response(body)):
        assert code is None
