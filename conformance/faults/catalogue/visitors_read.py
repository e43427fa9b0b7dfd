"""Faults of looking visitors up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, put, recoded, stale
from conformance.reference.envelope import Refusal, success


def _by_id_too(original: Any, site: Any, token: str) -> Any:
    return original(site, token) or site.visitors.get(token)


def _by_token_too(original: Any, site: Any, identifier: str) -> Any:
    return original(site, identifier) or site.visitors.one({"token": identifier})


def _still_encoded(original: Any, site: Any, token: str) -> Any:
    return original(site, quote(token, safe=""))


def _refused(original: Any, site: Any, token: str) -> Any:
    found = original(site, token)
    if found is None:
        raise Refusal("invalid-token")
    return found


def _first_instead(original: Any, site: Any, token: str) -> Any:
    return original(site, token) or next(iter(site.visitors.find()), None)


def _neighbour(original: Any, site: Any, identifier: str) -> Any:
    found = original(site, identifier)
    others = [each for each in site.visitors.find() if each["_id"] != identifier]
    return found and (others[-1] if others else found)


def _name_of_neighbour(site: Any, call: Any, body: Any) -> None:
    others = [each for each in site.visitors.find() if each["_id"] != body["visitor"]["_id"] and each.get("name")]
    if others and "name" in body["visitor"]:
        body["visitor"]["name"] = others[-1]["name"]


def _null(original: Any, site: Any, call: Any) -> Any:
    if site.visitors.get(str(call.query.get("visitorId"))) is None and isinstance(call.query.get("visitorId"), str):
        return success(visitor={"_id": call.query["visitorId"], "username": "unknown", "token": ""})
    return original(site, call)


def _without(path: str) -> Any:
    return answered("getVisitor", lambda site, call, body: body.get("visitor") and body["visitor"].pop(path, None))


_GET, _BOTH = ("getVisitor",), ("getVisitor", "registerVisitor")
_INFO, _INFO_BOTH = ("getVisitorInfo",), ("getVisitorInfo", "registerVisitor")
_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION
_SHALLOW, _RELATION, _RARE = Depth.SHALLOW, Depth.RELATION, Depth.RARE_INPUT
_FIND, _FIND_ID = "visitors.find_by_token", "visitors.find_by_id"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "visitors.read-without-phone",
        ("LC-VISITOR-039",),
        _BOTH,
        _LOSS,
        _RELATION,
        "The visitor that is read has no phone.",
        wrap=_without("phone"),
    ),
    Fault(
        "visitors.read-without-mail",
        ("LC-VISITOR-039",),
        _BOTH,
        _LOSS,
        _RELATION,
        "The visitor that is read has no e-mail address.",
        wrap=_without("visitorEmails"),
    ),
    Fault(
        "visitors.read-name-is-username",
        ("LC-VISITOR-039",),
        _BOTH,
        _STATE,
        _RELATION,
        "The visitor that is read carries his username as name.",
        wrap=answered(
            "getVisitor",
            lambda site, call, body: body.get("visitor") and body["visitor"].update(name=body["visitor"]["username"]),
        ),
    ),
    Fault(
        "visitors.unknown-token-refused",
        ("LC-VISITOR-040",),
        _GET,
        _VALID,
        _SHALLOW,
        "A token that no visitor has is refused.",
        seen_in="servers from 5.0 on",
        wrap=during("getVisitor", _FIND, _refused),
    ),
    Fault(
        "visitors.unknown-token-gets-first",
        ("LC-VISITOR-040",),
        _GET,
        Kind.AUTHORISATION,
        _SHALLOW,
        "A token that no visitor has shows the first visitor.",
        wrap=during("getVisitor", _FIND, _first_instead),
    ),
    Fault(
        "visitors.found-by-id",
        ("LC-VISITOR-041",),
        _GET,
        Kind.AUTHORISATION,
        _RELATION,
        "A visitor is found by his _id as well.",
        wrap=during("getVisitor", _FIND, _by_id_too),
    ),
    Fault(
        "visitors.path-not-decoded",
        ("LC-VISITOR-042",),
        _GET,
        Kind.ENCODING,
        _RARE,
        "Percent codes in the path are not decoded.",
        wrap=during("getVisitor", _FIND, _still_encoded),
    ),
    Fault(
        "visitors.plus-is-a-blank",
        ("LC-VISITOR-042",),
        _GET,
        Kind.ENCODING,
        _RARE,
        "Blanks and slashes of a token in the path are lost.",
        wrap=during(
            "getVisitor",
            _FIND,
            lambda original, site, token: original(site, token.replace(" ", "").replace("/", "").replace("%", "")),
        ),
    ),
    Fault(
        "visitors.read-cached",
        ("LC-VISITOR-043",),
        _BOTH,
        _STATE,
        _RELATION,
        "A visitor is answered from a cache that an update does not empty.",
        wrap=stale("getVisitor", lambda call: call.params["token"]),
    ),
    Fault(
        "visitors.info-name-of-neighbour",
        ("LC-VISITOR-050",),
        _INFO_BOTH,
        _STATE,
        _RELATION,
        "The visitor that is read by _id carries another visitor's name.",
        wrap=answered("getVisitorInfo", _name_of_neighbour),
    ),
    Fault(
        "visitors.info-of-neighbour",
        ("LC-VISITOR-050",),
        _INFO_BOTH,
        Kind.AUTHORISATION,
        _RELATION,
        "Another visitor is shown than the one with that _id.",
        wrap=during("getVisitorInfo", _FIND_ID, _neighbour),
    ),
    Fault(
        "visitors.info-without-phone",
        ("LC-VISITOR-050",),
        _INFO_BOTH,
        _LOSS,
        _RELATION,
        "The visitor that is read by _id has an empty phone number.",
        wrap=answered("getVisitorInfo", put("visitor.phone", [{"phoneNumber": ""}])),
    ),
    Fault(
        "visitors.info-unknown-code",
        ("LC-VISITOR-051",),
        _INFO,
        _VALID,
        _SHALLOW,
        "An _id that no visitor has is refused with invalid-visitor.",
        wrap=recoded("getVisitorInfo", "visitor-not-found", "invalid-visitor"),
    ),
    Fault(
        "visitors.info-unknown-made-up",
        ("LC-VISITOR-051",),
        _INFO,
        _VALID,
        _SHALLOW,
        "An _id that no visitor has is answered with an unknown visitor.",
        wrap={"operation.getVisitorInfo": _null},
    ),
    Fault(
        "visitors.info-by-token",
        ("LC-VISITOR-052",),
        _INFO,
        Kind.AUTHORISATION,
        _RELATION,
        "A visitor's token is taken as visitorId.",
        wrap=during("getVisitorInfo", _FIND_ID, _by_token_too),
    ),
)
