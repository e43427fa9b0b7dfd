"""Reads exchanges that somebody kept: recordings of real servers, our own JSON Lines, HAR files.

Recordings are JSON Lines with the keys ``id``, ``server.version``, ``class``, ``valid_request``, ``request`` and
``response`` (and more that is not needed here); our own lines are :class:`~conformance.contract.exchange.Exchange` as
JSON; HAR is version 1.2.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from conformance.contract.exchange import Body, Exchange, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DECODER = msgspec.json.Decoder(Exchange)
_ENTRIES = re.compile(r'"entries"\s*:\s*\[')


class RecordedError(ValueError):
    """A file that holds no exchanges; the message names file and line."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One kept exchange and what its recorder said of it.

    Attributes:
        file: The file as it was named.
        line: Its line, counted from 1.
        exchange: The exchange itself.
        version: The server's version, or ``None`` where nobody said.
        valid: Whether the recorder judged the request well-formed, or ``None`` where he did not.
        case: Area and number without the version (``room/071``), or the exchange's id.
        kind: The class of the case (``shape``, ``state`` ...), empty where there is none.
    """

    file: str
    line: int
    exchange: Exchange
    version: str | None = None
    valid: bool | None = None
    case: str = ""
    kind: str = ""


def read_recorded(path: Path) -> Iterator[Recorded]:
    """Yield the exchanges of one file, whichever of the three formats it has.

    Raises:
        RecordedError: The file cannot be read, or a line is no exchange.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise RecordedError(f"{path}: the file cannot be read: {error.strerror}") from None
    if path.suffix.lower() == ".har" or re.match(rb'\{\s*"log"\s*:', head):
        yield from _read_har(path)
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _read_line(path, number, line)


def _read_line(path: Path, number: int, line: bytes) -> Recorded:
    try:
        value = json.loads(line)
        if not isinstance(value, dict) or not isinstance(value.get("request"), dict):
            raise ValueError("it has no request")
        if "valid_request" in value or "route" in value or isinstance(value.get("server"), dict):
            return _recording(path, number, value)
        exchange = _DECODER.decode(line)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise RecordedError(f"{path}:{number}: this line is no exchange: {text}") from None
    return Recorded(str(path), number, exchange, case=exchange.id)


def _recording(path: Path, number: int, value: Mapping[str, Any]) -> Recorded:
    server = value.get("server") or {}
    version = server.get("version") if isinstance(server, dict) else None
    name = str(value.get("id", f"{path.stem}/{number}"))
    request, response = value["request"], value.get("response")
    exchange = Exchange(
        id=name,
        operation=None,
        persona=str(value.get("persona", "nobody")),
        request=Request(
            str(request["method"]).upper(),
            request["path"],
            tuple((str(key), str(text)) for key, text in request.get("query") or ()),
            {key.lower(): text for key, text in (request.get("headers") or {}).items()},
            _body(request["body"]) if "body" in request else None,
        ),
        response=None
        if response is None
        else Response(
            int(response["status"]),
            {key.lower(): text for key, text in (response.get("headers") or {}).items()},
            _body(response["body"]) if "body" in response else Body(),
            float(response.get("elapsed_ms", 0.0)),
        ),
    )
    case = name.removeprefix(f"{version}/") if version else name
    valid = value.get("valid_request")
    return Recorded(
        str(path),
        number,
        exchange,
        version,
        valid if isinstance(valid, bool) else None,
        case,
        str(value.get("class", "")),
    )


def _body(value: Any) -> Body:
    """Return a recorded body: a JSON value, or ``{"raw": text}`` for what was not JSON."""
    if isinstance(value, dict) and isinstance(value.get("raw"), str) and set(value) <= {"raw", "raw_length"}:
        text = value["raw"]
        cut = "raw_length" in value
        length = value.get("raw_length", len(text.encode("utf-8", "surrogatepass")))
        if not cut and text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            return _text_body(text, length)
        # Half a JSON value is none, but what was cut off was the rest of one.
        return Body(text=text, is_json=cut and text.lstrip()[:1] in ("{", "["), size=length, cut=cut)
    return Body(json=value, is_json=True, size=1)


def _text_body(text: str, size: int | None = None) -> Body:
    length = len(text.encode("utf-8", "surrogatepass")) if size is None else size
    try:
        return Body(json=json.loads(text.removeprefix("\ufeff")), is_json=True, text=text, size=length)
    except ValueError:
        return Body(text=text, size=length)


def _read_har(path: Path) -> Iterator[Recorded]:
    text = path.read_text("utf-8-sig", "replace")
    try:
        log = json.loads(text)["log"]
        entries = log["entries"]
    except (ValueError, KeyError, TypeError):
        raise RecordedError(f"{path}: this is no HAR file: it has no log with entries") from None
    lines = _har_lines(text, len(entries))
    for index, entry in enumerate(entries):
        try:
            exchange = _har_exchange(entry, index)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordedError(
                f"{path}:{lines[index]}: entry {index + 1} of the HAR file is broken: {error!r}"
            ) from None
        yield Recorded(str(path), lines[index], exchange, case=exchange.id)


def _har_lines(text: str, count: int) -> list[int]:
    """Return the line on which each entry begins, by decoding the array once more, value by value."""
    decoder = json.JSONDecoder()
    for start in _ENTRIES.finditer(text):
        lines: list[int] = []
        at, line, last = start.end(), 1, 0
        try:
            while len(lines) < count:
                while text[at] in " \t\r\n,":
                    at += 1
                line += text.count("\n", last, at)
                last = at
                lines.append(line)
                _, at = decoder.raw_decode(text, at)
        except (ValueError, IndexError):
            continue
        return lines
    return [1] * count


def _har_exchange(entry: Mapping[str, Any], index: int) -> Exchange:
    asked, answered = entry["request"], entry["response"]
    url = urlsplit(asked["url"])
    path = url.path
    at = path.find("/api/")
    if at > 0:
        path = path[at:]  # the target's own path prefix, which the contract does not know
    headers = {header["name"].lower(): header["value"] for header in asked.get("headers", ())}
    body = None
    posted = asked.get("postData")
    if posted and posted.get("text"):
        body = _text_body(posted["text"])
        headers.setdefault("content-type", posted.get("mimeType", ""))
    content = answered.get("content") or {}
    kept = content.get("text")
    cut = kept is None and int(content.get("size") or 0) > 0
    if kept is not None and content.get("encoding") == "base64":
        try:
            kept = base64.b64decode(kept).decode("utf-8", "replace")
        except binascii.Error:
            cut, kept = True, None
    response = None
    if int(answered["status"]) > 0:
        answer_headers = {header["name"].lower(): header["value"] for header in answered.get("headers", ())}
        if content.get("mimeType"):
            answer_headers.setdefault("content-type", content["mimeType"])
        response = Response(
            int(answered["status"]),
            answer_headers,
            _text_body(kept) if kept else Body(cut=cut),
            float(entry.get("time") or 0.0),
        )
    return Exchange(
        id=f"har-{index + 1}",
        operation=None,
        persona="nobody",
        request=Request(
            asked["method"].upper(), path, tuple(parse_qsl(url.query, keep_blank_values=True)), headers, body
        ),
        response=response,
        failure=None if response else "the HAR file holds no answer",
    )
