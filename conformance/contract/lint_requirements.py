"""Rules about requirements: ids, versions, profiles, the kinds that each operation needs."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

from conformance.contract.problems import Problem
from conformance.contract.versions import DOCUMENTED, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.contract.contract import Contract
    from conformance.contract.model import Operation, Requirement

GENERAL = ("REST", "LIMIT", "PAGING", "ISOLATION", "ROLE", "SECURITY", "LIFE")
AREAS = {
    "config": ("CONFIG",),
    "visitors": ("VISITOR",),
    "rooms": ("ROOM", "SURVEY", "TRANSFER"),
    "messages": ("MESSAGE",),
    "custom_fields": ("FIELD",),
    "agents": ("AGENT",),
    "users": ("USER",),
    "departments": ("DEPARTMENT",),
    "inquiries": ("INQUIRY",),
    "queue": ("QUEUE",),
    "triggers": ("TRIGGER",),
    "settings": ("SETTING",),
    "offline": ("OFFLINE",),
    "transcripts": ("TRANSCRIPT",),
    "pages": ("PAGE",),
    "chat_history": ("HISTORY",),
    "sms": ("SMS",),
    "video": ("VIDEO",),
}
"""The prefixes of requirement ids by area of the API; those of GENERAL concern no single area."""

_ID = re.compile(r"LC-([A-Z]+)-\d{3}")


def requirement_problems(contract: Contract) -> Iterator[Problem]:
    """Yield what is wrong with the requirements; nothing where there is no file of them."""
    source = contract.requirements_source
    if source is None:
        return
    file = str(source.path)
    known = {prefix for prefixes in AREAS.values() for prefix in prefixes} | set(GENERAL)
    for one in contract.requirements.values():
        found = _ID.fullmatch(one.id)
        if not found or found[1] not in known:
            yield Problem("requirement-id", f"{one.id} is not LC-<AREA>-<three digits>", file, one.line)
            continue
        for sentence in _sentences(contract, one, found[1]):
            yield Problem("requirement", f"{one.id}: {sentence}", file, one.line)
    for operation in contract.judged:
        for kind in needed_kinds(operation):
            if contract.requirement_for(operation.id, kind) is None:
                when = f" for server {contract.server_version}" if contract.server_version != DOCUMENTED else ""
                sentence = f"{operation.id} has no requirement of kind {kind}{when}"
                yield Problem("requirement-kind", sentence, file)
    yield from _twice(contract, file)


def needed_kinds(operation: Operation) -> tuple[str, ...]:
    """Return the kinds of check that an operation needs a requirement for."""
    kinds = ["accepts", "shape", "status"]
    if operation.strict_query or operation.body or any(one.required for one in operation.parameters_in("query")):
        kinds.append("refuses")
    if operation.authenticated:
        kinds.append("credentials")
    if operation.permissions:
        kinds.append("permission")
    return tuple(kinds)


def _sentences(contract: Contract, one: Requirement, prefix: str) -> Iterator[str]:
    for name in one.operations:
        if name not in contract.operations:
            yield f"there is no operation {name}"
        elif not contract.operations[name].judged:
            yield f"{name} is not judged"
    if not one.operations and prefix not in GENERAL:
        yield "it names no operation"
    areas = {contract.operations[name].area for name in one.operations if name in contract.operations}
    if prefix not in GENERAL and areas and not any(prefix in AREAS.get(area, ()) for area in areas):
        yield f"its prefix is not one of {', '.join(sorted(areas))}"
    if one.profile not in contract.profiles and contract.profiles:
        yield f"there is no profile {one.profile}"
    for bound in (one.since, one.until):
        try:
            parse_version(bound or "0")
        except ValueError as error:
            yield str(error)
    if one.confidence == "documented" and one.level == "MUST":
        yield "what only the documentation says is a SHOULD at most"
    if (one.confidence == "disputed") is not bool(one.ways):
        yield "ways are given for what is disputed, and only there"
    if one.ways and set(one.ways) != {"server", "documentation"}:
        yield "the two ways are server and documentation"
    if not one.clause.endswith("."):
        yield "its clause is not a sentence"


def _twice(contract: Contract, file: str) -> Iterator[Problem]:
    by_kind: dict[tuple[str, str], list[Requirement]] = {}
    for one in contract.requirements.values():
        if one.kind != "scenario":
            for operation in one.operations:
                by_kind.setdefault((operation, one.kind), []).append(one)
    for (operation, kind), ones in by_kind.items():
        for first, second in combinations(ones, 2):
            if _overlap(first, second):
                sentence = f"{second.id} is the second requirement of kind {kind} for {operation}, after {first.id}"
                yield Problem("requirement-kind", sentence, file, second.line)


def _overlap(first: Requirement, second: Requirement) -> bool:
    def before(until: str | None, since: str | None) -> bool:
        return until is not None and since is not None and parse_version(until) <= parse_version(since)

    return not (before(first.until, second.since) or before(second.until, first.since))
