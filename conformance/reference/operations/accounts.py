"""Accounts over the API: ``users.create``, ``users.register``, ``users.info``, ``users.setStatus``, ``users.delete``.

Sources: endpoint facts 1.8 and the recordings ``general/041`` to ``general/084``.
"""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, Any, Final

from conformance.reference import accounts, auth
from conformance.reference.default_permissions import ROLES
from conformance.reference.envelope import Answer, Refusal, Stop, failure, success, unauthorized
from conformance.reference.match import ANY, BOOLEAN, STRING, AnyObject, ArrayOf, Maybe, including, strict
from conformance.reference.operations.login import find_account
from conformance.reference.operations.users import leave_departments
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import save
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_CREATE: Final = strict(
    email=STRING,
    name=STRING,
    password=STRING,
    username=STRING,
    active=Maybe(BOOLEAN),
    roles=Maybe(ArrayOf(ANY)),
    joinDefaultChannels=Maybe(BOOLEAN),
    requirePasswordChange=Maybe(BOOLEAN),
    setRandomPassword=Maybe(BOOLEAN),
    sendWelcomeEmail=Maybe(BOOLEAN),
    verified=Maybe(BOOLEAN),
    customFields=Maybe(AnyObject()),
)
_STATUS: Final = including(status=Maybe(STRING), message=Maybe(STRING))
_USERNAME: Final = re.compile(r"[0-9a-zA-Z\-_.]+")
_STATUSES: Final = ("online", "away", "offline", "busy")
_CREATED: Final = ("_id", "createdAt", "username", "emails", "type", "status", "active", "_updatedAt", "roles", "name")
_FULL: Final = (
    "_id",
    "createdAt",
    "username",
    "emails",
    "type",
    "status",
    "active",
    "roles",
    "name",
    "lastLogin",
    "statusText",
    "utcOffset",
    "customFields",
)
_PUBLIC: Final = ("_id", "username", "type", "status", "active", "name", "utcOffset", "statusText")
_METHOD: Final = "insertOrUpdateUser"
#: Status texts that one account may set in so many seconds.
_TEXTS_PER_WINDOW: Final = 5
_WINDOW_SECONDS: Final = 60


def _refuse_field(name: str, text: str) -> Refusal:
    details = {"method": _METHOD, "input": text, "field": name}
    return Refusal("error-input-is-not-a-valid-field", f"{text} is not a valid {name.lower()}", details)


@behaviour("accounts.validate_new")
def validate_new(site: Site, creator: Document, body: Document) -> None:
    """Refuse accounts that may not be made, or not with these values.

    Raises:
        Refusal: With the codes of the real server.
    """
    if not auth.has_permission(site, creator, "create-user"):
        details = {"method": _METHOD, "action": "Adding_user"}
        raise Refusal("error-action-not-allowed", "Adding user is not allowed", details)
    roles = body.get("roles") or []
    assign = {"method": _METHOD, "action": "Assign_role"}
    if any(role not in ROLES for role in roles):
        raise Refusal("error-action-not-allowed", "The field Roles consist invalid role name", assign)
    if "admin" in roles and not auth.has_permission(site, creator, "assign-admin-role"):
        raise Refusal("error-action-not-allowed", "Assigning admin is not allowed", assign)
    for field in ("name", "username"):
        if not body[field].strip():
            title = field.capitalize()
            details = {"method": _METHOD, "field": title}
            raise Refusal("error-the-field-is-required", f"The field {title} is required", details)
    validate_new_names(site, body["username"], body["email"], body["password"])


@behaviour("accounts.validate_names")
def validate_new_names(site: Site, username: str, email: str, password: str) -> None:
    """Refuse a username or an e-mail address that is ill-formed or taken, and an empty password.

    Raises:
        Refusal: With the codes of the real server.
    """
    if not _USERNAME.fullmatch(username):
        raise _refuse_field("Username", username)
    if not password:
        details = {"method": _METHOD, "field": "Password"}
        raise Refusal("error-the-field-is-required", "The field Password is required", details)
    taken = find_account(site, "email", email)
    for text, there in ((username, accounts.find_by_username(site, username)), (email, taken)):
        if there is not None:
            details = {"method": _METHOD, "field": text}
            raise Refusal("error-field-unavailable", f"{text} is already in use :(", details)
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or any(character.isspace() for character in email):
        details = {"function": "RocketChat.validateEmailDomain", "email": email}
        raise Refusal("error-invalid-email", f"Invalid email {email}", details)


def _insert(site: Site, body: Document, password: str, roles: list[str]) -> Document:
    more: dict[str, Any] = {"customFields": body["customFields"]} if body.get("customFields") else {}
    user = accounts.create_account(
        site,
        body["username"],
        password,
        name=body.get("name") or body["username"],
        email=body["email"],
        roles=roles,
        verified=bool(body.get("verified")),
        **more,
    )
    user["active"] = body.get("active", True)
    if body.get("verified"):
        user["services"] = {**user["services"], "email2fa": {"enabled": True}}
    return save(site, site.users, user)


