"""Values that a schema allows, made from the schema itself: for members that no example happens to have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.contract.pointers import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Steps = tuple[str | int, ...]
_TEXTS = (
    *(
        "x",
        "kvhPF7vLstuPzsspn",
        "2020-04-20T13:05:06.563Z",
        "2020-04-20",
        "#C1272D",
        "08:00",
        "1",
        "a@b.example",
        "a.b",
        "[x]",
    ),
    *(
        "https://chat.example.test/x",
        "Livechat_title",
        "10",
        "12:00",
        "error-x",
        "Match error: x",
        "visitor",
        "0123456789",
    ),
)
_FORMATS = {"date-time": "2020-04-20T13:05:06.563Z", "email": "a@b.example", "uri": "https://chat.example.test/x"}
_DEPTH = 6


def sample(document: Mapping[str, Any], schema: Any, depth: int = 0) -> Any:
    """Return a value that the schema most likely allows, with every property that it names, or ``None``.

    Keywords that only forbid (``not``, ``if``) are not looked at: a caller who needs certainty validates the value.
    """
    if isinstance(schema, dict) and "$ref" in schema:
        schema = {**resolve(document, schema), **{key: part for key, part in schema.items() if key != "$ref"}}
    if not isinstance(schema, dict) or depth > _DEPTH:
        return None
    for key in ("example", "default", "const"):
        if key in schema and schema[key] is not None:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return sample(document, schema[key][0], depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else None)
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        return {
            name: sample(document, child, depth + 1)
            for name, child in properties.items()
            if child is not False and (name in schema.get("required", ()) or depth < _DEPTH)
        }
    if kind == "array":
        return [sample(document, schema["items"], depth + 1)] if "items" in schema else ["x"]
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    if "allOf" in schema:
        return sample(document, schema["allOf"][0], depth + 1)
    return None if kind == "null" else "x"


def _text(schema: Mapping[str, Any]) -> str:
    known = _FORMATS.get(schema.get("format", ""))
    if known:
        return known
    pattern = schema.get("pattern")
    for text in _TEXTS:
        if len(text) >= schema.get("minLength", 0) and (pattern is None or re.search(pattern, text)):
            return text
    return "x" * max(1, int(schema.get("minLength", 1)))


def absent(document: Mapping[str, Any], schema: Any, value: Any, at: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield each member that the schema names and a value lacks, as (steps to it, a sample).

    Of an enumeration every other value is yielded, too. Of arrays the first item is looked into.
    """
    if isinstance(schema, dict) and "$ref" in schema:
        yield from absent(document, resolve(document, schema), value, at)
    if not isinstance(schema, dict) or len(at) > _DEPTH:
        return
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key, ()):
            yield from absent(document, branch, value, at)
    for key in ("then", "else"):
        yield from absent(document, schema.get(key), value, at)
    if isinstance(value, str):
        yield from ((at, other) for other in schema.get("enum", ()) if at and other != value)
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name in value:
                yield from absent(document, child, value[name], (*at, name))
            elif child is not False:
                yield (*at, name), sample(document, child)
            else:
                yield (*at, name), "x"
    elif isinstance(value, list) and value and "items" in schema:
        yield from absent(document, schema["items"], value[0], (*at, 0))


def forbidden_names(document: Any) -> list[str]:
    """Return the keys that schemas of the document forbid by ``not: {required: [...]}``, sorted."""
    found: set[str] = set()
    stack = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            inner = node.get("not")
            branches = [inner, *inner.get("anyOf", ())] if isinstance(inner, dict) else []
            for branch in branches:
                if isinstance(branch, dict) and isinstance(branch.get("required"), list):
                    found |= {name for name in branch["required"] if isinstance(name, str)}
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return sorted(found)
