"""Query strings and form bodies with brackets, read as the real server reads them (the ``qs`` package).

``a=1&a=2`` is an array, ``a[]=1`` too, ``a[b]=1`` an object, ``a`` without a value the empty text; keys of JavaScript's
own object prototype are ignored. Limits are those of the package: 1,000 parameters, five levels, indexes up to 20.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

_PARAMETERS: Final = 1000
_LEVELS: Final = 5
_INDEXES: Final = 20
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PROTOTYPE: Final = frozenset(
    {
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
    }
)


def _decode(text: str) -> str:
    """Percent and plus decoding; text with a malformed escape or bad UTF-8 stays as it is."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query string in the order sent."""
    pairs: list[tuple[str, str]] = []
    for part in text.split("&", _PARAMETERS)[:_PARAMETERS]:
        if not part:
            continue
        close = part.find("]=")
        equals = part.find("=") if close < 0 else close + 1
        name, value = (part, "") if equals < 0 else (part[:equals], part[equals + 1 :])
        pairs.append((_decode(name), _decode(value)))
    return pairs


def parse(text: str) -> dict[str, Any]:
    """A query string as a value: texts, arrays and objects of them."""
    result: dict[str, Any] = {}
    if not text:
        return result
    for name, value in parse_pairs(text):
        if "[" not in name:
            if name and name not in _PROTOTYPE:
                result[name] = _joined(result[name], value) if name in result else value
            continue
        steps = _steps(name)
        if steps and not any(step in _PROTOTYPE for step in steps):
            head = steps[0]
            built = _build(steps[1:], value)
            result[head] = _merged(result[head], built) if head in result else built
    return result


def _steps(name: str) -> list[str]:
    start = name.find("[")
    head = name[:start]
    steps = [head] if head else []
    position = start
    while position < len(name) and len(steps) <= _LEVELS:
        bracket = _BRACKET.match(name, position)
        if bracket is None:
            break
        steps.append(bracket.group(1))
        position = bracket.end()
    if position == start and not steps:
        return [name]
    if position < len(name) and position > start:
        steps.append(name[position:])
    elif position == start:
        return [name]
    return steps


def _build(steps: list[str], value: str) -> Any:
    built: Any = value
    for step in reversed(steps):
        built = [built] if _is_index(step) else {step: built}
    return built


def _is_index(step: str) -> bool:
    return step == "" or (step.isascii() and step.isdigit() and len(step) < 3 and int(step) <= _INDEXES)


def _joined(old: Any, new: Any) -> Any:
    before = old if isinstance(old, list) else [old]
    return [*before, *new] if isinstance(new, list) else [*before, new]


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict):
        if isinstance(new, dict):
            merged = dict(old)
            for key, value in new.items():
                merged[key] = _merged(merged[key], value) if key in merged else value
            return merged
        if isinstance(new, list):
            return {**old, **{str(index): value for index, value in enumerate(new)}}
        return {**old, new: True}
    if isinstance(old, list) and isinstance(new, dict):
        return {**{str(index): value for index, value in enumerate(old)}, **new}
    return _joined(old, new)
