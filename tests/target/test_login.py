"""Logging in, and the second factor that servers from 3.1 on want for settings."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.reference import reference_server
from conformance.target import BadCredentials, Persona, RecordingClient, SecondFactorNeeded, Settings, TargetNotHealthy
from conformance.target.login import admin_persona, log_in, log_out, send_proven

Start = Callable[..., Any]
PASSWORD = "correct horse"
REQUIRED = {
    "success": False,
    "error": "TOTP Required [totp-required]",
    "errorType": "totp-required",
    "details": {"method": "password", "codeGenerated": False, "availableMethods": []},
}


def factor_server(code: str | None) -> Callable[[socket.socket, bytes], None]:
    """A server whose settings want a code; ``None``: no code is right."""

    def handle(connection: socket.socket, head: bytes) -> None:
        right = (
            code is not None
            and f"x-2fa-code: {code}".encode() in head.lower()
            and b"x-2fa-method: password" in head.lower()
        )
        status, body = ("200 OK", {"success": True}) if right else ("400 Bad Request", REQUIRED)
        data = json.dumps(body).encode()
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )

    return handle


def test_the_password_is_the_second_factor_where_one_is_asked_for(raw_server: Start) -> None:
    """The refused call is repeated with the SHA-256 of the password, which is kept as a placeholder."""
    code = hashlib.sha256(PASSWORD.encode()).hexdigest()
    server = raw_server(factor_server(code))
    admin = Persona("admin", "u", "token-123456", "root", PASSWORD)
    with RecordingClient(Settings(url=server.url), load_contract()) as client:
        exchange = send_proven(client, admin, "setSetting", path={"_id": "Livechat_enabled"}, json={"value": True})
    assert exchange.status == 200
    assert exchange.request.headers["x-2fa-code"] == "{{2fa:admin}}"
    assert len(server.heads) == 2
    assert b"x-2fa" not in server.heads[0].lower()


@pytest.mark.parametrize(
    "persona", [Persona("admin", "u", "token-123456"), Persona("admin", "u", "token-123456", "r", "wrong")]
)
def test_a_second_factor_that_we_do_not_have_is_a_sentence(raw_server: Start, persona: Persona) -> None:
    """Without a password, or with one that is not taken, somebody has to be told what to do."""
    server = raw_server(factor_server(None))
    with (
        RecordingClient(Settings(url=server.url), load_contract()) as client,
        pytest.raises(SecondFactorNeeded, match="personal access token"),
    ):
        send_proven(client, persona, "setSetting", path={"_id": "Livechat_enabled"}, json={"value": True})


def test_logging_in_gives_a_persona_and_keeps_no_secret() -> None:
    """The token works, stands in no exchange, and ends with the login."""
    kept: list[Any] = []

    class Sink:
        def exchange(self, exchange: Any) -> None:
            kept.append(exchange)

        def mismatches(self, exchange: Any, found: Any, /) -> None:
            pass

    with reference_server() as url, RecordingClient(Settings(url=str(url)), load_contract(), Sink()) as client:
        admin = log_in(client, url.admin_user, url.admin_password, "admin")
        assert client.request(admin, "GET", "/api/v1/me").json["username"] == url.admin_user
        by_token = admin_persona(client, Settings(url=str(url), admin_token=admin.auth_token, admin_id=admin.user_id))
        assert by_token is not None
        assert by_token.username == url.admin_user
        log_out(client, admin)
        assert client.request(admin, "GET", "/api/v1/me").status == 401
    assert kept[0].json["data"]["authToken"] == "{{auth:admin}}"
    assert kept[0].request.body.json["password"] == "{{password:admin}}"
    for exchange in kept:
        assert (admin.auth_token or "?") not in repr(exchange)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            "401 Unauthorized",
            {"status": "error", "error": "totp-required", "message": "TOTP Required [totp-required]"},
            BadCredentials,
        ),
        ("401 Unauthorized", {"status": "error", "message": "Unauthorized"}, BadCredentials),
        ("200 OK", {"status": "success", "data": {"userId": 5, "authToken": "x"}}, TargetNotHealthy),
        ("200 OK", {"success": True}, TargetNotHealthy),
        ("500 Oops", {}, TargetNotHealthy),
    ],
)
def test_a_login_that_is_none_is_refused(
    raw_server: Start, reply: Start, status: str, body: Any, error: type[Exception]
) -> None:
    """Neither a refusal nor an answer without a token lets anybody in."""
    server = raw_server(lambda connection, head: connection.sendall(reply(json.dumps(body).encode(), status=status)))
    with RecordingClient(Settings(url=server.url)) as client, pytest.raises(error):
        log_in(client, "root", PASSWORD, "admin")


@pytest.mark.parametrize("field", ["userId", "authToken"])
@pytest.mark.parametrize(
    "odd", ["abc\r\nX-Evil: 1", "a\0b", "  ", "\u4e2d\u6587", "a" * 257, PASSWORD, "weak-word", "id-weak-word-1"]
)
def test_an_id_or_token_that_cannot_be_used_is_refused(raw_server: Start, reply: Start, field: str, odd: str) -> None:
    """What no header may hold, or what is the password that was just sent: a sentence that does not repeat it."""
    password = PASSWORD if odd == PASSWORD else "weak-word"
    data = {"userId": "u", "authToken": "token-123456", field: odd}
    body = json.dumps({"status": "success", "data": data}).encode()
    server = raw_server(lambda connection, head: connection.sendall(reply(body)))
    with RecordingClient(Settings(url=server.url)) as client, pytest.raises(TargetNotHealthy) as caught:
        log_in(client, "root", password, "admin")
    assert field in caught.value.sentence
    assert odd not in caught.value.sentence
    assert password not in caught.value.sentence
