"""The HTTP side: from a request on the wire to a call, and from an answer back to the wire.

Everything between reading the body and sending the answer happens without giving the thread away, so every call is
atomic. A fault may replace a handler by a coroutine function, to be slow or to race; only then do calls interleave.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from conformance.reference import limiter
from conformance.reference.auth import require_login
from conformance.reference.envelope import (
    Answer,
    ErrorStyle,
    Failure,
    Refusal,
    Stop,
    client_page,
    encode_json,
    html_refusal,
    internal_error,
    no_such_method,
    refusal_answer,
)
from conformance.reference.mail import deliver
from conformance.reference.match import MatchFailure
from conformance.reference.operations import OPERATIONS
from conformance.reference.querystring import parse as parse_query
from conformance.reference.request import BODY_LIMIT, Call, Operation, bad_request, parse_body
from conformance.reference.routing import METHODS, BadPath, Router
from conformance.reference.seam import behaviour
from conformance.reference.site import setting

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from conformance.reference.routing import Route
    from conformance.reference.site import Site

logger = logging.getLogger("conformance.reference")
access_logger = logging.getLogger("conformance.reference.access")

_CORS_HEADERS = "Origin, X-Requested-With, Content-Type, Accept, X-User-Id, X-Auth-Token"


def _nothing(site: Site, call: Call) -> Answer:
    return client_page()


#: Stands in for the operation of a call that belongs to none.
UNROUTED = Operation("", "", "", _nothing, ErrorStyle.ESCAPED, auth=False, limited=False)


@behaviour("http.address")
def client_address(site: Site, headers: dict[str, str], peer: str) -> str:
    """The client's address for the limiter: ``X-Forwarded-For`` as sent, else the peer's."""
    return headers.get("x-forwarded-for") or peer


@behaviour("http.unknown_route")
def unknown_route(site: Site, call: Call) -> Answer:
    """The answer to a path that is no route: the page of the web client, with 200."""
    return client_page()


@behaviour("http.wrong_method")
def wrong_method(site: Site, call: Call, route: Route) -> Answer:
    """The answer to a method that a path does not have: 405 and the header ``Allow``."""
    return no_such_method(route.allowed)


@behaviour("http.options")
def options_answer(site: Site, call: Call) -> Answer:
    """The answer to OPTIONS on a path that exists."""
    if "access-control-request-method" not in call.headers:
        return Answer(404, content=b"", media=None)
    if not setting(site, "API_Enable_CORS"):
        text = b'CORS not enabled. Go to "Admin > General > REST Api" to enable it.'
        return Answer(405, content=text, media="text/plain")
    headers = {
        "access-control-allow-origin": str(setting(site, "API_CORS_Origin")),
        "access-control-allow-methods": "GET, POST, PUT, DELETE, HEAD, PATCH",
        "access-control-allow-headers": f"{_CORS_HEADERS}, x-visitor-token",
    }
    return Answer(200, headers=headers, content=b"", media=None)


@behaviour("http.body")
def read_body(site: Site, call: Call, raw: bytes) -> Any:
    """The value of a call's body.

    Raises:
        Stop: The answer of the body parser to what it cannot read.
    """
    return parse_body(call.method, call.headers, raw)


@behaviour("http.query")
def read_query(site: Site, call: Call, text: str) -> dict[str, Any]:
    """The value of a call's query."""
    return parse_query(text)


