"""The transport: httpcore's connection pool under httpx, with one total deadline for each request.

httpx bounds each single read; a server that sends one byte a second would still hold a request for hours. Here every
read and write of a request ends when the request's time is over.
"""

from __future__ import annotations

import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import httpcore
import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from httpcore import SOCKET_OPTION

_KEEP_ALIVE_S: Final = 2.0
"""Idle connections are dropped before servers drop them (5 s with Node), so that no request meets a closing one."""


class _Deadline(threading.local):
    at: float | None = None

    @property
    def over(self) -> bool:
        """Whether the time is up: whoever sends without a pause would never let a socket time out."""
        return self.at is not None and time.monotonic() >= self.at

    def bound(self, timeout: float | None) -> float | None:
        if self.at is None:
            return timeout
        left = max(self.at - time.monotonic(), 0.001)
        return left if timeout is None else min(timeout, left)


class _BoundStream(httpcore.NetworkStream):
    """A network stream whose every operation ends at the deadline of the thread that uses it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._deadline.over:
            raise httpcore.ReadTimeout("the time of the request is over")
        return self._stream.read(max_bytes, self._deadline.bound(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._deadline.over:
            raise httpcore.WriteTimeout("the time of the request is over")
        self._stream.write(buffer, self._deadline.bound(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.bound(timeout))
        return _BoundStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _BoundBackend(httpcore.NetworkBackend):
    def __init__(self, deadline: _Deadline) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, self._deadline.bound(timeout), local_address, socket_options)
        return _BoundStream(stream, self._deadline)


class _Answer(httpx.SyncByteStream):
    def __init__(self, stream: Any, let_go: Callable[[], None]) -> None:
        self._stream = stream
        self._let_go: Callable[[], None] | None = let_go

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            let_go, self._let_go = self._let_go, None
            if let_go is not None:
                let_go()


class BoundedTransport(httpx.BaseTransport):
    """Sends requests over HTTP/1.1 and keeps connections alive; errors are those of httpcore.

    Each connection has a pool of its own, which serves one request at a time. In a pool that threads share, httpcore
    may take a connection for expired while another thread begins to use it, and close it under that request.

    A server that closes idle connections at once may do so just when the next request goes out on one. Where it was
    seen to do that, no connection is used twice from then on.

    Args:
        ssl_context: For https.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        self._keeps = True
        self._deadline = _Deadline()
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._pools: list[httpcore.ConnectionPool] = []
        self._idle: list[tuple[httpcore.ConnectionPool, float]] = []

    def set_deadline(self, at: float | None) -> None:
        """Until when (monotonic seconds) the requests of this thread may take."""
        self._deadline.at = at

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the response's body is still to be read."""
        pool = self._take()
        try:
            answer = pool.handle_request(_outgoing(request))
        except BaseException:
            self._let_go(pool)
            raise
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Answer(answer.stream, lambda: self._let_go(pool)),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            pools, self._pools, self._idle = self._pools, [], []
        for pool in pools:
            pool.close()

    def _take(self) -> httpcore.ConnectionPool:
        """A pool that nobody uses: the one that was used last, or a new one."""
        with self._lock:
            while self._idle and self._keeps:
                pool, since = self._idle.pop()
                young = time.monotonic() - since < _KEEP_ALIVE_S / 2
                if not (young and any(connection.has_expired() for connection in pool.connections)):
                    return pool
                self._keeps = False
                self._idle.append((pool, since))
            for spent, _ in self._idle:
                spent.close()
                self._pools.remove(spent)
            self._idle = []
            pool = httpcore.ConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=1,
                max_keepalive_connections=1 if self._keeps else 0,
                keepalive_expiry=_KEEP_ALIVE_S,
                http1=True,
                http2=False,
                network_backend=_BoundBackend(self._deadline),
            )
            self._pools.append(pool)
            return pool

    def _let_go(self, pool: httpcore.ConnectionPool) -> None:
        with self._lock:
            if pool in self._pools:
                self._idle.append((pool, time.monotonic()))


def _outgoing(request: httpx.Request) -> httpcore.Request:
    return httpcore.Request(
        method=request.method.encode("ascii"),
        url=httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.extensions.get("target", request.url.raw_path),
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions={"timeout": request.extensions.get("timeout", {})},
    )


def ssl_context(*, insecure: bool, ca: str | None) -> ssl.SSLContext:
    """What a TLS connection trusts.

    Raises:
        OSError: The file of authorities cannot be read, or holds none (``ssl.SSLError`` is an ``OSError``).
    """
    context = ssl.create_default_context(cafile=ca)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
