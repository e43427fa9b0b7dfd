"""Personas: the identities that call the target."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Protocol


class Caller(Protocol):
    """Anything that calls in the name of a persona: a persona itself, or a visitor of the world."""

    @property
    def persona(self) -> Persona:
        """The persona that calls."""
        ...


@dataclass(frozen=True, slots=True)
class Persona:
    """An identity that calls.

    Attributes:
        name: ``visitor A``, ``agent``, ``second agent``, ``manager``, ``admin``, ``plain user``, ``nobody``.
        user_id: The user's ``_id``; ``None`` for visitors and nobody.
        auth_token: The login's token; never shown.
        username: The user's name on the target.
        password: For the second factor's password fallback; never shown.
    """

    name: str
    user_id: str | None = None
    auth_token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def persona(self) -> Persona:
        """The persona itself."""
        return self

    @property
    def headers(self) -> dict[str, str]:
        """The headers that prove the identity; empty for visitors and nobody."""
        if self.user_id is None or self.auth_token is None:
            return {}
        return {"x-auth-token": self.auth_token, "x-user-id": self.user_id}

    @property
    def second_factor(self) -> dict[str, str]:
        """The headers of the password fallback of the second factor; empty where the password is not known.

        The code is the SHA-256 of the password in hexadecimal digits (servers from 3.1 on).
        """
        if self.password is None:
            return {}
        return {"x-2fa-code": hashlib.sha256(self.password.encode()).hexdigest(), "x-2fa-method": "password"}


NOBODY: Final = Persona("nobody")
"""Somebody without any credentials."""
