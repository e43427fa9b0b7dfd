"""Logging in and out, and the own account: ``login``, ``logout``, ``me``.

The forms of a login and the texts of its refusals follow endpoint facts 1.5 and the recordings ``general/002`` to
``general/027``: a refusal is always 401 with ``status: error``; its ``error`` is a text, a number or absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.reference import accounts
from conformance.reference.envelope import Answer, Stop
from conformance.reference.match import UNDEFINED, type_name
from conformance.reference.preferences import PREFERENCES
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import now

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_LOGIN_KEYS: Final = {"user", "username", "email", "password", "code"}
_PASSWORD_MISMATCH: Final = "Failed Match.OneOf, Match.Maybe or Match.Optional validation in field password"
_NOT_OWN: Final = ("createdAt", "type", "lastLogin", "operator", "livechatCount", "livechat")
#: Stands where the real server shows the hash of the password.
HIDDEN_HASH: Final = "(hidden)"


def _refuse(error: Any, message: str) -> Stop:
    body: dict[str, Any] = {"status": "error", "message": message}
    if error is not UNDEFINED:
        body["error"] = error
    return Stop(Answer(401, body))


def _mismatch(text: str) -> Stop:
    return _refuse(UNDEFINED, f"Match error: {text}")


@behaviour("login.read_options")
def read_options(site: Site, body: Any) -> Any:
    """What a login body means: the simple forms become ``{password, user: {username | email}}``, others stay."""
    if not isinstance(body, dict) or body.get("password") is None or set(body) - _LOGIN_KEYS:
        return body
    user: Any = None
    if isinstance(body.get("user"), str):
        user = {"email": body["user"]} if "@" in body["user"] else {"username": body["user"]}
    elif body.get("username"):
        user = {"username": body["username"]}
    elif body.get("email"):
        user = {"email": body["email"]}
    if user is None:
        return body
    password = body["password"]
    if isinstance(password, dict) and password.get("hashed"):
        password = {"digest": password["hashed"], "algorithm": "sha-256"}
    return {"password": password, "user": user}


def _check_user(user: Any) -> tuple[str, str]:
    """The one key and its text by which a login names its account.

    Raises:
        Stop: 401 with the text of the mismatch.
    """
    if not isinstance(user, dict):
        found = "Expected plain object" if isinstance(user, list) else f"Expected object, got {type_name(user)}"
        raise _mismatch(f"Match error: {found} in field user")
    for key, value in user.items():
        if key not in ("id", "username", "email"):
            raise _mismatch(f"Match error: Unknown key in field {key} in field user.{key}")
        if not isinstance(value, str):
            what = f"Expected string, got {type_name(value)}"
            raise _mismatch(f"Match error: {what} in field {key} in field user.{key}")
        if not value:
            raise _mismatch(f"Match error: Failed Match.Where validation in field {key} in field user.{key}")
    if len(user) != 1:
        raise _mismatch("Match error: User property must have exactly one field in field user")
    (only,) = user.items()
    return only


def _check_options(options: dict[str, Any]) -> tuple[tuple[str, str], str]:
    """How a login names its account, and the digest of its password.

    Raises:
        Stop: 401 with the text of the mismatch, the keys visited in the order sent.
    """
    named: tuple[str, str] | None = None
    digest = ""
    for key, value in options.items():
        if key == "user":
            named = _check_user(value)
        elif key == "password":
            digest = _digest(value)
        else:
            raise _mismatch(f"Unknown key in field {key}")
    if named is None:
        raise _mismatch("Missing key 'user'")
    return named, digest


def _digest(password: Any) -> str:
    if isinstance(password, str):
        return accounts.digest(password)
    if isinstance(password, dict) and set(password) == {"digest", "algorithm"}:
        digest, algorithm = password["digest"], password["algorithm"]
        if isinstance(digest, str) and isinstance(algorithm, str):
            return digest
    raise _mismatch(_PASSWORD_MISMATCH)


@behaviour("login.find")
def find_account(site: Site, key: str, text: str) -> Document | None:
    """The account that a login names by id, username or e-mail address."""
    if key == "id":
        return accounts.find_by_id(site, text)
    if key == "username":
        return accounts.find_by_username(site, text)
    wanted = text.lower()
    found = site.users.find(
        where=lambda user: any(each["address"].lower() == wanted for each in user.get("emails", ())), limit=1
    )
    return found[0] if found else None


@behaviour("login.with_password")
def with_password(site: Site, options: dict[str, Any]) -> Document:
    """The account that a name and a password prove.

    Raises:
        Stop: 401; the same for an unknown account and a wrong password.
    """
    (key, text), digest = _check_options(options)
    user = find_account(site, key, text)
    if user is None or not user.get("active", True) or not accounts.password_matches(site, user, digest):
        raise _refuse("Unauthorized", "Unauthorized")
    return user


@behaviour("login.with_token")
def with_token(site: Site, token: Any) -> Document:
    """The account that a login token proves.

    Raises:
        Stop: 401 for a token that is worth nothing.
    """
    if not isinstance(token, str):
        raise _mismatch(f"Expected string, got {type_name(token)}")
    session = site.sessions.get(accounts.hash_token(token))
    user = accounts.find_by_id(site, session["userId"]) if session is not None else None
    if user is None:
        raise _refuse(403, "You've been logged out by the server. Please log in again.")
    return user


@behaviour("login.own_account")
def own_account(site: Site, call: Call, user: Document) -> Document:
    """An account as its owner sees it; the hash of the password is not shown."""
    shown = {key: value for key, value in user.items() if key not in _NOT_OWN}
    shown["services"] = {
        name: {"bcrypt": HIDDEN_HASH} if name == "password" else value
        for name, value in user.get("services", {}).items()
    }
    shown["settings"] = {"preferences": dict(PREFERENCES) | user.get("settings", {}).get("preferences", {})}
    address = next((each["address"] for each in user.get("emails", ()) if each.get("verified")), None)
    if address is not None:
        shown["email"] = address
    host = call.headers.get("host", "localhost")
    shown["avatarUrl"] = f"http://{host}/avatar/{user.get('username', '')}"
    return shown


@operation("login", "POST", "/api/v1/login")
def login(site: Site, call: Call) -> Answer:
    """Prove an account by name and password, or by a token, and get a login token."""
    options = read_options(site, call.body)
    if isinstance(options, dict) and options.get("password"):
        user = with_password(site, options)
        token = accounts.issue_token(site, user)
    elif isinstance(options, dict) and options.get("resume"):
        user = with_token(site, options["resume"])
        token = options["resume"]
    else:
        raise _refuse(400, "Unrecognized options for login request")
    user["lastLogin"] = now(site)
    site.users.save(user)
    data = {"userId": user["_id"], "authToken": token, "me": own_account(site, call, user)}
    return Answer(200, {"status": "success", "data": data})


@operation("logout", "POST", "/api/v1/logout", auth=True)
def logout(site: Site, call: Call) -> Answer:
    """End the login whose token asks."""
    accounts.revoke_token(site, call.token)
    return Answer(200, {"status": "success", "data": {"message": "You've been logged out!"}})


@operation("getMe", "GET", "/api/v1/me", auth=True)
def get_me(site: Site, call: Call) -> Answer:
    """Read the own account."""
    return Answer(200, own_account(site, call, call.user) | {"success": True})
