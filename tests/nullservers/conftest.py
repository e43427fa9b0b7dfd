"""Servers of a few lines, and the command line that judges them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

LIMIT_S = 30.0
"""A server that is nothing may not take longer than this to be told so."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a server of a few lines sees it."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON, ``None`` where it is none."""
        with contextlib.suppress(ValueError):
            return json.loads(self.body)
        return None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: a JSON value, or bytes with their content type."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Server = Callable[[Asked], Said | Iterator[bytes] | None]
"""A whole server: what it answers; an iterator is sent as it comes, ``None`` closes the connection without a word."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            with contextlib.suppress(OSError):
                super().handle_one_request()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                self.rfile.read(int(self.headers.get("content-length") or 0)),
                {name.lower(): value for name, value in self.headers.items()},
            )
            said = server(asked)
            if said is None:
                self.close_connection = True
                return
            if not isinstance(said, Said):
                self.close_connection = True
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                for part in said:
                    self.wfile.write(part)
                return
            content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in {"Content-Type": "application/json", **said.headers}.items():
                self.send_header(name, value)
            if said.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if said.status != 204 and self.command != "HEAD":
                self.wfile.write(content)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error."""


@pytest.fixture
def serve() -> Iterator[Callable[[Server], str]]:
    """Starts servers; gives the URL of each."""
    started: list[ThreadingHTTPServer] = []

    def start(server: Server) -> str:
        made = _Quiet(("127.0.0.1", 0), _handler(server))
        started.append(made)
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{made.server_address[1]}"

    yield start
    for made in started:
        made.shutdown()
        made.server_close()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``livechat-conformance run URL`` said."""

    code: int
    lines: list[str]
    said: str
    seconds: float

    @property
    def failed(self) -> set[str]:
        """The ids that it names as failed."""
        return {line.split()[1] for line in self.lines if line.strip().startswith("fail: ")}


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Verdict]:
    """Runs ``livechat-conformance run URL`` in an empty folder, as a user would."""

    def run(url: str, *more: str, limit_s: float = LIMIT_S) -> Verdict:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("LIVECHAT_CONFORMANCE")}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "conformance", "run", url, "--quiet", *more],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=limit_s + 30,
            check=False,
        )
        seconds = time.monotonic() - started
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        return Verdict(done.returncode, (done.stdout or done.stderr).splitlines(), said, seconds)

    return run
