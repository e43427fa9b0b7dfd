"""The rate limiter: so many calls of one operation in so much time (documentation: REST API, rate limiting).

Every count here is that of a made-up client address: the address of the run itself keeps its calls. It is told by
``X-Forwarded-For``, where the documented servers look for it, and by ``X-Real-IP``, where those from 3.4 on look unless
they are told how many proxies stand before them (server source 3.4.0 and 3.15.0).
"""

from __future__ import annotations

import contextlib
import math
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import visitors
from conformance.suite.helpers import beside, in_test_mode, server_clock
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.levels import Budget
from conformance.target import NOBODY, RecordingClient, TargetInfo
from conformance.target.personas import Caller
from conformance.world import Unavailable, World

_SWITCH: Final = "API_Enable_Rate_Limiter"
_CALLS: Final = "API_Enable_Rate_Limiter_Limit_Calls_Default"
_TIME: Final = "API_Enable_Rate_Limiter_Limit_Time_Default"
_LIMIT: Final = 5
_WINDOW_MS: Final = 60_000
_SHORT_MS: Final = 2_000
_MOST: Final = 60
"""Calls that are sent at most to reach the limit of a target whose settings are not ours to change."""
_SLACK_S: Final = 2.0
"""Seconds: ``Date`` has whole ones, and the window began a moment before its first answer."""
_SAME_WINDOW_MS: Final = 500
_TOGETHER: Final = "the target counts the calls of all addresses together, or believes nobody's word on his address"
_WAIT: Final = re.compile(r"must wait (\d{1,6}) second")


@dataclass(frozen=True, slots=True)
class Limited:
    """A target whose limiter is on.

    Attributes:
        client: Sends without waiting for anything.
        ms: The time of the limiter as it was set; ``None`` where it could not be set.
        rng: Gives addresses.
        shared: The second of two calls from two addresses, where it was counted together with the first.
    """

    client: RecordingClient
    ms: int | None
    rng: random.Random
    shared: Exchange | None = None

    def address(self) -> str:
        """The address of a client that nobody has seen yet."""
        return f"100.{self.rng.randrange(64, 128)}.{self.rng.randrange(256)}.{self.rng.randrange(1, 255)}"

    def config(self, address: str, who: Caller = NOBODY) -> Exchange:
        """Read the configuration from an address."""
        return self.send("getConfig", address, who)

    def send(self, operation: str, address: str, who: Caller = NOBODY, **how: Any) -> Exchange:
        """Send an operation from an address; a refusal with 429 is an answer like any other."""
        told = {"x-forwarded-for": address, "x-real-ip": address}
        return self.client.send(who, operation, headers=told, allow_429=True, **how)


@dataclass(slots=True)
class Course:
    """Calls from one address within one window, the last one refused where the limiter works.

    Attributes:
        address: From where.
        calls: All of them.
        whole: Whether they all fell into one window.
    """

    address: str
    calls: list[Exchange] = field(default_factory=list)
    whole: bool = True

    @property
    def answered(self) -> list[Exchange]:
        """The calls before the first refusal with 429."""
        statuses = [each.status for each in self.calls]
        return self.calls[: statuses.index(429)] if 429 in statuses else self.calls


def number(exchange: Exchange, name: str) -> int | None:
    """A header of the limiter as a number; ``None`` where there is none."""
    text = exchange.response.headers.get(f"x-ratelimit-{name}", "") if exchange.response else ""
    return int(text) if re.fullmatch(r"-?\d{1,16}", text, re.ASCII) else None


def numbers(exchange: Exchange) -> dict[str, int | None]:
    """The three headers of the limiter."""
    return {name: number(exchange, name) for name in ("limit", "remaining", "reset")}


