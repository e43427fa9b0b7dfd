"""The mutation run: how much of the contract is held in place by evidence."""

from __future__ import annotations

import fnmatch
import json
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.contract.check import Checker
from conformance.contract.evidence import Evidence, collect
from conformance.contract.loading import read_yaml
from conformance.contract.mutants import Mutant, all_mutants, applied
from conformance.contract.operations import Builder
from conformance.contract.pointers import closure, from_pointer, get, to_pointer
from conformance.contract.problems import ContractError
from conformance.contract.query import readings
from conformance.contract.validators import Validators

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conformance.contract.contract import Contract
    from conformance.contract.model import Operation
    from conformance.contract.recorded import Recorded

Steps = tuple[str | int, ...]
_OTHER = "responses other"
"""The part of the evidence whose statuses are not documented."""


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """Why mutants of a place survive: a pattern of pointers, a pattern of kinds, and the reason."""

    pointer: str
    kind: str
    reason: str
    line: int

    def covers(self, mutant: Mutant) -> bool:
        """Say whether it speaks of this mutant."""
        return fnmatch.fnmatchcase(mutant.pointer, self.pointer) and fnmatch.fnmatchcase(mutant.kind, self.kind)


def read_reasons(path: Path) -> tuple[Reason, ...]:
    """Return the reasons of a survivors file, none where it does not exist.

    Raises:
        ContractError: An entry lacks its pointer or its reason.
    """
    if not path.is_file():
        return ()
    source = read_yaml(path)
    entries = source.value.get("survivors") if isinstance(source.value, dict) else None
    if not isinstance(entries, list):
        raise ContractError("survivors", "a list called survivors must stand here", path, 1)
    out = []
    for index, entry in enumerate(entries):
        line = source.line("survivors", index)
        if not isinstance(entry, dict) or not entry.get("pointer") or not entry.get("reason"):
            raise ContractError("survivors", "a survivor has a pointer and a reason", path, line)
        out.append(Reason(str(entry["pointer"]), str(entry.get("kind", "*")), str(entry["reason"]), line))
    return tuple(out)


@dataclass(slots=True)
class MutationResult:
    """What a mutation run found.

    Attributes:
        total: Mutants by kind.
        killed: Killed mutants by kind.
        survivors: What nothing noticed, each with its reason or ``None``.
        stale: Reasons that speak of no survivor.
        evidence: How many requests, responses and values were judged.
    """

    total: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    survivors: list[tuple[Mutant, Reason | None]] = field(default_factory=list)
    stale: list[Reason] = field(default_factory=list)
    evidence: Counter[str] = field(default_factory=Counter)

    @property
    def score(self) -> float:
        """Killed mutants out of all, 0 to 1; 0 where there was none."""
        total = self.total.total()
        return self.killed.total() / total if total else 0.0

    @property
    def unexplained(self) -> list[Mutant]:
        """The survivors for which no reason is given."""
        return [mutant for mutant, reason in self.survivors if reason is None]

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        judged = ", ".join(f"{count} {part}" for part, count in self.evidence.items())
        yield f"evidence: {judged}"
        for kind, total in sorted(self.total.items()):
            yield f"  {kind:<22} {self.killed[kind]:>5} of {total:>5} killed"
        for mutant, reason in self.survivors:
            detail = f" ({mutant.detail})" if mutant.detail else ""
            yield f"survived: {mutant.kind}{detail} {mutant.pointer}: {reason.reason if reason else 'NO REASON GIVEN'}"
        for reason in self.stale:
            yield f"stale reason: {reason.pointer} ({reason.kind}) matches no survivor"
        yield (
            f"score: {self.score:.1%}, {self.killed.total()} of {self.total.total()} mutants killed, "
            f"{len(self.survivors)} survived, {len(self.unexplained)} of them without a reason"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "score": round(self.score, 4),
            "mutants": self.total.total(),
            "killed": self.killed.total(),
            "evidence": dict(self.evidence),
            "kinds": {kind: {"mutants": n, "killed": self.killed[kind]} for kind, n in sorted(self.total.items())},
            "survivors": [
                {
                    "pointer": mutant.pointer,
                    "kind": mutant.kind,
                    "detail": mutant.detail,
                    "reason": reason.reason if reason else None,
                }
                for mutant, reason in self.survivors
            ],
            "stale_reasons": [reason.pointer for reason in self.stale],
        }


