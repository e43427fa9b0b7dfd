"""Reads and writes ``result.json``; for each way in which a file can be no result there is an exception.

InvalidResult
├── UnreadableResult      no such file, no permission
├── NotJson               not UTF-8 or not JSON: cut off, or another kind of file
├── NotAResult            JSON, but without the members of a result
├── UnknownFormat         a result of a later suite
├── WrongShape            a member has a wrong type or value; the message says where
├── DanglingReference     it refers to an exchange or an item that it does not hold
└── DigestMismatch        its content is not what its digest was made of
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.verdicts.result import FORMAT, OperationResult, RequirementResult, Result
from conformance.verdicts.spool import encoded

_ALWAYS: Final[dict[type, frozenset[str]]] = {
    # What came later is left out where it is empty, so that the digests of older files still fit.
    Result: frozenset(each.name for each in fields(Result)) - {"proof_info"},
    RequirementResult: frozenset({"reason", "operations", "evidence"}),
    OperationResult: frozenset({"requests", "accepted", "statuses", "documented", "latency", "judged"}),
}
_MEMBERS: Final = ("format", "verdict", "exit_code", "requirements", "operations")


class InvalidResult(ValueError):
    """A file that is not a result; the message is a sentence for people."""


class UnreadableResult(InvalidResult):
    """The file cannot be opened."""


class NotJson(InvalidResult):
    """The file is no JSON."""


class NotAResult(InvalidResult):
    """The file is JSON, but no result."""


class UnknownFormat(InvalidResult):
    """The file has a format number that this suite does not know."""


class WrongShape(InvalidResult):
    """A member has a wrong type or value."""


class DanglingReference(InvalidResult):
    """The file refers to something that it does not hold."""


class DigestMismatch(InvalidResult):
    """The file was altered after it was written."""


def canonical(result: Result) -> bytes:
    """Give the canonical JSON of a result: members sorted, no spaces, UTF-8."""
    return encoded(_bare(result))


def _bare(value: Any) -> Any:
    """Leave members out that have their default: most of thousands of exchanges would be made of nulls."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        always = _ALWAYS.get(kind, frozenset())
        return {
            name: _bare(getattr(value, name))
            for name, default in _defaults(kind)
            if name in always or default is MISSING or getattr(value, name) != default
        }
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items()} if _holds_data(value) else value
    if isinstance(value, tuple):
        return [_bare(each) for each in value]
    return value


def _holds_data(value: dict[Any, Any]) -> bool:
    return any(is_dataclass(each) for each in value.values())


@cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (each.name, each.default_factory() if each.default_factory is not MISSING else each.default)
        for each in fields(kind)
    )


def digest_of(result: Result) -> Result:
    """Give the result with its digest written into it, and every value in a form that JSON can carry."""
    bare = msgspec.json.decode(canonical(replace(result, digest="")), type=Result)
    return replace(bare, digest=hashlib.sha256(canonical(bare)).hexdigest())


def digest_holds(result: Result) -> bool:
    """Say whether the digest was made of this content."""
    return hashlib.sha256(canonical(replace(result, digest=""))).hexdigest() == result.digest


def write_result(result: Result, path: Path) -> None:
    """Write a result, readable for people, in one step: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(msgspec.json.format(canonical(result), indent=1) + b"\n")
    unfinished.replace(path)


def read_result(path: Path, *, trusting: bool = False) -> Result:
    """Read a result.

    Args:
        path: The file.
        trusting: Whether a digest that does not fit is accepted, for ``verify``, which says more about it.

    Raises:
        InvalidResult: One of its subclasses, by the way in which the file is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableResult(f"{path} cannot be read: {error.strerror}.") from error
    return parse_result(content, str(path), trusting=trusting)


def parse_result(content: bytes, name: str = "the result", *, trusting: bool = False) -> Result:
    """Parse a result from JSON; see ``read_result``."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(f"{name} is not JSON: {error}.") from error
    if not isinstance(value, dict) or any(member not in value for member in _MEMBERS):
        raise NotAResult(f"{name} is JSON, but not a result of this suite; give the result.json of a run.")
    if value["format"] != FORMAT:
        raise UnknownFormat(f"{name} has format {value['format']!r}; this suite reads format {FORMAT}.")
    try:
        result = msgspec.json.decode(content, type=Result)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WrongShape(f"{name} is not a valid result: {error}.") from error
    for reference in _dangling(result):
        raise DanglingReference(f"{name} refers to {reference}, which it does not hold.")
    if not trusting and not digest_holds(result):
        raise DigestMismatch(f"{name} was altered after it was written: its digest does not fit its content.")
    return result


def _dangling(result: Result) -> Iterator[str]:
    items = {item.item for item in result.items}
    for requirement in result.requirements:
        for piece in requirement.evidence:
            for identifier in (*piece.exchanges, *piece.steps):
                if identifier not in result.exchanges:
                    yield f"exchange {identifier} in {requirement.id}"
        for item in requirement.items:
            if item not in items:
                yield f"item {item} in {requirement.id}"
    for scenario in result.scenarios:
        for identifier in scenario.exchanges:
            if identifier not in result.exchanges:
                yield f"exchange {identifier} in {scenario.item}"
