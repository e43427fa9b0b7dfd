"""Faults of registering visitors."""

from __future__ import annotations

import html
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, put
from conformance.reference.envelope import Failure, Refusal
from conformance.reference.match import MatchFailure
from conformance.reference.site import new_id, now
from conformance.reference.visitors import find_visitor


def _once_only(original: Any, site: Any, token: str, fields: Any, connection: Any) -> Any:
    taken = site.visitors.one({"username": fields["username"]}) if fields.get("username") else None
    if taken is not None and taken.get("token") != token:
        raise Failure("E11000 duplicate key error")
    return original(site, token, fields, connection)


def _applied(change: Any) -> Any:
    """Change what a registration puts into a visitor: ``change(site, visitor, before, fields)`` comes after it."""

    def applied(original: Any, site: Any, visitor: Any, token: str, fields: Any) -> None:
        before = {**visitor}
        original(site, visitor, token, fields)
        change(site, visitor, before, fields)

    return {"visitors.apply_fields": applied}


def _more_mails(site: Any, visitor: Any, before: Any, fields: Any) -> None:
    if fields.get("email"):
        visitor["visitorEmails"] = [{"address": fields["email"]}, {"address": fields["email"].lower()}]


def _more_phones(site: Any, visitor: Any, before: Any, fields: Any) -> None:
    if fields.get("phone"):
        visitor["phone"] = [*before.get("phone", []), {"phoneNumber": fields["phone"]}][:2]
        if len(visitor["phone"]) == 1:
            visitor["phone"] *= 2


def _same_id(site: Any, call: Any, body: Any) -> None:
    body["visitor"]["_id"] = site.memory.setdefault("first visitor", body["visitor"]["_id"])


def _named(change: Any) -> Any:
    def named(original: Any, site: Any, visitor: Any, token: str, fields: Any) -> None:
        original(site, visitor, token, {**fields, "name": change(fields["name"])} if fields.get("name") else fields)

    return {"visitors.apply_fields": named}


def _stores_first(original: Any, site: Any, call: Any) -> Any:
    try:
        return original(site, call)
    except (MatchFailure, Refusal, Failure):
        told = call.body.get("visitor") if isinstance(call.body, dict) else None
        token = told.get("token") if isinstance(told, dict) else None
        if isinstance(token, str) and token and find_visitor(site, token) is None:
            visitor = {"_id": new_id(site), "username": "guest-0", "token": token, "_updatedAt": now(site)}
            site.visitors.insert(visitor)
            site.store.commit()
        raise


_REGISTER = ("registerVisitor",)

_READ = ("registerVisitor", "getVisitor")

_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION

_SHALLOW, _LIVE, _RELATION, _RARE = Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "visitors.answers-other-token",
        ("LC-VISITOR-005",),
        _REGISTER,
        _STATE,
        _SHALLOW,
        "The answer of a registration carries the _id as token.",
        wrap=answered("registerVisitor", lambda site, call, body: body["visitor"].update(token=body["visitor"]["_id"])),
    ),
    Fault(
        "visitors.answers-first-name",
        ("LC-VISITOR-006",),
        _REGISTER,
        _LOSS,
        _SHALLOW,
        "The answer of a registration carries the first word of the name.",
        wrap=answered("registerVisitor", put("visitor.name", lambda name: name.split(" ")[0][:-1])),
    ),
    Fault(
        "visitors.mail-twice",
        ("LC-VISITOR-007",),
        _REGISTER,
        _STATE,
        _SHALLOW,
        "An e-mail address comes back as two entries.",
        wrap=_applied(_more_mails),
    ),
    Fault(
        "visitors.mail-lost",
        ("LC-VISITOR-007",),
        _REGISTER,
        _LOSS,
        _SHALLOW,
        "The answer of a registration leaves out the e-mail address.",
        wrap=answered("registerVisitor", lambda site, call, body: body["visitor"].pop("visitorEmails", None)),
    ),
    Fault(
        "visitors.phone-twice",
        ("LC-VISITOR-008",),
        _REGISTER,
        _STATE,
        _SHALLOW,
        "A phone number comes back as two entries.",
        wrap=_applied(_more_phones),
    ),
    Fault(
        "visitors.username-of-name",
        ("LC-VISITOR-009",),
        _REGISTER,
        _STATE,
        _SHALLOW,
        "A visitor without a username gets one that begins with visitor-.",
        wrap=after("visitors.next_username", lambda name, site: name.replace("guest-", "visitor-")),
    ),
    Fault(
        "visitors.usernames-repeat",
        ("LC-VISITOR-010",),
        _REGISTER,
        _STATE,
        _RELATION,
        "The counter of guests is not written: all get one username.",
        wrap={"visitors.next_username": lambda original, site: "guest-1"},
    ),
    Fault(
        "visitors.username-ignored",
        ("LC-VISITOR-011",),
        _REGISTER,
        _LOSS,
        _RARE,
        "The username that was sent is ignored.",
        wrap={
            "visitors.identify": lambda original, site, token, fields, connection: original(
                site, token, {key: value for key, value in fields.items() if key != "username"}, connection
            )
        },
    ),
    Fault(
        "visitors.same-id",
        ("LC-VISITOR-012",),
        _REGISTER,
        _STATE,
        _RELATION,
        "Every answer carries the _id of the first visitor.",
        wrap=answered("registerVisitor", _same_id),
    ),
    Fault(
        "visitors.name-escaped",
        ("LC-VISITOR-029",),
        _READ,
        Kind.ENCODING,
        _RARE,
        "Markup in a name is escaped.",
        wrap=_named(html.escape),
    ),
    Fault(
        "visitors.name-ascii",
        ("LC-VISITOR-029",),
        _READ,
        Kind.ENCODING,
        _RARE,
        "Names keep characters of the basic plane only.",
        wrap=_named(lambda name: "".join(each if ord(each) < 0x10000 else "?" for each in name)),
    ),
    Fault(
        "visitors.name-quotes",
        ("LC-VISITOR-029",),
        _READ,
        Kind.ENCODING,
        _RARE,
        "Quotes are taken out of names.",
        wrap=_named(lambda name: name.replace('"', "").replace("'", "")),
    ),
    Fault(
        "visitors.refused-stored",
        ("LC-VISITOR-035",),
        _READ,
        _STATE,
        _RARE,
        "A registration is stored before it is refused.",
        wrap={"operation.registerVisitor": _stores_first},
    ),
    Fault(
        "visitors.username-once-only",
        ("LC-VISITOR-053",),
        _READ,
        _VALID,
        _RELATION,
        "A username that another visitor has is refused.",
        seen_in="RocketChat/Rocket.Chat#1864",
        wrap={"visitors.register": _once_only},
    ),
)
