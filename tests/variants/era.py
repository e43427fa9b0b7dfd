"""A server of the documented release with what all recorded servers get wrong: none of it breaks a MUST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.envelope import Answer, Failure, Refusal, Stop, client_page, success
from conformance.reference.site import Site, new_id
from tests.variants.variant import Variant

Inner = Callable[..., Any]
Document = dict[str, Any]


def any_room(inner: Inner, site: Site, token: str, identifier: str) -> Document | None:
    """An empty id stands for whichever room of the visitor is found first (room/071 220, message/083 127)."""
    if identifier or not token:
        return inner(site, token, identifier)  # type: ignore[no-any-return]
    return site.rooms.one({"v.token": token})


def no_transcript(inner: Inner, site: Site, token: str, rid: str) -> Document:
    """No transcript of an empty id."""
    if not rid:
        raise Refusal("error-invalid-room", "Invalid room")
    return inner(site, token, rid)  # type: ignore[no-any-return]


def refuse_empty(inner: Inner, site: Site, call: Any) -> Answer:
    """Refuse an empty room id without a word (message/033, room/107)."""
    if isinstance(call.body, dict) and call.body.get("rid") == "":
        raise Failure("Cannot read property '_id' of undefined")
    return inner(site, call)  # type: ignore[no-any-return]


def register(inner: Inner, site: Site, call: Any) -> Answer:
    """Take an empty token for a token (visitor/054)."""
    visitor = call.body.get("visitor") if isinstance(call.body, dict) else None
    if not isinstance(visitor, dict) or visitor.get("token") != "":
        return inner(site, call)  # type: ignore[no-any-return]
    call.body = {**call.body, "visitor": {**visitor, "token": new_id(site)}}
    answer: Answer = inner(site, call)
    stored = {**answer.body["visitor"], "token": ""}
    site.visitors.save(stored)
    return success(visitor=stored)


def configure(inner: Inner, site: Site, call: Any) -> Answer:
    """Show an empty text for the guest with an empty token (config/030)."""
    answer: Answer = inner(site, call)
    if call.query.get("token") == "" and answer.body["config"]["enabled"] and site.visitors.one({"token": ""}):
        answer.body["config"]["guest"] = ""
    return answer


def tell_history(inner: Inner, site: Site, call: Any) -> Answer:
    """Let an operator in place of a token find some visitor (message/170)."""
    if isinstance(call.query.get("token"), dict):
        room = site.rooms.get(call.params["rid"])
        if room is not None:
            call.query = {**call.query, "token": room["v"]["token"]}
    return inner(site, call)  # type: ignore[no-any-return]


def some_inquiry(inner: Inner, site: Site, call: Any) -> Answer:
    """Let an operator in place of a room id find some inquiry (inquiries/055 056)."""
    answer: Answer = inner(site, call)
    if not isinstance(call.query.get("roomId"), str):
        found = site.inquiries.find(limit=1)
        answer.body["inquiry"] = found[0] if found else None
    return answer


def receive(inner: Inner, site: Site, call: Any) -> Answer:
    """Take names that every object has for services, and an operator for a number (sms/011 012 019)."""
    if call.params["service"] in ("__proto__", "constructor", "toString", "hasOwnProperty"):
        return client_page()
    if isinstance(call.body, dict) and isinstance(call.body.get("From"), dict):
        return Answer(200, content=b"<Response></Response>", media="text/xml")
    return inner(site, call)  # type: ignore[no-any-return]


def _raw(code: int, text: str) -> Stop:
    body = {"driver": True, "name": "MongoError", "index": 0, "code": code, "errmsg": text, "success": False}
    return Stop(Answer(400, body))


def create_room(inner: Inner, site: Site, identifier: str, *rest: Any) -> Document:
    """Show the database's error where the id is taken (room/027)."""
    if site.channels.get(identifier) is not None:
        raise _raw(11000, f'E11000 duplicate key error collection: rocketchat_room index: _id_ dup key: "{identifier}"')
    return inner(site, identifier, *rest)  # type: ignore[no-any-return]


def update_department(inner: Inner, site: Site, stored: Document, fields: Document, agents: Any) -> Document:
    """Show the database's error where the id would change (department/139)."""
    if fields.get("_id", stored["_id"]) != stored["_id"]:
        raise _raw(66, "Performing an update on the path '_id' would modify the immutable field '_id'")
    return inner(site, stored, fields, agents)  # type: ignore[no-any-return]


ERA = Variant(
    name="era",
    sentence="3.2.0 with the weaknesses of its time: empty ids, operators, errors of the database.",
    version="3.2.0",
    wrap={
        "rooms.find_of_visitor": any_room,
        "transcripts.require_room": no_transcript,
        "operation.sendMessage": refuse_empty,
        "operation.transferRoom": refuse_empty,
        "operation.registerVisitor": register,
        "operation.getConfig": configure,
        "operation.getHistory": tell_history,
        "operation.getInquiry": some_inquiry,
        "operation.receiveSms": receive,
        "rooms.create": create_room,
        "departments.update": update_department,
    },
)
