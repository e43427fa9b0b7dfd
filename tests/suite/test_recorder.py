"""The recorder: which answers show a server that works."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.suite.recorder import shows_life


@pytest.mark.parametrize(
    ("status", "json", "lively"),
    [
        (200, {"success": True, "config": {}}, True),
        (200, {"success": True}, False),
        (200, {"success": False, "error": "no"}, False),
        (200, ["success"], False),
        (400, {"success": False, "error": "no"}, False),
        (500, {"success": True, "config": {}}, False),
    ],
)
def test_only_a_success_that_tells_something_shows_life(status: int, json: Any, lively: bool) -> None:
    """A refusal, an error or a bare success may be all that is left of a server."""
    body = Body(json=json, is_json=True, size=1)
    response = Response(status, {"content-type": "application/json"}, body)
    request = Request("GET", "/api/v1/livechat/config")
    assert shows_life(Exchange("main-1", "getConfig", "nobody", request, response)) is lively
    assert not shows_life(Exchange("main-1", "getConfig", "nobody", request, None, "closed"))