@behaviour("http.find_route")
def find_route(site: Site, router: Router, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a path as sent, and its decoded parameters.

    Raises:
        BadPath: A parameter has a malformed percent code.
    """
    return router.find(path)


@behaviour("http.refuse")
def refuse(site: Site, call: Call, error: Refusal | Failure | MatchFailure) -> Answer:
    """The answer to an error that a handler met, in the way of its route."""
    return refusal_answer(error, call.operation.errors)


@behaviour("http.headers")
def final_headers(site: Site, call: Call, answer: Answer) -> dict[str, str]:
    """The headers of an answer, content type included."""
    headers = dict(answer.headers)
    if answer.media is not None:
        headers["content-type"] = answer.media
    if call.operation.id:
        headers["cache-control"] = "no-store"
        headers["pragma"] = "no-cache"
        if setting(site, "API_Enable_CORS"):
            headers.setdefault("access-control-allow-origin", str(setting(site, "API_CORS_Origin")))
            headers.setdefault("access-control-allow-headers", _CORS_HEADERS)
    return headers


@behaviour("http.answer")
def pass_answer(site: Site, operation_id: str | None, call: Call, answer: Answer) -> Answer:
    """The last thing that happens to an answer before it is sent."""
    return answer


@behaviour("http.finish")
def finish(site: Site, call: Call, *, keep: bool) -> None:
    """End the transaction of a call: keep or undo what it wrote, and send its mails or drop them."""
    mails, site.outbox = site.outbox, []
    if not keep:
        site.store.rollback()
        return
    site.store.commit()
    for mail in mails:
        deliver(site, mail)


class Application:
    """The ASGI application of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.router = Router(OPERATIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; web sockets are refused."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        started = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        client = scope.get("client")
        call = Call(
            method=scope["method"],
            path=path,
            params={},
            query={},
            body={},
            headers=headers,
            address=client_address(self.site, headers, client[0] if client else ""),
            operation=UNROUTED,
        )
        raw = await self._read(receive)
        answer = await self._guarded(call, scope["query_string"], raw)
        delay = self.site.options.refusal_delay
        if delay and answer.status in (401, 403):
            await asyncio.sleep(delay)
        content = answer.content if answer.content is not None else encode_json(answer.body)
        response = Response(
            b"" if call.method == "HEAD" else content, answer.status, final_headers(self.site, call, answer)
        )
        if access_logger.isEnabledFor(logging.INFO):
            spent = (time.perf_counter() - started) * 1000
            access_logger.info("%s %s %d %.1f ms", call.method, path, answer.status, spent)
        await response(scope, receive, send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body; None where it is larger than the limit."""
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body"):
            return body
        parts = [body]
        size = len(body)
        while message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > BODY_LIMIT:
                return None
        return b"".join(parts)

    async def _guarded(self, call: Call, query: bytes, raw: bytes | None) -> Answer:
        """The answer to a call, whatever happens: an unexpected error is a bug of ours and answers 500."""
        site = self.site
        try:
            answer = await self._handled(call, query, raw)
            passed: Any = pass_answer(site, call.operation.id or None, call, answer)
            final: Answer = await passed if inspect.isawaitable(passed) else passed
            return final
        except Exception:
            logger.exception("Unexpected error in %s %s", call.method, call.path)
            finish(site, call, keep=False)
            return internal_error()

    async def _handled(self, call: Call, query: bytes, raw: bytes | None) -> Answer:
        site = self.site
        extra: dict[str, str] = {}
        keep = False
        try:
            stopped = self._route(call, query, raw)
            if stopped is not None:
                return stopped
            if call.operation.auth:
                require_login(site, call)
            if limiter.applies(site, call):
                extra = limiter.count(site, call)
            result: Any = call.operation.handler(site, call)
            answer: Answer = await result if inspect.isawaitable(result) else result
            keep = True
        except Stop as stop:
            answer = stop.answer
        except (Refusal, Failure) as error:
            keep = error.keep
            answer = refuse(site, call, error)
        except MatchFailure as error:
            answer = refuse(site, call, error)
        finish(site, call, keep=keep)
        answer.headers.update(extra)
        return answer

    def _route(self, call: Call, query: bytes, raw: bytes | None) -> Answer | None:
        """Find the operation of a call and fill in what it says; an answer where there is no operation to ask."""
        if raw is None:
            return html_refusal(413, "Payload Too Large")
        call.raw = raw
        call.body = read_body(self.site, call, raw)
        if call.method == "HEAD":
            return unknown_route(self.site, call)
        try:
            found = find_route(self.site, self.router, call.path)
        except BadPath:
            return bad_request()
        if found is None:
            return unknown_route(self.site, call)
        route, call.params = found
        if call.method == "OPTIONS":
            return options_answer(self.site, call)
        operation = route.operations.get(call.method)
        if operation is None:
            known = call.method in METHODS
            return wrong_method(self.site, call, route) if known else unknown_route(self.site, call)
        call.operation = operation
        if query:
            call.query = read_query(self.site, call, query.decode("utf-8", "replace"))
        return None
