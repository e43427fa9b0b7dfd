"""The throttle: keeps the target's pace, learned from its headers and its refusals."""

from __future__ import annotations

import email.utils
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance.target import (
    NOBODY,
    BudgetExhausted,
    Limiter,
    Persona,
    RateLimitExceeded,
    RecordingClient,
    Settings,
    Throttle,
)

Start = Callable[..., Any]
ADMIN = Persona("admin", "u", "token-123456")
TEXT = (
    "Error, too many requests. Please slow down. You must wait {} seconds before trying this endpoint again. "
    "[error-too-many-requests]"
)


class Clock:
    """A sleep that takes no time and keeps count."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        self.slept: list[float] = []
        monkeypatch.setattr("conformance.target.throttle.time.monotonic", lambda: self.now)

    def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock under control."""
    return Clock(monkeypatch)


def limited(remaining: int, seconds: float, *, skew: float = 0.0, limit: int = 10) -> dict[str, str]:
    """Headers of the limiter of a server whose clock goes wrong by ``skew`` seconds."""
    now = time.time() + skew
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int((now + seconds) * 1000)),
        "date": email.utils.formatdate(now, usegmt=True),
    }


@pytest.mark.parametrize("skew", [0.0, 5000.0, -90_000.0])
def test_a_used_up_route_is_waited_for_by_the_servers_own_clock(clock: Clock, skew: float) -> None:
    """The end of the window is read against the server's Date, so a wrong clock does no harm."""
    throttle = Throttle(sleep=clock.sleep)
    throttle.before("GET /a", "visitor A")
    throttle.after("GET /a", "visitor A", 200, limited(0, 30, skew=skew), authenticated=False)
    throttle.before("GET /b", "visitor A")
    assert clock.slept == []
    throttle.before("GET /a", "visitor A")
    assert 29 <= sum(clock.slept) <= 32


def test_calls_that_are_left_are_used_without_waiting(clock: Clock) -> None:
    """Only the call after the last one waits."""
    throttle = Throttle(sleep=clock.sleep)
    throttle.after("GET /a", "visitor A", 200, limited(2, 30), authenticated=False)
    throttle.before("GET /a", "visitor A")
    throttle.before("GET /a", "visitor B")
    assert clock.slept == []
    throttle.before("GET /a", "visitor A")
    assert sum(clock.slept) > 25
    assert throttle.limiter is not None
    assert throttle.limiter.calls == 10


def test_those_who_may_bypass_the_limit_do_not_wait(clock: Clock) -> None:
    """An administrator gets no limiter headers on authenticated routes, and is not held up by others."""
    throttle = Throttle(sleep=clock.sleep)
    throttle.after("GET /a", "admin", 200, {}, authenticated=True)
    throttle.after("GET /a", "agent", 200, limited(0, 30), authenticated=True)
    throttle.before("GET /a", "admin")
    assert clock.slept == []
    throttle.before("GET /a", "agent")
    assert clock.slept


def test_the_highest_rate_is_kept(clock: Clock) -> None:
    """With --max-rate 4/s eight calls take the time of seven intervals."""
    throttle = Throttle(max_rate=4, sleep=clock.sleep)
    for _ in range(8):
        throttle.before("GET /a", "x")
    assert sum(clock.slept) == pytest.approx(7 / 4)


def test_no_wait_goes_beyond_the_time_of_the_run(clock: Clock) -> None:
    """A call that would have to wait for longer than the run may take ends it at once."""
    throttle = Throttle(deadline=time.time() + 10, sleep=clock.sleep)
    throttle.before("GET /a", "x")
    throttle.after("GET /a", "x", 200, limited(0, 60), authenticated=False)
    with pytest.raises(BudgetExhausted, match="max-time"):
        throttle.before("GET /a", "x")
    assert clock.slept == []


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, None, 7),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:05 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, None, 5),
        ({}, {"success": False, "error": TEXT.format(13)}, 13),
        ({}, {"success": False, "error": TEXT.format(999_999)}, 120),
        ({}, {"error": 5}, 1),
        ({"retry-after": "soon"}, "no", 1),
        ({"retry-after": "-4"}, None, 0.05),
    ],
)
def test_a_refusal_says_how_long_to_wait(headers: dict[str, str], body: Any, seconds: float) -> None:
    """Retry-After in both forms, the text of the documented servers, or growing pauses; never too long."""
    assert Throttle().refused("GET /a", 1, headers, body) == pytest.approx(seconds)


