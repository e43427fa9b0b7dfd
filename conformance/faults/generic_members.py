"""The members of answers as the contract has them, and ways to spoil one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from conformance.contract import Contract
from conformance.contract.model import Operation

Steps = tuple[str, ...]
EACH: Final = "*"
"""The step to every item of an array."""
_DEPTH: Final = 6


def members(contract: Contract, operation: Operation, status: str = "200") -> list[Steps]:
    """Paths of all members that the JSON answers of an operation may have, outer ones first.

    The paths lead through references, alternatives and arrays, to a depth of six names; what refers back to itself is
    followed once.
    """
    media = operation.responses.get(status, {}).get("application/json")
    found = dict.fromkeys(_walk(contract, media.schema, (), ())) if media else {}
    return sorted(found, key=lambda steps: (len(steps), steps))


def _walk(contract: Contract, schema: Any, at: Steps, through: tuple[int, ...]) -> Iterator[Steps]:
    if not isinstance(schema, dict) or len([step for step in at if step != EACH]) >= _DEPTH:
        return
    if "$ref" in schema:
        target = contract.resolve(schema)
        if id(target) in through:
            return
        yield from _walk(contract, target, at, (*through, id(target)))
    for name, child in schema.get("properties", {}).items():
        if child is not False:
            yield (*at, name)
            yield from _walk(contract, child, (*at, name), through)
    if isinstance(schema.get("items"), dict):
        yield from _walk(contract, schema["items"], (*at, EACH), through)
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key, ()):
            yield from _walk(contract, branch, at, through)
    for key in ("then", "else"):
        yield from _walk(contract, schema.get(key), at, through)


def drop(holder: dict[str, Any], name: str) -> None:
    """Leave the member out."""
    del holder[name]


def nullify(holder: dict[str, Any], name: str) -> None:
    """Send null in its place."""
    holder[name] = None


def rename(holder: dict[str, Any], name: str) -> None:
    """Send it under another name."""
    holder[f"{name}Value"] = holder.pop(name)


def retype(holder: dict[str, Any], name: str) -> None:
    """Send a value of another JSON type: a number as a text, a text as a number, an object as an array of it."""
    value = holder[name]
    if isinstance(value, bool):
        holder[name] = str(value).lower()
    elif isinstance(value, int | float):
        holder[name] = str(value)
    elif isinstance(value, str):
        holder[name] = len(value)
    elif isinstance(value, list):
        holder[name] = {str(number): each for number, each in enumerate(value)}
    elif isinstance(value, dict):
        holder[name] = [value]
    else:
        holder[name] = "null"


WAYS: Final[dict[str, Callable[[dict[str, Any], str], None]]] = {
    "drop": drop,
    "retype": retype,
    "null": nullify,
    "rename": rename,
}
"""How a member is spoilt, by name."""


def spoilt(body: Any, steps: Steps, way: Callable[[dict[str, Any], str], None]) -> Any:
    """A body with one member spoilt wherever it stands; the body itself where the member is nowhere in it.

    Nothing of the original is changed: the server's own documents may be part of it.
    """
    head, rest = steps[0], steps[1:]
    if head == EACH:
        if not isinstance(body, list):
            return body
        items = [spoilt(item, rest, way) for item in body]
        return items if any(new is not old for new, old in zip(items, body, strict=True)) else body
    if not isinstance(body, dict) or head not in body:
        return body
    if rest:
        inner = spoilt(body[head], rest, way)
        return body if inner is body[head] else {**body, head: inner}
    copy = dict(body)
    way(copy, head)
    return copy
