"""Constraints: every rule that the contract makes for a request, and calls that break exactly one of them.

The calls are drawn from nothing: the same contract gives the same calls, in the same order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.contract import Contract, Operation, Parameter
from conformance.suite.property.call import FORM, Call
from conformance.suite.property.shapes import resolved, wire_name
from conformance.target import ABSENT

_DEPTH: Final = 8
_WRONG: Final[Mapping[str, tuple[Any, ...]]] = {
    "string": (1, True, ["text"], {"$ne": None}),
    "boolean": ("true", 1, [True], {"$ne": None}),
    "integer": ("one", True, [1], {"$gt": 0}),
    "number": ("one", True, [1], {"$gt": 0}),
    "array": ("text", 1, {"0": "text"}),
    "object": ("text", 1, ["text"]),
}
"""Values of every other JSON type; the objects are what a database takes for a condition."""
_SPECIAL: Final[Mapping[tuple[str, str, str], tuple[str, ...]]] = {
    ("getHistory", "query/token", "required"): ("error-token-param-not-provided",),
    ("getHistory", "query/token", "minLength"): ("error-token-param-not-provided", "invalid-token"),
    ("getInquiry", "query/roomId", "required"): ("The 'roomId' param is required",),
    ("getInquiry", "query/roomId", "minLength"): ("The 'roomId' param is required",),
    ("getVisitorInfo", "query/visitorId", "minLength"): ("visitor-not-found",),
    ("listUsers", "path/type", "enum"): ("Invalid type",),
    ("receiveSms", "path/service", "enum"): ("error-sms-service-not-configured",),
}
"""Rules whose breach is answered with a code of its own instead of a validation error."""


_ONLY: Final[Mapping[str, tuple[str, ...]]] = {"getHistory": ("query/token",)}
"""Operations whose servers look at some places only: the history reads whatever it can of dates and limits."""

_LAX: Final[Mapping[str, str]] = {"createDepartment": "body/agents"}
"""Where an operation's ``x-tolerated`` is about a part of the request only: the places that begin so."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A call that breaks one rule and keeps all others.

    Attributes:
        place: Which part of the request the rule is about.
        rule: ``required``, ``type``, ``null``, ``unknown key``, ``minLength``, ``json``, ``media`` and so on.
        what: What the call does instead, in a few words.
        call: The call.
        codes: Error codes of which one must come; empty where it is a validation error.
        anyhow: Whether every refusal will do, for the parser refuses it before any handler does.
        by_schema: Whether the contract's own check of requests can tell that the call is ill-formed.
    """

    place: str
    rule: str
    what: str
    call: Call
    codes: tuple[str, ...] = ()
    anyhow: bool = False
    by_schema: bool = True

    @property
    def counter(self) -> str:
        """The counter of the rule, without the side."""
        return f"constraint|{self.call.operation}|{self.place}|{self.rule}"


def breaches(contract: Contract, operation: Operation, base: Call) -> Iterator[Breach]:
    """Every rule of an operation's requests, broken once for each way in which it can be.

    Args:
        contract: The contract in force.
        operation: The operation.
        base: A well-formed call with every optional part; it is left as it is.
    """
    found = [*_of_query(contract, operation, base), *_of_body(contract, operation, base)]
    if "x-tolerated" in operation.raw:
        lax = _LAX.get(operation.id, "")
        found = [each for each in found if not each.place.startswith(lax)]
    if operation.id in _ONLY:
        found = [each for each in found if each.place in _ONLY[operation.id]]
    for breach in [*found, *_of_path(operation, base)]:
        codes = _SPECIAL.get((operation.id, breach.place, breach.rule), breach.codes)
        yield Breach(breach.place, breach.rule, breach.what, breach.call, codes, breach.anyhow, breach.by_schema)


def _tolerates(schema: Mapping[str, Any], rule: str) -> bool:
    """Whether real servers let a breach of a rule pass at a place: ``x-tolerated`` says what in a sentence."""
    said = schema.get("x-tolerated")
    if not said:
        return False
    return (
        rule == "minLength"
        if str(said).startswith("An empty")
        else rule not in {"required", "minLength", "json", "unknown key"}
    )


# queries


def _of_query(contract: Contract, operation: Operation, base: Call) -> Iterator[Breach]:
    for parameter in operation.parameters_in("query"):
        holder = _holder(contract, parameter)
        for breach in _of_parameter(contract, parameter, base):
            if not _tolerates(holder, breach.rule):
                yield breach
    if operation.strict_query:
        call = base.copy()
        call.query["lcxUnknown"] = "1"
        yield Breach("query", "unknown key", "with a key that nobody knows", call)


def _holder(contract: Contract, parameter: Parameter) -> Mapping[str, Any]:
    """The parameter object with what its schema tolerates."""
    node: Any = contract.document
    steps = parameter.pointer[:-3] if parameter.is_json else parameter.pointer[:-1]
    for step in steps:
        node = node[step]
    schema = resolved(contract, parameter.schema)
    return {**schema, **node} if isinstance(node, Mapping) else schema


def _of_parameter(contract: Contract, parameter: Parameter, base: Call) -> Iterator[Breach]:
    name, place = wire_name(parameter), f"query/{parameter.name}"
    schema = resolved(contract, parameter.schema)

    def without(**pairs: Any) -> Call:
        call = base.copy()
        call.query.pop(name, None)
        call.query.update(pairs)
        return call

    if parameter.required:
        yield Breach(place, "required", f"without {parameter.name}", without())
    if parameter.is_json:
        yield Breach(place, "json", f"with {parameter.name} that is no JSON", without(**{name: "{"}), anyhow=True)
        return
    alternatives = [resolved(contract, each) for each in schema.get("anyOf", [schema])]
    kinds = {each.get("type") for each in alternatives}
    if parameter.brackets:
        yield Breach(place, "type", f"with {parameter.name} as one text", without(**{parameter.name: "text"}))
    if "array" not in kinds:
        yield Breach(place, "type", f"with {parameter.name} given twice", without(**{name: ["one", "two"]}))
        call = without()
        call.pairs.append((f"{parameter.name}[]", "one"))
        yield Breach(place, "type", f"with {parameter.name} as a list in brackets", call)
    call = without()
    call.pairs.append((f"{parameter.name}[$ne]", "x"))
    yield Breach(place, "type", f"with {parameter.name} as an object in brackets", call)
    if schema.get("minLength"):
        yield Breach(place, "minLength", f"with an empty {parameter.name}", without(**{name: ""}))
    for rule, step in (("minimum", -1), ("maximum", 1)):
        if rule in schema:
            yield Breach(
                place, rule, f"with {parameter.name} beyond its {rule}", without(**{name: schema[rule] + step})
            )


# bodies


def _of_body(contract: Contract, operation: Operation, base: Call) -> Iterator[Breach]:
    if not operation.body or base.body is ABSENT:
        return
    media = operation.body.get(base.media) or next(iter(operation.body.values()))
    for place, rule, what, change in _of_schema(contract, media.schema, "body", base.body, 0):
        call = base.copy()
        change(call)
        yield Breach(place, rule, what, call)
    yield from _of_media(operation, base)


def _put(place: str, value: Any) -> Any:
    return lambda call: call.set(place, value)


def _of_schema(
    contract: Contract, schema: Any, place: str, value: Any, depth: int
) -> Iterator[tuple[str, str, str, Any]]:
    """Place, rule, what is done, and the function that does it, for a schema and all below that the base call has."""
    node = resolved(contract, schema)
    if depth > _DEPTH or "anyOf" in node:
        return
    name = place.rpartition("/")[2]
    kind = node.get("type")
    if isinstance(kind, str) and depth:
        for wrong in _WRONG.get(kind, ()):
            if not _tolerates(node, "type"):
                yield place, "type", f"with {name} as {_kind_of(wrong)}", _put(place, wrong)
        if not _tolerates(node, "null"):
            yield place, "null", f"with {name} as null", _put(place, None)
    if node.get("minLength") and not _tolerates(node, "minLength"):
        yield place, "minLength", f"with an empty {name}", _put(place, "")
    for rule, step in (("minimum", -1), ("maximum", 1)):
        if rule in node and not _tolerates(node, rule):
            yield place, rule, f"with {name} beyond its {rule}", _put(place, node[rule] + step)
    if isinstance(value, dict):
        yield from _of_object(contract, node, place, value, depth)
    elif isinstance(value, list) and value and "items" in node:
        yield from _of_schema(contract, node["items"], f"{place}/0", value[0], depth + 1)


def _of_object(
    contract: Contract, node: Mapping[str, Any], place: str, value: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, str, str, Any]]:
    for name in node.get("required", ()):
        inner = resolved(contract, node.get("properties", {}).get(name, {}))
        if name in value and not _tolerates(inner, "required"):
            yield f"{place}/{name}", "required", f"without {name}", _dropped(f"{place}/{name}")
    more = node.get("additionalProperties")
    if more is False:
        yield place, "unknown key", "with a key that nobody knows", _put(f"{place}/lcxUnknown", "1")
    elif isinstance(more, Mapping):
        for wrong in (None, ["text"], {"$ne": None}):
            yield (
                place,
                "additionalProperties",
                f"with a further key as {_kind_of(wrong)}",
                _put(f"{place}/lcxFurther", wrong),
            )
    for name, inner in node.get("properties", {}).items():
        if name in value:
            yield from _of_schema(contract, inner, f"{place}/{name}", value[name], depth + 1)


def _dropped(place: str) -> Any:
    return lambda call: call.drop(place)


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return {"str": "a text", "list": "a list", "dict": "an object"}[type(value).__name__]


def _of_media(operation: Operation, base: Call) -> Iterator[Breach]:
    """Bodies of another kind: none at all, no JSON, a list, and JSON under the name of something else."""
    if not operation.body_required:
        return
    none = base.copy()
    none.body = ABSENT
    yield Breach("body", "required", "without a body", none)
    for what, content, media, anyhow in (
        ("with an empty object", b"{}", "application/json", False),
        ("with a list as its body", b"[]", "application/json", False),
        ("with a body that is no JSON", b'{"', "application/json", True),
        ("with a bare text as its body", b'"text"', "application/json", True),
        ("with JSON sent as plain text", None, "text/plain", False),
        ("with JSON sent as XML", None, "application/xml", False),
        ("with an empty form", b"lcx=", FORM, False),
    ):
        call = base.copy()
        call.content = content if content is not None else _json_text(base.body)
        call.media = media
        yield Breach("body", "media", what, call, anyhow=anyhow)


def _json_text(value: Any) -> bytes:
    return json.dumps(value).encode()


# paths: what no schema says, for the servers do not say it by a validation error


def _of_path(operation: Operation, base: Call) -> Iterator[Breach]:
    if operation.area == "users" and "type" in base.path:
        call = base.copy()
        call.path["type"] = "visitor"
        yield Breach("path/type", "enum", "of a type that does not exist", call, by_schema=False)
    if operation.id == "removeUser":
        call = base.copy()
        call.path["_id"] = "lcxNobody"
        yield Breach("path/_id", "exists", "of a user whom nobody knows", call, by_schema=False)
    if operation.id == "receiveSms":
        call = base.copy()
        call.path["service"] = "lcx-pigeon"
        yield Breach("path/service", "enum", "of a provider that is not configured", call, by_schema=False)


def looked_at(operation: Operation, pointer: str) -> bool:
    """Whether servers look at the place of a mismatch (a pointer as the contract gives it) before they answer."""
    if "x-tolerated" in operation.raw and operation.id not in _LAX:
        return False
    only = _ONLY.get(operation.id)
    return only is None or (f"query/{pointer[1:].partition('/')[0]}" if pointer.startswith("?") else pointer) in only


def rules(contract: Contract, operation: Operation, base: Call) -> list[tuple[str, str]]:
    """Place and rule of every constraint of an operation, each once."""
    return list(dict.fromkeys((each.place, each.rule) for each in breaches(contract, operation, base)))


def kept(call: Call, found: list[tuple[str, str]]) -> Iterator[str]:
    """The counters of the rules that a well-formed call keeps: those of the places that it has."""
    for place, rule in found:
        if place in ("body", "query") or call.has(place) or call.has(f"{place}[]"):
            yield f"constraint|{call.operation}|{place}|{rule}|kept"


def chosen(found: list[Breach], most: int) -> list[Breach]:
    """At most so many breaches, of as many different rules as possible, in their order."""
    if len(found) <= most:
        return found
    turns: dict[tuple[str, str], int] = {}
    ranked: list[tuple[int, int]] = []
    for index, breach in enumerate(found):
        key = (breach.place, breach.rule)
        turns[key] = turns.get(key, -1) + 1
        ranked.append((turns[key], index))
    return [found[index] for index in sorted(index for _, index in sorted(ranked)[:most])]