def limiter_server(calls: int, seconds: float) -> Callable[[socket.socket, bytes], None]:
    """A server that allows so many calls in a window, and refuses the rest as the documented ones do."""
    state = {"count": 0, "reset": 0.0}

    def handle(connection: socket.socket, head: bytes) -> None:
        now = time.time()
        if now > state["reset"]:
            state.update(count=0, reset=now + seconds)
        state["count"] += 1
        left = max(0, calls - int(state["count"]))
        refused = state["count"] > calls
        wait = max(1, round(state["reset"] - now))
        body = json.dumps({"success": False, "error": TEXT.format(wait)} if refused else {"success": True}).encode()
        head_lines = (
            f"HTTP/1.1 {'429 Too Many Requests' if refused else '200 OK'}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-RateLimit-Limit: {calls}\r\nX-RateLimit-Remaining: {left}\r\n"
            f"X-RateLimit-Reset: {int(state['reset'] * 1000)}\r\n\r\n"
        )
        connection.sendall(head_lines.encode() + body)

    return handle


class Sink:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.statuses: list[int | None] = []
        self.judged: list[int | None] = []

    def exchange(self, exchange: Any) -> None:
        """Keep the status."""
        self.statuses.append(exchange.status)

    def mismatches(self, exchange: Any, found: Any, /) -> None:
        """Keep what was judged."""
        self.judged.append(exchange.status)


class AnyContract:
    """A contract that matches nothing."""

    operations: dict[str, Any] = {}  # noqa: RUF012

    def match(self, method: str, path: str) -> None:
        """No operation."""

    def check(self, exchange: Any) -> list[Any]:
        """No mismatch."""
        return []


def test_a_run_paces_itself_on_a_limited_server(raw_server: Start) -> None:
    """All calls are answered in the end, those who wait are told, and no refusal is ever judged."""
    server = raw_server(limiter_server(3, 1.0))
    told: list[str] = []
    sink = Sink()
    throttle = Throttle(on_wait=lambda seconds, why: told.append(why))
    with RecordingClient(Settings(url=server.url), AnyContract(), sink, throttle) as client:
        answers = [client.request(NOBODY, "GET", "/api/v1/livechat/config").status for _ in range(8)]
    assert answers == [200] * 8
    assert told
    assert "/api/v1/livechat/config" in told[0]
    assert 429 not in sink.judged
    assert throttle.limiter == Limiter(3, 1000)


def test_a_refusal_is_waited_for_and_the_call_repeated(raw_server: Start, reply: Start) -> None:
    """Without any headers beforehand a 429 is obeyed, and both exchanges are kept."""
    count = iter(range(10))

    def handle(connection: socket.socket, head: bytes) -> None:
        first = next(count) == 0
        connection.sendall(reply(status="429 Slow", headers={"Retry-After": "0"}) if first else reply())

    sink = Sink()
    with RecordingClient(Settings(url=raw_server(handle).url), AnyContract(), sink) as client:
        assert client.request(ADMIN, "GET", "/x").status == 200
    assert (sink.statuses, sink.judged) == ([429, 200], [200])


def test_a_server_that_always_refuses_ends_in_a_sentence(raw_server: Start, reply: Start) -> None:
    """Waiting is bounded; the last exchange is handed on."""
    server = raw_server(
        lambda connection, head: connection.sendall(reply(status="429 Slow", headers={"Retry-After": "0"}))
    )
    with RecordingClient(Settings(url=server.url), throttle=Throttle(attempts=3)) as client:
        with pytest.raises(RateLimitExceeded, match="3 times in a row") as caught:
            client.request(NOBODY, "GET", "/x")
        assert caught.value.exchange.status == 429
        assert client.request(NOBODY, "GET", "/x", allow_429=True).status == 429
    assert len(server.heads) == 4


def test_a_route_has_calls_to_spare_while_one_is_left_for_whoever_comes_next(clock: Clock) -> None:
    """Unknown routes and windows that are over have all of them."""
    throttle = Throttle(sleep=clock.sleep)
    assert throttle.spare("GET /a")
    for remaining, spare in ((5, True), (2, True), (1, False), (0, False)):
        throttle.after("GET /a", "visitor A", 200, limited(remaining, 30), authenticated=False)
        assert throttle.spare("GET /a") is spare
    clock.now += 40
    assert throttle.spare("GET /a")
