"""Parsing: bodies and their content types, forms, percent codes, unicode (documentation: REST API)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import messages, visitors
from conformance.suite.hostile import stand
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.target import NOBODY, RecordingClient
from conformance.world import Room, World

_JSON: Final = "application/json"
_API: Final = "/api/v1/livechat"


def post(client: RecordingClient, operation: str, content: bytes | str, kind: str | None, **path: str) -> Exchange:
    """Send a body as it is, under a content type or none."""
    headers = {"content-type": kind} if kind is not None else {}
    return client.send(NOBODY, operation, path=path, content=content, headers=headers)


def registration(token: str) -> str:
    """The body that registers a visitor, as text; his name tells him from others."""
    return json.dumps({"visitor": {"token": token, "name": f"{token} by body"}})


def _judge_read(client: RecordingClient, judge: Judge, clause: str, token: str, exchange: Exchange) -> None:
    """The registration was accepted, and the visitor is there with the name that the body gave him."""
    judge.accepted(clause, exchange)
    judge.equal(
        clause,
        visitors.stored(client, token).get("name"),
        f"{token} by body",
        "the body was not read as it stands",
        exchange=exchange,
        pointer="/visitor/name",
    )


def _nobody(client: RecordingClient, judge: Judge, clause: str, token: str, exchange: Exchange) -> None:
    judge.equal(
        clause,
        visitors.stored(client, token).get("token"),
        None,
        "a body that was to be refused registered a visitor",
        exchange=exchange,
        pointer="/visitor",
    )


def _bodies(room: Room, token: str) -> dict[str, dict[str, Any]]:
    """Well-formed bodies of three operations."""
    return {
        "registerVisitor": {"visitor": {"token": token, "name": token}},
        "sendMessage": {"token": room.token, "rid": room.id, "msg": "smuggled"},
        "closeRoom": {"token": room.token, "rid": room.id},
    }


@pytest.mark.clause("LC-REST-013", "LC-REST-015")
def test_what_is_no_json_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """A body that is no JSON although it says so is refused with 400, and changes nothing."""
    target, token = stand(world), world.new_token()
    before = target.state()
    for operation, body in _bodies(target.room, token).items():
        text = json.dumps(body)
        for broken in (text[:-1], text[:-1] + ",}", text.replace('"', "'"), text + "}"):
            judge.refused("LC-REST-013", post(client, operation, broken, _JSON))
    last = post(client, "sendMessage", "msg=smuggled", _JSON)
    judge.refused("LC-REST-013", last)
    judge.equal("LC-REST-015", target.state(), before, "a body that is no JSON changed something", exchange=last)
    _nobody(client, judge, "LC-REST-015", token, last)


@pytest.mark.clause("LC-REST-014", "LC-REST-017", "LC-REST-018")
def test_a_body_is_an_object(world: World, client: RecordingClient, judge: Judge) -> None:
    """A body that is a bare value or a list, or no body at all, is refused with 400."""
    target, token = stand(world), world.new_token()
    before = target.state()
    for bare in ('"text"', "42", "null", "true", ""):
        judge.refused("LC-REST-014", post(client, "registerVisitor", bare, _JSON))
    for operation, body in _bodies(target.room, token).items():
        for listed in ([body], [], [[body]]):
            judge.refused("LC-REST-017", client.send(NOBODY, operation, json=listed))
    for operation in ("closeRoom", "surveyRoom", "sendMessage", "registerVisitor"):
        judge.refused("LC-REST-018", client.send(NOBODY, operation))
    if world.has_admin:
        judge.refused("LC-REST-018", client.send(world.manager(), "createDepartment"))
    judge.equal("LC-REST-017", target.state(), before, "a body that is a list changed something")
    _nobody(client, judge, "LC-REST-017", token, client.send(NOBODY, "registerVisitor", json=[]))


@pytest.mark.clause("LC-REST-016", "LC-REST-019", "LC-REST-020", "LC-REST-021", "LC-REST-025", "LC-REST-026")
def test_json_is_read_under_its_types(world: World, client: RecordingClient, judge: Judge) -> None:
    """JSON is read without a content type, under +json, with charset utf-8 and behind a byte order mark."""
    for clause, kind in (
        ("LC-REST-019", None),
        ("LC-REST-020", "application/vnd.api+json"),
        ("LC-REST-021", "application/json; charset=utf-8"),
        ("LC-REST-021", "application/json;charset=UTF-8"),
    ):
        token = world.new_token()
        _judge_read(client, judge, clause, token, post(client, "registerVisitor", registration(token), kind))
    token = world.new_token()
    unknown = post(client, "registerVisitor", registration(token), "application/json; charset=klingon")
    judge.refused("LC-REST-016", unknown, status=415)
    _nobody(client, judge, "LC-REST-016", token, unknown)
    first, last = world.new_token(), world.new_token()
    twice = registration(first)[:-1] + ", " + registration(last)[1:]
    exchange = post(client, "registerVisitor", twice, _JSON)
    _judge_read(client, judge, "LC-REST-025", last, exchange)
    _nobody(client, judge, "LC-REST-025", first, exchange)
    token = world.new_token()
    marked = post(client, "registerVisitor", b"\xef\xbb\xbf" + registration(token).encode(), _JSON)
    _judge_read(client, judge, "LC-REST-026", token, marked)


@pytest.mark.clause("LC-REST-022")
def test_other_types_are_not_read(world: World, client: RecordingClient, judge: Judge) -> None:
    """A body of any other content type is not read: the call is refused as if the body were empty."""
    target, token = stand(world), world.new_token()
    before = target.state()
    for operation, body in _bodies(target.room, token).items():
        for kind in ("text/plain", "application/x-thing", "application/xml", "multipart/form-data; boundary=lcx"):
            judge.refused("LC-REST-022", post(client, operation, json.dumps(body), kind))
    judge.equal("LC-REST-022", target.state(), before, "a body of another content type was read")
    read = visitors.read(client, token)
    _nobody(client, judge, "LC-REST-022", token, read)


@pytest.mark.clause("LC-REST-023", "LC-REST-024")
def test_a_form_is_read_like_json(world: World, client: RecordingClient, judge: Judge) -> None:
    """A form body is read like a flat JSON body of texts; brackets in its keys make nested ones."""
    room = world.room()
    visitor, message = room.visitor, world.message(room)
    ids = {"token": room.token, "rid": room.id}
    said = "one + two & three = 100% ü \u65e5\u672c"
    edited = client.send(visitor, "editMessage", path={"_id": message.id}, data={**ids, "msg": said})
    judge.accepted("LC-REST-023", edited)
    entries, exchange = messages.read_history(client, judge, room)
    judge.equal(
        "LC-REST-023",
        messages.texts(entries),
        [said],
        "an edit by a form does not store its text",
        exchange=exchange,
        pointer="/messages",
    )
    for operation, body in (
        ("requestTranscript", {**ids, "email": visitor.email or ""}),
        ("sendOfflineMessage", {"name": visitor.name or "", "email": world.new_email(), "message": "By a form"}),
    ):
        by_json = client.send(visitor, operation, json=body)
        by_form = client.send(visitor, operation, data=body)
        judge.equal(
            "LC-REST-023",
            describe(by_form),
            describe(by_json),
            f"{operation} answers a form otherwise than the same JSON",
            exchange=by_form,
        )
    closed = client.send(visitor, "closeRoom", data=ids)
    judge.accepted("LC-REST-023", closed)
    judge.refused("LC-REST-023", client.send(visitor, "closeRoom", json=ids), code="room-closed")
    token = world.new_token()
    nested = {"visitor[token]": token, "visitor[name]": f"{token} by body"}
    _judge_read(client, judge, "LC-REST-024", token, client.send(NOBODY, "registerVisitor", data=nested))


def coded(text: str) -> str:
    """A text with each of its bytes as a percent code."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.clause("LC-REST-027")
