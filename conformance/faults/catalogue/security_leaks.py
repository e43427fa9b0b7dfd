"""Faults of the defence: tokens that are nearly right, leaks, and input that does harm."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered
from conformance.reference.envelope import Stop, failure
from conformance.reference.match import MatchFailure

_VALIDATION, _AUTH, _RARE = Kind.VALIDATION, Kind.AUTHORISATION, Depth.RARE_INPUT


def _any_case(original: Any, site: Any, token: str) -> Any:
    found = original(site, token)
    if found is None and token:
        same = site.visitors.find(where=lambda one: str(one["token"]).lower() == token.lower())
        return same[0] if same else None
    return found


def _any_beginning(original: Any, site: Any, token: str) -> Any:
    found = original(site, token)
    if found is None and len(token) > 3:
        same = site.visitors.find(where=lambda one: str(one["token"]).startswith(token))
        return same[0] if same else None
    return found


def _inherited(original: Any, site: Any, key: str) -> Any:
    if key in ("__proto__", "constructor"):
        return {"_id": key, "label": key, "scope": "visitor", "visibility": "visible", "regexp": ""}
    return original(site, key)


def _survey_crash(original: Any, site: Any, data: Any) -> Any:
    if any(each["name"] == "__proto__" for each in data):
        raise RuntimeError("the answers have lost their prototype")
    return original(site, data)


def _with_stack(original: Any, site: Any, call: Any, error: Any) -> Any:
    answer = original(site, call, error)
    if isinstance(error, MatchFailure):
        trace = (
            "\n    at check (packages/check/match.js:36:17)\n    at Object.action (app/livechat/server/api/v1/room.js)"
        )
        for key in ("message", "error"):
            if isinstance(answer.body.get(key), str):
                answer.body[key] += trace
                break
    return answer


def _raw_room_error(original: Any, site: Any, identifier: str, *more: Any) -> Any:
    if site.channels.get(identifier) is not None:
        text = f'E11000 duplicate key error collection: rocketchat.rocketchat_room index: _id_ dup key: "{identifier}"'
        raise Stop(failure(text))
    return original(site, identifier, *more)


def _raw_department_error(original: Any, site: Any, stored: Any, fields: Any, agents: Any) -> Any:
    if fields.get("_id", stored["_id"]) != stored["_id"]:
        raise Stop(failure("MongoError: Performing an update on the path '_id' would modify the immutable field '_id'"))
    return original(site, stored, fields, agents)


def _adds(behaviour: str, more: Any) -> Any:
    """Show more of an account than is anybody's business: ``more(user)``."""
    return {behaviour: lambda original, site, user: original(site, user) | more(user)}


def _inner(user: Any) -> dict[str, Any]:
    return {"roles": user.get("roles", []), "settings": {"preferences": {"sidebarViewMode": "medium"}}}


def _raw_pattern(original: Any, site: Any, text: str) -> Any:
    return re.compile(text, re.IGNORECASE)


async def _waits_for_broken(original: Any, site: Any, operation_id: Any, call: Any, answer: Any) -> Any:
    if answer.status == 400 and operation_id is None and "%" in call.path:
        await asyncio.sleep(30)
    return original(site, operation_id, call, answer)


def _crashes_on_long(original: Any, site: Any, token: str) -> Any:
    if len(token) > 500:
        raise RuntimeError("key too large to index")
    return original(site, token)


def _hurt_by_body(original: Any, site: Any, call: Any, raw: bytes) -> Any:
    if b"__proto__" in raw or b'"$' in raw or b"constructor" in raw:
        site.memory["hurt"] = True
    return original(site, call, raw)


def _hurt_by_query(original: Any, site: Any, call: Any, text: str) -> Any:
    query = original(site, call, text)
    if any(isinstance(value, dict) for value in query.values()):
        site.memory["hurt"] = True
    return query


def _forgets_when_hurt(original: Any, site: Any, visitor: Any) -> Any:
    shown = original(site, visitor)
    return {**shown, "username": "undefined"} if site.memory.get("hurt") else shown


