"""Rules about the document as a whole: references, schemas, components, scalars that YAML 1.1 reads differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.contract.operations import METHODS
from conformance.contract.pointers import closure, from_pointer
from conformance.contract.problems import ContractError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.contract.contract import Contract

Steps = tuple[str | int, ...]
NOT_ROUTED = "NotRouted"
"""The answer to a method that a path does not have: no operation can refer to it."""

_KEYWORDS = {
    *("type", "enum", "const", "format", "pattern", "title", "description", "default", "example", "examples"),
    *("properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties"),
    *("maxProperties", "unevaluatedProperties", "dependentRequired", "items", "prefixItems", "minItems", "maxItems"),
    *("uniqueItems", "contains", "minContains", "maxContains", "minLength", "maxLength", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"),
    *(
        "$ref",
        "$comment",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentMediaType",
        "contentEncoding",
        "discriminator",
    ),
}
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = (
    *(
        "items",
        "additionalProperties",
        "propertyNames",
        "unevaluatedProperties",
        "contains",
        "not",
        "if",
        "then",
        "else",
    ),
)
_MAPS = ("properties", "patternProperties")


def schema_places(document: Any) -> Iterator[tuple[Steps, Any]]:
    """Yield every schema of the document that is not inside another one, as (steps, schema)."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield ("components", "schemas", name), schema
    stack: list[tuple[Steps, Any]] = [
        *((("components", kind), value) for kind, value in document.get("components", {}).items() if kind != "schemas"),
        (("paths",), document["paths"]),
    ]
    while stack:
        steps, node = stack.pop()
        if isinstance(node, dict):
            for key, child in node.items():
                if key == "schema":
                    yield (*steps, key), child
                elif key not in ("example", "examples", "links"):
                    stack.append(((*steps, key), child))
        elif isinstance(node, list):
            stack += [((*steps, index), child) for index, child in enumerate(node)]


def inner_schemas(schema: Any, at: Steps) -> Iterator[tuple[Steps, Any]]:
    """Yield a schema and every schema written inside it, as (steps, schema); references are not followed."""
    stack = [(at, schema)]
    while stack:
        steps, node = stack.pop()
        yield steps, node
        if not isinstance(node, dict):
            continue
        stack += [((*steps, key), node[key]) for key in _SINGLE if key in node]
        for key in _LISTS:
            if isinstance(node.get(key), list):
                stack += [((*steps, key, index), child) for index, child in enumerate(node[key])]
        for key in _MAPS:
            if isinstance(node.get(key), dict):
                stack += [((*steps, key, name), child) for name, child in node[key].items()]


def document_problems(contract: Contract) -> Iterator[Problem]:
    """Yield what is wrong with the document as a whole."""
    source = contract.source
    document = contract.document

    def problem(rule: str, sentence: str, steps: Steps) -> Problem:
        return Problem(rule, sentence, str(source.path), source.line(*steps))

    for each in (source, contract.requirements_source, contract.profiles_source, *(o.source for o in contract.applied)):
        for line, text in each.ambiguous_scalars() if each else ():
            sentence = f"{text} means something else to readers of YAML 1.1: put it in quotes"
            yield Problem("yaml-quotes", sentence, str(each.path if each else ""), line)
    for at, schema in schema_places(document):
        for steps, inner in inner_schemas(schema, at):
            if not isinstance(inner, dict | bool):
                yield problem("schema", "a schema is a mapping, true or false", steps)
                continue
            for key in inner if isinstance(inner, dict) else ():
                if key not in _KEYWORDS and not key.startswith("x-"):
                    yield problem("schema-keyword", f"a schema has no keyword {key!r}", (*steps, key))
        try:
            contract.validator(at)
        except ContractError as error:
            yield error.problem
    yield from _components(contract, problem)
    declared = {tag.get("name") for tag in document.get("tags", ())}
    for operation in contract.operations.values():
        for tag in operation.tags:
            if tag not in declared:
                yield problem("tag", f"the tag {tag} is not declared", ("paths", operation.path))


def _components(contract: Contract, problem: Any) -> Iterator[Problem]:
    if contract.overlays:
        return  # what an overlay no longer needs is still needed by the base document
    document = contract.document
    used = {from_pointer(reference)[:3] for reference in closure(document, document["paths"])}
    for overlay in _overlay_texts(contract):
        for kind, components in document.get("components", {}).items():
            used |= {("components", kind, name) for name in components if f"#/components/{kind}/{name}" in overlay}
    for kind, components in document.get("components", {}).items():
        if kind == "securitySchemes":
            continue
        for name in components:
            if ("components", kind, name) not in used and name != NOT_ROUTED:
                yield problem("component-used", f"nothing refers to {kind}/{name}", ("components", kind, name))
    for path, item in document["paths"].items():
        for key in item:
            if key not in METHODS and key not in ("parameters", "summary", "description", "servers", "$ref"):
                yield problem("path-item", f"{path} has an unknown key {key}", ("paths", path, key))


def _overlay_texts(contract: Contract) -> Iterator[str]:
    for path in sorted((contract.folder / "overlays").glob("*.yaml")):
        yield path.read_text("utf-8")
