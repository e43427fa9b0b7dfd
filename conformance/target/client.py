"""The recording client: sends requests in the name of personas, and keeps every exchange, redacted, timed and checked.

Whatever the target does, a call ends in an ``Exchange``: with a response, or with a ``failure`` sentence. Answers are
bounded in size and time, redirects are never followed, and no cookie is ever kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json as jsonlib
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import httpcore
import httpx

from conformance.contract.exchange import LARGEST_BODY, Body, Exchange, Request, Response
from conformance.target.bodies import TEXT_LIMIT, Inflater, capture, read_json, refuse_masses, whole
from conformance.target.errors import RateLimitExceeded, SettingsError, WriteRefused
from conformance.target.health import INFO
from conformance.target.personas import NOBODY
from conformance.target.ports import Silence
from conformance.target.redact import Redactor
from conformance.target.settings import Settings
from conformance.target.throttle import Throttle
from conformance.target.transport import BoundedTransport, ssl_context
from conformance.target.wire import failure_of, fill, pairs_of, printable_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from conformance.target.personas import Caller, Persona
    from conformance.target.ports import ContractLike, Sink
    from conformance.target.vigil import Vigil
    from conformance.target.wire import Query


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final[Any] = _Absent()
"""No body; ``json=None`` sends the JSON value ``null``."""

USER_AGENT: Final = "livechat-conformance"
_UNRECORDED: Final = {"host", "connection", "content-length", "accept-encoding", "user-agent", "accept"}
_SAFE_METHODS: Final = {"GET", "HEAD", "OPTIONS"}
_MOST_HEADERS: Final = 100
_LARGE: Final = 1024 * 1024
"""Bytes of a body above which only one is read and parsed at a time: threads would need the memory of all of them."""
_LONGEST_LOGIN: Final = 1024 * 1024


@dataclasses.dataclass(slots=True)
class _Outgoing:
    """One request on its way: what goes over the wire, and what is kept of it."""

    method: str
    target: str
    wire_headers: dict[str, str]
    content: bytes | None
    kept: Request
    operation: str | None
    owner: str


class RecordingClient:
    """Sends requests to one target; safe for use by several threads.

    Args:
        settings: The run's settings; ``url`` must be set.
        contract: Resolves operations and checks exchanges; ``None`` before it is known.
        sink: Is told of every exchange and of its mismatches.
        throttle: Keeps the pace; by default one that obeys ``settings.max_rate``.
        vigil: Notices that the target has stopped answering; by default nobody does.
        worker: Stands in the ids of exchanges.
        max_bytes: Bytes of an answer's body, decompressed, that are read at most.

    Attributes:
        item: The test item that sends, copied into each exchange.
        sent: How many requests were sent.
        redactor: Knows the run's secrets.
        max_bytes: Bytes of an answer's body, decompressed, that are read at most.
    """

    def __init__(
        self,
        settings: Settings | str,
        contract: ContractLike | None = None,
        sink: Sink | None = None,
        throttle: Throttle | None = None,
        *,
        vigil: Vigil | None = None,
        worker: str = "main",
        max_bytes: int = LARGEST_BODY,
    ) -> None:
        self.settings = Settings(url=settings) if isinstance(settings, str) else settings
        self.url = self.settings.url or ""
        self.contract = contract
        self.sink: Sink = sink or Silence()
        self.throttle = throttle or Throttle(max_rate=self.settings.max_rate)
        self.vigil = vigil
        self.item = ""
        self.sent = 0
        self.redactor = Redactor()
        self.redactor.learn(self.settings.admin_token, "auth:admin")
        self._worker = worker
        self.max_bytes = max_bytes
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._large = threading.Lock()
        context = None
        if self.url.startswith("https:"):
            try:
                context = ssl_context(insecure=self.settings.insecure, ca=self.settings.ca)
            except OSError as problem:
                raise SettingsError(
                    f"The authorities in {self.settings.ca} cannot be used: {problem.strerror or problem}. "
                    "Give --ca a PEM file of certificate authorities."
                ) from None
        self._transport = BoundedTransport(context)

    def __enter__(self) -> RecordingClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def send(
        self,
        who: Caller,
        operation_id: str,
        *,
        path: Mapping[str, object] | None = None,
        query: Query | None = None,
        json: Any = ABSENT,
        data: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        allow_429: bool = False,
        timeout_s: float | None = None,
        second_factor: bool = False,
    ) -> Exchange:
        """Send one operation of the contract.

        Args:
            who: A persona, or a visitor of the world; gives the credentials.
            operation_id: An ``operationId`` of the contract.
            path: Values of path parameters; percent-encoded here.
            query: Names to values, or pairs; ``None`` is left out, a ``dict`` is sent as JSON, a list repeats its name.
            json: The body as a JSON value; ``ABSENT`` sends none.
            data: The body as form fields.
            content: The body as it is; give ``content-type`` in ``headers``.
            headers: Further headers; they win over those of ``who``.
            allow_429: Return an answer 429 instead of waiting and trying again.
            timeout_s: Seconds for this request instead of the run's.
            second_factor: Add the password fallback of the second factor.

        Raises:
            KeyError: The contract has no such operation.
            WriteRefused: The operation writes, and the run is read-only.
            RateLimitExceeded: The target kept answering 429.
            BudgetExhausted: The run's time is over.
        """
        if self.contract is None:
            raise KeyError(f"no contract is loaded, so {operation_id} cannot be sent by its id")
        operation = self.contract.operations[operation_id]
        extra = {**(who.persona.second_factor if second_factor else {}), **(headers or {})}
        exchange, _ = self._exchange(
            who.persona,
            operation.method,
            fill(operation.path, path or {}),
            query=query,
            json=json,
            data=data,
            content=content,
            headers=extra,
            operation=operation,
            allow_429=allow_429,
            timeout_s=timeout_s,
        )
        return exchange

    def request(
        self,
        who: Caller,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        json: Any = ABSENT,
        data: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        allow_429: bool = False,
        timeout_s: float | None = None,
    ) -> Exchange:
        """Send any request; ``path`` goes out as it is, percent codes included. Otherwise as ``send``."""
        exchange, _ = self.request_private(
            who,
            method,
            path,
            query=query,
            json=json,
            data=data,
            content=content,
            headers=headers,
            allow_429=allow_429,
            timeout_s=timeout_s,
        )
        return exchange

    def request_private(self, who: Caller, method: str, path: str, **how: Any) -> tuple[Exchange, Any]:
        """As ``request``, and the answer's JSON with its secrets still in it: for logging in, and for nothing else."""
        found = self.contract.match(method.upper(), path) if self.contract else None
        return self._exchange(who.persona, method.upper(), path, operation=found[0] if found else None, **how)

    def _exchange(
        self,
        persona: Persona,
        method: str,
        path: str,
        *,
        operation: Any = None,
        query: Query | None = None,
        json: Any = ABSENT,
        data: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        allow_429: bool = False,
        timeout_s: float | None = None,
        owner: str | None = None,
    ) -> tuple[Exchange, Any]:
        self.redactor.learn_persona(persona)
        self._refuse_writes(method, path, operation)
        outgoing = self._prepare(persona, method, path, query, json, data, content, headers)
        outgoing.operation = operation.id if operation else None
        outgoing.owner = owner or persona.name
        route = f"{method} {operation.path if operation else path}"
        authenticated = bool(operation.authenticated if operation else persona.auth_token)
        waited = 0.0
        for attempt in itertools.count(1):
            if self.vigil:
                self.vigil.before()
            self.throttle.before(route, persona.name)
            exchange, private = self._once(persona.name, outgoing, timeout_s or self.settings.timeout_s)
            self.sink.exchange(exchange)
            response = exchange.response
            self._watch(exchange)
            if response is not None:
                self.throttle.after(
                    route,
                    persona.name,
                    response.status,
                    response.headers,
                    authenticated=authenticated and bool(persona.headers),
                )
            if response is None or response.status != 429 or allow_429:
                break
            wait = self.throttle.refused(route, attempt, response.headers, response.body.json)
            waited += wait
            if attempt >= self.throttle.attempts or waited > self.throttle.max_wait_s:
                raise RateLimitExceeded(
                    f"{route} was answered with 429 {attempt} times in a row: the target's rate limiter is on, "
                    "and waiting did not help. Switch API_Enable_Rate_Limiter off, or lower --max-rate.",
                    exchange,
                )
            self.throttle.wait(wait, f"{route} was answered with 429")
        if self.contract is not None and (exchange.status != 429 or allow_429):
            self.sink.mismatches(exchange, self.contract.check(exchange))
        return exchange, private

    def _watch(self, exchange: Exchange) -> None:
        if self.vigil is None:
            return
        # What is no HTTP came from somebody all the same.
        if exchange.response is None and "is not HTTP" not in (exchange.failure or ""):
            self.vigil.unanswered(exchange.id, self._is_there)
        else:
            self.vigil.answered()

    def _is_there(self, most_s: float) -> bool:
        """Whether the target answers at all; the exchange belongs to no test, so nobody is told of it."""
        asked = self._prepare(NOBODY, "GET", INFO, None, ABSENT, None, None, None)
        exchange, _ = self._once(NOBODY.name, asked, min(most_s, self.settings.timeout_s))
        return exchange.response is not None

    def _refuse_writes(self, method: str, path: str, operation: Any) -> None:
        if not self.settings.read_only:
            return
        # Logging in is the one write that reading as somebody needs.
        if path.rstrip("/") in {"/api/v1/login", "/api/v1/logout"}:
            return
        writes = operation.effects != "read" if operation else method not in _SAFE_METHODS
        if writes:
            raise WriteRefused(f"{method} {path} writes, and the run is read-only: it was not sent.")

    def _prepare(
        self,
        persona: Persona,
        method: str,
        path: str,
        query: Query | None,
        json: Any,
        data: Mapping[str, str] | None,
        content: bytes | str | None,
        headers: Mapping[str, str] | None,
    ) -> _Outgoing:
        sent = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "identity", **persona.headers}
        raw: bytes | None = None
        if json is not ABSENT:
            raw = jsonlib.dumps(json, separators=(",", ":")).encode("ascii")
            sent["content-type"] = "application/json"
        elif data is not None:
            raw = urlencode(dict(data), errors="replace").encode("ascii")
            sent["content-type"] = "application/x-www-form-urlencoded"
        elif content is not None:
            raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        if raw is not None or method in {"POST", "PUT", "PATCH"}:
            sent["content-length"] = str(len(raw or b""))
        pairs = pairs_of(query)
        clean_path = printable_path(path)
        encoded = urlencode(pairs, errors="replace")
        separator = "&" if "?" in clean_path else "?"
        kept = Request(
            method=method,
            path=self.redactor.text(clean_path),
            query=self.redactor.pairs(tuple((whole(name), whole(value)) for name, value in pairs)),
            headers=self.redactor.headers({name: value for name, value in sent.items() if name not in _UNRECORDED}),
            body=None if raw is None else capture(raw, self.redactor, path),
        )
        target = clean_path + (separator + encoded if encoded else "")
        return _Outgoing(method, target, sent, raw, kept, None, persona.name)

    def _once(self, persona: str, outgoing: _Outgoing, timeout_s: float) -> tuple[Exchange, Any]:
        with self._lock:
            number = next(self._numbers)
            self.sent += 1
        started, clock = time.time(), time.perf_counter()
        response: Response | None = None
        private: Any = None
        failure: str | None = None
        self._transport.set_deadline(time.monotonic() + timeout_s)
        try:
            with contextlib.ExitStack() as alone:
                status, headers, data, size, cut = self._receive(outgoing, timeout_s, alone)
                elapsed = (time.perf_counter() - clock) * 1000
                if not cut:
                    refuse_masses(data)
                    private = self._learn_login(outgoing, data)
                body = capture(data, self.redactor, outgoing.kept.path, size=size, cut=cut)
                del data
            response = Response(status, self.redactor.headers(headers), body, round(elapsed, 3))
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError) as problem:
            raise ValueError(
                f"{outgoing.method} {outgoing.target[:200]} is no request that HTTP allows: {problem}"
            ) from None
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            OSError,
            ValueError,
        ) as problem:
            failure = self.redactor.text(failure_of(problem, time.perf_counter() - clock, timeout_s))
        finally:
            self._transport.set_deadline(None)
        exchange = Exchange(
            id=f"{self._worker}-{number:06d}",
            operation=outgoing.operation,
            persona=persona,
            request=outgoing.kept,
            response=response,
            failure=failure,
            started=round(started, 6),
            item=self.item,
        )
        return exchange, private

    def _receive(
        self, outgoing: _Outgoing, timeout_s: float, alone: contextlib.ExitStack
    ) -> tuple[int, dict[str, str], bytearray, int, bool]:
        """Status, headers, decompressed bytes, size and whether the body was cut; a large one goes on ``alone``."""
        request = httpx.Request(
            outgoing.method,
            self.url + "/",
            headers=[
                (name.encode("ascii", "replace"), value.encode("utf-8", "replace"))
                for name, value in outgoing.wire_headers.items()
            ],
            content=outgoing.content,
            extensions={
                "timeout": {"connect": min(timeout_s, 10.0), "read": timeout_s, "write": timeout_s, "pool": timeout_s},
                "target": outgoing.target.encode("ascii"),
            },
        )
        answer = self._transport.handle_request(request)
        if self.vigil:
            # An answer that goes wrong after its headers is a fault, and no silence.
            self.vigil.answered()
        try:
            headers = _headers(answer.headers.raw)
            inflater = Inflater(headers.get("content-encoding", ""))
            data = bytearray()
            size, large = 0, False
            deadline = time.monotonic() + timeout_s
            for chunk in answer.stream:  # type: ignore[union-attr]
                piece = inflater.feed(chunk, self.max_bytes - size + 1)
                size += len(piece)
                data += piece
                if size > _LARGE and not large:
                    large = self._large.acquire(timeout=timeout_s)
                    if not large:
                        raise TimeoutError
                    alone.callback(self._large.release)
                if size > self.max_bytes:
                    # Nobody reads more of it than its beginning.
                    return answer.status_code, headers, data[: 2 * TEXT_LIMIT], size, True
                if time.monotonic() > deadline:
                    raise TimeoutError
            if size and not inflater.finished:
                raise ValueError("the compressed body ends too early")
            return answer.status_code, headers, data, size, False
        finally:
            answer.close()

    def _learn_login(self, outgoing: _Outgoing, data: bytearray) -> Any:
        """The raw JSON of an answer that carries a new token, after the token was made known to the redactor."""
        if b'"authToken"' not in data or len(data) > _LONGEST_LOGIN:
            return None
        is_json, value = read_json(data.decode("utf-8", "replace"))
        inner = value.get("data") if is_json and isinstance(value, dict) else None
        token = inner.get("authToken") if isinstance(inner, dict) else None
        if isinstance(token, str):
            self.redactor.learn(token, f"auth:{outgoing.owner}")
        return value


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw[:_MOST_HEADERS]:
        key = name.decode("latin-1").lower()
        text = value.decode("utf-8", "replace")[:4096]
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


__all__ = ["ABSENT", "Body", "RecordingClient"]