FAULTS: tuple[Fault, ...] = (
    Fault(
        "security.token-any-case",
        ("LC-SECURITY-022",),
        ("getVisitor", "sendMessage", "getHistory"),
        _AUTH,
        _RARE,
        "Tokens are compared without regard to case.",
        wrap={"visitors.find_by_token": _any_case},
    ),
    Fault(
        "security.token-beginning",
        ("LC-SECURITY-022",),
        ("getVisitor", "sendMessage", "getHistory"),
        _AUTH,
        _RARE,
        "The beginning of a token is as good as the token.",
        wrap={"visitors.find_by_token": _any_beginning},
    ),
    Fault(
        "security.prototype-is-field",
        ("LC-SECURITY-023",),
        ("setCustomField",),
        _VALIDATION,
        _RARE,
        "The names __proto__ and constructor are fields that every object has.",
        wrap={"custom_fields.find": _inherited},
    ),
    Fault(
        "security.prototype-crashes-survey",
        ("LC-SECURITY-024",),
        ("surveyRoom",),
        _VALIDATION,
        _RARE,
        "The name __proto__ in a survey ends in an internal error.",
        wrap={"survey.collect": _survey_crash},
    ),
    Fault(
        "security.error-with-stack",
        ("LC-SECURITY-025",),
        ("sendMessage", "openRoom"),
        Kind.SCHEMA,
        Depth.SHALLOW,
        "A validation error shows where in the program it arose.",
        wrap={"http.refuse": _with_stack},
    ),
    Fault(
        "security.raw-room-error",
        ("LC-SECURITY-026",),
        ("openRoom",),
        Kind.SCHEMA,
        _RARE,
        "A room id that is a channel's shows the error of the database.",
        seen_in="3.2.0",
        wrap={"rooms.create": _raw_room_error},
    ),
    Fault(
        "security.raw-department-error",
        ("LC-SECURITY-027",),
        ("updateDepartment",),
        Kind.SCHEMA,
        _RARE,
        "An update with another _id shows the error of the database.",
        seen_in="3.2.0",
        wrap={"departments.update": _raw_department_error},
    ),
    Fault(
        "security.token-with-agent",
        ("LC-SECURITY-028",),
        ("getAgentInfo",),
        _AUTH,
        Depth.LIVE_ROOM,
        "The agent of a room is shown with the visitor's token.",
        wrap=answered(
            "getAgentInfo",
            lambda site, call, body: body["agent"].update(livechat={"visitor": {"token": call.params["token"]}}),
        ),
    ),
    Fault(
        "security.token-in-inquiries",
        ("LC-SECURITY-028",),
        ("listInquiries",),
        _AUTH,
        Depth.LIVE_ROOM,
        "The list of inquiries shows the visitors' tokens.",
        wrap={
            "inquiries.shown_in_list": lambda original, site, inquiry: (
                original(site, inquiry) | {"v": dict(inquiry["v"])}
            )
        },
    ),
    Fault(
        "security.hash-in-lists",
        ("LC-SECURITY-029",),
        ("listUsers", "getUser"),
        _AUTH,
        Depth.SHALLOW,
        "The lists of agents show the hashes of their passwords.",
        wrap=_adds("users.shown", lambda user: {"services": user.get("services", {})}),
    ),
    Fault(
        "security.hash-to-visitors",
        ("LC-SECURITY-029",),
        ("getAgentInfo", "getNextAgent", "getConfig"),
        _AUTH,
        Depth.LIVE_ROOM,
        "An agent is shown to visitors with the hash of his password.",
        wrap=_adds("agents.project", lambda user: {"services": user.get("services", {})}),
    ),
    Fault(
        "security.roles-to-visitors",
        ("LC-SECURITY-030",),
        ("getAgentInfo", "getNextAgent", "getConfig"),
        _AUTH,
        Depth.LIVE_ROOM,
        "An agent is shown to visitors with his roles and settings.",
        wrap=_adds("agents.project", _inner),
    ),
    Fault(
        "security.raw-pattern",
        ("LC-SECURITY-031",),
        ("listRooms",),
        _VALIDATION,
        _RARE,
        "A malformed regular expression in roomName ends in an internal error.",
        wrap={"rooms.read_name": _raw_pattern},
    ),
    Fault(
        "security.broken-code-hangs",
        ("LC-SECURITY-032",),
        ("getTrigger", "getVisitor"),
        Kind.TRANSPORT,
        _RARE,
        "A malformed percent code in a path is not answered.",
        seen_in="3.2.0",
        wrap={"http.answer": _waits_for_broken},
    ),
    Fault(
        "security.long-token-crashes",
        ("LC-SECURITY-033",),
        ("getVisitor",),
        _VALIDATION,
        _RARE,
        "A very long token ends in an internal error.",
        wrap={"visitors.find_by_token": _crashes_on_long},
    ),
    Fault(
        "security.hurt-by-input",
        ("LC-SECURITY-034",),
        ("getVisitor", "openRoom"),
        Kind.STATE,
        Depth.RELATION,
        "After an operator or __proto__ visitors are shown without their usernames.",
        wrap={"http.body": _hurt_by_body, "http.query": _hurt_by_query, "visitors.show": _forgets_when_hurt},
    ),
    Fault(
        "security.hurt-long-ago",
        ("LC-SECURITY-034",),
        ("getVisitor",),
        Kind.STATE,
        Depth.RELATION,
        "As after an operator that came before the run: every visitor is shown with one username.",
        wrap={"visitors.show": lambda original, site, visitor: {**original(site, visitor), "username": "undefined"}},
    ),
)
