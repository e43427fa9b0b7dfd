"""Reproductions run: the curl lines in a shell, the script in Python, with placeholders for secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which
from typing import Any

import pytest

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.report.reproduce import PATIENCE_S, Reproduction, reproduce, variable_of

TRICKY = 'it\'s "quoted" $HOME `id` \\ \n é 你 {{visitor:A:token}}'


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that remembers what it was sent."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            seen.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join(5)


def made(url: str, count: int = 1) -> Reproduction:
    """Reproduce one tricky exchange, or several."""
    each = Exchange(
        "e00001",
        "sendMessage",
        "agent",
        Request(
            "POST",
            "/api/v1/livechat/message",
            (("q", "a b&c=ü"), ("token", "{{visitor:A:token}}")),
            {"content-type": "application/json", "x-auth-token": "{{auth:agent}}", "host": "x", "accept": "*/*"},
            Body(json={"msg": TRICKY, "n": [1, None]}, is_json=True),
        ),
    )
    return reproduce([each] * count, url, seed=7, item="rooms::test_x[a]", requirement="LC-ROOM-001")


def check(request: dict[str, Any]) -> None:
    """The server received what was recorded, with the secrets filled in."""
    assert request["path"] == "/api/v1/livechat/message?q=a%20b%26c%3D%C3%BC&token=TOKEN"
    assert request["headers"]["x-auth-token"] == "SECRET"
    assert json.loads(request["body"]) == {"msg": TRICKY.replace("{{visitor:A:token}}", "TOKEN"), "n": [1, None]}


ENVIRONMENT = {**os.environ, "AUTH_AGENT": "SECRET", "VISITOR_A_TOKEN": "TOKEN"}


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_the_curl_lines_send_what_was_recorded() -> None:
    """Quotes, dollar signs, line feeds and placeholders included."""
    with listening() as (url, seen):
        subprocess.run(["bash", "-c", made(url).curl], env=ENVIRONMENT, check=True, capture_output=True, timeout=20)
    check(seen[0])


def test_the_python_script_sends_what_was_recorded() -> None:
    """It needs nothing but httpx, and sends every exchange of a sequence."""
    with listening() as (url, seen):
        script = made(url, count=2).python
        subprocess.run([sys.executable, "-c", script], env=ENVIRONMENT, check=True, capture_output=True, timeout=30)
    assert len(seen) == 2
    check(seen[1])


def test_placeholders_are_listed_with_what_they_stand_for() -> None:
    """So that the reader knows what to set."""
    found = made("http://127.0.0.1:1").placeholders
    assert [(each.variable, each.name) for each in found] == [
        ("AUTH_AGENT", "auth:agent"),
        ("VISITOR_A_TOKEN", "visitor:A:token"),
    ]
    assert variable_of("::") == "SECRET"


def test_the_replay_names_seed_requirement_and_item() -> None:
    """The suite runs the same again."""
    line = made("http://127.0.0.1:1").replay
    assert line.startswith("livechat-conformance run http://127.0.0.1:1 --only LC-ROOM-001 --seed 7")
    assert "rooms::test_x[a]" in line


def test_no_character_of_a_target_ends_the_quotes_of_the_shell() -> None:
    """Control characters are written in the $'…' form, which needs a shell that knows it."""
    odd = Exchange("e", None, "x", Request("GET", "/a';id;'", (), {"x-a": "\x1b'\x00"}))
    lines = reproduce([odd], "http://127.0.0.1:1", seed=1, item="", requirement="R").curl
    assert "$'x-a: \\x1b\\'\\x00'" in lines
    assert """\"$URL\"'/a'\"'\"';id;'\"'\"''""" in lines
    assert "\n".join(line for line in lines.splitlines() if line.startswith("#")).count("\n") == 0


def _answered(id: str, operation: str, request: Request, answer: Any) -> Exchange:
    return Exchange(id, operation, "visitor A", request, Response(200, {}, Body(json=answer, is_json=True)))


def _chat() -> list[Exchange]:
    """A visitor registers, opens a room and writes; ids and names are those of a run long ago."""
    prefix = "lcx-1-main-8751"
    room = "tRWNqRN9z5gGkwENQ"
    return [
        _answered(
            "1",
            "registerVisitor",
            Request("POST", "/visitor", (), {}, Body(json={"visitor": {"token": f"{prefix}-v1"}}, is_json=True)),
            {"visitor": {"_id": "tP2WDEAbNZAPZjwgp"}},
        ),
        _answered(
            "2",
            "openRoom",
            Request("GET", "/room", (("token", f"{prefix}-v1"),)),
            {"rooms": [{"_id": "BdcAsMfqzyFnSbBAo"}, {"token": f"{prefix}-v1", "_id": room}]},
        ),
        _answered("3", "closeRoom", Request("POST", f"/close/{room}", (("token", f"{prefix}-v1"),)), {}),
    ]


