"""Every way in which the contract can be loosened or bent in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.contract.lint_document import inner_schemas, schema_places
from conformance.contract.pointers import from_pointer, to_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.contract.model import Operation

Steps = tuple[str | int, ...]
REMOVED = object()
"""Stands for the absence of a value."""

_BOUNDS = (
    *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "minContains", "maxContains"),
)
_DROPPED = ("type", "enum", "const", "pattern", "format", "not", "propertyNames", "contains", "if", *_BOUNDS)


@dataclass(frozen=True, slots=True, eq=False)
class Mutant:
    """One change of the document.

    Attributes:
        steps: Where in the document.
        kind: What is done: ``type``, ``required``, ``branch``, ``status`` and so on.
        value: What stands there instead, or :data:`REMOVED`.
        detail: What exactly, for people.
    """

    steps: Steps
    kind: str
    value: Any
    detail: str = ""

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer; of a required key the key's name is the last step."""
        return to_pointer(self.steps) + (f"/{self.detail}" if self.kind == "required" and self.detail else "")


def schema_mutants(schema: Any, at: Steps) -> Iterator[Mutant]:
    """Yield the mutants of a schema and of all schemas written inside it."""
    for steps, node in inner_schemas(schema, at):
        if node is False:
            yield Mutant(steps, "forbidden", True)
            continue
        if not isinstance(node, dict):
            continue
        if isinstance(node.get("$ref"), str):
            yield Mutant((*steps, "$ref"), "reference", REMOVED, node["$ref"])
        for key in _DROPPED:
            if key in node and not (key == "uniqueItems" and node[key] is False):
                yield Mutant((*steps, key), "bound" if key in _BOUNDS else key, REMOVED)
        if node.get("type") == "integer":
            yield Mutant((*steps, "type"), "type", "number", "integer becomes number")
        for key in ("additionalProperties", "unevaluatedProperties"):
            if node.get(key) is False:
                yield Mutant((*steps, key), "additionalProperties", REMOVED)
        names = node.get("required", ())
        for name in names:
            yield Mutant((*steps, "required"), "required", [one for one in names if one != name], name)
        for key, dependents in (node.get("dependentRequired") or {}).items():
            for name in dependents:
                rest = [one for one in dependents if one != name]
                yield Mutant((*steps, "dependentRequired", key), "required", rest, name)
        for key in ("anyOf", "oneOf", "allOf"):
            branches = node.get(key, ())
            for index in range(len(branches)):
                rest = [branch for number, branch in enumerate(branches) if number != index]
                yield Mutant((*steps, key, index), "branch", rest or REMOVED)
            if len(branches) > 1 and key != "allOf":
                yield Mutant((*steps, key), "branches", REMOVED)


def operation_mutants(operation: Operation) -> Iterator[Mutant]:
    """Yield the mutants of what an operation says beside its schemas."""
    at: Steps = ("paths", operation.path, operation.method.lower())
    for status in operation.responses:
        if len(operation.responses) > 1:
            yield Mutant((*at, "responses", status), "status", REMOVED)
    if "default" not in operation.responses:
        yield Mutant((*at, "responses", "default"), "status", {"description": "Anything."}, "any other is documented")
    if operation.strict_query:
        yield Mutant((*at, "x-query"), "query", "open")
    if operation.body_required:
        yield Mutant((*at, "requestBody", "required"), "required", False)
    for parameter in operation.parameters:
        if parameter.required and parameter.location != "path":
            yield Mutant((*parameter.pointer[: -3 if parameter.is_json else -1], "required"), "required", False)
    for status, content in operation.responses.items():
        for media in content.values():
            if len(content) > 1 and media.pointer:
                yield Mutant(media.pointer[:-1], "media", REMOVED, f"{status} {media.name}")
        for header in operation.response_headers.get(status, ()):
            if header.required and header.pointer:
                yield Mutant((*header.pointer[:-1], "required"), "header", False, f"{status} {header.name}")


def all_mutants(document: Mapping[str, Any], operations: list[Operation], components: set[str]) -> list[Mutant]:
    """Return the mutants of the operations and of the components (``#/components/...``) that they reach."""
    reached = {from_pointer(reference)[:3] for reference in components}
    own = {("paths", operation.path, operation.method.lower()) for operation in operations}
    shared_parameters = {("paths", operation.path, "parameters") for operation in operations}
    out: dict[tuple[str, str, str], Mutant] = {}
    for at, schema in schema_places(document):
        if at[:3] in reached or at[:3] in own or at[:3] in shared_parameters:
            for mutant in schema_mutants(schema, at):
                out.setdefault((mutant.pointer, mutant.kind, mutant.detail), mutant)
    for operation in operations:
        for mutant in operation_mutants(operation):
            out.setdefault((mutant.pointer, mutant.kind, mutant.detail), mutant)
    return list(out.values())


def applied(document: Any, mutant: Mutant) -> Any:
    """Return the document with a mutant's change; what is not on the way there is shared."""
    steps = mutant.steps
    if mutant.kind == "branch":
        steps = steps[:-1]  # the whole list is replaced
    return _replaced(document, steps, mutant.value)


def _replaced(node: Any, steps: Steps, value: Any) -> Any:
    head, rest = steps[0], steps[1:]
    if isinstance(node, list):
        changed = [
            child if str(index) != str(head) else _replaced(child, rest, value) if rest else value
            for index, child in enumerate(node)
        ]
        return [child for child in changed if child is not REMOVED]
    out = dict(node)
    if rest:
        out[str(head)] = _replaced(node[str(head)], rest, value)
    elif value is REMOVED:
        out.pop(str(head), None)
    else:
        out[str(head)] = value
    return out