def _bare(document: Any) -> Any:
    """Return the document without examples, which no judgement needs and which make every copy slower."""
    text = json.dumps(document)

    def strip(node: Any, keep: bool) -> Any:
        if isinstance(node, dict):
            names = keep  # below `properties` the keys are names, not keywords
            return {
                key: strip(child, key in ("properties", "patternProperties", "dependentRequired") and not names)
                for key, child in node.items()
                if names or key not in ("example", "examples", "description", "links", "summary")
            }
        if isinstance(node, list):
            return [strip(child, False) for child in node]
        return node

    return strip(json.loads(text), False)


class _Judge:
    """Judges the evidence of one operation by one small document."""

    def __init__(self, document: dict[str, Any], operation_id: str) -> None:
        def fail(rule: str, sentence: str, steps: Steps) -> ContractError:
            return ContractError(rule, f"{sentence} at {to_pointer(steps)}")

        operations = Builder(document, fail).operations(lambda name, steps: 0)
        self.operation = next(one for one in operations if one.id == operation_id)
        self._validators = Validators(document)
        self._checker = Checker(self._validators, lambda operation, kind: "", words=False)

    def judgements(self, part: str, evidence: Sequence[Any]) -> Iterator[bool]:
        """Yield whether each piece of one part of the evidence is in order."""
        if part == "requests":
            for request in evidence:
                yield next(iter(self._checker.request(self.operation, request)), None) is None
        elif part == "values":
            parameters = {(one.location, one.name): one for one in self.operation.parameters}
            for location, name, value in evidence:
                parameter = parameters.get((location, name))
                if parameter is None:
                    yield False
                    continue
                validator = self._validators.at(parameter.pointer)
                candidates = [value] if parameter.is_json else readings(value)
                yield any(validator.is_valid(candidate) for candidate in candidates)
        else:
            for response in evidence:
                yield next(iter(self._checker.response(self.operation, response)), None) is None


