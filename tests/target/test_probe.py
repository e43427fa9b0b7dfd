"""The probe: what is no healthy Livechat server is said with the cause first, and a healthy one is described."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.reference import reference_server
from conformance.target import BadCredentials, Settings, TargetError, TargetNotHealthy, TargetUnreachable, probe

Start = Callable[..., Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that are only starting are waited for very shortly."""
    monkeypatch.setattr("conformance.target.health._PATIENCE_S", 0.1)


CONSTANT = {
    "200 {}": (b"{}", "200 OK", {}, "application/json", "Not a Livechat server"),
    "200 success": (b'{"success":true}', "200 OK", {}, "application/json", "Not a Livechat server"),
    "a list": (b"[]", "200 OK", {}, "application/json", "Not a Livechat server"),
    "HTML": (b"<!DOCTYPE html><title>x</title>", "200 OK", {}, "text/html", "Not JSON"),
    "204": (b"", "204 No Content", {}, "text/plain", "Not JSON"),
    "login page": (b"", "302 Found", {"Location": "/login?next=/"}, "text/html", "Redirect"),
    "400": (b'{"success":false}', "400 Bad Request", {}, "application/json", "Not a Livechat server"),
    "401": (b'{"status":"error"}', "401 Unauthorized", {}, "application/json", "Access refused"),
    "404": (b'{"success":false}', "404 Not Found", {}, "application/json", "Not a Livechat server"),
    "404 HTML": (b"<html>", "404 Not Found", {}, "text/html", "Not JSON"),
    "429": (b'{"success":false}', "429 Slow", {"Retry-After": "0"}, "application/json", "Rate limit"),
    "500": (b"oops", "500 Internal Server Error", {}, "text/plain", "Server error"),
    "503": (b"", "503 Service Unavailable", {}, "text/plain", "Server error"),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_server_that_always_answers_the_same_is_not_healthy(raw_server: Start, reply: Start, name: str) -> None:
    """Each constant answer is refused, with its cause at the beginning of the sentence."""
    body, status, headers, kind, cause = CONSTANT[name]
    server = raw_server(
        lambda connection, head: connection.sendall(reply(body, status=status, headers=headers, kind=kind))
    )
    with pytest.raises(TargetNotHealthy) as caught:
        probe(Settings(url=server.url))
    assert caught.value.sentence.startswith(cause)
    assert caught.value.exit_code == 3
    assert caught.value.sentence.isprintable()


def test_an_echo_server_is_not_healthy(raw_server: Start, reply: Start) -> None:
    """Not even one that says back what it was asked, as JSON."""

    def echo(connection: socket.socket, head: bytes) -> None:
        connection.sendall(reply(json.dumps({"success": True, "path": head.decode("latin-1")}).encode()))

    with pytest.raises(TargetNotHealthy, match=r"^Not a Livechat server"):
        probe(Settings(url=raw_server(echo).url))


def test_a_redirect_to_the_real_address_is_named(raw_server: Start, reply: Start) -> None:
    """Somebody who gave http instead of https is told what to give."""
    headers = {"Location": "https://chat.example.com/api/info"}
    server = raw_server(lambda connection, head: connection.sendall(reply(b"", status="301 Moved", headers=headers)))
    with pytest.raises(TargetNotHealthy, match=r"give https://chat\.example\.com as the URL"):
        probe(Settings(url=server.url))


def test_an_endless_body_is_not_healthy(raw_server: Start) -> None:
    """It is cut, and said."""

    def handle(connection: socket.socket, head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b"[" * 65536)

    with pytest.raises(TargetNotHealthy, match=r"^Endless answer"):
        probe(Settings(url=raw_server(handle).url))


@pytest.mark.parametrize("kind", ["refused", "silent", "closing", "plain http for https"])
def test_a_server_that_does_not_answer_is_unreachable(raw_server: Start, reply: Start, kind: str) -> None:
    """Refused, silent or half-closed: the cause comes first, in time."""
    handlers: dict[str, Callable[[socket.socket, bytes], None]] = {
        "silent": lambda connection, head: time.sleep(3),
        "closing": lambda connection, head: connection.shutdown(socket.SHUT_RDWR),
        "plain http for https": lambda connection, head: connection.sendall(reply()),
    }
    url = "http://127.0.0.1:1" if kind == "refused" else raw_server(handlers[kind]).url
    url = url.replace("http:", "https:") if kind.endswith("https") else url
    parts = {
        "refused": "^Connection refused",
        "silent": "^No answer",
        "closing": "^No answer",
        "plain http for https": "TLS|answer",
    }
    started = time.monotonic()
    with pytest.raises(TargetUnreachable, match=parts[kind]) as caught:
        probe(Settings(url=url, timeout_s=0.5))
    assert caught.value.exit_code == 3
    assert time.monotonic() - started < 5


def fake(version: Any, config: Any = None, **more: Any) -> Callable[[socket.socket, bytes], None]:
    """A server that answers info and config as given."""

    def handle(connection: socket.socket, head: bytes) -> None:
        path = head.split(b" ")[1].split(b"?")[0].decode()
        found = {"/api/info": version, "/api/v1/livechat/config": config or {"success": True}, **more}.get(path, {})
        body = json.dumps(found).encode()
        connection.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )

    return handle