@contextlib.contextmanager
def limiter_on(
    world: World,
    target: TargetInfo,
    rng: random.Random,
    *,
    calls: int = _LIMIT,
    ms: int = _WINDOW_MS,
    apart: bool = True,
) -> Iterator[Limited]:
    """The target with its limiter on: by its settings where they are ours to change, else as it was found.

    Raises:
        Unavailable: It is off and cannot be switched on, or the server was started with a limiter that never is; with
            ``apart`` also where addresses are not told apart, so that nobody knows whose calls are counted.
    """
    with contextlib.ExitStack() as stack:
        if world.can_change_settings:
            # The switch comes last, so that the administrator's own calls are limited for the shortest time.
            for id, value in ((_CALLS, calls), (_TIME, ms), (_SWITCH, True)):
                stack.enter_context(world.setting(id, value))
        elif target.limiter is None:
            raise Unavailable("the target's limiter is off, and switching it on needs admin credentials")
        limited = Limited(stack.enter_context(beside(world)), ms if world.can_change_settings else None, rng)
        # A setting takes effect a moment after it is stored; a server on which it never does is judged as it is.
        seen = world.eventually(
            lambda: limited.config(limited.address()),
            until=lambda exchange: (
                limited.ms is None or (number(exchange, "limit") == calls and _ahead(exchange) <= ms)
            ),
            deadline_s=4,
        )
        if number(seen, "limit") is None and in_test_mode(world):
            raise Unavailable("the server was started with TEST_MODE, which takes its limiter away")
        first, second = (limited.config(limited.address()) for _ in range(2))
        before, after = (number(each, "remaining") for each in (first, second))
        if before is not None and after == before - 1:
            limited = replace(limited, shared=second)
        if limited.shared and apart:
            raise Unavailable(_TOGETHER)
        yield limited


def _ahead(exchange: Exchange) -> float:
    """Milliseconds until the limiter's reset by the server's own clock; infinite where it tells none."""
    reset = number(exchange, "reset")
    return math.inf if reset is None else reset - 1000 * ((server_clock(exchange) or exchange.started) + _SLACK_S)


def course(limited: Limited, operation: str = "getConfig", **how: Any) -> Course:
    """Calls from a new address up to the second refusal, and no more than that; once more if the window ended."""
    for _ in range(3):
        made = Course(limited.address())
        first: int | None = None
        limit = _LIMIT
        while len(made.calls) < min(limit, _MOST) + 2:
            exchange = limited.send(operation, made.address, **how)
            made.calls.append(exchange)
            limit = number(exchange, "limit") or limit
            reset = number(exchange, "reset")
            first = first if first is not None else reset
            if first is not None and reset is not None and abs(reset - first) > _SAME_WINDOW_MS:
                made.whole = False
        if made.whole:
            break
    return made


@pytest.mark.exclusive
@pytest.mark.clause(
    "LC-LIMIT-001", "LC-LIMIT-002", "LC-LIMIT-003", "LC-LIMIT-004", "LC-LIMIT-005", "LC-LIMIT-006", "LC-LIMIT-007",
    "LC-LIMIT-008", "LC-LIMIT-009", "LC-LIMIT-013",
)  # fmt: skip
def test_calls_are_counted_and_refused(world: World, target: TargetInfo, judge: Judge, rng: random.Random) -> None:
    """The headers count the calls down; one call more than the limit is refused, for this operation and address."""
    with limiter_on(world, target, rng, apart=False) as limited:
        if limited.shared is not None:
            sentence = "calls from one address were counted for another one"
            judge.that("LC-LIMIT-009", False, sentence, exchange=limited.shared)
            raise Unavailable(_TOGETHER)
        run = course(limited)
        first, last = run.calls[0], run.calls[-1]
        limit = number(first, "limit") or _LIMIT
        for exchange in run.calls:
            found = numbers(exchange)
            judge.that(
                "LC-LIMIT-001",
                all(value is not None for value in found.values()) and (found["limit"] or 0) > 0,
                "an answer does not say how many calls the limiter allows, how many are left, and until when",
                exchange=exchange,
                expected="X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset",
                observed=found,
            )
            _judge_reset(judge, limited, exchange, found["reset"])
        if not run.whole:
            judge.not_reached("LC-LIMIT-002", "the limiter's time ended again and again while its calls were counted")
        else:
            judge.equal(
                "LC-LIMIT-002",
                [number(each, "remaining") for each in run.answered],
                list(range(limit - 1, limit - 1 - len(run.answered), -1)),
                "the remaining calls do not go down by one with each call",
                exchange=run.answered[-1] if run.answered else first,
            )
            judge.that(
                "LC-LIMIT-004",
                len(run.answered) >= limit and all(is_accepted(each) for each in run.answered[:limit]),
                "fewer calls were answered than the limit says",
                exchange=run.calls[min(len(run.answered), len(run.calls) - 1)],
                expected=limit,
                observed=len(run.answered),
            )
            judge.equal(
                "LC-LIMIT-003",
                [each.status for each in run.calls[limit:]],
                [429, 429],
                "a call beyond the limit was not refused with 429",
                exchange=last,
            )
        if last.status == 429:
            _judge_refusal(judge, limited, last)
            as_admin = limited.config(run.address, world.admin) if world.has_admin else None
            if as_admin is not None:
                judge.equal(
                    "LC-LIMIT-013",
                    as_admin.status,
                    429,
                    "an administrator's credentials lift the limit of a visitor's operation",
                    exchange=as_admin,
                )
        _judge_neighbours(judge, limited, run, limit)