class _Subject:
    """One operation under mutation: its small document, what each part of it reaches, its evidence and its baseline.

    The evidence is divided into parts (requests, parameter values, the responses of each documented status), so that a
    change is judged only by what it can concern.
    """

    def __init__(self, document: dict[str, Any], operation: Operation, evidence: Evidence) -> None:
        self.id = operation.id
        self.at: Steps = ("paths", operation.path, operation.method.lower())
        item = document["paths"][operation.path]
        raw = item[operation.method.lower()]
        parameters = [*item.get("parameters", []), *raw.get("parameters", [])]
        self.evidence: dict[str, list[Any]] = {"values": evidence.values, "requests": evidence.requests}
        for response in evidence.responses:
            key = operation.response_for(response.status)
            self.evidence.setdefault(f"responses {key}" if key else _OTHER, []).append(response)
        self._reach = {
            "values": self._components(document, parameters),
            "requests": self._components(document, [parameters, raw.get("requestBody", {})]),
        }
        for key, response in raw.get("responses", {}).items():
            self._reach[f"responses {key}"] = self._components(document, response)
        components: dict[str, Any] = {}
        for _, kind, name in set().union(*self._reach.values()):
            components.setdefault(kind, {})[name] = document["components"][kind][name]
        self.document = {
            "openapi": document["openapi"],
            "security": document.get("security", []),
            "paths": {
                operation.path: {
                    operation.method.lower(): raw,
                    **({"parameters": item["parameters"]} if "parameters" in item else {}),
                }
            },
            "components": components,
        }
        judge = _Judge(self.document, self.id)
        self.operation = judge.operation
        self._baseline = {part: list(judge.judgements(part, pieces)) for part, pieces in self.evidence.items()}

    @staticmethod
    def _components(document: dict[str, Any], node: Any) -> set[tuple[str, str, str]]:
        found = (from_pointer(reference)[:3] for reference in closure(document, node))
        return {(first, kind, name) for first, kind, name in found}

    def _parts(self, steps: Steps) -> list[str]:
        """Return which parts of the evidence a change at ``steps`` can concern."""
        if steps[0] == "components":
            return [part for part, reached in self._reach.items() if steps[:3] in reached]
        if steps[:3] == (*self.at[:2], "parameters"):
            return ["values", "requests"]
        if steps[:3] != self.at:
            return []
        match steps[3:]:
            case ("responses", "default", *_):
                return [part for part in self.evidence if part.startswith("responses")]
            case ("responses", status, *_):
                return [f"responses {status}"]
            case ("parameters", *_):
                return ["values", "requests"]
        return ["requests"]

    def notices(self, mutant: Mutant) -> bool:
        """Say whether one judgement changes when the document is changed so."""
        parts = [part for part in self._parts(mutant.steps) if part in self.evidence]
        if not parts:
            return False
        try:
            judge = _Judge(applied(self.document, mutant), self.id)
            for part in parts:
                after = judge.judgements(part, self.evidence[part])
                if any(old is not new for old, new in zip(self._baseline[part], after, strict=True)):
                    return True
        except (ValueError, KeyError, ContractError):
            return True  # what is left is no contract any more, and loading it says so
        return False


def mutate_contract(
    contract: Contract, kept: Sequence[Recorded], only: Sequence[str] = (), workers: int = 1
) -> MutationResult:
    """Mutate the judged operations of a contract, or those named, one place at a time.

    Args:
        contract: The contract; its overlays are in place already.
        kept: Recordings to judge, beside the contract's examples.
        only: Ids of operations; all judged ones where it is empty.
        workers: How many processes share the work, where the system can fork.

    Raises:
        ContractError: The file of survivors is broken.
    """
    reasons = read_reasons(contract.folder / "mutation-survivors.yaml")
    operations = [one for one in contract.operations.values() if (one.id in only if only else one.judged)]
    document = _bare(contract.document)
    evidence = collect(contract, kept, operations)
    subjects = [_Subject(document, operation, evidence[operation.id]) for operation in operations]
    reached = {reference for subject in subjects for reference in closure(document, get(document, subject.at))}
    mutants = all_mutants(document, [subject.operation for subject in subjects], reached)
    result = MutationResult()
    for subject in subjects:
        for part, pieces in subject.evidence.items():
            result.evidence[part.partition(" ")[0]] += len(pieces)
    for mutant, noticed in zip(mutants, _noticed(subjects, mutants, workers), strict=True):
        result.total[mutant.kind] += 1
        if noticed:
            result.killed[mutant.kind] += 1
        else:
            result.survivors.append((mutant, next((one for one in reasons if one.covers(mutant)), None)))
    used = {id(reason) for _, reason in result.survivors if reason}
    result.stale = [reason for reason in reasons if id(reason) not in used] if not only else []
    return result


def _noticed(subjects: list[_Subject], mutants: list[Mutant], workers: int) -> list[bool]:
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return [any(subject.notices(mutant) for subject in subjects) for mutant in mutants]
    global _shared  # what a forked worker inherits instead of having it sent
    _shared = subjects, mutants
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        return list(pool.map(_notices, range(len(mutants)), chunksize=16))


_shared: tuple[list[_Subject], list[Mutant]] = ([], [])


def _notices(index: int) -> bool:
    subjects, mutants = _shared
    return any(subject.notices(mutants[index]) for subject in subjects)
