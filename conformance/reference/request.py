"""Operations, and a call as they see it: path parameters, query, body, headers and who asks.

The parsing keeps the oddities of the real server: JSON without a content type is read, other types are not, a POST
without anything has the empty text as its body (recordings ``general/186`` to ``general/201``, ``room/085``).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from conformance.reference import querystring
from conformance.reference.envelope import Answer, Stop, html_refusal
from conformance.reference.jsontext import BadJson, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.reference.envelope import ErrorStyle
    from conformance.reference.site import Site
    from conformance.reference.store import Document

#: The largest body in bytes, packed or unpacked.
BODY_LIMIT: Final = 50 * 1024 * 1024

_CHARSETS: Final = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "utf-16", "utf-16le"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path.

    Attributes:
        id: The operationId of the contract.
        method: Upper case.
        path: The template, for example ``/api/v1/livechat/visitor/{token}``.
        handler: Answers a call; passes the seam under the name ``operation.<id>``.
        errors: How errors are reported.
        auth: Whether credentials are needed.
        limited: Whether the rate limiter counts its calls.
    """

    id: str
    method: str
    path: str
    handler: Callable[[Site, Call], Answer]
    errors: ErrorStyle
    auth: bool
    limited: bool


@dataclass(slots=True)
class Call:
    """One call of an operation.

    Attributes:
        method: Upper case.
        path: The path as sent, still percent-encoded.
        params: Decoded path parameters by name.
        query: The query with brackets read: texts, arrays, objects.
        body: The parsed body: an object or array, ``{}`` where nothing was parsed, ``""`` where nothing
            was sent at all.
        headers: Names in lower case; of repeated ones the last.
        address: The client's address, taken from ``X-Forwarded-For`` first.
        user: The account that asks, on operations that need one; a fresh copy of its document.
        token: The login token of that account, on operations that need one.
        operation: The operation that the call is for.
        raw: The body as it was sent, for uploads.
    """

    method: str
    path: str
    params: dict[str, str]
    query: dict[str, Any]
    body: Any
    headers: Mapping[str, str]
    address: str
    operation: Operation
    user: Document = field(default_factory=dict)
    token: str = ""
    raw: bytes = b""


def bad_request() -> Answer:
    """400 as the body parser gives it: an HTML page."""
    return html_refusal(400, "Bad Request")


def unpacked(raw: bytes, encoding: str) -> bytes:
    """The body without its content encoding.

    Raises:
        Stop: 415 for an unknown encoding, 400 for broken data, 413 for too much of it.
    """
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "deflate"):
        raise Stop(html_refusal(415, "Unsupported Media Type"))
    try:
        machine = zlib.decompressobj(zlib.MAX_WBITS | 32)
        data = machine.decompress(raw, BODY_LIMIT)
    except zlib.error:
        raise Stop(bad_request()) from None
    if machine.unconsumed_tail:
        raise Stop(html_refusal(413, "Payload Too Large"))
    return data


def parse_body(method: str, headers: Mapping[str, str], raw: bytes) -> Any:
    """The value of a body.

    Raises:
        Stop: The answer of the body parser: 400 malformed, 413 too large, 415 unknown charset or encoding.
    """
    kind = headers.get("content-type", "")
    if not raw:
        return "" if not kind and method != "GET" and "content-length" in headers else {}
    media, _, parameters = kind.partition(";")
    media = media.strip().lower()
    is_json = not media or media == "application/json" or media.endswith("+json")
    if not is_json and media != "application/x-www-form-urlencoded":
        return {}
    charset = _charset(parameters)
    if charset not in _CHARSETS:
        raise Stop(html_refusal(415, "Unsupported Media Type"))
    raw = unpacked(raw, headers.get("content-encoding", "").strip().lower())
    if charset not in ("utf-8", "utf8"):
        raw = raw.decode(charset, "replace").encode()
    if not is_json:
        return querystring.parse(raw.decode("utf-8", "replace"))
    if not raw:
        return {}
    try:
        value = parse_json(raw)
    except BadJson:
        raise Stop(bad_request()) from None
    if not isinstance(value, dict | list):
        raise Stop(bad_request())
    return value


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"