@contextmanager
def answering() -> Iterator[tuple[str, list[str]]]:
    """A server that gives ids of its own, and remembers what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.rfile.read(int(self.headers.get('content-length', 0))).decode()}".strip())
            rooms = [{"_id": "another"}, {"token": "lcx-mine-v1", "_id": "fresh"}]
            body = json.dumps({"rooms": rooms}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join(5)


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("kind", ["curl", "python"])
def test_scripts_take_ids_from_earlier_answers_and_give_names_of_their_own(kind: str) -> None:
    """What the run made is gone; the script makes it anew, under names that begin with RUN."""
    with answering() as (url, asked):
        text = reproduce(_chat(), "http://127.0.0.1:1", seed=1, item="", requirement="R")
        command = ["bash", "-c", text.curl] if kind == "curl" else [sys.executable, "-c", text.python]
        environment = {**os.environ, "URL": url, "RUN": "lcx-mine"}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)
    assert asked == [
        '/visitor {"visitor":{"token":"lcx-mine-v1"}}',
        "/room?token=lcx-mine-v1",
        "/close/fresh?token=lcx-mine-v1",
    ]
    assert (text.requests, text.preparing) == (3, 0)


def _scripts(*exchanges: Exchange) -> tuple[str, str]:
    text = reproduce(exchanges, "http://127.0.0.1:1", seed=1, item="", requirement="R")
    return text.curl, text.python


def test_a_name_in_another_form_becomes_that_form_of_the_readers_own_names() -> None:
    """Capital letters, percent codes and a cut beginning: each is made of RUN by the script."""
    mail = Body(json={"email": "LCX-1-MAIN-8751-M1@X.COM", "text": "x-1-main-8751-d2"}, is_json=True)
    coded = "".join(f"%{byte:02X}" for byte in b"lcx-1-main-8751")
    curl, python = _scripts(Exchange("e", None, "x", Request("POST", f"/visitor/{coded}%2Dv1", (), {}, mail)))
    assert "RUN_UPPER=$(" in curl
    assert "RUN_UPPER = RUN.upper()" in python
    for line in ('"${RUN_UPPER}"', '"${RUN_CODED}"%2Dv1', '"${RUN_WITHOUT_TWO}"'):
        assert line in curl
    assert "8751" not in curl + python


def test_a_form_of_a_token_is_made_of_the_token_that_a_login_gave() -> None:
    """A script does not ask for what it can make."""
    login = Request("POST", "/api/v1/login", (), {}, Body(json={"user": "admin"}, is_json=True))
    given = {"data": {"authToken": "{{auth:admin}}", "userId": "tRWNqRN9z5gGkwENQ"}}
    asked = Exchange("2", "getQueue", "admin", Request("GET", "/queue", (), {"x-auth-token": "{{auth:admin.lower}}"}))
    curl, python = _scripts(_answered("1", "login", login, given), asked)
    assert "AUTH_ADMIN_LOWER=$(" in curl
    assert '"${AUTH_ADMIN_LOWER}"' in curl
    assert "AUTH_ADMIN_LOWER = AUTH_ADMIN.lower()" in python
    assert "set it" not in curl


def test_a_time_comes_from_the_latest_answer_that_said_it() -> None:
    """Two things may have had the same time; the page that was read last is what the next request is about."""
    moment = "2026-11-22T10:00:00.000Z"
    room = _answered("1", "openRoom", Request("GET", "/room"), {"room": {"ts": moment}})
    page = _answered(
        "2", "getHistory", Request("GET", "/history"), {"messages": [{"ts": moment, "_updatedAt": moment}]}
    )
    curl, python = _scripts(
        room, page, Exchange("3", "getHistory", "x", Request("GET", "/history", (("end", moment),)))
    )
    assert "pick /messages/0/ts" in curl
    assert "/room/ts" not in curl + python


@pytest.mark.parametrize(("size", "sent"), [(15, '{"msg":"日本"}'), (22, '{"msg":"\\u65e5\\u672c"}')])
def test_letters_are_written_as_they_were_sent(size: int, sent: str) -> None:
    """As they are, or escaped: some servers read one of the two wrong."""
    body = Body(json={"msg": "日本"}, is_json=True, size=size)
    curl, _ = _scripts(Exchange("e", None, "x", Request("POST", "/message", (), {}, body)))
    assert f"--data-binary '{sent}'" in curl


def test_a_wait_of_the_test_is_a_wait_of_the_script() -> None:
    """After a refusal for asking too often, in one test; any other pause is none."""
    plain, second = (
        replace(_answered(name, "getConfig", Request("GET", "/config"), {}), started=started, item="limiter::test_x")
        for name, started in (("1", 100.0), ("2", 102.2))
    )
    first = replace(plain, response=Response(429))
    curl, python = _scripts(first, second)
    assert "\nsleep 3\nask" in curl
    assert "time.sleep(3)" in python
    assert "import time" in python
    assert "sleep" not in "".join(_scripts(first, replace(second, item="limiter::test_y")))
    assert "sleep" not in "".join(_scripts(plain, second))


def test_a_script_waits_only_so_long_for_an_answer_that_never_came() -> None:
    """It ends, and shows that nothing came back."""
    silent = Exchange("1", "getConfig", "x", Request("GET", "/config"), failure="No answer came.")
    curl, python = _scripts(silent)
    assert f"ask -m {PATIENCE_S} " in curl
    assert f"timeout={PATIENCE_S}," in python


def test_requests_that_met_are_sent_in_the_order_in_which_they_were_sent() -> None:
    """The deciding one is printed last, also where it was sent first."""
    early, late = (
        replace(
            _answered(name, "closeRoom", Request("POST", f"/{name}"), {}),
            started=started,
            response=Response(200, {}, Body(json={}, is_json=True), 500.0),
        )
        for name, started in (("early", 100.0), ("late", 100.1))
    )
    curl, python = _scripts(late, early)
    assert curl.index("/early") < curl.index("/late")
    assert python.index("/early") < python.index("/late")
    assert "for place in (1, 0)]" in python