def _judge_reset(judge: Judge, limited: Limited, exchange: Exchange, reset: int | None) -> None:
    clock = server_clock(exchange) or exchange.started
    ahead = reset / 1000 - clock if reset is not None else math.nan
    longest = (limited.ms or 24 * 3600 * 1000) / 1000
    judge.that(
        "LC-LIMIT-007",
        -_SLACK_S <= ahead <= longest + _SLACK_S,
        "the reset of the limiter is not a moment within the limiter's time from now",
        exchange=exchange,
        expected=f"milliseconds since 1970, at most {longest:g} s from now",
        observed=reset,
    )


def _judge_refusal(judge: Judge, limited: Limited, refused: Exchange) -> None:
    body = refused.json if isinstance(refused.json, dict) else {}
    said = " ".join(str(body.get(key, "")) for key in ("error", "errorType", "message"))
    judge.that(
        "LC-LIMIT-005",
        body.get("success") is False and "error-too-many-requests" in said,
        "the refusal with 429 does not say success false and error-too-many-requests",
        exchange=refused,
        expected={"success": False, "error": "… [error-too-many-requests]"},
        observed=refused.json,
    )
    found = _WAIT.search(said)
    seconds = int(found[1]) if found else None
    longest = math.ceil((limited.ms or 24 * 3600 * 1000) / 1000)
    reset = number(refused, "reset")
    due = math.ceil(reset / 1000 - (server_clock(refused) or refused.started)) if reset is not None else None
    judge.that(
        "LC-LIMIT-006",
        seconds is not None and 0 <= seconds <= longest and (due is None or abs(seconds - due) <= _SLACK_S + 1),
        "the refusal does not say rightly how many seconds to wait",
        exchange=refused,
        expected=due if due is not None else f"at most {longest}",
        observed=seconds,
    )


def _judge_neighbours(judge: Judge, limited: Limited, run: Course, limit: int) -> None:
    """Another operation, and another address, while this one has no calls left."""
    visitor = limited.send("getVisitor", run.address, path={"token": "lcx-nobody"})
    judge.that(
        "LC-LIMIT-008",
        visitor.status != 429 and number(visitor, "remaining") == limit - 1,
        "calls of one operation were counted for another one",
        exchange=visitor,
        expected={"status": 200, "remaining": limit - 1},
        observed={"status": visitor.status, "remaining": number(visitor, "remaining")},
    )
    elsewhere = limited.config(limited.address())
    judge.that(
        "LC-LIMIT-009",
        elsewhere.status != 429 and number(elsewhere, "remaining") == limit - 1,
        "calls from one address were counted for another one",
        exchange=elsewhere,
        expected={"status": 200, "remaining": limit - 1},
        observed={"status": elsewhere.status, "remaining": number(elsewhere, "remaining")},
    )


@pytest.mark.exclusive
@pytest.mark.clause("LC-LIMIT-010", "LC-LIMIT-011")
def test_refused_calls_count_and_do_nothing(
    world: World, target: TargetInfo, client: RecordingClient, judge: Judge, rng: random.Random
) -> None:
    """A call that is refused for its parameters is counted; one that is refused with 429 has no effect."""
    token = world.new_token()
    with limiter_on(world, target, rng) as limited:
        run = course(limited, "registerVisitor", json={})
        counted = run.calls[:3]
        limit = number(run.calls[0], "limit") or _LIMIT
        judge.equal(
            "LC-LIMIT-010",
            [(each.status, number(each, "remaining")) for each in counted],
            [(400, limit - 1 - index) for index in range(3)],
            "a call that was refused for its parameters was not counted",
            exchange=counted[-1],
        )
        sent = {"visitor": {"token": token, "name": token}}
        refused = limited.send("registerVisitor", run.address, json=sent)
    if refused.status != 429:
        judge.not_reached("LC-LIMIT-011", "no registration was refused with 429", refused)
        return
    judge.equal(
        "LC-LIMIT-011",
        visitors.stored(client, token).get("token"),
        None,
        "a registration that was refused with 429 was done all the same",
        exchange=refused,
        pointer="/visitor",
    )


