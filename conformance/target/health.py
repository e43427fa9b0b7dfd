"""Health: is what answers at the URL a Livechat API at all; if not, a sentence that says why, the cause first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from conformance.contract.versions import parse_version
from conformance.target.errors import RateLimitExceeded, TargetNotHealthy, TargetUnreachable
from conformance.target.login import text_of
from conformance.target.personas import NOBODY

if TYPE_CHECKING:
    from conformance.contract.exchange import Exchange
    from conformance.target.client import RecordingClient

INFO: Final = "/api/info"
CONFIG: Final = "/api/v1/livechat/config"
_PASSING: Final = {502, 503, 504}
_PATIENCE_S: Final = 8.0
"""Seconds for which a server that is just starting is waited for."""


def check_health(client: RecordingClient) -> tuple[Exchange, Exchange]:
    """The answers of ``/api/info`` and of the widget's configuration, from a target that looks like a Livechat server.

    Raises:
        TargetUnreachable: Nothing answers.
        TargetNotHealthy: What answers is no Livechat API, or not in order.
    """
    info = _ask(client, INFO)
    _refuse_unless_json(client, info, INFO)
    config = _ask(client, CONFIG)
    if version_of(info.json) is not None:
        if config.failure:
            raise TargetUnreachable(f"{client.url} answers {INFO}, but not {CONFIG}. {config.failure}")
        if config.status is not None and config.status >= 500:
            raise TargetNotHealthy(
                f"Server error: {client.url} answers {CONFIG} with {config.status} ({text_of(config)})."
            )
        return info, config
    # Some proxies hide the version: the widget's configuration decides then.
    _refuse_unless_json(client, config, CONFIG)
    if isinstance(config.json, dict) and isinstance(config.json.get("config"), dict):
        return info, config
    raise TargetNotHealthy(
        f"Not a Livechat server: {client.url}{INFO} answers {info.status} without a version ({_seen(info)}), and "
        f"{CONFIG} "
        f"answers {config.status} without a configuration ({_seen(config)}). Check that the URL is the root of "
        "the server."
    )


def _ask(client: RecordingClient, path: str) -> Exchange:
    give_up = time.monotonic() + _PATIENCE_S
    pause = 0.3
    while True:
        try:
            exchange = client.request(NOBODY, "GET", path)
        except RateLimitExceeded as refused:
            raise TargetNotHealthy(
                f"Rate limit: {client.url}{path} is answered with 429 again and again "
                f"({text_of(refused.exchange)}). Wait a "
                "minute, or switch API_Enable_Rate_Limiter off for the run."
            ) from None
        if exchange.status not in _PASSING or time.monotonic() + pause > give_up:
            return exchange
        time.sleep(pause)
        pause *= 1.8


def _refuse_unless_json(client: RecordingClient, exchange: Exchange, path: str) -> None:
    where = f"{client.url}{path}"
    if exchange.failure:
        raise TargetUnreachable(_unreachable(client, exchange.failure))
    response = exchange.response
    assert response is not None
    status = response.status
    if 300 <= status < 400:
        raise TargetNotHealthy(_redirect(client, path, status, response.headers.get("location", "")))
    if status in {401, 403, 407}:
        raise TargetNotHealthy(
            f"Access refused: {where} answers {status} ({text_of(exchange)}), though it needs no login on a "
            "Livechat server. "
            "Something in front of it (a proxy, a firewall) asks for credentials: judge the server behind it."
        )
    if status >= 500:
        raise TargetNotHealthy(
            f"Server error: {where} answers {status} ({text_of(exchange)}). Look into the server's log."
        )
    if response.body.cut and response.body.size > client.max_bytes:
        raise TargetNotHealthy(
            f"Endless answer: {where} sends more than {client.max_bytes:,} bytes: that is no API answer. The URL must "
            "be the root of a Livechat server."
        )
    if not response.body.is_json:
        kind = text_of(exchange)
        raise TargetNotHealthy(
            f"Not JSON: {where} answers {status} with {kind if kind.startswith('an ') else 'text: ' + kind}. The "
            "URL must be "
            "the root of a Livechat server, and no proxy page or web site."
        )
    if status == 404 or status >= 400:
        raise TargetNotHealthy(
            f"Not a Livechat server: {where} answers {status} ({text_of(exchange)}). Check that the URL is the "
            "root of the server."
        )


def _unreachable(client: RecordingClient, failure: str) -> str:
    host = urlsplit(client.url).netloc
    if "certificate is not trusted" in failure:
        return f"{failure} ({host}). Give the authority's file with --ca, or --insecure to accept any certificate."
    if "wrong version number" in failure.lower().replace("_", " ") or "TLS failed" in failure:
        return f"{failure} ({host}). Perhaps it speaks plain http: try http://{host}."
    if "Name or service" in failure or "not known" in failure or "resolution" in failure or "nodename" in failure:
        return f"The host name cannot be found: {host}. Check the URL. ({failure})"
    if "refused" in failure:
        return f"Connection refused by {host}: nothing listens there. Start the server, or check host and port."
    if "whole answer" in failure:
        return f"No answer from {host}: it takes the connection, but sends no whole answer in time. ({failure})"
    return f"No answer from {host}. {failure} Check the URL, and that it speaks {urlsplit(client.url).scheme}."


def _redirect(client: RecordingClient, path: str, status: int, location: str) -> str:
    to = urljoin(client.url + path, location) if location else ""
    try:
        parts = urlsplit(to)
        origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""
    except ValueError:
        origin = ""
    shown = "".join(character if character.isprintable() else "�" for character in to[:120])
    start = f"Redirect: {client.url}{path} answers {status} and sends to {shown or 'nowhere'}. "
    if origin and origin != client.url and parts.path == path:
        return f"{start}Redirects are not followed, so that credentials stay with the target: give {origin} as the URL."
    return f"{start}An API does not redirect: this looks like a login page or a proxy in front of the server."


def version_of(body: Any) -> str | None:
    """The version in an answer of ``/api/info``: at the top, or inside ``info`` for administrators; else ``None``."""
    if not isinstance(body, dict):
        return None
    inner = body.get("info")
    for value in (body.get("version"), inner.get("version") if isinstance(inner, dict) else None):
        if isinstance(value, str) and len(value) <= 60:
            try:
                parse_version(value)
            except ValueError:
                continue
            return value.strip()
    return None


def _seen(exchange: Exchange) -> str:
    body = exchange.json
    if isinstance(body, dict):
        return "keys: " + ", ".join(sorted(map(str, body))[:5])[:100] if body else "an empty object"
    return text_of(exchange)
