"""Small helpers for what goes over the wire: paths, queries, and sentences for what went wrong."""

from __future__ import annotations

import json
import re
import ssl
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpcore

Query = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""A query: names to values, or pairs. ``None`` is left out, a list repeats its name, a ``dict`` is sent as JSON."""

_AS_IT_IS: Final = string.punctuation


def fill(template: str, values: Mapping[str, object]) -> str:
    """A path template with its parameters filled in and percent-encoded.

    Raises:
        KeyError: A parameter has no value, or a value has no parameter.
    """
    names = re.findall(r"\{([^{}]+)\}", template)
    if set(names) != set(values):
        raise KeyError(f"{template} takes the path parameters {names}, not {sorted(values)}")
    return re.sub(r"\{([^{}]+)\}", lambda found: _quoted(values[found[1]]), template)


def _quoted(value: object) -> str:
    return quote(str(value), safe="", errors="replace")


def printable_path(path: str) -> str:
    """A path as it can go out: what is not printable ASCII is percent-encoded, all else stays, even a lone ``%``."""
    return quote(path, safe=_AS_IT_IS, errors="replace")


def pairs_of(query: Query | None) -> list[tuple[str, str]]:
    """The pairs of a query, all as text."""
    if query is None:
        return []
    items = query.items() if isinstance(query, Mapping) else query
    pairs: list[tuple[str, str]] = []
    for name, value in items:
        values = value if isinstance(value, (list, tuple)) else [value]
        pairs += [(name, _text(each)) for each in values if each is not None]
    return pairs


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def failure_of(problem: BaseException, seconds: float, limit_s: float) -> str:
    """One sentence that says why no answer came, the cause first.

    Args:
        problem: What was raised.
        seconds: How long the request had taken by then.
        limit_s: How long it might have taken.
    """
    chain = [problem]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 20:
        chain.append(deeper)
    cause = next((each for each in chain if isinstance(each, ssl.SSLError)), chain[-1])
    detail = next((str(each) for each in (chain[-1], *chain) if str(each)), type(problem).__name__)
    if isinstance(problem, httpcore.ConnectTimeout):
        return f"No connection could be made within {seconds:.1f} s."
    if isinstance(problem, httpcore.PoolTimeout):
        return f"No connection was free within {seconds:.1f} s."
    if isinstance(problem, (httpcore.TimeoutException, TimeoutError)):
        return f"No whole answer came within {limit_s:g} s."
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The TLS certificate is not trusted: {cause.verify_message or detail}."
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or detail}."
    if isinstance(problem, httpcore.ConnectError):
        return f"No connection: {_plain(detail)}."
    if isinstance(problem, (httpcore.ReadError, httpcore.WriteError)):
        return f"The connection broke before the answer was whole: {_plain(detail)}."
    if isinstance(problem, httpcore.ProtocolError):
        return f"The answer is not HTTP: {_plain(detail)}." if "disconnect" not in detail else f"{detail.rstrip('.')}."
    return f"The answer cannot be read: {_plain(detail)}."


def _plain(detail: str) -> str:
    """An error of the system without its number, and short."""
    text = re.sub(r"^\[Errno -?\d+\]\s*", "", detail)
    return "".join(character if character.isprintable() else "�" for character in text)[:200].rstrip(".")
