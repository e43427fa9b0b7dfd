"""Redaction: secrets become named placeholders at the moment an exchange is captured.

A placeholder says whose secret it was, so that a reader can put his own in its place: ``{{auth:agent}}``,
``{{password:admin}}``, ``{{2fa:admin}}``. Visitor tokens stay readable here, because checks compare them and no
exchange could be sent again without them; ``suite.strangers`` hides those of other people when an exchange is written.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.target.personas import Persona

_SHORT: Final = 8
"""Secrets of fewer characters are replaced only where they stand alone, so that prose stays readable."""
_SHORTEST: Final = 4
"""Secrets of fewer characters are replaced only where credentials stand."""

_SECRET_HEADERS: Final = {
    "x-auth-token": "auth",
    "x-2fa-code": "2fa",
    "authorization": "authorization",
    "proxy-authorization": "authorization",
    "cookie": "cookie",
    "set-cookie": "cookie",
}
_SECRET_KEYS: Final = {
    "authToken": "auth",
    "resume": "auth",
    "password": "password",
    "pass": "password",
    "newPassword": "password",
    "bcrypt": "secret",
    "hashedToken": "secret",
    "digest": "password",
}
_ALWAYS_SECRET: Final = {"authToken", "bcrypt", "hashedToken"}
_LOGIN_PATHS: Final = ("/api/v1/login", "/api/v1/users.create", "/api/v1/users.register", "/api/v1/users.update")
_SECRET_SETTING: Final = re.compile(r"(?i)(secret|password|private_?key|token$)")
_CODES: Final = {"code", "x-2fa-code", "totp"}


class Redactor:
    """Knows the secrets of a run and replaces them; safe for use by several threads."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._public: set[str] = set()
        self._long: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def learn(self, secret: str | None, placeholder: str) -> None:
        """Remember a secret and every form in which it may come back: encoded, escaped, hashed."""
        if not secret:
            return
        forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
        forms.add(json.dumps(secret, ensure_ascii=False)[1:-1])
        with self._lock:
            if all(self._known.get(form) for form in forms):
                return
            for form in forms:
                self._known.setdefault(form, "{{" + placeholder + "}}")
            self._compile()

    def learn_persona(self, persona: Persona) -> None:
        """Remember the secrets of a persona; his name is public, unless it is a secret that was known before.

        A user may have chosen a password that equals his name. An id is chosen by the target: where it equals a secret,
        it is replaced like one.
        """
        self._public.update(name for name in (persona.username, persona.name) if name and name not in self._known)
        self.learn(persona.auth_token, f"auth:{persona.name}")
        if persona.password:
            self.learn(persona.password, f"password:{persona.name}")
            self.learn(hashlib.sha256(persona.password.encode()).hexdigest(), f"2fa:{persona.name}")

    def _compile(self) -> None:
        parts: list[str] = []
        for secret in sorted(self._known, key=len, reverse=True):
            if len(secret) < _SHORTEST or secret in self._public:
                continue
            escaped = re.escape(secret)
            parts.append(escaped if len(secret) >= _SHORT else rf"(?<!\w){escaped}(?!\w)")
        self._long = re.compile("|".join(parts)) if parts else None

    def text(self, text: str) -> str:
        """A text with every known secret replaced."""
        pattern = self._long
        return pattern.sub(lambda found: self._known[found[0]], text) if pattern else text

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers with credentials replaced: known ones by their names, unknown ones by what they are."""
        cleaned: dict[str, str] = {}
        for name, value in headers.items():
            kind = _SECRET_HEADERS.get(name.lower())
            if kind is None or not value:
                cleaned[self.text(name)] = self.text(value)
            elif kind in {"auth", "2fa"}:
                # A wrong credential that a test made up is no secret, and has to stay for the request to be repeated.
                cleaned[name] = self._known.get(value) or self.text(value)
            else:
                cleaned[name] = "{{" + kind + "}}"
        return cleaned

    def pairs(self, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Query pairs with secrets replaced."""
        return tuple((self.text(name), self.text(value)) for name, value in pairs)

    def json(self, value: Any, path: str = "") -> Any:
        """A JSON value with secrets replaced, everywhere and by the names of their keys.

        Parts that hold no secret are not copied: an answer may be long.

        Args:
            value: The parsed value.
            path: The path of the request, which decides whether a key called ``password`` holds one.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            items = [self.json(item, path) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        if isinstance(value, dict):
            cleaned = {self.text(key): self._member(key, item, path) for key, item in value.items()}
            name, content = value.get("_id"), value.get("value")
            # A setting document: the owner's secrets stand in it in clear, under a name that says so.
            if isinstance(name, str) and isinstance(content, str) and content and _SECRET_SETTING.search(name):
                cleaned["value"] = "{{secret}}"
            same = len(cleaned) == len(value) and all(
                new_key == key and new is old
                for (new_key, new), (key, old) in zip(cleaned.items(), value.items(), strict=True)
            )
            return value if same else cleaned
        return value

    def _member(self, key: str, value: Any, path: str) -> Any:
        if isinstance(value, str) and value:
            known = self._known.get(value)
            if key in _SECRET_KEYS or key in _CODES:
                if known:
                    return known
                if key in _ALWAYS_SECRET or (key in _SECRET_KEYS and path.rstrip("/").endswith(_LOGIN_PATHS)):
                    return "{{" + _SECRET_KEYS[key] + "}}"
        return self.json(value, path)
