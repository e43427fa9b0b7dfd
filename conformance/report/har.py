"""Writes ``exchanges.har`` (HTTP Archive 1.2), on request: the exchanges of a result, or all of a run's spool."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from conformance.contract.exchange import Body, Exchange
from conformance.verdicts.result import Result
from conformance.verdicts.spool import plain


def render_har(result: Result, exchanges: Iterable[Exchange] | None = None) -> str:
    """Give exchanges as an HTTP archive.

    Args:
        result: Names the target and the suite.
        exchanges: All exchanges of the run, from its spool; without them those that the result refers to.
    """
    chosen = result.exchanges.values() if exchanges is None else exchanges
    entries = [_entry(each, result.target.url.rstrip("/")) for each in sorted(chosen, key=lambda each: each.started)]
    log = {
        "log": {
            "version": "1.2",
            "creator": {"name": "livechat-conformance", "version": result.suite.version},
            "comment": result.sentence,
            "entries": entries,
        }
    }
    return json.dumps(plain(log), ensure_ascii=False, indent=1) + "\n"


def _entry(exchange: Exchange, url: str) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in request.query)
    elapsed = response.elapsed_ms if response else 0.0
    sent: dict[str, Any] = {
        "method": request.method,
        "url": f"{url}{request.path}{'?' + query if query else ''}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.headers),
        "queryString": [{"name": name, "value": value} for name, value in request.query],
        "headersSize": -1,
        "bodySize": request.body.size if request.body else 0,
    }
    if request.body is not None:
        sent["postData"] = {"mimeType": request.headers.get("content-type", ""), "text": _text(request.body)}
    return {
        "startedDateTime": datetime.fromtimestamp(exchange.started, UTC).isoformat(),
        "time": elapsed,
        "request": sent,
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": elapsed, "receive": 0},
        "comment": " · ".join(filter(None, (exchange.id, exchange.persona, exchange.operation, exchange.failure))),
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    response = exchange.response
    body = response.body if response else Body()
    headers = response.headers if response else {}
    status = response.status if response else 0
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return {
        "status": status,
        "statusText": phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(headers),
        "content": {"size": body.size, "mimeType": headers.get("content-type", ""), "text": _text(body)},
        "redirectURL": headers.get("location", ""),
        "headersSize": -1,
        "bodySize": body.size,
    }


def _headers(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _text(body: Body) -> str:
    if body.is_json and body.text is None:
        return json.dumps(body.json, ensure_ascii=False, default=str)
    return body.text or ""