@pytest.mark.parametrize(
    ("info", "version", "newer"),
    [
        ({"version": "3.2.0", "success": True}, "3.2.0", False),
        ({"info": {"version": "2.4.14"}, "success": True}, "2.4.14", False),
        ({"version": "6.10", "success": True}, "6.10", True),
        ({"version": "3.15.9"}, "3.15.9", False),
        ({"version": "3.16.0-rc.1"}, "3.16.0-rc.1", True),
    ],
)
def test_the_version_is_read_in_all_its_forms(raw_server: Start, info: Any, version: str, newer: bool) -> None:
    """At the top or inside info; above all that the contract knows is said to be so."""
    found = probe(Settings(url=raw_server(fake(info)).url))
    assert (found.version, found.newer_than_contract) == (version, newer)
    assert any("newer than the contract" in note for note in found.notes) is newer


def test_a_server_that_hides_its_version_is_known_by_its_configuration(raw_server: Start) -> None:
    """The widget's configuration is enough; the missing version is said."""
    config = {
        "config": {"enabled": True, "settings": {"showConnecting": True}, "survey": {"items": []}},
        "success": True,
    }
    found = probe(Settings(url=raw_server(fake({"success": True}, config)).url))
    assert found.version is None
    assert found.routing == "Manual_Selection"
    assert found.absent == {"survey": "the widget's configuration offers no survey (config.survey.items is empty)"}
    assert any("does not tell its version" in note for note in found.notes)


@pytest.mark.parametrize(
    "config", [[], {"config": []}, {"config": {"settings": 5, "survey": "x", "enabled": "yes"}}, None]
)
def test_odd_configurations_do_no_harm(raw_server: Start, config: Any) -> None:
    """Whatever the configuration holds, the probe goes on: judging it is the suite's task."""
    found = probe(Settings(url=raw_server(fake({"version": "3.2.0"}, config)).url))
    assert found.livechat_enabled is None
    assert found.routing is None


def test_a_healthy_server_is_described_without_being_changed() -> None:
    """Version, routing, who we are and what we may do, on the reference server."""
    with reference_server() as url:
        anonymous = probe(Settings(url=str(url)), load_contract)
        found = probe(
            Settings(url=str(url), admin_user=url.admin_user, admin_password=url.admin_password), load_contract
        )
    assert anonymous.admin is None
    assert not anonymous.is_admin
    assert found.version == "3.2.0"
    assert found.is_admin
    assert found.admin is not None
    assert found.admin.missing == ()
    assert found.routing == "Auto_Selection"
    assert found.livechat_enabled is True
    assert "view-l-room" in found.role_rights["livechat-agent"]
    assert found.limiter is None


def test_a_limiter_is_seen_in_the_headers() -> None:
    """Ten calls a minute, with what to do about it."""
    with reference_server(rate_limit=True) as url:
        found = probe(Settings(url=str(url)))
    assert found.limiter is not None
    assert found.limiter.calls == 10
    assert 55_000 <= found.limiter.ms <= 62_000
    assert any("API_Enable_Rate_Limiter" in note for note in found.notes)


@pytest.mark.parametrize(
    "given",
    [
        {"admin_user": "admin", "admin_password": "wrong"},
        {"admin_user": "nobody-here", "admin_password": "x"},
        {"admin_token": "wrong-token", "admin_id": "whoever"},
    ],
)
def test_wrong_credentials_are_said_with_exit_code_2(given: dict[str, str]) -> None:
    """They are the user's mistake, not the target's."""
    with reference_server() as url, pytest.raises(BadCredentials) as caught:
        probe(Settings(url=str(url), **given))  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    assert "wrong" not in caught.value.sentence


def test_every_error_of_the_target_is_one_family() -> None:
    """Whoever starts a run needs to catch one class only."""
    assert issubclass(TargetUnreachable, TargetError)
    assert issubclass(BadCredentials, TargetError)


LOGIN = {"status": "success", "data": {"userId": "u1", "authToken": "token-123456"}}
GIVEN = {"admin_user": "root", "admin_password": "s3cret-word"}


def test_a_login_that_the_target_does_not_know_is_not_healthy(raw_server: Start, reply: Start) -> None:
    """Otherwise the credentials would come to nothing, and the visitor's profile alone would be judged."""

    def handle(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"GET /api/v1/me"):
            connection.sendall(reply(b'{"status":"error","message":"Log in"}', status="401 Unauthorized"))
        else:
            fake({"version": "3.2.0"}, None, **{"/api/v1/login": LOGIN})(connection, head)

    with pytest.raises(TargetNotHealthy, match=r"/api/v1/me with that very login \(401 Log in\)"):
        probe(Settings(url=raw_server(handle).url, **GIVEN))  # type: ignore[arg-type]


def test_a_login_that_is_somebody_elses_is_not_healthy(raw_server: Start) -> None:
    """The user that the target names has to be the one whom it let in."""
    answers = {"/api/v1/login": LOGIN, "/api/v1/me": {"_id": "u2", "roles": ["admin"], "success": True}}
    url = raw_server(fake({"version": "3.2.0"}, None, **answers)).url
    with pytest.raises(TargetNotHealthy, match="another user"):
        probe(Settings(url=url, **GIVEN))  # type: ignore[arg-type]


@pytest.mark.parametrize("roles", [5, "admin", {"admin": 1}, None, [5, None]])
def test_odd_roles_are_none(raw_server: Start, roles: Any) -> None:
    """Roles that are no list of names give no rights, and no traceback."""
    answers = {"/api/v1/login": LOGIN, "/api/v1/me": {"_id": "u1", "roles": roles, "success": True}}
    found = probe(Settings(url=raw_server(fake({"version": "3.2.0"}, None, **answers)).url, **GIVEN))  # type: ignore[arg-type]
    assert found.admin is not None
    assert found.admin.roles == ()
    assert not found.is_admin
