"""What tests of the suite share: the moment of an exchange by the server's clock and by ours."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.suite.helpers import happened_now

_NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC).timestamp()


def _exchange(date_s: float | None) -> Exchange:
    """An exchange of now, whose answer carries the server's clock."""
    moment = None if date_s is None else format_datetime(datetime.fromtimestamp(date_s, UTC), usegmt=True)
    response = Response(200, {} if moment is None else {"date": moment}, Body({}, is_json=True), 20.0)
    return Exchange("1", "openRoom", "visitor A", Request("GET", "/room"), response, started=_NOW)


@pytest.mark.parametrize(
    ("date_s", "at_s", "held"),
    [
        (_NOW, _NOW, True),
        (_NOW + 7200, _NOW + 7200, True),
        (_NOW - 9, _NOW, True),
        (_NOW, _NOW + 3600, False),
        (_NOW, _NOW - 60, False),
        (_NOW + 7200, _NOW + 60, False),
        (None, _NOW + 3600, True),
    ],
    ids=["now", "a clock ahead", "an old Date", "an hour late", "a minute early", "neither clock", "no Date"],
)
def test_a_time_is_right_by_the_servers_clock_or_by_ours(date_s: float | None, at_s: float, held: bool) -> None:
    """A server's clock may be wrong, and the Date of a busy one may be old; a time that suits neither is wrong."""
    value = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert happened_now(value, _exchange(date_s)) is held


def test_what_is_no_time_never_happened() -> None:
    """Whatever the clocks say."""
    assert not happened_now("soon", _exchange(_NOW))
    assert not happened_now(None, _exchange(None))
