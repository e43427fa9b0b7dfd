"""Validators of jsonschema-rs, compiled when first needed and once, and their errors in words.

The whole document is the resource of one registry, and a validator is compiled for a place in it, so references and
error locations need no translation. Draft 2020-12, formats are asserted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jsonschema_rs

from conformance.contract.pointers import get, to_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Steps = tuple[str | int, ...]
_BASE = "urn:livechat-contract"
_CUT = 120
_MOST_NODES = 20_000
_MOST_ITEMS = 200
"""Of each array and object of a very large value: a validator keeps a copy of the value for each error."""
_MOST_CHARACTERS = 20_000
"""Of each text of a very large value."""
_CHARACTERS_A_NODE = 50
"""So many characters take about as much memory as one value."""


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One violation of a schema.

    Attributes:
        steps: Where in the value; for a missing or an unknown property its name is the last step.
        keyword: The keyword of JSON Schema that was violated.
        message: One sentence.
        expected: What the schema wants, short.
        observed: What stands there, short.
        schema: Steps from the top of the document to the keyword.
    """

    steps: Steps
    keyword: str
    message: str
    expected: str
    observed: str
    schema: Steps


def brief(value: Any, limit: int = _CUT) -> str:
    """Return a value as JSON of at most ``limit`` characters."""
    if isinstance(value, str):
        value = value[: limit * 2]
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def without_surrogates(value: Any) -> Any:
    """Return a value in which lone surrogates, which no UTF-8 can carry, are replaced by ``U+FFFD``."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


class Validator:
    """A compiled schema."""

    __slots__ = ("_compiled",)

    def __init__(self, compiled: jsonschema_rs.Draft202012Validator) -> None:
        self._compiled = compiled

    def is_valid(self, value: Any) -> bool:
        """Say whether the schema allows the value."""
        try:
            return self._compiled.is_valid(value)
        except UnicodeEncodeError:
            return self._compiled.is_valid(without_surrogates(value))

    def faults(self, value: Any, limit: int = 8) -> list[SchemaFault]:
        """Return what is wrong with a value, at most ``limit`` points; of alternatives the nearest one is taken.

        Of a very large value only the beginning of each array, object and text is looked at.
        """
        if _is_large(value):
            thin = _thinned(value)
            if self.is_valid(value):
                return []
            if self.is_valid(thin):
                message = "something is wrong that stands far behind in a very large value"
                return [SchemaFault((), "items", message, "what the schema says", brief(thin), ())]
            value = thin
        try:
            errors = list(self._compiled.iter_errors(value))
        except UnicodeEncodeError:
            errors = list(self._compiled.iter_errors(without_surrogates(value)))
        found: dict[tuple[Steps, str, str], SchemaFault] = {}
        for error in errors:
            for leaf in _leaves(error):
                for fault in _faults(leaf):
                    found.setdefault((fault.steps, fault.keyword, fault.message), fault)
        return sorted(found.values(), key=lambda fault: ([str(step) for step in fault.steps], fault.keyword))[:limit]


def _is_large(value: Any) -> bool:
    nodes, waiting = 0, [value]
    while waiting and nodes <= _MOST_NODES:
        each = waiting.pop()
        inner = list(each.values()) if isinstance(each, dict) else each if isinstance(each, list) else ()
        nodes += len(inner) + (len(each) // _CHARACTERS_A_NODE if isinstance(each, str) else 0)
        waiting += inner[: _MOST_NODES + 1]
    return nodes > _MOST_NODES


def _thinned(value: Any) -> Any:
    if isinstance(value, list):
        return [_thinned(item) for item in value[:_MOST_ITEMS]]
    if isinstance(value, dict):
        return {key: _thinned(item) for key, item in islice(value.items(), _MOST_ITEMS)}
    return value[:_MOST_CHARACTERS] if isinstance(value, str) else value


def _leaves(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    context = getattr(error.kind, "context", None)
    branches = [branch for branch in context or () if branch]
    if not branches:
        yield error
        return
    depth = len(error.instance_path)
    for leaf in min(branches, key=lambda branch: _distance(branch, depth)):
        yield from _leaves(leaf)


def _distance(branch: list[jsonschema_rs.ValidationError], depth: int) -> tuple[int, int, int]:
    """Say how far a value is from one alternative: wrong types first, then other constants, then the count."""
    wrong_type = sum(1 for error in branch if error.kind.name == "type" and len(error.instance_path) == depth)
    other_constant = sum(1 for error in branch if error.kind.name in ("const", "enum", "not", "falseSchema"))
    return wrong_type, other_constant, len(branch)


def _faults(error: jsonschema_rs.ValidationError) -> Iterator[SchemaFault]:
    keyword = error.kind.name
    details: Mapping[str, Any] = error.kind.as_dict()
    steps: Steps = tuple(error.instance_path)
    schema: Steps = tuple(error.schema_path)
    seen = brief(error.instance, 60)
    if keyword == "required":
        name = details["property"]
        yield SchemaFault((*steps, name), keyword, f"{name} is missing", "present", "absent", schema)
        return
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        for name in details["unexpected"]:
            inner = error.instance.get(name) if isinstance(error.instance, dict) else None
            yield SchemaFault((*steps, name), keyword, f"{name} is not a known key", "absent", brief(inner), schema)
        return
    if keyword == "propertyNames":
        for fault in _faults(details["error"]):
            message = f"the name of a key is wrong: {fault.message}"
            yield SchemaFault(steps, keyword, message, fault.expected, fault.observed, (*schema, *fault.schema))
        return
    if keyword == "type":
        wanted = " or ".join(details["types"])
        message = f"{seen} is not of type {wanted}"
    elif keyword == "const":
        wanted = brief(details["expected_value"])
        message = f"{seen} is not {wanted}"
    elif keyword == "enum":
        wanted = brief(details["options"], 200)
        message = f"{seen} is none of {wanted}"
    elif keyword in ("format", "pattern"):
        wanted = f"{keyword} {details[keyword]}"
        message = f"{seen} does not match the {wanted}"
    else:
        wanted = ", ".join(f"{keyword} {brief(value, 60)}" for value in details.values()) or keyword
        message = f"{seen} is not allowed here: {wanted}"
    yield SchemaFault(steps, keyword, message, wanted, brief(error.instance), schema)


class Validators:
    """All validators of one document.

    Args:
        document: The document.
        fail: Makes the error for a schema that is none, of a sentence and the steps to it; by default a ValueError.
    """

    __slots__ = ("_cache", "_document", "_fail", "_registry")

    def __init__(self, document: Mapping[str, Any], fail: Callable[[str, Steps], Exception] | None = None) -> None:
        self._document = document
        self._fail = fail or (lambda sentence, steps: ValueError(f"{sentence} at {to_pointer(steps)}"))
        self._registry: jsonschema_rs.Registry | None = None
        self._cache: dict[Steps, Validator] = {}

    def at(self, pointer: Steps) -> Validator:
        """Return the validator of the schema that stands at ``pointer``; the empty pointer allows everything.

        Raises:
            Exception: No schema stands there, or it is not one; what ``fail`` makes of that.
        """
        found = self._cache.get(pointer)
        if found is None:
            found = self._cache[pointer] = self._compile(pointer)
        return found

    def tolerates(self, fault: SchemaFault) -> bool:
        """Say whether the schema around a violated keyword, or that of a missing key, is marked ``x-tolerated``."""
        node: Any = self._document
        for step in fault.schema:
            if isinstance(node, dict) and "x-tolerated" in node:
                return True
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return False
        if fault.keyword != "required":
            return False
        holder: Any = get(self._document, fault.schema[:-1])
        missing = holder.get("properties", {}).get(fault.steps[-1])
        return isinstance(missing, dict) and "x-tolerated" in missing

    def _compile(self, pointer: Steps) -> Validator:
        if not pointer:
            return Validator(jsonschema_rs.Draft202012Validator({}))
        if self._registry is None:
            self._registry = jsonschema_rs.Registry([(_BASE, dict(self._document))])
        reference = f"{_BASE}#{quote(to_pointer(pointer), safe='/~')}"
        try:
            return Validator(
                jsonschema_rs.Draft202012Validator({"$ref": reference}, registry=self._registry, validate_formats=True)
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            sentence = f"this is no JSON Schema: {lines[0] if lines else type(error).__name__}"
            raise self._fail(sentence, pointer) from None
