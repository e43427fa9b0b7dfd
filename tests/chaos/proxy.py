"""A proxy in front of a healthy server that answers as badly as it is told to: on the level of HTTP and of TCP."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

_DROPPED = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"server"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in: its number among all calls (from 1), and what it says."""

    number: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server behind, without the headers that frame it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def with_header(self, name: bytes, value: bytes) -> Answer:
        """The same with one header instead of those of that name (lower case)."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name)
        return replace(self, headers=(*kept, (name, value)))

    def wire(self, *, version: bytes = b"HTTP/1.1", length: int | None = None, framed: bool = True) -> bytes:
        """The bytes of the answer; ``length`` lies about the body, ``framed=False`` leaves the length out."""
        lines = [b"%s %d %s" % (version, self.status, b"OK")]
        lines += [b"%s: %s" % pair for pair in self.headers]
        if framed:
            lines.append(b"Content-Length: %d" % (len(self.body) if length is None else length))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


class Hang(Exception):
    """The connection is to be closed."""


@dataclass
class Line:
    """One connection of a client, with what a misbehaviour may do to it."""

    socket: socket.socket
    proxy: Proxy

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def reset(self) -> None:
        """End the connection with a reset instead of an orderly close."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Hang

    def close(self) -> None:
        """End the connection in order."""
        raise Hang

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, but no longer than the proxy lives."""
        if self.proxy.over.wait(seconds):
            raise Hang

    def forward(self, call: Call) -> Answer:
        """What the server behind answers; while it is away, an answer 502 of a proxy."""
        return self.proxy.forward(call)


Act = Callable[[Line, Call], None]
"""Answers one call in its own way; raises ``Hang`` where the connection is to be closed."""


def faithful(line: Line, call: Call) -> None:
    """Pass the answer on as it is."""
    line.send(line.forward(call).wire())


@dataclass
class Proxy:
    """A running proxy.

    Attributes:
        behind: The server that it passes calls to.
        act: How it answers.
        spared: How many calls are answered faithfully before it begins to misbehave.
        tls: Certificate and key, where the proxy speaks TLS.
        url: Where it listens.
        elsewhere: Another host, which nobody should ever talk to.
        calls: How many calls came in.
        misbehaved: How many calls were answered badly.
        cookies: How many calls carried a cookie.
        memory: What an act keeps from call to call.
        over: Set when the proxy has to end.
    """

    behind: str
    act: Act
    spared: int = 0
    tls: tuple[Path, Path] | None = None
    url: str = ""
    elsewhere: str = ""
    calls: int = 0
    misbehaved: int = 0
    cookies: int = 0
    memory: dict[str, object] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _local: threading.local = field(default_factory=threading.local)

    def forward(self, call: Call) -> Answer:
        """Ask the server behind, over a connection of this thread's own."""
        parts = urlsplit(self.behind)
        for attempt in (1, 2):
            server: http.client.HTTPConnection | None = getattr(self._local, "server", None)
            if server is None:
                server = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
                self._local.server = server
            try:
                server.putrequest(call.method, call.target, skip_host=True, skip_accept_encoding=True)
                for name, value in call.headers.items():
                    if name not in {"connection", "content-length"}:
                        server.putheader(name, value.encode("latin-1"))
                server.putheader("content-length", str(len(call.body)))
                server.endheaders(call.body)
                found = server.getresponse()
                body = found.read()
                headers = tuple(
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in found.getheaders()
                    if name.lower().encode("latin-1") not in _DROPPED
                )
                return Answer(found.status, headers, body)
            except (OSError, http.client.HTTPException):
                server.close()
                self._local.server = None
                if attempt == 2:
                    break
        return Answer(502, ((b"content-type", b"text/plain"),), b"the server behind is away")

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the proxy is over."""
        context = None
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection, context), daemon=True).start()

    def _talk(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        try:
            self._serve_one(connection, context)
        finally:
            server: http.client.HTTPConnection | None = getattr(self._local, "server", None)
            if server is not None:
                server.close()

    def _serve_one(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        with contextlib.suppress(OSError, Hang, ValueError), connection:
            connection.settimeout(30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secure = context.wrap_socket(connection, server_side=True) if context else connection
            line = Line(secure, self)
            with secure, secure.makefile("rb") as source:
                while (call := self._read(source)) is not None:
                    if call.number <= self.spared:
                        faithful(line, call)
                        continue
                    with self._lock:
                        self.misbehaved += 1
                    self.act(line, call)

    def _read(self, source: BinaryIO) -> Call | None:
        first = source.readline(65536).split(b" ")
        if len(first) < 3:
            return None
        headers: dict[str, str] = {}
        while (raw := source.readline(65536).strip()) != b"":
            name, _, value = raw.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = source.read(int(headers.get("content-length", "0")))
        with self._lock:
            self.calls += 1
            self.cookies += "cookie" in headers
            number = self.calls
        return Call(number, first[0].decode("latin-1"), first[1].decode("latin-1"), headers, body)


@contextlib.contextmanager
def running(proxy: Proxy) -> Iterator[Proxy]:
    """Let a proxy listen on a free port of the loopback interface for the length of a block."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        proxy.url = f"{'https' if proxy.tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.over.set()
            # An accept that already waits is not ended by closing the socket.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


class Elsewhere:
    """A host that nobody should ever talk to: counts who does, and keeps what they say."""

    def __init__(self) -> None:
        self.connections = 0
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                self.heard += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    def close(self) -> None:
        """Listen no longer."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def drip(line: Line, data: bytes, pause_s: float) -> None:
    """Send bytes one at a time."""
    for number in range(len(data)):
        line.send(data[number : number + 1])
        line.wait(pause_s)


def flood(line: Line, piece: bytes, seconds: float = 20.0) -> None:
    """Send the same bytes again and again until the other side has had enough."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not line.proxy.over.is_set():
        line.send(piece)
    line.close()
