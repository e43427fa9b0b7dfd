"""Faults of the manners of the API: envelope, parsing of bodies, routing, headers, and what GET may do."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, put
from conformance.reference import visitors
from conformance.reference.envelope import Answer, success
from conformance.reference.match import MatchFailure
from conformance.reference.site import now, save

_STATE, _SHALLOW, _RELATION, _RARE = Kind.STATE, Depth.SHALLOW, Depth.RELATION, Depth.RARE_INPUT


_VALIDATION, _ENCODING, _TRANSPORT = Kind.VALIDATION, Kind.ENCODING, Kind.TRANSPORT


def _at(operation: str, *statuses: int) -> Any:
    """Change a whole answer of an operation with one of these statuses: ``change(answer)``."""

    def declare(change: Any) -> dict[str, Any]:
        def changed(original: Any, site: Any, operation_id: Any, call: Any, answer: Any) -> Any:
            answer = original(site, operation_id, call, answer)
            if operation_id == operation and answer.status in statuses:
                answer = copy.copy(answer)
                change(answer)
            return answer

        return {"http.answer": changed}

    return declare


def _other_refusal(answer: Any) -> None:
    answer.body = {"success": False, "error": "unauthorized"}


def _as_text(answer: Any) -> None:
    answer.media = "text/plain; charset=utf-8"


def _no_json(answer: Any) -> None:
    answer.content, answer.media = b"Not allowed", "text/plain"


def _says_success(original: Any, site: Any, call: Any, error: Any) -> Any:
    answer = original(site, call, error)
    if call.operation.id == "editMessage":
        answer.body["success"] = True
    return answer


def _cacheable_refusals(headers: Any, site: Any, call: Any, answer: Any) -> Any:
    if answer.status != 200:
        headers.pop("cache-control", None)
        headers.pop("pragma", None)
    return headers


def _not_found(original: Any, site: Any, call: Any, route: Any) -> Any:
    return Answer(404, {"status": "error", "message": "API endpoint does not exist"})


def _no_allow(answer: Any, site: Any, call: Any, route: Any) -> Any:
    answer.headers.pop("allow", None)
    return answer


def _done_by_any_method(original: Any, site: Any, call: Any, route: Any) -> Any:
    operation = next((each for each in route.operations.values() if not each.auth and each.method != "GET"), None)
    if operation is not None:
        try:
            operation.handler(site, call)
            site.store.commit()
        except Exception:
            site.store.rollback()
    return original(site, call, route)


def _always_well(original: Any, site: Any, call: Any) -> Any:
    return success() if call.path.startswith("/api/v1/livechat/") else original(site, call)


def _any_case(original: Any, site: Any, router: Any, path: str) -> Any:
    return original(site, router, path) or original(site, router, path.lower())


def _no_slash(original: Any, site: Any, router: Any, path: str) -> Any:
    return None if path.endswith("/") else original(site, router, path)


def _nameless(original: Any, site: Any, call: Any, error: Any) -> Any:
    answer = original(site, call, error)
    return Answer(400, {"success": False}) if call.operation.id in ("sendMessage", "openRoom") else answer


def _other_words(original: Any, site: Any, call: Any, error: Any) -> Any:
    answer = original(site, call, error)
    if isinstance(error, MatchFailure):
        for key in ("message", "error"):
            if isinstance(answer.body.get(key), str):
                answer.body[key] = answer.body[key].replace("Match error:", "Invalid parameter:")
    return answer


def _head_crashes(original: Any, site: Any, call: Any) -> Any:
    if call.method == "HEAD":
        raise RuntimeError("no handler for HEAD")
    return original(site, call)


def _touches_visitor(original: Any, site: Any, call: Any) -> Any:
    visitor = visitors.find_visitor(site, call.params["token"])
    if visitor is not None:
        visitor["lastSeen"] = now(site)
        save(site, site.visitors, visitor)
    return original(site, call)


def _counts_reads(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    department = site.departments.get(call.params["_id"])
    if department is not None:
        save(site, site.departments, {**department, "numAgents": department.get("numAgents", 0) + 1})
    return answer


async def _mixed_up(original: Any, site: Any, operation_id: Any, call: Any, answer: Any) -> Any:
    answer = original(site, operation_id, call, answer)
    if operation_id not in ("getVisitor", "getHistory") or answer.status != 200:
        return answer
    site.memory[f"last {operation_id}"] = answer
    await asyncio.sleep(0.02)
    return site.memory[f"last {operation_id}"]


_SENT = ("registerVisitor", "sendMessage", "closeRoom")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "rest.success-not-true",
        ("LC-REST-001",),
        ("getAgentInfo",),
        Kind.SCHEMA,
        _SHALLOW,
        "The success of an answer is 1 and not true.",
        wrap=answered("getAgentInfo", put("success", 1)),
    ),
    Fault(
        "rest.refusal-says-success",
        ("LC-REST-002",),
        ("editMessage",),
        Kind.SCHEMA,
        _SHALLOW,
        "The refusal of an edit says success true.",
        wrap={"http.refuse": _says_success},
    ),
    Fault(
        "rest.other-401",
        ("LC-REST-003",),
        ("listTriggers",),
        Kind.SCHEMA,
        _SHALLOW,
        "One operation answers 401 in the way of a missing permission.",
        wrap=_at("listTriggers", 401)(_other_refusal),
    ),
    Fault(
        "rest.json-as-text",
        ("LC-REST-004",),
        ("getCustomField",),
        _TRANSPORT,
        _SHALLOW,
        "An answer is JSON and says that it is plain text.",
        wrap=_at("getCustomField", 200)(_as_text),
    ),
    Fault(
        "rest.cacheable-refusals",
        ("LC-REST-005",),
        ("sendMessage", "getAgentInfo"),
        _TRANSPORT,
        _SHALLOW,
        "Refusals do not forbid caching.",
        wrap=after("http.headers", _cacheable_refusals),
    ),
    Fault(
        "rest.refusal-as-text",
        ("LC-REST-006",),
        ("deleteDepartment",),
        _TRANSPORT,
        _SHALLOW,
        "Refusals of an operation are plain text.",
        wrap=_at("deleteDepartment", 400, 401, 403)(_no_json),
    ),
    Fault(
        "rest.wrong-method-404",
        ("LC-REST-007",),
        (),
        Kind.STATUS,
        _SHALLOW,
        "A method that a path does not have is answered with 404.",
        wrap={"http.wrong_method": _not_found},
    ),
    Fault(
        "rest.no-allow",
        ("LC-REST-008",),
        (),
        _TRANSPORT,
        _SHALLOW,
        "A refusal with 405 has no Allow.",
        wrap=after("http.wrong_method", _no_allow),
    ),
    Fault(
        "rest.any-method-acts",
        ("LC-REST-009",),
        _SENT,
        _STATE,
        _RELATION,
        "A method that a path does not have is refused, and done as if it were the right one.",
        wrap={"http.wrong_method": _done_by_any_method},
    ),
    Fault(
        "rest.unknown-path-well",
        ("LC-REST-010",),
        (),
        Kind.STATUS,
        _SHALLOW,
        "A path that is no operation is answered with success true.",
        wrap={"http.unknown_route": _always_well},
    ),
    Fault(
        "rest.paths-any-case",
        ("LC-REST-011",),
        (),
        _VALIDATION,
        _RARE,
        "Paths are compared without regard to case.",
        wrap={"http.find_route": _any_case},
    ),
    Fault(
        "rest.slash-matters",
        ("LC-REST-012",),
        ("getConfig", "listDepartments", "listRooms"),
        _VALIDATION,
        _RARE,
        "A path with a slash at its end is unknown.",
        wrap={"http.find_route": _no_slash},
    ),
    Fault(
        "rest.dates-in-seconds",
        ("LC-REST-029",),
        ("openRoom",),
        Kind.SCHEMA,
        _SHALLOW,
        "The ts of a room has no milliseconds.",
        wrap=answered("openRoom", put("room.ts", lambda value: value[:19] + "Z")),
    ),
    Fault(
        "rest.dates-local",
        ("LC-REST-029",),
        ("getInquiry",),
        Kind.SCHEMA,
        _SHALLOW,
        "The ts of an inquiry has an offset in place of Z.",
        wrap=answered("getInquiry", put("inquiry.ts", lambda value: value[:-1] + "+00:00")),
    ),
    Fault(
        "rest.refusal-nameless",
        ("LC-REST-030",),
        ("sendMessage", "openRoom"),
        Kind.SCHEMA,
        _SHALLOW,
        "Refusals of messages and rooms give no reason.",
        wrap={"http.refuse": _nameless},
    ),
    Fault(
        "rest.match-other-words",
        ("LC-REST-031",),
        ("sendMessage", "openRoom"),
        Kind.SCHEMA,
        _SHALLOW,
        "A validation error begins in other words.",
        wrap={"http.refuse": _other_words},
    ),
    Fault(
        "rest.preflight-allowed",
        ("LC-REST-032",),
        ("getConfig",),
        _TRANSPORT,
        _RARE,
        "A preflight is allowed although the switch is off.",
        wrap={
            "http.options": lambda original, site, call: Answer(
                200, headers={"access-control-allow-origin": "*"}, content=b"", media=None
            )
        },
    ),
    Fault(
        "rest.head-crashes",
        ("LC-REST-033",),
        ("getConfig", "openRoom"),
        _TRANSPORT,
        _RARE,
        "HEAD ends in an internal error.",
        wrap={"http.unknown_route": _head_crashes},
    ),
    Fault(
        "rest.reading-touches",
        ("LC-REST-034",),
        ("getVisitor",),
        _STATE,
        _RELATION,
        "Reading a visitor notes when he was seen last.",
        wrap={"operation.getVisitor": _touches_visitor},
    ),
    Fault(
        "rest.reading-counts",
        ("LC-REST-034",),
        ("getDepartment",),
        _STATE,
        _RELATION,
        "Reading a department raises its numAgents.",
        wrap={"operation.getDepartment": _counts_reads},
    ),
    Fault(
        "rest.answers-mixed-up",
        ("LC-REST-036",),
        ("getVisitor", "getHistory"),
        Kind.CONCURRENCY,
        Depth.RACE,
        "Of calls at the same time all get the answer to the last.",
        wrap={"http.answer": _mixed_up},
    ),
)
