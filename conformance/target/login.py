"""Logging in, and calls that want a second factor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from conformance.target.errors import (
    BadCredentials,
    SecondFactorNeeded,
    TargetError,
    TargetNotHealthy,
    TargetUnreachable,
)
from conformance.target.personas import Persona

if TYPE_CHECKING:
    from conformance.contract.exchange import Exchange
    from conformance.target.client import RecordingClient
    from conformance.target.settings import Settings

_TOTP = "totp-"
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]{1,256}")
"""What an id and a token may be: they are sent as headers from the login on."""
_GUESSABLE: Final = 4
"""A password of fewer characters may stand in a long random token by chance."""


def log_in(client: RecordingClient, username: str, password: str, name: str) -> Persona:
    """Log in with user name and password.

    Args:
        client: Sends the call; its redactor learns password and token.
        username: The user's name.
        password: His password.
        name: The persona's name, as placeholders will call it.

    Raises:
        BadCredentials: The target refused them, or wants a second factor for logging in.
        TargetUnreachable: Nothing came back.
        TargetNotHealthy: The answer is neither a login nor a refusal, or its id and token cannot be used.
    """
    client.redactor.learn_persona(Persona(name, username=username, password=password))
    exchange, private = client.request_private(
        Persona(name), "POST", "/api/v1/login", json={"user": username, "password": password}, owner=name
    )
    data = private.get("data") if isinstance(private, dict) else None
    if exchange.status == 200 and isinstance(data, dict):
        user_id, token = data.get("userId"), data.get("authToken")
        if isinstance(user_id, str) and isinstance(token, str) and user_id and token:
            _refuse_unusable(user_id, token, password)
            persona = Persona(name, user_id, token, username, password)
            client.redactor.learn_persona(persona)
            return persona
    raise _refused(exchange, f"{name} ({username})" if name != "admin" else username)


def _refuse_unusable(user_id: str, token: str, password: str) -> None:
    """Refuse an id and a token that cannot be sent, or that show the password; neither is repeated in the sentence."""
    for name, value in (("userId", user_id), ("authToken", token)):
        if not _HEADER_VALUE.fullmatch(value):
            raise TargetNotHealthy(
                f"The {name} that the target's login answered cannot be sent back in a header: it must be 1 to 256 "
                "printable ASCII characters without a space."
            )
        if value == password or (len(password) >= _GUESSABLE and password in value):
            raise TargetNotHealthy(
                f"The {name} that the target's login answered holds the password that it was sent. Reports show ids, "
                "so this login is not used."
            )


def _refused(exchange: Exchange, who: str) -> BadCredentials | TargetUnreachable | TargetNotHealthy:
    if exchange.failure:
        return TargetUnreachable(f"Logging in as {who} was not answered. {exchange.failure}")
    if is_second_factor(exchange):
        return BadCredentials(
            f"The login of {who} wants a second factor. Take an account without one, or give --admin-token with "
            "--admin-id "
            "of a personal access token that was made with 'ignore two factor'."
        )
    if exchange.status in {400, 401, 403}:
        return BadCredentials(
            f"The target refused the credentials of {who} ({exchange.status} {text_of(exchange)}). "
            "Correct user name and password; after several failures the account may be locked for some minutes."
        )
    return TargetNotHealthy(
        f"Logging in as {who} was answered with {exchange.status} and without a token: {text_of(exchange)}."
    )


def log_out(client: RecordingClient, persona: Persona) -> str | None:
    """End a login, so that no session of ours stays behind.

    Returns:
        ``None`` where the login is over, else why it may not be, in a sentence part.
    """
    if not persona.headers:
        return None
    try:
        exchange = client.request(persona, "POST", "/api/v1/logout")
    except TargetError as problem:
        return problem.sentence
    # A token that the target does not know (any more) is no login.
    if exchange.status == 401 or (exchange.status == 200 and isinstance(exchange.json, dict)):
        return None
    return f"logging out was answered with {exchange.failure or f'{exchange.status} ({text_of(exchange)})'}"


def admin_persona(client: RecordingClient, settings: Settings) -> Persona | None:
    """The administrator as the settings name him; ``None`` where they name none.

    Raises:
        BadCredentials: The target refused the credentials.
        TargetUnreachable: Nothing came back.
        TargetNotHealthy: The answer is no answer of this API.
    """
    if settings.admin_user and settings.admin_password:
        return log_in(client, settings.admin_user, settings.admin_password, "admin")
    if settings.admin_token and settings.admin_id:
        persona = Persona("admin", settings.admin_id, settings.admin_token)
        exchange = client.request(persona, "GET", "/api/v1/me")
        if exchange.failure:
            raise TargetUnreachable(f"Asking the target who the admin is was not answered. {exchange.failure}")
        if exchange.status == 401:
            raise BadCredentials(
                "The target refused --admin-token with --admin-id (401): make a new personal access token and give its "
                "user's _id, not the user name."
            )
        if exchange.status != 200 or not isinstance(exchange.json, dict):
            raise TargetNotHealthy(f"GET /api/v1/me was answered with {exchange.status}: {text_of(exchange)}.")
        username = exchange.json.get("username")
        return Persona(
            "admin", settings.admin_id, settings.admin_token, username if isinstance(username, str) else None
        )
    return None


def send_proven(client: RecordingClient, persona: Persona, operation_id: str, **how: Any) -> Exchange:
    """Send an operation, and once more with the password as second factor where the target asks for one (from 3.1 on).

    Raises:
        SecondFactorNeeded: The target wants a factor that the suite does not have.
    """
    exchange = client.send(persona, operation_id, **how)
    if not is_second_factor(exchange):
        return exchange
    if persona.second_factor:
        exchange = client.send(persona, operation_id, second_factor=True, **how)
        if not is_second_factor(exchange):
            return exchange
    raise SecondFactorNeeded(
        f"{exchange.request.method} {exchange.request.path} wants a second factor ({text_of(exchange)}). Give user and "
        "password of an administrator without TOTP and e-mail codes, a personal access token made with 'ignore two "
        "factor', or start the server with Accounts_TwoFactorAuthentication_Enabled switched off."
    )


def is_second_factor(exchange: Exchange) -> bool:
    """Whether an answer asks for a second factor, or refuses the one that was given."""
    body = exchange.json
    if exchange.status is None or exchange.status < 400 or not isinstance(body, dict):
        return False
    texts = [body.get("errorType"), body.get("error"), body.get("message")]
    return any(isinstance(text, str) and (text.startswith(_TOTP) or f"[{_TOTP}" in text) for text in texts)


def text_of(exchange: Exchange) -> str:
    """What an answer says, short and printable, for a sentence."""
    body = exchange.response.body if exchange.response else None
    if body is None:
        return exchange.failure or "nothing"
    if isinstance(body.json, dict):
        for key in ("message", "error", "reason"):
            if isinstance(body.json.get(key), str):
                return _short(body.json[key])
        return "JSON without a message"
    if body.is_json:
        return "JSON that is no object"
    text = (body.text or "").strip()
    if not text:
        return "an empty body"
    return "an HTML page" if text[:200].lstrip().lower().startswith(("<!doctype", "<html")) else _short(text)


def _short(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:120]).strip().rstrip(".")
