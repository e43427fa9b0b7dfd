"""Reads query strings and form bodies as the server does: brackets make arrays and objects, so do repeated keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_DEPTH = 5


def _put(holder: dict[str, Any], keys: list[str], value: str) -> None:
    name, rest = keys[0], keys[1:]
    if not rest:
        if name in holder:
            old = holder[name]
            if isinstance(old, list):
                old.append(value)
            elif isinstance(old, dict):
                old[value] = "true"
            else:
                holder[name] = [old, value]
        else:
            holder[name] = value
        return
    head = rest[0]
    if head == "" or (head.isascii() and head.isdigit() and int(head) <= 20):
        old = holder.get(name)
        if not isinstance(old, dict):
            items = old if isinstance(old, list) else [] if old is None else [old]
            if len(rest) > 1:
                inner: dict[str, Any] = {}
                _put(inner, ["x", *rest[1:]], value)
                items.append(inner["x"])
            else:
                items.append(value)
            holder[name] = items
            return
    child = holder.get(name)
    if isinstance(child, list):
        child = {str(index): item for index, item in enumerate(child)}
    elif not isinstance(child, dict):
        child = {} if child is None else {str(child): "true"}
    holder[name] = child
    _put(child, rest, value)


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return decoded pairs as one object of strings, arrays and objects.

    ``a=1`` is ``{"a": "1"}``, ``a=1&a=2`` and ``a[]=1&a[]=2`` are ``{"a": ["1", "2"]}``, and ``a[$ne]=1`` is
    ``{"a": {"$ne": "1"}}``.
    """
    out: dict[str, Any] = {}
    for name, value in pairs:
        at = name.find("[")
        if at <= 0 or not name.endswith("]"):
            _put(out, [name], value)
            continue
        keys = _BRACKETS.findall(name[at:])
        if len(keys) > _DEPTH or "".join(f"[{key}]" for key in keys) != name[at:]:
            _put(out, [name], value)
            continue
        _put(out, [name[:at], *keys], value)
    return out


def parse_form(text: str) -> dict[str, Any]:
    """Return a form-urlencoded body as :func:`nest` gives it."""
    return nest(parse_qsl(text, keep_blank_values=True))


_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d{1,3})?", re.ASCII)


def readings(value: Any) -> list[Any]:
    """Return what a query value may mean, the text itself first: ``"1"`` may be 1, ``"true"`` may be true.

    Items of arrays are read alike: ``["1", "2"]`` may be ``[1, 2]``.
    """
    if isinstance(value, str):
        out: list[Any] = [value]
        if value in ("true", "false"):
            out.append(value == "true")
        elif _INTEGER.fullmatch(value):
            out.append(int(value))
        elif _NUMBER.fullmatch(value):
            out.append(float(value))
        return out
    if isinstance(value, list):
        parts = [readings(item)[-1] for item in value]
        return [value] if parts == value else [value, parts]
    return [value]
