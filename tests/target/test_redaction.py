"""Redaction: secrets become named placeholders, whatever way they come back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from conformance.target import NOBODY, Persona
from conformance.target.redact import Redactor

AGENT = Persona("agent", "u-agent", "tok/EN+agent=secret 1", "lcx-agent", 'pa"ss wörd&1')


@pytest.fixture
def redactor() -> Redactor:
    """One that knows an agent."""
    made = Redactor()
    made.learn_persona(AGENT)
    return made


def test_a_secret_is_replaced_in_every_form_it_may_come_back_in(redactor: Redactor) -> None:
    """Plain, percent-encoded, escaped in JSON, hashed."""
    for form in (
        AGENT.auth_token or "",
        quote(AGENT.auth_token or "", safe=""),
        json.dumps(AGENT.password)[1:-1],
        json.dumps(AGENT.password, ensure_ascii=False)[1:-1],
        hashlib.sha256((AGENT.password or "").encode()).hexdigest(),
    ):
        assert form not in redactor.text(f"before {form} after")
    assert redactor.text(f"x {AGENT.auth_token} y") == "x {{auth:agent}} y"
    assert redactor.json({"deep": [{"echo": f"<{AGENT.password}>"}]}) == {"deep": [{"echo": "<{{password:agent}}>"}]}


def test_names_ids_and_visitor_tokens_stay_readable(redactor: Redactor) -> None:
    """What is needed to send an exchange again is kept."""
    value = {"token": "visitor-token-1", "username": "lcx-agent", "_id": "u-agent", "password": "made up"}
    assert redactor.json(value) == value


def test_a_wrong_credential_that_a_test_made_up_is_kept(redactor: Redactor) -> None:
    """It is no secret, and the request could not be repeated without it."""
    assert redactor.headers({"x-auth-token": "wrong", "x-user-id": "u"}) == {"x-auth-token": "wrong", "x-user-id": "u"}
    assert redactor.headers({"x-auth-token": AGENT.auth_token or ""}) == {"x-auth-token": "{{auth:agent}}"}


def test_a_short_password_does_not_eat_into_other_words() -> None:
    """A weak password is replaced where it stands alone; a name that equals it stays a name."""
    redactor = Redactor()
    redactor.learn_persona(Persona("admin", "id", "long-enough-token", "admin", "admin"))
    assert redactor.text("administrator admin") == "administrator admin"
    assert redactor.json({"password": "admin", "username": "admin"}) == {
        "password": "{{password:admin}}",
        "username": "admin",
    }
    redactor.learn("pass1", "password:x")
    assert redactor.text("pass1, pass12") == "{{password:x}}, pass12"


def test_hashes_and_tokens_of_the_servers_owner_are_replaced_by_their_key() -> None:
    """Bcrypt hashes, tokens of a login and secret settings are secrets whoever they belong to."""
    redactor = Redactor()
    body = {
        "data": {"authToken": "abc", "me": {"services": {"password": {"bcrypt": "$2b$10"}}}},
        "settings": [{"_id": "Livechat_secret_token", "value": "s"}, {"_id": "Livechat_webhookUrl", "value": "u"}],
    }
    cleaned = redactor.json(body, "/api/v1/login")
    assert cleaned["data"] == {"authToken": "{{auth}}", "me": {"services": {"password": {"bcrypt": "{{secret}}"}}}}
    assert cleaned["settings"][0]["value"] == "{{secret}}"
    assert cleaned["settings"][1]["value"] == "u"


def test_nothing_of_an_exchange_holds_a_secret(
    raw_server: Callable[..., object], client_for: Callable[..., object], reply: Callable[..., bytes]
) -> None:
    """A server that echoes everything back, in the body, in headers and in its reason, gives no secret away."""

    def echo(connection: object, head: bytes) -> None:
        text = base64.b64decode(base64.b64encode(head)).decode("latin-1")
        body = json.dumps({"echo": text, "token": AGENT.auth_token, "list": [AGENT.password]}).encode()
        connection.sendall(reply(body, headers={"X-Echo": AGENT.auth_token, "Set-Cookie": "rc_token=abc"}))  # type: ignore[attr-defined]

    server = raw_server(echo)
    client = client_for(server.url)  # type: ignore[attr-defined]
    exchange = client.request(  # type: ignore[attr-defined]
        AGENT,
        "POST",
        f"/api/v1/x/{quote(AGENT.password or '', safe='')}",
        query={"q": AGENT.auth_token},
        json={"p": AGENT.password},
    )
    kept = repr(exchange)
    assert exchange.status == 200
    for secret in (
        AGENT.auth_token,
        AGENT.password,
        json.dumps(AGENT.password)[1:-1],
        quote(AGENT.password or "", safe=""),
    ):
        assert str(secret) not in kept
    assert exchange.request.headers["x-auth-token"] == "{{auth:agent}}"
    assert exchange.request.headers["x-user-id"] == "u-agent"
    assert exchange.response.headers["set-cookie"] == "{{cookie}}"
    # The wire got the real thing.
    assert (AGENT.auth_token or "").encode() in server.heads[0]  # type: ignore[attr-defined]
    assert client.request(NOBODY, "GET", "/").request.headers == {}  # type: ignore[attr-defined]


def test_a_persona_does_not_show_its_secrets() -> None:
    """Neither token nor password stands in the representation."""
    assert "secret" not in repr(AGENT)
    assert "wörd" not in repr(AGENT)


def test_an_id_that_the_target_chose_hides_no_secret() -> None:
    """A login that answers the password or the token as the id does not make it readable."""
    for secret in ("s3cret-word", "long-enough-token"):
        redactor = Redactor()
        redactor.learn_persona(Persona("admin", username="admin", password="s3cret-word"))
        redactor.learn_persona(Persona("admin", secret, "long-enough-token", "admin", "s3cret-word"))
        assert secret not in str(redactor.headers({"x-user-id": secret}))
        assert secret not in str(redactor.json({"_id": secret}))


def test_a_name_that_the_target_tells_hides_no_secret() -> None:
    """With a token the name comes from the target, too."""
    redactor = Redactor()
    redactor.learn_persona(Persona("admin", "u", "long-enough-token"))
    redactor.learn_persona(Persona("admin", "u", "long-enough-token", "long-enough-token"))
    assert redactor.text("long-enough-token") == "{{auth:admin}}"
