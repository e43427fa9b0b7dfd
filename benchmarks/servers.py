"""Servers of a benchmark: reference servers that count what arrives, with or without a fault, and what they hold."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.faults.model import Fault
from conformance.faults.servers import BASE
from conformance.reference import reference_server

API = "/api/v1/livechat"


@dataclass(slots=True)
class Counter:
    """Counts requests; can be planted into a server like a fault, and changes nothing of what it does."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0
    replace: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    wrap: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wrap = {"http.address": self._arrived}

    def reset(self) -> None:
        """Count from zero."""
        self.count = 0

    @property
    def seconds(self) -> float:
        """From the first request to the last."""
        return self.last - self.first if self.count else 0.0

    def _arrived(self, original: Callable[..., Any], *args: Any) -> Any:
        self.last = time.monotonic()
        if not self.count:
            self.first = self.last
        self.count += 1
        return original(*args)


@dataclass(frozen=True, slots=True)
class Ground:
    """A running server and all that the tools are told of it.

    Attributes:
        url: Its address.
        admin_user, admin_password: The administrator's account.
        user_id, auth_token: A login of the administrator, for tools that cannot log in.
        counter: Counts the requests that arrive.
    """

    url: str
    admin_user: str
    admin_password: str
    user_id: str
    auth_token: str
    counter: Counter


@dataclass(frozen=True, slots=True)
class Pair:
    """A visitor and his open room: values for a tool that takes values from its user."""

    token: str
    rid: str


@contextmanager
def ground(fault: Fault | None = None) -> Iterator[Ground]:
    """Run a reference server with at most one fault; it counts from zero once the administrator is logged in.

    Raises:
        httpx.HTTPError: The administrator cannot log in: the fault is of a kind that the benchmark cannot take.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # tools send what is no HTTP at all
    counter = Counter()
    planted = (counter,) if fault is None else (fault, counter)
    with reference_server(options=BASE, faults=planted) as url:
        answer = httpx.post(f"{url}/api/v1/login", json={"user": url.admin_user, "password": url.admin_password})
        answer.raise_for_status()
        login = answer.json()["data"]
        counter.reset()
        yield Ground(str(url), url.admin_user, url.admin_password, login["userId"], login["authToken"], counter)


def furnish(place: Ground) -> Pair:
    """Make a department with an online agent, a visitor and his open room, as a user would for a tuned run.

    What a faulty server refuses stays undone: a tool finds fault by its own requests, not by this preparation.
    """
    headers = {"X-Auth-Token": place.auth_token, "X-User-Id": place.user_id}
    pair = Pair("bench-visitor", "bench-room")
    with httpx.Client(base_url=place.url, headers=headers, timeout=10) as client:
        client.post(f"{API}/users/agent", json={"username": place.admin_user})
        client.post("/api/v1/users.setStatus", json={"status": "online", "message": ""})
        visitor = {"token": pair.token, "name": "Bench", "email": "bench@example.com", "phone": "5550100"}
        client.post(f"{API}/visitor", json={"visitor": visitor})
        opened = client.get(f"{API}/room", params={"token": pair.token})
    place.counter.reset()
    room = opened.json().get("room") if opened.headers.get("content-type", "").startswith("application/json") else None
    return Pair(pair.token, room["_id"]) if isinstance(room, dict) and isinstance(room.get("_id"), str) else pair
