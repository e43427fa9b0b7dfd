"""The spool: what workers write down while they run, one JSON value a line, so that a lost worker loses nothing.

Each worker appends exchanges to its own ``exchanges-<worker>.jsonl``, in one ``write`` a line. A last line that was
cut off when a worker died is left out; a broken line anywhere else is an error, since nothing writes one.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.contract.exchange import Body, Exchange

BODY_LIMIT: Final = 4096
STEP_LIMIT: Final = 1024
LIMITS: Final = (BODY_LIMIT, 2048, 1024, 700, 500, 350, 250)
BUDGET: Final = 320_000
_TELLING: Final = frozenset({"content-type", "x-auth-token", "x-user-id", "location", "allow", "retry-after"})
_DECODER: Final = msgspec.json.Decoder(Exchange)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class SpoolError(ValueError):
    """A spool file that holds something else than exchanges; the message names file and line."""


def write_line(exchange: Exchange) -> bytes:
    """Give one exchange as a line of the spool, newline included; append it with a single write.

    What a target sent and JSON cannot carry (lone surrogates, numbers beyond 64 bits) is replaced.
    """
    return encoded(exchange) + b"\n"


def encoded(value: Any) -> bytes:
    """Give any value of ours as JSON with sorted members, whatever a target put into it."""
    try:
        return _ENCODER.encode(value)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return _ENCODER.encode(plain(msgspec.to_builtins(value)))


def plain(value: Any) -> Any:
    """Give a value that JSON can carry: lone surrogates are written out, numbers beyond 64 bits become texts."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {plain(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return plain(str(value))


def spool_files(folder: Path) -> tuple[Path, ...]:
    """Give the exchange files of a spool folder, sorted by name."""
    return tuple(sorted(folder.glob("exchanges-*.jsonl")))


def read_spool(files: Iterable[Path]) -> Iterator[Exchange]:
    """Read exchanges one by one, so that a long run needs no memory for all of them.

    Raises:
        SpoolError: A line in the middle of a file is no exchange.
    """
    for path in files:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield _DECODER.decode(line)
                except msgspec.MsgspecError as error:
                    if not line.endswith(b"\n"):
                        break
                    raise SpoolError(f"{path.name}, line {number}: not an exchange: {error}.") from error


def shortened(exchange: Exchange, limit: int = BODY_LIMIT, *, all_headers: bool = True) -> Exchange:
    """Cut the bodies of an exchange to a limit in bytes; the true size stays, and a hash of the whole is added.

    Args:
        exchange: As it was recorded.
        limit: In bytes, for each body.
        all_headers: Whether headers are kept that say nothing about the contract.
    """
    request, response = exchange.request, exchange.response
    if request.body is not None:
        request = replace(request, body=shortened_body(request.body, limit))
    if not all_headers:
        request = replace(request, headers=_telling(request.headers))
    if response is not None:
        headers = response.headers if all_headers else _telling(response.headers)
        response = replace(response, body=shortened_body(response.body, limit), headers=headers)
    return replace(exchange, request=request, response=response)


def within_budget(
    exchanges: Mapping[str, Exchange], important: Collection[str], steps: Collection[str] = ()
) -> dict[str, Exchange]:
    """Cut exchanges so that all of them together stay readable in one document.

    Args:
        exchanges: By id.
        important: What shows that something is broken: keeps 4 KiB of each body and all headers.
        steps: The other steps of conversations that went wrong: they keep 1 KiB of each body.

    All others, samples of what passed, are cut alike until they fit into the budget together; so the cut depends on
    nothing but the exchanges.
    """
    kept = {name: shortened(each) for name, each in exchanges.items() if name in important}
    kept |= {
        name: shortened(each, STEP_LIMIT, all_headers=False)
        for name, each in exchanges.items()
        if name in steps and name not in kept
    }
    for limit in LIMITS:
        rest = {name: shortened(each, limit, all_headers=False) for name, each in exchanges.items() if name not in kept}
        if limit == LIMITS[-1] or sum(map(_weight, rest.values())) <= BUDGET:
            break
    return {name: kept[name] if name in kept else rest[name] for name in exchanges}


def _weight(exchange: Exchange) -> int:
    """Give about how many bytes an exchange takes in a document."""
    bodies = [exchange.request.body, exchange.response.body if exchange.response else None]
    return 250 + sum(len(encoded(body.json)) if body.text is None else len(body.text) for body in bodies if body)


def shortened_body(body: Body, limit: int = BODY_LIMIT) -> Body:
    """Cut a body; JSON that is too long becomes text, since half a JSON value is none."""
    whole = body.is_json and body.text is None
    content = encoded(body.json) if whole else (body.text or "").encode("utf-8", "replace")
    if len(content) <= limit:
        return body
    digest = body.sha256 or hashlib.sha256(content).hexdigest()
    text = content[:limit].decode("utf-8", "ignore")
    return replace(body, json=None, text=text, cut=True, sha256=digest, size=max(body.size, len(content)))


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _TELLING or name.startswith("x-ratelimit")}