@pytest.mark.exclusive
@pytest.mark.clause("LC-LIMIT-012", "LC-LIMIT-014")
def test_credentials_and_the_limit(world: World, target: TargetInfo, judge: Judge, rng: random.Random) -> None:
    """An administrator is not limited where he needs his credentials, and a call without any is not counted."""
    manager = world.manager()
    with limiter_on(world, target, rng) as limited:
        address = limited.address()
        for _ in range(2):
            nobody = limited.send("listRooms", address, query={"count": 1})
            judge.that(
                "LC-LIMIT-014",
                nobody.status == 401 and number(nobody, "remaining") is None,
                "a call without credentials was counted",
                exchange=nobody,
                expected={"status": 401, "remaining": None},
                observed={"status": nobody.status, "remaining": number(nobody, "remaining")},
            )
        counted = limited.send("listRooms", address, manager, query={"count": 1})
        limit = number(counted, "limit")
        if limit is not None:
            judge.equal(
                "LC-LIMIT-014",
                number(counted, "remaining"),
                limit - 1,
                "calls without credentials were counted for the address",
                exchange=counted,
            )
        calls = [
            limited.send("listRooms", address, world.admin, query={"count": 1}) for _ in range((limit or _LIMIT) + 1)
        ]
    statuses = [each.status for each in calls]
    judge.that(
        "LC-LIMIT-012",
        set(statuses) == {200},
        "an administrator was limited on an operation that takes his credentials",
        exchange=next((each for each in calls if each.status != 200), calls[-1]),
        expected=[200] * len(calls),
        observed=statuses,
    )


@pytest.mark.exclusive
@pytest.mark.clause("LC-LIMIT-015", "LC-LIMIT-016")
def test_a_limiter_that_is_off_does_nothing(world: World, judge: Judge, rng: random.Random) -> None:
    """With the limiter off no answer carries its headers, and no call is refused."""
    with world.setting(_SWITCH, True), beside(world) as before:
        limited = Limited(before, None, rng)  # a limiter that was on a moment ago is off like any other
        world.eventually(
            lambda: limited.config(limited.address()),
            until=lambda seen: number(seen, "limit") is not None,
            deadline_s=4,
        )
    with contextlib.ExitStack() as stack:
        for id, value in ((_SWITCH, False), (_CALLS, _LIMIT)):
            stack.enter_context(world.setting(id, value))
        limited = Limited(stack.enter_context(beside(world)), None, rng)
        world.eventually(
            lambda: limited.config(limited.address()), until=lambda seen: number(seen, "limit") is None, deadline_s=4
        )
        address = limited.address()
        for _ in range(_LIMIT + 2):
            exchange = limited.config(address)
            found = {name: value for name, value in numbers(exchange).items() if value is not None}
            judge.equal(
                "LC-LIMIT-015", found, {}, "an answer carries the headers of a limiter that is off", exchange=exchange
            )
            judge.equal(
                "LC-LIMIT-016",
                exchange.status,
                200,
                "a call was refused although the limiter is off",
                exchange=exchange,
            )


@pytest.mark.exclusive
@pytest.mark.clause("LC-LIMIT-017")
def test_the_limit_ends(world: World, target: TargetInfo, judge: Judge, rng: random.Random, budget: Budget) -> None:
    """After the time of the limiter calls are answered again."""
    calls = 3
    with limiter_on(world, target, rng, calls=calls, ms=_SHORT_MS) as limited:
        address = limited.address()
        refused = limited.config(address)
        end = time.monotonic() + 10
        while refused.status != 429 and time.monotonic() < end:
            refused = limited.config(address)
        reset = number(refused, "reset")
        clock = server_clock(refused) or refused.started
        wait = reset / 1000 - clock if reset is not None else _SHORT_MS / 1000
        if refused.status != 429:
            judge.not_reached("LC-LIMIT-017", "no call was refused with 429", refused)
            return
        patience = 70.0 if budget.repeats > 2 else 10.0
        if wait > patience:
            judge.not_reached("LC-LIMIT-017", f"the limiter's time is {wait:.0f} s, too long to be waited for", refused)
            return
        time.sleep(max(wait, _SHORT_MS / 1000))
        again = world.eventually(lambda: limited.config(address), until=lambda seen: seen.status != 429, deadline_s=4)
        judge.accepted("LC-LIMIT-017", again, "after the time of the limiter calls are still refused")