def test_percent_codes_are_decoded(world: World, client: RecordingClient, judge: Judge) -> None:
    """Percent codes in a path parameter are decoded."""
    for token in (world.new_token(), f"{world.new_token()} tök€n +&= \u65e5"):
        visitor = world.visitor(token=token)
        exchange = client.request(visitor, "GET", f"{_API}/visitor/{coded(token)}")
        found = exchange.json.get("visitor") if isinstance(exchange.json, dict) else None
        judge.equal(
            "LC-REST-027",
            found.get("_id") if isinstance(found, dict) else None,
            visitor.id,
            "a token with percent codes does not show its visitor",
            exchange=exchange,
            pointer="/visitor/_id",
        )
    room = world.room()
    text = world.message(room).text
    path = f"{_API}/messages.history/{coded(room.id)}"
    history = client.request(room.visitor, "GET", path, query={"token": room.token})
    judge.that(
        "LC-REST-027",
        is_accepted(history) and text in json.dumps(history.json),
        "a room id with percent codes does not show its history",
        exchange=history,
        expected=text,
        observed=describe(history),
        pointer="/messages",
    )
    if world.has_admin:
        department = world.home.department
        exchange = client.request(world.admin, "GET", f"{_API}/department/{coded(department.id)}")
        shown = exchange.json.get("department") if isinstance(exchange.json, dict) else None
        judge.equal(
            "LC-REST-027",
            shown.get("_id") if isinstance(shown, dict) else None,
            department.id,
            "an id with percent codes does not show its department",
            exchange=exchange,
            pointer="/department/_id",
        )


