"""The part of JSONPath (RFC 9535) that overlays need: names, indexes, wildcards, descent and simple filters.

``$.paths['/api/info'].get.parameters[?(@.name == 'token')]`` selects by name, index, ``*``, ``..name`` and by a filter
that compares one member with a literal (``==`` or ``!=``) or asks whether it exists.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Steps = tuple[str | int, ...]
_TOKEN = re.compile(
    r"""
      (?P<descent>\.\.)(?P<deep>[\w$-]+|\*)
    | \.(?P<name>[\w$-]+)
    | \.(?P<star>\*)
    | \[\s*(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*\]
    | \[\s*(?P<index>-?\d+)\s*\]
    | \[\s*(?P<wild>\*)\s*\]
    | \[\s*\?\s*\(?\s*@(?P<member>(?:\.[\w$-]+|\['[^']*'\])+)\s*
        (?:(?P<op>==|!=)\s*(?P<literal>'[^']*'|"[^"]*"|[\w.+-]+)\s*)?\)?\s*\]
    """,
    re.VERBOSE,
)
_MEMBER = re.compile(r"\.([\w$-]+)|\['([^']*)'\]")


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return _unquote(text)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _keeps(found: re.Match[str]) -> Callable[[Any], bool]:
    names = [one or other for one, other in _MEMBER.findall(found["member"])]
    wanted = _literal(found["literal"]) if found["op"] else None

    def keep(value: Any) -> bool:
        for name in names:
            if not (isinstance(value, dict) and name in value):
                return found["op"] == "!="
            value = value[name]
        if not found["op"]:
            return True
        return (value == wanted) is (found["op"] == "==")

    return keep


def _apply(found: re.Match[str], steps: Steps, value: Any) -> Iterator[tuple[Steps, Any]]:
    if found["descent"]:
        name = found["deep"]
        for key, child in _children(value):
            if name in ("*", key):
                yield (*steps, key), child
            yield from _apply(found, (*steps, key), child)
        return
    if found["star"] or found["wild"]:
        for key, child in _children(value):
            yield (*steps, key), child
        return
    if found["member"]:
        keep = _keeps(found)
        for key, child in _children(value):
            if keep(child):
                yield (*steps, key), child
        return
    if found["index"] is not None:
        index = int(found["index"])
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield (*steps, index % len(value)), value[index]
        return
    key = found["name"] or _unquote(found["quoted"])
    if isinstance(value, dict) and key in value:
        yield (*steps, key), value[key]


def select(document: Any, path: str) -> list[tuple[Steps, Any]]:
    """Return what ``path`` selects, as (steps, value), in the order of the document.

    Raises:
        ValueError: The path uses something that is not supported here.
    """
    if not path.startswith("$"):
        raise ValueError(f"the path {path!r} must begin with $")
    found: list[tuple[Steps, Any]] = [((), document)]
    at = 1
    while at < len(path):
        token = _TOKEN.match(path, at)
        if not token:
            raise ValueError(f"the path {path!r} cannot be read from {path[at:]!r} on")
        found = [item for steps, value in found for item in _apply(token, steps, value)]
        at = token.end()
    return found
