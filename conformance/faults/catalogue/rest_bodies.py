"""Faults of reading what a request sends: bodies, forms, encodings."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import during
from conformance.reference import messages, rooms, visitors
from conformance.reference.envelope import HTML, Answer, Stop
from conformance.reference.match import MatchFailure
from conformance.reference.querystring import parse_pairs
from conformance.reference.request import bad_request

_STATE, _SHALLOW, _RELATION, _RARE = Kind.STATE, Depth.SHALLOW, Depth.RELATION, Depth.RARE_INPUT


_VALIDATION, _ENCODING, _TRANSPORT = Kind.VALIDATION, Kind.ENCODING, Kind.TRANSPORT


def _body(change: Any) -> dict[str, Any]:
    """Read bodies in another way: ``change(original, site, call, raw)`` gives the value."""
    return {"http.body": change}


def _is_json(call: Any) -> bool:
    media = call.headers.get("content-type", "").partition(";")[0].strip()
    return not media or media == "application/json" or media.endswith("+json")


def _crashes_on_broken(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    try:
        return original(site, call, raw)
    except Stop:
        if _is_json(call) and raw[:1] in b"{[":
            raise RuntimeError("unexpected end of input") from None
        raise


def _crashes_on_bare(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    try:
        return original(site, call, raw)
    except Stop:
        if _is_json(call) and raw[:1] not in b"{[":
            raise RuntimeError("Cannot read property of null") from None
        raise


def _texts(raw: bytes) -> dict[str, str]:
    return dict(re.findall(r'"(\w+)"\s*:\s*"([^"\\]*)"', raw.decode("utf-8", "replace")))


def _salvages(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    try:
        return original(site, call, raw)
    except Stop:
        found = _texts(raw)
        token, rid = found.get("token", ""), found.get("rid", "")
        if call.path.endswith("/visitor") and token:
            fields: dict[str, Any] = {key: found[key] for key in ("name", "email", "phone") if key in found}
            visitors.register_visitor(site, token, fields, {})
        elif call.path.endswith("/message") and "msg" in found:
            visitor, room = visitors.find_visitor(site, token), rooms.find_room_of_visitor(site, token, rid)
            if visitor and room:
                messages.append_message(site, room, visitor, found["msg"], {"token": token})
        site.store.commit()
        raise


def _with_type(call: Any, kind: str) -> Any:
    other = copy.copy(call)
    other.headers = {**call.headers, "content-type": kind}
    return other


def _any_charset(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    return original(site, _with_type(call, call.headers.get("content-type", "").partition(";")[0]), raw)


def _first_of_list(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    value = original(site, call, raw)
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value


def _crashes_on_nothing(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    if not raw and call.method in ("POST", "PUT"):
        raise RuntimeError("Cannot read property of undefined")
    return original(site, call, raw)


def _needs(test: Any) -> Any:
    """Read only bodies whose content type passes: ``test(kind)``; others are as if they were empty."""

    def body(original: Any, site: Any, call: Any, raw: bytes) -> Any:
        return original(site, call, raw) if not raw or test(call.headers.get("content-type", "")) else {}

    return {"http.body": body}


def _no_parameters(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    if "charset" in call.headers.get("content-type", "").lower() and call.path.startswith("/api/v1/livechat"):
        raise Stop(Answer(415, content=b"Unsupported Media Type", media=HTML))
    return original(site, call, raw)


def _any_type(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    kind = call.headers.get("content-type", "")
    known = not raw or not kind or "json" in kind or "urlencoded" in kind
    return original(site, call if known else _with_type(call, "application/json"), raw)


def _flat_form(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    if "urlencoded" in call.headers.get("content-type", ""):
        return dict(parse_pairs(raw.decode("utf-8", "replace")))
    return original(site, call, raw)


def _first_counts(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    value = original(site, call, raw)
    if isinstance(value, dict) and raw and _is_json(call):
        try:
            return json.loads(raw, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
        except ValueError:
            return value
    return value


def _no_mark(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise Stop(bad_request())
    return original(site, call, raw)


def _still_encoded(original: Any, site: Any, router: Any, path: str) -> Any:
    found = original(site, router, path)
    if found is None or "%" not in path:
        return found
    route, params = found
    parts = path.rstrip("/").split("/")
    raw = [part for part, segment in zip(parts, route.segments, strict=False) if segment is None]
    return route, dict(zip(params, raw, strict=False))


def _escapes_kept(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    return original(site, call, re.sub(rb"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}", b"?", raw))


def _latin(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    if call.path.endswith("/message") and _is_json(call):
        raw = raw.decode("latin-1").encode()
    return original(site, call, raw)


def _in_order(original: Any, site: Any, call: Any, pattern: Any) -> Any:
    keys = [key for key in call.body if key in ("token", "rid", "msg")] if isinstance(call.body, dict) else []
    if "msg" in keys and keys[-1] != "msg":
        raise MatchFailure("Expected string, got undefined", keys[-1])
    return original(site, call, pattern)


_SENT = ("registerVisitor", "sendMessage", "closeRoom")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "rest.broken-json-crashes",
        ("LC-REST-013",),
        _SENT,
        _VALIDATION,
        _RARE,
        "A body that is broken JSON ends in an internal error.",
        wrap=_body(_crashes_on_broken),
    ),
    Fault(
        "rest.bare-json-crashes",
        ("LC-REST-014",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "A body that is a bare JSON value ends in an internal error.",
        wrap=_body(_crashes_on_bare),
    ),
    Fault(
        "rest.broken-json-acts",
        ("LC-REST-015",),
        ("registerVisitor", "sendMessage"),
        _STATE,
        _RARE,
        "A body that is broken JSON is refused, and what could be read of it is done.",
        wrap=_body(_salvages),
    ),
    Fault(
        "rest.charset-ignored",
        ("LC-REST-016",),
        ("registerVisitor",),
        _ENCODING,
        _RARE,
        "The charset of a body is ignored.",
        wrap=_body(_any_charset),
    ),
    Fault(
        "rest.list-is-its-first",
        ("LC-REST-017",),
        _SENT,
        _VALIDATION,
        _RARE,
        "Of a body that is a list the first object is read.",
        wrap=_body(_first_of_list),
    ),
    Fault(
        "rest.no-body-crashes",
        ("LC-REST-018",),
        (*_SENT, "surveyRoom", "createDepartment"),
        _VALIDATION,
        _RARE,
        "A call without a body ends in an internal error.",
        wrap=_body(_crashes_on_nothing),
    ),
    Fault(
        "rest.type-needed",
        ("LC-REST-019",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "A JSON body without a content type is not read.",
        wrap=_needs(lambda kind: kind),
    ),
    Fault(
        "rest.plus-json-unknown",
        ("LC-REST-020",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "A content type that ends in +json is not read.",
        wrap=_needs(lambda kind: "+json" not in kind),
    ),
    Fault(
        "rest.charset-refused",
        ("LC-REST-021",),
        ("registerVisitor",),
        _ENCODING,
        _RARE,
        "A JSON body that names its charset is refused.",
        wrap=_body(_no_parameters),
    ),
    Fault(
        "rest.any-type-is-json",
        ("LC-REST-022",),
        _SENT,
        _VALIDATION,
        _RARE,
        "A body of any content type is read as JSON.",
        wrap=_body(_any_type),
    ),
    Fault(
        "rest.forms-unread",
        ("LC-REST-023",),
        ("editMessage", "closeRoom", "requestTranscript"),
        _VALIDATION,
        _RARE,
        "A form body is not read.",
        wrap=_needs(lambda kind: "urlencoded" not in kind),
    ),
    Fault(
        "rest.forms-flat",
        ("LC-REST-024",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "Brackets in a form body mean nothing.",
        wrap=_body(_flat_form),
    ),
    Fault(
        "rest.first-key-counts",
        ("LC-REST-025",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "Of a key that stands twice in a body the first one counts.",
        wrap=_body(_first_counts),
    ),
    Fault(
        "rest.mark-refused",
        ("LC-REST-026",),
        ("registerVisitor",),
        _ENCODING,
        _RARE,
        "A byte order mark before a body is refused.",
        wrap=_body(_no_mark),
    ),
    Fault(
        "rest.codes-kept",
        ("LC-REST-027",),
        ("getVisitor", "getHistory", "getDepartment"),
        _ENCODING,
        _RARE,
        "Percent codes in a path parameter are not decoded.",
        wrap={"http.find_route": _still_encoded},
    ),
    Fault(
        "rest.pairs-lost",
        ("LC-REST-028",),
        ("sendMessage", "registerVisitor"),
        _ENCODING,
        _RARE,
        "Characters beyond the first plane are lost where they are escaped.",
        wrap=_body(_escapes_kept),
    ),
    Fault(
        "rest.latin-messages",
        ("LC-REST-028",),
        ("sendMessage",),
        _ENCODING,
        _RARE,
        "The bytes of a message are read as Latin-1.",
        wrap=_body(_latin),
    ),
    Fault(
        "rest.keys-in-order",
        ("LC-REST-035",),
        ("sendMessage",),
        _VALIDATION,
        _RARE,
        "The text of a message must be the last key of the body.",
        wrap=during("sendMessage", "validate.body", _in_order),
    ),
)