@pytest.mark.clause("LC-REST-028")
def test_unicode_is_the_same_however_it_is_written(world: World, client: RecordingClient, judge: Judge) -> None:
    """Unicode in a body in UTF-8 and unicode escaped in JSON mean the same."""
    text = messages.UNICODE
    room = world.room()
    for ascii_only in (True, False):
        body = {"token": room.token, "rid": room.id, "msg": text}
        content = json.dumps(body, ensure_ascii=ascii_only).encode()
        exchange = post(client, "sendMessage", content, _JSON)
        said = messages.said(judge, exchange)
        judge.equal("LC-REST-028", said.get("msg"), text, "the answer shows another text", exchange=exchange)
        token = world.new_token()
        sent = json.dumps({"visitor": {"token": token, "name": text}}, ensure_ascii=ascii_only).encode()
        registered = post(client, "registerVisitor", sent, _JSON)
        judge.equal(
            "LC-REST-028",
            visitors.stored(client, token).get("name"),
            text,
            "the visitor's name is stored otherwise than it was sent",
            exchange=registered,
            pointer="/visitor/name",
        )
    entries, exchange = messages.read_history(client, judge, room)
    judge.equal(
        "LC-REST-028",
        messages.texts(entries),
        [text, text],
        "the history shows other texts than were sent",
        exchange=exchange,
        pointer="/messages",
    )


@pytest.mark.clause("LC-REST-035")
def test_the_order_of_keys_does_not_matter(world: World, client: RecordingClient, judge: Judge) -> None:
    """The order of the keys of a body does not matter."""
    room = world.room()
    whole = {"token": room.token, "rid": room.id, "msg": "text"}
    orders = (("token", "rid", "msg"), ("msg", "rid", "token"), ("rid", "msg", "token"))
    for number, order in enumerate(orders):
        body = {name: whole[name] for name in order} | {"msg": f"text {number}"}
        exchange = client.send(room.visitor, "sendMessage", json={name: body[name] for name in order})
        judge.accepted("LC-REST-035", exchange)
    entries, exchange = messages.read_history(client, judge, room)
    judge.equal(
        "LC-REST-035",
        sorted(map(str, messages.texts(entries))),
        [f"text {number}" for number in range(len(orders))],
        "bodies with other orders of keys were read otherwise",
        exchange=exchange,
        pointer="/messages",
    )
    other = world.room()
    for each, names in ((room, ("token", "rid")), (other, ("rid", "token"))):
        ids = {"token": each.token, "rid": each.id}
        closed = client.send(each.visitor, "closeRoom", json={name: ids[name] for name in names})
        judge.accepted("LC-REST-035", closed)
