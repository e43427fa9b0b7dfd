"""Reads a request body as the server's parsers do, from the content type alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.contract.query import parse_form

if TYPE_CHECKING:
    from conformance.contract.exchange import Request

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_JSON_TYPES = {"", JSON, "application/vnd.api+json"}
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class ReadBody:
    """A request body as a handler would see it.

    Attributes:
        present: Whether a body was sent at all.
        value: What the handler sees.
        media: The content type whose schema describes it.
        problem: Why the parser refuses it before any handler, or ``None``.
        complete: Whether the recorder kept all of it.
    """

    present: bool
    value: Any = None
    media: str = JSON
    problem: str | None = None
    complete: bool = True


def media_type(header: str | None) -> str:
    """Return a content type without its parameters, in lower case; empty where there is none."""
    return (header or "").partition(";")[0].strip().lower()


def read_body(request: Request) -> ReadBody:
    """Read the body of a request.

    JSON is parsed for ``application/json``, ``application/vnd.api+json`` and without any content type; a form becomes
    an object of strings; any other content type leaves an empty object (recordings general/191 to 201).
    """
    body = request.body
    if body is None or not (body.is_json or body.text):
        return ReadBody(False)
    header = request.headers.get("content-type", "")
    media = media_type(header)
    charset = _CHARSET.search(header)
    if media in _JSON_TYPES:
        if charset and not charset[1].lower().startswith("utf-"):
            return ReadBody(True, problem=f"the charset {charset[1]} is not supported", complete=not body.cut)
        if not body.is_json:
            return ReadBody(True, problem="the body is not JSON", complete=not body.cut)
        return ReadBody(True, body.json, complete=not body.cut)
    if media == FORM:
        text = body.text if body.text is not None else json.dumps(body.json)
        return ReadBody(True, parse_form(text), FORM, complete=not body.cut)
    return ReadBody(True, {}, complete=not body.cut)
