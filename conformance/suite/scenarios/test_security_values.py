"""Odd values: empty ids and tokens, other types, names of JavaScript, near misses, long texts, bad percent codes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conformance.contract import error_code
from conformance.suite import messages, visitors
from conformance.suite.helpers import beside, listed_room
from conformance.suite.hostile import OF_A_ROOM, SMUGGLED, reopened, stand
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.target import NOBODY, RecordingClient
from conformance.world import Room, Unavailable, World

_AT_ONCE_S = 5.0
_LONG = "x" * 5000
_NOTED_LATER = frozenset({"lastChat"})
"""Members of a visitor that a server may write after it has answered."""


@pytest.mark.clause("LC-SECURITY-012", "LC-SECURITY-013", "LC-SECURITY-014", "LC-SECURITY-015", "LC-SECURITY-016")
def test_an_empty_room_id_is_no_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """An empty room id closes no room, answers no survey, and neither sends nor edits nor deletes a message."""
    target = stand(world)
    before = target.state()
    for operation in ("sendMessage", "transferRoom", "requestTranscript"):
        judge.refused("LC-SECURITY-016", target.send(operation, token=target.room.token, rid=""))
    judge.equal("LC-SECURITY-016", target.state(), before, "a call with an empty room id did something")
    survey = target.send("surveyRoom", token=target.room.token, rid="")
    judge.refused("LC-SECURITY-013", survey)
    if world.has_admin:
        listed, _ = listed_room(world, target.room)
        judge.equal(
            "LC-SECURITY-013",
            listed.get("surveyFeedback"),
            None,
            "a survey with an empty room id was kept for a room",
            exchange=survey,
        )
    for clause, operation in (("LC-SECURITY-014", "editMessage"), ("LC-SECURITY-015", "deleteMessage")):
        as_it_was = target.state()["texts"]
        exchange = target.send(operation, token=target.room.token, rid="")
        judge.refused(clause, exchange)
        judge.equal(clause, target.state()["texts"], as_it_was, "an empty room id changed a message", exchange=exchange)
    closed = target.send("closeRoom", token=target.room.token, rid="")
    judge.refused("LC-SECURITY-012", closed)
    if is_accepted(closed):
        return  # asking for a room that was closed would open another one
    judge.equal(
        "LC-SECURITY-012",
        reopened(client, target.room),
        before["room"],
        "an empty room id closed a room",
        exchange=closed,
    )


@pytest.mark.clause("LC-SECURITY-017", "LC-SECURITY-018", "LC-SECURITY-019")
def test_an_empty_token_is_nobody(world: World, client: RecordingClient, judge: Judge) -> None:
    """An empty token proves nothing, registers no visitor, and is no guest of the configuration."""
    target = stand(world)
    before = target.state()
    for operation in ("sendMessage", "editMessage", "surveyRoom", "setCustomField", "closeRoom"):
        exchange = target.send(operation, token="", rid=target.room.id)
        judge.refused("LC-SECURITY-019", exchange, code="invalid-token")
    judge.equal("LC-SECURITY-019", target.state(), before, "a call with an empty token did something")
    email = world.new_email()
    registered = visitors.register(client, "", email=email)
    judge.refused("LC-SECURITY-017", registered)
    # Servers that take the token show an empty text for its guest. The clause on that is judged, not the shape.
    with beside(world, judged=False) as bare:
        config = bare.request(NOBODY, "GET", "/api/v1/livechat/config", query={"token": ""})
    if is_accepted(registered):
        # A visitor is known by his e-mail as well: so he gets a token with which clean-up can remove him.
        visitors.register(client, world.new_token(), email=email)
    shown = config.json.get("config") if isinstance(config.json, dict) else None
    guest = shown.get("guest") if isinstance(shown, dict) else None
    judge.that(
        "LC-SECURITY-018",
        config.status is not None and not guest,
        "the configuration shows a guest to an empty token",
        exchange=config,
        expected="no guest",
        observed=guest,
        pointer="/config/guest",
    )


def _numeric_room(world: World, client: RecordingClient) -> Room:
    """A room whose id is digits, of a visitor whose token is digits: what a conversion would turn a number into."""
    visitor = world.visitor(token=world.names.phone().lstrip("+"))
    rid = world.names.phone().lstrip("+")
    world.created("room", f"{visitor.token}/{rid}", rid, token=visitor.token)
    exchange = client.send(visitor, "openRoom", query={"token": visitor.token, "rid": rid})
    if not world.has_admin and exchange.response and error_code(exchange.response) == "no-agent-online":
        raise Unavailable("no agent is online on the server, and without admin credentials none can be made")
    return Room(rid, visitor)


@pytest.mark.parametrize("place", ["token", "rid"])
@pytest.mark.clause("LC-SECURITY-020")
def test_values_are_not_converted(world: World, client: RecordingClient, judge: Judge, place: str) -> None:
    """A number, a boolean, a list or null in place of a token or a room id is refused, not converted."""
    target = stand(world, _numeric_room(world, client))
    before = target.state()
    own = {"token": target.room.token, "rid": target.room.id}
    others: tuple[Any, ...] = (True, None, {}, False)
    for index, operation in enumerate(OF_A_ROOM):
        for value in (int(own[place]), [own[place]], others[index % len(others)]):
            exchange = target.send(operation, **{**own, place: value})
            judge.refused("LC-SECURITY-020", exchange)
    judge.equal("LC-SECURITY-020", target.state(), before, f"another type in place of a {place} was converted")


@pytest.mark.clause("LC-SECURITY-021")
def test_a_key_given_twice_is_no_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """A key that is given twice in a query is no text: it is refused with 400."""
    room = world.room()
    visitor, token, rid = room.visitor, ("token", room.token), ("rid", room.id)
    for pairs in ([token, token, rid], [token, rid, rid], [token, rid, ("agentId", "a"), ("agentId", "b")]):
        judge.refused("LC-SECURITY-021", client.send(visitor, "openRoom", query=pairs))
    judge.refused("LC-SECURITY-021", client.send(visitor, "getConfig", query=[token, token]))
    if world.has_admin:
        twice = [("visitorId", visitor.id), ("visitorId", visitor.id)]
        judge.refused("LC-SECURITY-021", client.send(world.manager(), "getVisitorInfo", query=twice))


@pytest.mark.clause("LC-SECURITY-022")
def test_a_token_like_another_one_is_another_one(world: World, client: RecordingClient, judge: Judge) -> None:
    """A token that begins or ends like another one, or differs from it in case only, is another token."""
    token = world.new_token() + "-NeArBy"
    room = world.room(world.visitor(token=token))
    text = world.message(room).text
    for near in (token[:-1], token[1:], f"{token}x", f"x{token}", f"{token} ", f" {token}", token.lower(), ".*"):
        read = visitors.read(client, near)
        found = read.json.get("visitor") if isinstance(read.json, dict) else None
        judge.that(
            "LC-SECURITY-022",
            not found,
            "a token that is only like another one shows its visitor",
            exchange=read,
            expected="no visitor",
            observed=found,
            pointer="/visitor",
        )
    for near in (token[:-1], f"{token}x", token.lower(), f"{token} ", "^lcx"):
        body = {"token": near, "rid": room.id, "msg": SMUGGLED}
        judge.refused("LC-SECURITY-022", client.send(NOBODY, "sendMessage", json=body), code="invalid-token")
        history = client.send(NOBODY, "getHistory", path={"rid": room.id}, query={"token": near})
        judge.refused("LC-SECURITY-022", history)
    entries, exchange = messages.read_history(client, judge, room)
    judge.equal(
        "LC-SECURITY-022",
        messages.texts(entries),
        [text],
        "a token that is only like another one wrote into its room",
        exchange=exchange,
        pointer="/messages",
    )


@pytest.mark.clause("LC-SECURITY-023", "LC-SECURITY-024")
def test_names_of_javascript_are_names_like_others(world: World, client: RecordingClient, judge: Judge) -> None:
    """The names __proto__ and constructor are no custom fields, and do no harm in a survey."""
    room = world.room()
    visitor = room.visitor
    before = visitors.stored(client, visitor.token)
    for key in ("__proto__", "constructor"):
        body = {"token": visitor.token, "key": key, "value": SMUGGLED, "overwrite": True}
        exchange = client.send(visitor, "setCustomField", json=body)
        judge.refused("LC-SECURITY-023", exchange, code="invalid-custom-field")
    after = visitors.stored(client, visitor.token)
    judge.equal(
        "LC-SECURITY-023",
        after.get("livechatData"),
        before.get("livechatData"),
        "a name of JavaScript was stored as a custom field",
        pointer="/visitor/livechatData",
    )
    answers = [{"name": "__proto__", "value": "5"}, {"name": "satisfaction", "value": "4"}]
    hostile = client.send(visitor, "surveyRoom", json={"rid": room.id, "token": visitor.token, "data": answers})
    judge.that(
        "LC-SECURITY-024",
        hostile.status in (200, 400),
        "a survey with the name __proto__ is not answered",
        exchange=hostile,
        expected="200 or 400",
        observed=describe(hostile),
    )
    plain = {"rid": room.id, "token": visitor.token, "data": [{"name": "satisfaction", "value": "3"}]}
    later = client.send(visitor, "surveyRoom", json=plain)
    judge.equal(
        "LC-SECURITY-024",
        later.json.get("data") if isinstance(later.json, dict) else None,
        {"satisfaction": "3"},
        "after a survey with the name __proto__ surveys are answered otherwise",
        exchange=later,
        pointer="/data",
    )
    # Some servers note a visitor's last chat a moment after they have opened it.
    told = visitors.stored(client, visitor.token)
    judge.equal(
        "LC-SECURITY-024",
        sorted(told.keys() - _NOTED_LATER),
        sorted(after.keys() - _NOTED_LATER),
        "after a survey with the name __proto__ visitors are answered otherwise",
        pointer="/visitor",
    )


@pytest.mark.parametrize("name", ["(", "[a-", "*", "\\", "(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "x" * 400 + "!"])
@pytest.mark.clause("LC-SECURITY-031")
def test_a_room_name_is_no_pattern_that_harms(world: World, client: RecordingClient, judge: Judge, name: str) -> None:
    """Characters of a regular expression in roomName do no harm: the answer is 200 or 400 and comes at once."""
    started = time.monotonic()
    exchange = client.send(world.manager(), "listRooms", query={"roomName": name, "count": 1}, timeout_s=10)
    took = time.monotonic() - started
    judge.that(
        "LC-SECURITY-031",
        exchange.status in (200, 400) and took < _AT_ONCE_S,
        "characters of a regular expression in roomName do harm",
        exchange=exchange,
        expected=f"200 or 400 within {_AT_ONCE_S:g} s",
        observed=f"{describe(exchange)} after {took:.1f} s",
    )


@pytest.mark.clause("LC-SECURITY-032")
def test_a_malformed_percent_code_is_answered(world: World, judge: Judge) -> None:
    """A malformed percent code in a path is answered within the time limit."""
    who = world.manager() if world.has_admin else NOBODY
    with beside(world, judged=False) as client:
        for path in ("visitor/%zz", "visitor/lcx%", "triggers/%zz"):
            exchange = client.request(who, "GET", f"/api/v1/livechat/{path}", timeout_s=2)
            judge.that(
                "LC-SECURITY-032",
                exchange.status is not None and exchange.status < 500,
                "a malformed percent code in a path is not answered, or breaks the server",
                exchange=exchange,
                expected="an answer below 500 within 2 s",
                observed=describe(exchange),
            )


@pytest.mark.clause("LC-SECURITY-033")
def test_a_very_long_id_is_an_unknown_one(world: World, client: RecordingClient, judge: Judge) -> None:
    """A very long token or id is refused or not found like any unknown one, never answered with 5xx."""
    room = world.room()
    read = visitors.read(client, _LONG)
    found = read.json.get("visitor") if isinstance(read.json, dict) else None
    histories = [
        client.send(room.visitor, "getHistory", path={"rid": _LONG}, query={"token": room.token}),
        client.send(room.visitor, "getHistory", path={"rid": room.id}, query={"token": _LONG}),
    ]
    department = {"department": world.home.department.id} if world.has_admin else {}
    agent = client.send(room.visitor, "getNextAgent", path={"token": _LONG}, query=department)
    for exchange in (read, *histories, agent):
        judge.that(
            "LC-SECURITY-033",
            exchange.status is not None and exchange.status < 500,
            "a very long token or id breaks the server",
            exchange=exchange,
            expected="a status below 500",
            observed=describe(exchange),
        )
    judge.equal("LC-SECURITY-033", found, None, "a very long token shows a visitor", exchange=read, pointer="/visitor")
    for exchange in histories:
        shown = exchange.json.get("messages") if isinstance(exchange.json, dict) else None
        judge.equal("LC-SECURITY-033", shown, None, "a very long token or id shows a history", exchange=exchange)
