"""Real defects of real servers, and recorder's flags that the recordings themselves correct: two small data files.

``known-defects.yaml`` names what servers of certain versions do against the contract; such mismatches are reported
apart. ``recording-corrections.yaml`` names cases whose ``valid_request`` the server's answer contradicts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.contract.bodies import media_type, read_body
from conformance.contract.loading import Source, read_yaml
from conformance.contract.pointers import from_pointer, get
from conformance.contract.problems import ContractError
from conformance.contract.query import nest
from conformance.contract.versions import in_range, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conformance.contract.exchange import Exchange
    from conformance.contract.model import Mismatch

_DEFECT_KEYS = ("id", "versions", "operation", "requirement", "clause", "where", "recordings", "match", "reason")
_MATCH_KEYS = {"status", "media", "body", "query", "query-prefix", "answer"}
_CASE_RANGE = re.compile(r"([\w.-]+/)?(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """Which servers something holds for: single versions or lines (``3.4.0``, ``3.4``), or a half-open range."""

    lines: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def hold(self, version: str | None) -> bool:
        """Say whether a version belongs; an unknown version belongs to everything."""
        if version is None:
            return True
        if not self.lines:
            return in_range(version, self.since, self.until)
        number = ".".join(str(part) for part in parse_version(version))
        return any(number == line or number.startswith(f"{line}.") for line in self.lines)


def _versions(value: Any, source: Source, *pointer: str | int) -> Versions:
    try:
        if value is None:
            return Versions()
        if isinstance(value, dict) and set(value) <= {"since", "until"}:
            since, until = (str(value[key]) if value.get(key) is not None else None for key in ("since", "until"))
            for bound in (since, until):
                parse_version(bound or "0")
            return Versions((), since, until)
        lines = tuple(str(item) for item in (value if isinstance(value, list) else [value]))
        for line in lines:
            parse_version(line)
    except ValueError as error:
        raise ContractError("versions", str(error), source.path, source.line(*pointer)) from None
    if isinstance(value, dict):
        raise ContractError("versions", "a range has since and until", source.path, source.line(*pointer))
    return Versions(lines)


@dataclass(frozen=True, slots=True, eq=False)
class Defect:
    """One thing that real servers do wrong.

    Attributes:
        id: For example ``KD-004``.
        versions: Which servers.
        operation: The ``operationId``, or ``None`` where it concerns every operation.
        requirement: The requirement that they break, or ``None``.
        clause: That requirement in a sentence.
        where: ``request`` (they accept what the contract refuses), ``response``, or ``state`` (no exchange shows it).
        recordings: Cases that show it.
        match: What such an exchange looks like: any of ``status``, ``media``, ``body``, ``query``, ``query-prefix`` and
            ``answer``, all of which must hold.
        reason: Why it is a defect, one sentence.
        line: Its line in the file.
    """

    id: str
    versions: Versions
    operation: str | None
    requirement: str | None
    clause: str
    where: str
    recordings: tuple[str, ...]
    match: Mapping[str, Any]
    reason: str
    line: int

    def explains(self, mismatch: Mismatch, exchange: Exchange, version: str | None, case: str = "") -> bool:
        """Say whether a mismatch that an exchange with a server of this version shows is this defect.

        Where the entry says what such an exchange looks like, that decides; else the case is one of its recordings.
        """
        if self.where != mismatch.where or self.operation not in (None, mismatch.operation):
            return False
        if not self.versions.hold(version):
            return False
        return self._looks_alike(exchange) if self.match else case in self.recordings

    def _looks_alike(self, exchange: Exchange) -> bool:
        response = exchange.response
        if response is None:
            return False
        query = nest(exchange.request.query)
        for key, wanted in self.match.items():
            if key == "status":
                holds = response.status == wanted
            elif key == "media":
                holds = media_type(response.headers.get("content-type")) == wanted
            elif key == "answer":
                holds = response.body.is_json and response.body.json == wanted
            elif key == "query-prefix":
                holds = any(name.startswith(wanted) for name, _ in exchange.request.query)
            elif key == "query":
                holds = all(_same(query.get(name, _ABSENT), value) for name, value in wanted.items())
            else:
                body = read_body(exchange.request).value
                holds = all(_same(_at(body, pointer), value) for pointer, value in wanted.items())
            if not holds:
                return False
        return True


_ABSENT = object()


def _at(value: Any, pointer: str) -> Any:
    try:
        return get(value, from_pointer(pointer))
    except KeyError:
        return _ABSENT


def _same(value: Any, wanted: Any) -> bool:
    """Compare a value with what a defect says of it; the word ``object`` stands for any object."""
    return isinstance(value, dict) if wanted == "object" else type(value) is type(wanted) and value == wanted


def read_defects(path: Path) -> tuple[Defect, ...]:
    """Return the known defects, none where the file does not exist.

    Raises:
        ContractError: An entry lacks a key, has an unknown one, or its id is given twice.
    """
    if not path.is_file():
        return ()
    source = read_yaml(path)
    found: dict[str, Defect] = {}
    for index, entry in enumerate(_list(source, "defects")):
        line = source.line("defects", index)
        for key in _DEFECT_KEYS:
            if key not in entry and key != "match":
                raise ContractError("known-defect", f"a known defect has no {key}", path, line)
        match = entry.get("match") or {}
        for key in (*(set(entry) - set(_DEFECT_KEYS)), *(set(match) - _MATCH_KEYS)):
            raise ContractError("known-defect", f"a known defect has an unknown key {key}", path, line)
        if entry["where"] not in ("request", "response", "state"):
            raise ContractError("known-defect", "where is request, response or state", path, line)
        if entry["id"] in found:
            raise ContractError("known-defect", f"{entry['id']} is given twice", path, line)
        found[entry["id"]] = Defect(
            str(entry["id"]),
            _versions(entry["versions"], source, "defects", index, "versions"),
            entry["operation"],
            entry["requirement"],
            str(entry["clause"]),
            entry["where"],
            tuple(case for text in entry["recordings"] for case in expand_cases(str(text))),
            match,
            str(entry["reason"]),
            line,
        )
    return tuple(found.values())


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Cases whose flag is wrong: their names, for which servers, what is right, and why."""

    cases: frozenset[str]
    versions: Versions
    valid: bool
    reason: str
    line: int


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Return the corrections of recorded flags, none where the file does not exist.

    Raises:
        ContractError: An entry lacks cases, a flag or a reason.
    """
    if not path.is_file():
        return ()
    source = read_yaml(path)
    out = []
    for index, entry in enumerate(_list(source, "corrections")):
        line = source.line("corrections", index)
        if not (entry.get("cases") and isinstance(entry.get("valid_request"), bool) and entry.get("reason")):
            raise ContractError("correction", "a correction has cases, valid_request and reason", path, line)
        cases = frozenset(case for text in entry["cases"] for case in expand_cases(str(text)))
        versions = _versions(entry.get("versions"), source, "corrections", index, "versions")
        out.append(Correction(cases, versions, entry["valid_request"], str(entry["reason"]), line))
    return tuple(out)


def expand_cases(text: str) -> list[str]:
    """Return the cases that ``room/015 016 020-022`` names: area and number each."""
    out: list[str] = []
    area = ""
    for word in text.split():
        found = _CASE_RANGE.fullmatch(word)
        if not found:
            out.append(word)
            continue
        area = found[1] or area
        first, last = found[2], found[3] or found[2]
        out += [f"{area}{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]
    return out


def _list(source: Source, key: str) -> list[Mapping[str, Any]]:
    value = source.value.get(key) if isinstance(source.value, dict) else None
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ContractError("list", f"a list of mappings called {key} must stand here", source.path, source.line(key))
    return value
