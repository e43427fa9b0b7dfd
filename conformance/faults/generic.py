"""Generic faults, drawn from the contract: every member spoilt, every status changed, every rule not enforced.

Their ids say what is done where: ``generic.openRoom.drop:/room/_id``, ``generic.openRoom.status:200-201``,
``generic.openRoom.required:query/token``, ``generic.closeRoom.refuses-all``, ``generic.listRooms.opened``.
Those that no client could notice stand in ``generic_unseen.yaml``, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from conformance.contract import Contract, load_contract
from conformance.contract.model import Operation
from conformance.faults.generic_calls import (
    Wraps,
    any_token,
    not_enforced,
    opened,
    permission_not_asked,
    refuses_all,
    required,
)
from conformance.faults.generic_members import WAYS, Steps, members, spoilt
from conformance.faults.generic_replay import AREA
from conformance.faults.model import Depth, Fault, Kind
from conformance.reference.envelope import HTML, Answer
from conformance.reference.request import Call
from conformance.reference.site import VERSION, Site

UNSEEN: Final = Path(__file__).with_name("generic_unseen.yaml")
_DONE: Final = {"drop": "leaves out", "retype": "sends another type for", "null": "sends null for", "rename": "renames"}
_STATUSES: Final = {"200": (201, 204, 500), "400": (200, 500), "401": (200, 500), "403": (200, 500)}
_WHO: Final = {"400": "refuses", "401": "credentials", "403": "permission"}


@cache
def generic_faults() -> dict[str, Fault]:
    """All generic faults by id, in the order of the contract, those that no client could notice included."""
    contract = load_contract(VERSION)
    return {fault.id: fault for operation in contract.judged for fault in _of(contract, operation)}


@cache
def unseen() -> dict[str, str]:
    """The ids of the generic faults that no client could notice, each with the reason."""
    listed: Mapping[str, Mapping[str, Any]] = yaml.safe_load(UNSEEN.read_text(encoding="utf-8"))
    return {
        f"{AREA}.{operation}.{one}": str(group["reason"])
        for group in listed.values()
        for operation, names in group["faults"].items()
        for what in names
        for one in _spread(what)
    }


def _spread(what: str) -> Iterator[str]:
    """``any:`` stands for every way to spoil a member."""
    kind, colon, where = what.partition(":")
    return (f"{way}{colon}{where}" for way in WAYS) if kind == "any" else iter((what,))


def to_prove() -> dict[str, Fault]:
    """The generic faults that a client can notice."""
    known = unseen()
    return {name: fault for name, fault in generic_faults().items() if name not in known}


def what_of(fault: Fault) -> str:
    """What a generic fault does, without where: ``drop``, ``status``, ``opened`` and so on."""
    return fault.id.split(".", 2)[2].partition(":")[0]


def sample(each: int) -> list[Fault]:
    """At most ``each`` faults of every sort, spread evenly over the operations, the same ones each time."""
    sorts: dict[str, list[Fault]] = {}
    for fault in to_prove().values():
        sorts.setdefault(what_of(fault), []).append(fault)
    return [
        faults[number * len(faults) // count]
        for faults in sorts.values()
        for count in (min(each, len(faults)),)
        for number in range(count)
    ]


def _of(contract: Contract, operation: Operation) -> Iterator[Fault]:
    def clauses(*kinds: str) -> tuple[str, ...]:
        found = (contract.requirement_for(operation.id, kind) for kind in kinds)
        return tuple(one.id for one in found if one is not None)

    def fault(what: str, breaks: tuple[str, ...], kind: Kind, sentence: str, wrap: Wraps) -> Fault:
        return Fault(
            f"{AREA}.{operation.id}.{what}",
            breaks,
            (operation.id,),
            kind,
            Depth.SHALLOW,
            f"{operation.label} {sentence}.",
            wrap=wrap,
        )

    shape = clauses("shape")
    for steps in members(contract, operation) if shape else ():
        where = "/" + "/".join(steps)
        for name, way in WAYS.items():
            wrap = {"http.answer": _spoiling(operation.id, steps, way)}
            yield fault(f"{name}:{where}", shape, Kind.SCHEMA, f"{_DONE[name]} {where}", wrap)
    for status, others in _STATUSES.items():
        for other in others if status in operation.responses else ():
            breaks = clauses("status", "shape", *([_WHO[status]] if status in _WHO else []))
            wrap = {"http.answer": _restating(operation.id, int(status), other)}
            yield fault(f"status:{status}-{other}", breaks, Kind.STATUS, f"answers {other} instead of {status}", wrap)
    if clauses("refuses"):
        for place, steps in required(contract, operation):
            where = f"{place}/{'/'.join(steps)}"
            wrap = dict(not_enforced(operation.id, place, steps))
            yield fault(f"required:{where}", clauses("refuses"), Kind.VALIDATION, f"does not ask for {where}", wrap)
    if clauses("accepts"):
        wrap = dict(refuses_all(operation.id))
        yield fault("refuses-all", clauses("accepts"), Kind.VALIDATION, "refuses well-formed requests", wrap)
    if clauses("credentials"):
        for what, made, says in (
            ("opened", opened, "does not ask who calls"),
            ("any-token", any_token, "accepts any token with a known user id"),
        ):
            yield fault(what, clauses("credentials"), Kind.AUTHORISATION, says, made(operation.id))
    if clauses("permission"):
        wrap = dict(permission_not_asked(operation.id))
        yield fault("permission", clauses("permission"), Kind.AUTHORISATION, "asks for no permission", wrap)


def _spoiling(operation: str, steps: Steps, way: Callable[[dict[str, Any], str], None]) -> Callable[..., Answer]:
    """Spoil one member in every success of an operation."""

    def answer(original: Callable[..., Any], site: Site, operation_id: str | None, call: Call, given: Answer) -> Answer:
        passed: Answer = original(site, operation_id, call, given)
        if operation_id == operation and passed.status == 200 and passed.content is None:
            passed.body = spoilt(passed.body, steps, way)
        return passed

    return answer


def _restating(operation: str, status: int, other: int) -> Callable[..., Answer]:
    """Answer with another status, the rest unchanged; 204 has no body."""

    def answer(original: Callable[..., Any], site: Site, operation_id: str | None, call: Call, given: Answer) -> Answer:
        passed: Answer = original(site, operation_id, call, given)
        if operation_id == operation and passed.status == status and passed.media != HTML:
            passed.status = other
            if other == 204:
                passed.content, passed.media = b"", None
        return passed

    return answer