@operation("createUser", "POST", "/api/v1/users.create", auth=True)
def create_user(site: Site, call: Call) -> Answer:
    """Make an account."""
    body = check_body(site, call, _CREATE)
    validate_new(site, call.user, body)
    user = _insert(site, body, body["password"], body.get("roles") or ["user"])
    shown = {key: user[key] for key in (*_CREATED, "customFields") if key in user}
    return success(user=shown | {"settings": {}})


@operation("registerAccount", "POST", "/api/v1/users.register")
def register_account(site: Site, call: Call) -> Answer:
    """Make an account for oneself, without credentials."""
    if auth.user_of(site, call.headers) is not None:
        return failure("Logged in users can not register again.")
    body = check_body(site, call, including(username=STRING))
    fields = {key: body.get(key) for key in ("username", "name", "email", "pass")}
    if not all(isinstance(value, str) and value for value in fields.values()):
        return failure("error-user-registration-invalid-data")
    validate_new_names(site, fields["username"], fields["email"], fields["pass"])
    user = _insert(site, fields, fields["pass"], ["user"])
    return success(user={key: user[key] for key in _PUBLIC if key in user})


@behaviour("accounts.from_params")
def account_from_params(site: Site, params: Any, default: Document | None = None) -> Document:
    """The account that ``userId``, ``username`` or ``user`` names.

    Raises:
        Refusal: ``error-user-param-not-provided`` where none is named, ``error-invalid-user`` where there is none.
    """
    params = params if isinstance(params, dict) else {}
    if params.get("userId"):
        user = accounts.find_by_id(site, params["userId"]) if isinstance(params["userId"], str) else None
    elif params.get("username") or params.get("user"):
        name = params.get("username") or params["user"]
        user = accounts.find_by_username(site, name) if isinstance(name, str) else None
    elif default is not None:
        return default
    else:
        text = 'The required "userId" or "username" param was not provided'
        raise Refusal("error-user-param-not-provided", text)
    if user is None:
        text = 'The required "userId" or "username" param provided does not match any users'
        raise Refusal("error-invalid-user", text)
    return user


@operation("getUserInfo", "GET", "/api/v1/users.info", auth=True)
def get_user_info(site: Site, call: Call) -> Answer:
    """Read an account by id or username; without either the first account answers, as recorded (``general/060``)."""
    identifier, username = call.query.get("userId"), call.query.get("username")
    if identifier:
        user = accounts.find_by_id(site, identifier) if isinstance(identifier, str) else None
    elif username:
        user = accounts.find_by_username(site, username) if isinstance(username, str) else None
    else:
        user = accounts.find_by_id(site, "rocket.cat")
    if user is None:
        return failure("User not found.")
    full = user["_id"] == call.user["_id"] or auth.has_permission(site, call.user, "view-full-other-user-info")
    fields: tuple[str, ...] = _FULL if full else _PUBLIC
    shown: Document = {key: user[key] for key in fields if key in user}
    if full and user.get("type") != "bot":
        shown["services"] = {}
    if not shown.get("emails", True):
        del shown["emails"]
    return success(user=shown)


@behaviour("accounts.count_status_text")
def count_status_text(site: Site, user_id: str) -> None:
    """Count a status text, which one account may set five times a minute whatever the limiter says.

    Raises:
        Stop: 429 for more.
    """
    windows: dict[str, list[float]] = site.memory.setdefault("status_texts", {})
    moment = time.monotonic()
    end, used = windows.get(user_id, [0.0, 0])
    if moment >= end:
        end, used = moment + _WINDOW_SECONDS, 0
    if used >= _TEXTS_PER_WINDOW:
        text = (
            "Error, too many requests. Please slow down. You must wait "
            f"{math.ceil(end - moment)} seconds before trying again. [error-too-many-requests]"
        )
        raise Stop(Answer(429, {"success": False, "error": text}))
    windows[user_id] = [end, used + 1]


@operation("setUserStatus", "POST", "/api/v1/users.setStatus", auth=True)
def set_user_status(site: Site, call: Call) -> Answer:
    """Set the presence and the status text of an account, the own one unless another is named."""
    body = check_body(site, call, _STATUS)
    user = account_from_params(site, body, call.user)
    if user["_id"] != call.user["_id"] and not auth.has_permission(site, call.user, "edit-other-user-info"):
        raise Stop(unauthorized())
    if "message" in body:
        count_status_text(site, user["_id"])
        user["statusText"] = body["message"].strip()
        save(site, site.users, user)
    status = body.get("status")
    if status:
        if status not in _STATUSES:
            text = "Valid status types include online, away, offline, and busy."
            raise Refusal("error-invalid-status", text, {"method": "users.setStatus"})
        accounts.set_status(site, user, status)
    return success()


@operation("deleteUser", "POST", "/api/v1/users.delete", auth=True)
def delete_user(site: Site, call: Call) -> Answer:
    """Remove an account with its logins and its places in departments."""
    auth.require_permission(site, call, "delete-user")
    user = account_from_params(site, call.body)
    accounts.revoke_all_tokens(site, user["_id"])
    leave_departments(site, user["_id"])
    site.users.remove(user["_id"])
    return success()
