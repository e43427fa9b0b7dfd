"""The rate limiter: ten calls a minute per route and client, with its headers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from conformance.reference import reference_server

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = "/api/v1/livechat/config"


@dataclass(slots=True)
class Clock:
    """A clock for the limiter that a test can move."""

    now: int = 1_000_000
    wrap: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def replace(self) -> dict[str, Callable[..., Any]]:
        """The behaviour that this clock stands in for."""
        return {"limiter.clock": lambda site: self.now}


def test_it_is_off_by_default() -> None:
    """No headers, no end of calls."""
    with reference_server() as url, httpx.Client(base_url=url) as client:
        answers = [client.get(CONFIG) for _ in range(15)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-ratelimit-limit" not in answers[0].headers


def test_the_eleventh_call_of_a_minute_is_429() -> None:
    """The headers count down, and the refusal says how long to wait."""
    with reference_server(rate_limit=True) as url, httpx.Client(base_url=url) as client:
        answers = [client.get(CONFIG) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == [*map(str, range(9, -1, -1)), "0", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"10"}
    assert len({answer.headers["x-ratelimit-reset"] for answer in answers}) == 1
    assert re.fullmatch(
        r"Error, too many requests\. Please slow down\. You must wait \d+ seconds before trying this endpoint again\. "
        r"\[error-too-many-requests\]",
        answers[-1].json()["error"],
    )


def test_each_client_and_each_route_has_its_own_count() -> None:
    """Addresses are taken from X-Forwarded-For; a refused body counts, a 405 and an outside page do not."""
    with reference_server(rate_limit=True) as url, httpx.Client(base_url=url) as client:
        for _ in range(10):
            client.get(CONFIG, headers={"X-Forwarded-For": "198.51.100.7"})
        other = client.get(CONFIG, headers={"X-Forwarded-For": "198.51.100.8"})
        refused = client.post("/api/v1/livechat/visitor", json={}, headers={"X-Forwarded-For": "198.51.100.7"})
        wrong = client.delete(CONFIG, headers={"X-Forwarded-For": "198.51.100.7"})
    assert (other.status_code, other.headers["x-ratelimit-remaining"]) == (200, "9")
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (400, "9")
    assert (wrong.status_code, "x-ratelimit-limit" in wrong.headers) == (405, False)


def test_a_new_window_begins_after_the_old_one() -> None:
    """The count starts again when the time is up."""
    clock = Clock()
    with reference_server(rate_limit=True, faults=[clock]) as url, httpx.Client(base_url=url) as client:
        first = [client.get(CONFIG).status_code for _ in range(11)]
        clock.now += 60_000
        second = client.get(CONFIG)
    assert first == [200] * 10 + [429]
    assert (second.status_code, second.headers["x-ratelimit-remaining"]) == (200, "9")


def test_the_administrator_bypasses_it_where_the_route_knows_him() -> None:
    """His credentials do not help on a visitor's route."""
    with reference_server(rate_limit=True) as url, httpx.Client(base_url=url) as client:
        login = client.post("/api/v1/login", json={"user": url.admin_user, "password": url.admin_password}).json()[
            "data"
        ]
        headers = {"X-Auth-Token": login["authToken"], "X-User-Id": login["userId"]}
        rooms = [client.get("/api/v1/livechat/rooms", headers=headers) for _ in range(12)]
        config = [client.get(CONFIG, headers=headers) for _ in range(11)]
        nobody = client.get("/api/v1/livechat/rooms")
    assert {answer.status_code for answer in rooms} == {200}
    assert "x-ratelimit-limit" not in rooms[0].headers
    assert config[-1].status_code == 429
    assert (nobody.status_code, "x-ratelimit-limit" in nobody.headers) == (401, False)
