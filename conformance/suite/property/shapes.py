"""Shapes: walks the schemas of requests, and makes well-formed calls out of the contract's own examples."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.contract import Contract, Operation, Parameter
from conformance.suite.property.call import FORM, JSON, Call
from conformance.target import ABSENT

_DEPTH: Final = 6


@dataclass(frozen=True, slots=True)
class Variant:
    """A well-formed call before live values are put in, and what it shows."""

    name: str
    call: Call


def resolved(contract: Contract, schema: Any) -> dict[str, Any]:
    """A schema with the reference at its top followed; what stands beside a reference is kept, ``true`` is empty."""
    depth = 0
    while isinstance(schema, Mapping) and "$ref" in schema and depth < _DEPTH:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**contract.resolve({"$ref": schema["$ref"]}), **beside}
        depth += 1
    return dict(schema) if isinstance(schema, Mapping) else {}


def sample(contract: Contract, schema: Any, *, full: bool, depth: int = 0) -> Any:
    """A value that fits a schema: its example, or the plainest one; with every optional member, or with none."""
    node = resolved(contract, schema)
    for name in ("anyOf", "oneOf"):
        if name in node and "properties" not in node:
            return sample(contract, node[name][0], full=full, depth=depth + 1)
    kind = node.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" or "properties" in node:
        required = node.get("required", [])
        known = {name: inner for name, inner in node.get("properties", {}).items() if full or name in required}
        return {name: sample(contract, inner, full=full, depth=depth + 1) for name, inner in known.items()}
    if kind == "array":
        return [sample(contract, node.get("items", {}), full=full, depth=depth + 1)] if full and depth < _DEPTH else []
    for name in ("example", "const", "default"):
        if name in node:
            return copy.deepcopy(node[name])
    if node.get("examples"):
        return copy.deepcopy(node["examples"][0])
    if "enum" in node:
        return node["enum"][0]
    plainest: dict[str | None, Any] = {"boolean": False, "integer": node.get("minimum", 0), "number": 0}
    return plainest.get(kind, "text")


def _value(contract: Contract, parameter: Parameter) -> Any:
    if parameter.example is not None:
        return copy.deepcopy(parameter.example)
    return sample(contract, parameter.schema, full=True)


def wire_name(parameter: Parameter) -> str:
    """The name of a query parameter as it is sent: ``agents[]`` for an array in brackets."""
    return f"{parameter.name}[]" if parameter.brackets else parameter.name


def build(contract: Contract, operation: Operation, *, full: bool, media: str | None = None) -> Call:
    """The call with every optional part, or the one with none of them.

    Args:
        contract: The contract in force.
        operation: The operation.
        full: Whether optional parts are there.
        media: The content type of the body; JSON where nothing is said.
    """
    call = Call(operation.id)
    for parameter in operation.parameters:
        if parameter.location == "path":
            call.path[parameter.name] = _value(contract, parameter)
        elif parameter.location == "query" and (full or parameter.required):
            call.query[wire_name(parameter)] = _value(contract, parameter)
    body = operation.body.get(media or JSON) or next(iter(operation.body.values()), None)
    if body is not None:
        call.media = body.name
        call.body = sample(contract, body.schema, full=full)
    return call


def variants(contract: Contract, operation: Operation) -> Iterator[Variant]:
    """Every documented example of a request, the least that is needed, and everything at once, in each content type.

    The parts that examples do not speak of are those of the least request.
    """
    least = build(contract, operation, full=False)
    yield Variant("required only", least)
    for parameter in operation.parameters_in("query"):
        if not parameter.required:
            call = least.copy()
            call.query[wire_name(parameter)] = _value(contract, parameter)
            yield Variant(f"with {parameter.name}", call)
    for example in operation.examples("request"):
        call = build(contract, operation, full=False, media=example.media)
        call.body, call.media = copy.deepcopy(example.value), example.media or JSON
        yield Variant(f"example {example.name}", call)
    everything = build(contract, operation, full=True)
    yield Variant("everything", everything)
    if FORM in operation.body and not _needs_types(contract, operation.body[FORM].schema):
        yield Variant("everything as a form", build(contract, operation, full=True, media=FORM))
    if least.body is not ABSENT and isinstance(everything.body, dict):
        for name in sorted(set(everything.body) - set(least.body)):
            call = least.copy()
            call.body[name] = copy.deepcopy(everything.body[name])
            yield Variant(f"with {name}", call)


def _needs_types(contract: Contract, schema: Any, depth: int = 0) -> bool:
    """Whether a schema asks for more than texts, objects and lists, which is all that a form can carry."""
    node = resolved(contract, schema)
    if depth > _DEPTH or node.get("type") in ("boolean", "integer", "number"):
        return True
    inner = [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]
    return any(_needs_types(contract, each, depth + 1) for each in inner)


def edges(contract: Contract, operation: Operation) -> Iterator[Variant]:
    """Calls that stand on a bound from the inside: the smallest and the largest number, each listed value."""
    least = build(contract, operation, full=False)
    for parameter in operation.parameters_in("query"):
        for rule, value in _inside(resolved(contract, parameter.schema)):
            call = least.copy()
            call.query[wire_name(parameter)] = value
            yield Variant(f"query/{parameter.name} at {rule}", call)


def _inside(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "minimum" in schema:
        yield "minimum", schema["minimum"]
    if "maximum" in schema:
        yield "maximum", schema["maximum"]
    for value in schema.get("enum", ()):
        yield "enum", value
