"""JSON pointers and references inside one document (RFC 6901; OpenAPI 3.1 reference objects)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def escape(step: str | int) -> str:
    """Return one step of a pointer with ``~`` and ``/`` escaped."""
    return str(step).replace("~", "~0").replace("/", "~1")


def to_pointer(steps: Iterable[str | int]) -> str:
    """Return steps as a pointer: ``()`` is the empty pointer, ``("a", 0)`` is ``/a/0``."""
    return "".join("/" + escape(step) for step in steps)


def from_pointer(pointer: str) -> tuple[str, ...]:
    """Return the unescaped steps of a pointer, with or without a leading ``#``."""
    pointer = pointer.removeprefix("#")
    if not pointer:
        return ()
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("/").split("/"))


def get(document: Any, steps: Iterable[str | int]) -> Any:
    """Return what the steps lead to.

    Raises:
        KeyError: Nothing is there.
    """
    value = document
    for step in steps:
        if isinstance(value, dict) and str(step) in value:
            value = value[str(step)]
        elif isinstance(value, list) and str(step).isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise KeyError(str(step))
    return value


def resolve(document: Any, node: Any, limit: int = 32) -> Any:
    """Follow ``$ref`` at the top of ``node`` until something else stands there.

    A reference object with siblings (allowed in schemas) yields the referenced value only.

    Raises:
        KeyError: A reference leads nowhere, out of the document, or in a circle.
    """
    for _ in range(limit):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return node
        reference = node["$ref"]
        if not reference.startswith("#"):
            raise KeyError(reference)
        node = get(document, from_pointer(reference))
    raise KeyError("a circle of references")


def references(node: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every ``$ref`` below ``node`` as (steps, reference); examples are data and are not searched."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [(at, node)]
    while stack:
        steps, value = stack.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                yield steps, reference
            stack += [((*steps, key), child) for key, child in value.items() if key not in {"example", "enum", "const"}]
        elif isinstance(value, list):
            stack += [((*steps, index), child) for index, child in enumerate(value)]


def closure(document: Any, node: Any) -> set[str]:
    """Return every reference that ``node`` reaches, directly or through others."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        for _, reference in references(waiting.pop()):
            if reference not in seen:
                seen.add(reference)
                waiting.append(get(document, from_pointer(reference)))
    return seen


def follow(document: Any, steps: tuple[str | int, ...], limit: int = 32) -> tuple[tuple[str | int, ...], Any]:
    """Return where the value at ``steps`` really stands, and the value, following ``$ref`` at its top.

    Raises:
        KeyError: Nothing is there, or a reference leads nowhere, out of the document, or in a circle.
    """
    node = get(document, steps)
    for _ in range(limit):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return steps, node
        if not node["$ref"].startswith("#"):
            raise KeyError(node["$ref"])
        steps = from_pointer(node["$ref"])
        node = get(document, steps)
    raise KeyError("a circle of references")
