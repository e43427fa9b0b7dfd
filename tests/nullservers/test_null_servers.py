"""Null servers: whatever answers the same to everything is told so, with the cause in the first line, and soon."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.nullservers.conftest import LIMIT_S, Asked, Said, Server, Verdict

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_TEXT = {"Content-Type": "text/plain"}


def _echo(asked: Asked) -> Said:
    return Said(200, {"success": True, "method": asked.method, "path": asked.path, "body": asked.body.decode()})


def _endless(asked: Asked) -> Iterator[bytes]:
    return itertools.chain([b'{"success":true,"a":['], itertools.repeat(b"1," * 32768))


def _always(status: int, body: object, headers: dict[str, str] | None = None) -> Server:
    return lambda asked: Said(status, body, headers or {})


NULL_SERVERS: dict[str, tuple[Server, str]] = {
    "200 {}": (_always(200, {}), "Not a Livechat server"),
    "200 success": (_always(200, {"success": True}), "Not a Livechat server"),
    "200 null": (_always(200, None), "Not a Livechat server"),
    "200 []": (_always(200, []), "Not a Livechat server"),
    "a web page": (_always(200, b"<!DOCTYPE html><title>Welcome</title>", _HTML), "Not JSON"),
    "204": (_always(204, b""), "Not JSON"),
    "a redirect to a login": (_always(302, b"", {"Location": "/login?next=/", **_HTML}), "Redirect"),
    "400": (_always(400, {"success": False, "error": "bad request"}), "Not a Livechat server"),
    "401": (_always(401, {"status": "error", "message": "You must be logged in to do this."}), "Access refused"),
    "403": (_always(403, b"<h1>Forbidden</h1>", _HTML), "Access refused"),
    "404": (_always(404, {"success": False}), "Not a Livechat server"),
    "404 as a page": (_always(404, b"<h1>Not Found</h1>", _HTML), "Not JSON"),
    "429": (_always(429, {"success": False, "error": "too many"}, {"Retry-After": "1"}), "Rate limit"),
    "500": (_always(500, b"Internal Server Error", _TEXT), "Server error"),
    "503": (_always(503, b"", _TEXT), "Server error"),
    "an echo": (_echo, "Not a Livechat server"),
    "an endless body": (_endless, "Endless answer"),
    "hanging up": (lambda asked: None, "No answer"),
}


def _refused(verdict: Verdict, cause: str) -> None:
    assert verdict.code == 3, verdict.said
    assert verdict.lines[0].startswith(f"The target could not be judged: {cause}"), verdict.said
    assert verdict.seconds < LIMIT_S


@pytest.mark.parametrize("name", NULL_SERVERS)
def test_a_null_server_is_red_with_its_cause_in_the_first_line(
    serve: Callable[[Server], str], judge: Callable[..., Verdict], name: str
) -> None:
    """Exit code 3, one sentence with the cause first, in time, without a traceback."""
    server, cause = NULL_SERVERS[name]
    _refused(judge(serve(server)), cause)


def test_where_nothing_listens_the_run_is_red(judge: Callable[..., Verdict]) -> None:
    """A refused connection is said to be one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _refused(judge(f"http://127.0.0.1:{port}"), "Connection refused")


def test_a_server_that_takes_the_connection_and_says_nothing_is_red(judge: Callable[..., Verdict]) -> None:
    """Silence is bounded."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        _refused(judge(f"http://127.0.0.1:{silent.getsockname()[1]}"), "No answer")


def test_the_report_of_a_null_server_says_the_same(
    serve: Callable[[Server], str], judge: Callable[..., Verdict], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing passed, and everything is named as not run."""
    folder = tmp_path_factory.mktemp("report")
    verdict = judge(serve(NULL_SERVERS["200 success"][0]), "--report", str(folder))
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert verdict.code == result["exit_code"] == 3
    assert result["unhealthy"].startswith("Not a Livechat server")
    assert result["counts"]["pass"] == 0
    assert (folder / "index.html").stat().st_size > 0
