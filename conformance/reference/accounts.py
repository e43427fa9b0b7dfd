"""Accounts of people who work with the server: making them, their roles, passwords and login tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from conformance.reference.seam import behaviour
from conformance.reference.site import add, new_id, now, save

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.reference.site import Site
    from conformance.reference.store import Document

#: Rounds of the password hash: few, because this server only ever guards test accounts on the loopback interface.
_ROUNDS: Final = 2000


def digest(text: str) -> str:
    """The SHA-256 of a text in hexadecimal, the form in which clients may send a password."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_password(password_digest: str, salt: str) -> str:
    """What is stored of a password, given its SHA-256 digest."""
    return hashlib.pbkdf2_hmac("sha256", password_digest.encode(), salt.encode(), _ROUNDS).hex()


@behaviour("accounts.create")
def create_account(
    site: Site,
    username: str,
    password: str,
    *,
    name: str = "",
    email: str = "",
    roles: Sequence[str] = ("user",),
    verified: bool = False,
    identifier: str | None = None,
    **more: Any,
) -> Document:
    """Insert an account; it starts offline, and as an agent it must still be made available."""
    document: Document = {
        "_id": identifier or new_id(site),
        "createdAt": now(site),
        "username": username,
        "emails": [{"address": email, "verified": verified}] if email else [],
        "type": "user",
        "status": "offline",
        "active": True,
        "roles": list(roles),
        "name": name or username,
        "settings": {},
        "services": {},
        **more,
    }
    set_password(site, document, password)
    return add(site, site.users, document)


@behaviour("accounts.set_password")
def set_password(site: Site, user: Document, password: str) -> None:
    """Put the hash of a password into an account's document; the caller stores it."""
    salt = secrets.token_hex(8)
    user["services"] = {"password": {"bcrypt": f"{salt}${hash_password(digest(password), salt)}"}}


@behaviour("accounts.password_matches")
def password_matches(site: Site, user: Document, password_digest: str) -> bool:
    """Whether a password, given by its SHA-256 digest, is that of the account."""
    salt, _, stored = user.get("services", {}).get("password", {}).get("bcrypt", "").partition("$")
    return bool(stored) and hmac.compare_digest(stored, hash_password(password_digest, salt))


def hash_token(token: str) -> str:
    """What is stored of a login token."""
    return base64.b64encode(hashlib.sha256(token.encode("utf-8", "replace")).digest()).decode()


@behaviour("accounts.issue_token")
def issue_token(site: Site, user: Document) -> str:
    """Log an account in: a new login token, whose hash alone is stored."""
    token = secrets.token_urlsafe(32)
    site.sessions.insert({"_id": hash_token(token), "userId": user["_id"], "when": now(site)})
    return token


@behaviour("accounts.revoke_token")
def revoke_token(site: Site, token: str) -> None:
    """Log out: the token is worth nothing from now on."""
    site.sessions.remove(hash_token(token))


@behaviour("accounts.revoke_all_tokens")
def revoke_all_tokens(site: Site, user_id: str) -> None:
    """End every login of an account."""
    site.sessions.remove_all({"userId": user_id})


@behaviour("accounts.find_by_username")
def find_by_username(site: Site, username: str) -> Document | None:
    """The account with exactly this username."""
    return site.users.one({"username": username})


@behaviour("accounts.find_by_id")
def find_by_id(site: Site, identifier: str) -> Document | None:
    """The account with this id."""
    return site.users.get(identifier)


@behaviour("accounts.add_role")
def add_role(site: Site, user: Document, role: str) -> None:
    """Give an account a role and store it."""
    if role not in user["roles"]:
        user["roles"] = [*user["roles"], role]
    save(site, site.users, user)


@behaviour("accounts.remove_role")
def remove_role(site: Site, user: Document, role: str) -> None:
    """Take a role from an account and store it."""
    user["roles"] = [each for each in user["roles"] if each != role]
    save(site, site.users, user)


@behaviour("accounts.set_status")
def set_status(site: Site, user: Document, status: str) -> None:
    """Set whether an account is online, away, busy or offline, and store it."""
    user["status"] = status
    user["statusDefault"] = status
    save(site, site.users, user)
