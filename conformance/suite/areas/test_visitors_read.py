"""Reading visitors by their token and by their id (documentation: Livechat visitor/:token, visitors.info)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge
from conformance.target import NOBODY, RecordingClient
from conformance.world import Visitor, World


def described(visitor: Any) -> Any:
    """What identifies a visitor, from a document of the API."""
    if not isinstance(visitor, dict):
        return visitor
    shown = {name: visitor.get(name) for name in ("_id", "token", "username", "name")}
    return {
        **shown,
        "email": _first(visitor, "visitorEmails", "address"),
        "phone": _first(visitor, "phone", "phoneNumber"),
    }


def _first(visitor: dict[str, Any], key: str, member: str) -> Any:
    entries = visitor.get(key)
    return [each.get(member) for each in entries if isinstance(each, dict)] if isinstance(entries, list) else entries


def expected_of(visitor: Visitor, name: str) -> dict[str, Any]:
    """What a document of the API should say of a visitor that we registered."""
    return {
        "_id": visitor.id,
        "token": visitor.token,
        "username": visitor.username,
        "name": name,
        "email": [visitor.email],
        "phone": [visitor.phone],
    }


def by_token(client: RecordingClient, token: str) -> Exchange:
    """The visitor with a token."""
    return client.send(NOBODY, "getVisitor", path={"token": token})


def _is_nobody(exchange: Exchange) -> bool:
    return (
        exchange.status == 200
        and isinstance(exchange.json, dict)
        and exchange.json.get("success") is True
        and not exchange.json.get("visitor")
    )


@pytest.mark.clause("LC-VISITOR-039", "LC-VISITOR-040", "LC-VISITOR-041")
def test_a_visitor_is_read_by_his_token(world: World, client: RecordingClient, judge: Judge) -> None:
    """The visitor that is read equals the one that was registered; an unknown token, or his _id, finds nobody."""
    visitors = [world.visitor(name=name) for name in ("Grace Hopper", "Alan Turing")]
    for visitor in visitors:
        exchange = by_token(client, visitor.token)
        expected = expected_of(visitor, str(visitor.name))
        judge.equal(
            "LC-VISITOR-039",
            described(judge.pick(exchange, "visitor")),
            expected,
            "the visitor that is read is not the one that was registered",
            exchange=exchange,
            pointer="/visitor",
        )
    unknown = by_token(client, world.new_token())
    judge.that(
        "LC-VISITOR-040",
        _is_nobody(unknown),
        "an unknown token was not answered with success and without a visitor",
        exchange=unknown,
        expected={"success": True},
        observed=unknown.json,
    )
    by_id = by_token(client, visitors[0].id)
    found = by_id.json.get("visitor") if isinstance(by_id.json, dict) else None
    judge.that(
        "LC-VISITOR-041",
        not found,
        "a visitor is found by his _id",
        exchange=by_id,
        expected="nobody",
        observed=described(found),
        pointer="/visitor",
    )


@pytest.mark.clause("LC-VISITOR-042")
@pytest.mark.parametrize("mark", ["tök€n", "two words", "100%", "plus+minus", "a&b=c?d#e"])
def test_a_token_in_the_path_is_decoded(world: World, client: RecordingClient, judge: Judge, mark: str) -> None:
    """A token with percent-encoded characters in the path finds its visitor."""
    token = f"{world.new_token()}{mark}"
    world.created("visitor", token)
    registered = client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token, "name": "Encoded"}})
    id = judge.pick(registered, "visitor", "_id")
    exchange = by_token(client, token)
    found = exchange.json.get("visitor") if isinstance(exchange.json, dict) else None
    judge.equal(
        "LC-VISITOR-042",
        found.get("_id") if isinstance(found, dict) else None,
        id,
        "the token in the path did not find its visitor",
        exchange=exchange,
        pointer="/visitor/_id",
    )


@pytest.mark.clause("LC-VISITOR-050", "LC-VISITOR-051", "LC-VISITOR-052")
def test_a_visitor_is_read_by_his_id(world: World, client: RecordingClient, judge: Judge) -> None:
    """The visitor that is read by his _id is the one with that _id; unknown ids and tokens are refused."""
    agent = world.home.agent
    visitors = [world.visitor(name=name) for name in ("Barbara Liskov", "Edsger Dijkstra")]
    for visitor in visitors:
        exchange = client.send(agent, "getVisitorInfo", query={"visitorId": visitor.id})
        # Later servers leave the token out of this answer.
        shown, expected = described(judge.pick(exchange, "visitor")), expected_of(visitor, str(visitor.name))
        shown, expected = (
            {k: v for k, v in each.items() if k != "token"} if isinstance(each, dict) else each
            for each in (shown, expected)
        )
        judge.equal(
            "LC-VISITOR-050",
            shown,
            expected,
            "another visitor was read than the one that was asked for",
            exchange=exchange,
            pointer="/visitor",
        )
    unknown = client.send(agent, "getVisitorInfo", query={"visitorId": world.new_room_id()})
    judge.refused("LC-VISITOR-051", unknown, code="visitor-not-found")
    confused = client.send(agent, "getVisitorInfo", query={"visitorId": visitors[0].token})
    judge.refused("LC-VISITOR-052", confused, code="visitor-not-found")
