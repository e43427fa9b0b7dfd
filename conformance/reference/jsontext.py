"""JSON text as JavaScript reads it: the same values, the same refusals and the same error texts.

Lone surrogates become the replacement character, as they do in the real server's database.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

_SURROGATE = re.compile("[\ud800-\udfff]")
_DEPTH: Final = 200
_decode = msgspec.json.Decoder().decode


class BadJson(ValueError):
    """A text is not JSON; the message is that of the real server's parser."""


def _refuse(text: str) -> Any:
    raise BadJson(f"Unexpected token {text[0]} in JSON at position 0")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_SURROGATE.sub("\ufffd", key): _cleaned(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_cleaned(entry) for entry in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value


def _too_deep(data: bytes) -> bool:
    if data.count(b"[") + data.count(b"{") <= _DEPTH:
        return False
    depth = deepest = 0
    quoted = escaped = False
    for byte in data:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest > _DEPTH


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        BadJson: It is not JSON, or nested deeper than 200 levels.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if _too_deep(raw):
        raise BadJson("Unexpected token [ in JSON")
    try:
        return _decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, ValueError):
        return _parse_slowly(raw)


def _parse_slowly(raw: bytes) -> Any:
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        return _cleaned(json.loads(text, parse_constant=_refuse))
    except json.JSONDecodeError as error:
        at = _position(text, error.pos)
        if at >= len(text):
            raise BadJson("Unexpected end of JSON input") from None
        raise BadJson(f"Unexpected token {text[at]} in JSON at position {at}") from None
    except (RecursionError, ValueError) as error:
        raise BadJson(str(error)) from None


def _position(text: str, position: int) -> int:
    """Where JavaScript sees the mistake: at the first character that cannot stand there."""
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
