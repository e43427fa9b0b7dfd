"""A server of raw sockets that can misbehave in any way, and a client for it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from conformance.target import RecordingClient, Settings, Throttle

Handler = Callable[[socket.socket, bytes], None]


@dataclass
class RawServer:
    """A TCP server on loopback; ``handler`` gets each connection with the head of each request on it.

    Attributes:
        url: Where it listens.
        handler: What it does with a request; it may write, wait, reset or close.
        heads: The heads of all requests so far.
        connections: How many connections were accepted.
    """

    handler: Handler
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with connection, contextlib.suppress(OSError):
            waiting = b""
            while not self.stopping.is_set():
                while b"\r\n\r\n" not in waiting:
                    received = connection.recv(65536)
                    if not received:
                        return
                    waiting += received
                head, _, waiting = waiting.partition(b"\r\n\r\n")
                length = next(
                    (int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")), 0
                )
                while len(waiting) < length:
                    waiting += connection.recv(65536)
                self.heads.append(head + b"\r\n\r\n" + waiting[:length])
                waiting = waiting[length:]
                self.handler(connection, self.heads[-1])

    def close(self) -> None:
        """Stop listening."""
        self.stopping.set()
        self._socket.close()


def answer(
    body: bytes = b'{"success":true}',
    *,
    status: str = "200 OK",
    headers: dict[str, str] | None = None,
    kind: str = "application/json",
) -> bytes:
    """A whole HTTP answer."""
    lines = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


@pytest.fixture
def raw_server() -> Iterator[Callable[[Handler], RawServer]]:
    """Starts servers of raw sockets."""
    started: list[RawServer] = []

    def start(handler: Handler) -> RawServer:
        started.append(RawServer(handler))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def client_for() -> Iterator[Callable[..., RecordingClient]]:
    """Makes clients that give up quickly."""
    made: list[RecordingClient] = []

    def make(url: str, *, throttle: Throttle | None = None, timeout_s: float = 1.0, **more: object) -> RecordingClient:
        client = RecordingClient(Settings(url=url, timeout_s=timeout_s), throttle=throttle, **more)  # type: ignore[arg-type]
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def reply() -> Callable[..., bytes]:
    """Builds a whole HTTP answer."""
    return answer
