"""Exchanges as they are shown: request and response with headers and body, the differing member marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from conformance.contract.exchange import Body, Exchange
from conformance.report.jsonview import json_markup
from conformance.report.text import text_node
from conformance.report.view import ExchangeView, Message, Reference

_BRIEF_HEADERS: Final = frozenset({"location", "retry-after"})


class Gallery:
    """Draws each exchange where it is mentioned first, and links to it from everywhere else.

    Args:
        exchanges: All exchanges of the result by id.
    """

    def __init__(self, exchanges: Mapping[str, Exchange]) -> None:
        self._exchanges = exchanges
        self._drawn: set[str] = set()

    def mention(self, ids: Iterable[str], *, brief: bool, pointer: str | None = None) -> tuple[Reference, ...]:
        """Give references in order; the pointer marks a member in the response of the last one."""
        names = [name for name in ids if name in self._exchanges]
        return tuple(
            self._reference(name, brief, (pointer,) if pointer and name == names[-1] else ()) for name in names
        )

    def get(self, name: str) -> Exchange:
        """Give an exchange by its id."""
        return self._exchanges[name]

    def __contains__(self, name: str) -> bool:
        return name in self._exchanges

    def _reference(self, name: str, brief: bool, marked: Collection[str]) -> Reference:
        if name in self._drawn:
            return Reference(name, None)
        self._drawn.add(name)
        return Reference(name, draw(self._exchanges[name], marked=marked, brief=brief))


def draw(exchange: Exchange, *, marked: Collection[str] = (), brief: bool = False) -> ExchangeView:
    """Give an exchange as it is shown.

    Args:
        exchange: With secrets already replaced.
        marked: JSON pointers of members of the response to mark.
        brief: Whether to leave out the headers that say nothing, and line breaks in JSON.
    """
    request, response = exchange.request, exchange.response
    query = "&".join(f"{quote(name, safe='{}:[]$')}={quote(value, safe='{}:[]$')}" for name, value in request.query)
    answer = None
    if response is not None:
        answer = Message(
            line=f"{response.status} {_phrase(response.status)}".rstrip(),
            headers=_headers(response.headers, brief),
            body=_body(response.body, marked, brief),
            note=_note(response.body),
        )
    return ExchangeView(
        id=exchange.id,
        persona=exchange.persona or "nobody",
        operation=exchange.operation or "",
        milliseconds=f"{response.elapsed_ms:.0f} ms" if response is not None else "",
        request=Message(
            line=f"{request.method} {request.path}{'?' + query if query else ''}",
            headers=_headers(request.headers, brief),
            body=_body(request.body, (), brief) if request.body is not None else None,
            note=_note(request.body) if request.body is not None else "",
        ),
        response=answer,
        failure=exchange.failure or ("Nothing came back." if response is None else ""),
        brief=brief,
    )


def _headers(headers: Mapping[str, str], brief: bool) -> tuple[tuple[str, str], ...]:
    shown = sorted(headers.items())
    if not brief:
        return tuple(shown)
    return tuple((name, value) for name, value in shown if name in _BRIEF_HEADERS)


def _body(body: Body, marked: Collection[str], brief: bool) -> Markup | None:
    if body.is_json and not body.cut:
        return json_markup(body.json, marked, indent=not brief)
    if not body.text:
        return None
    return text_node(body.text)


def _note(body: Body) -> str:
    if not body.cut:
        return ""
    shown = len((body.text or "").encode("utf-8", "replace"))
    digest = f", SHA-256 {body.sha256[:16]}…" if body.sha256 else ""
    return f"Cut: {shown:,} of {body.size:,} bytes shown{digest}."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
