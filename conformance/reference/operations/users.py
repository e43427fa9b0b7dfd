"""Agents and managers: listing, registering, reading and removing them (endpoint facts E01 to E04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.reference import accounts, auth, paging
from conformance.reference.envelope import Answer, ErrorStyle, Failure, failure, success
from conformance.reference.match import STRING, strict
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import save
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

#: The role that goes with each type of the path.
ROLES: Final = {"agent": "livechat-agent", "manager": "livechat-manager"}
_LIST_PERMISSIONS: Final = {
    "agent": ("view-l-room", "transfer-livechat-guest"),
    "manager": ("view-livechat-manager", "manage-livechat-agents"),
}
_FIELDS: Final = ("_id", "username", "name", "status", "statusLivechat", "emails", "livechat")
_BODY: Final = strict(username=STRING)


@behaviour("users.role_of_type")
def role_of_type(site: Site, kind: str) -> str | None:
    """The role that a type in the path stands for, None for a type that does not exist."""
    return ROLES.get(kind)


@behaviour("users.shown")
def shown_user(site: Site, user: Document) -> Document:
    """An account as the lists of agents and managers show it."""
    return {key: user[key] for key in _FIELDS if key in user}


@behaviour("users.matches_text")
def matches_text(site: Site, user: Document, text: str) -> bool:
    """Whether username, name or an e-mail address contains a text, whatever its case."""
    wanted = text.lower()
    addresses = [each.get("address", "") for each in user.get("emails", ())]
    return any(wanted in str(value or "").lower() for value in (user.get("username"), user.get("name"), *addresses))


@behaviour("users.list_selects")
def list_selects(site: Site, user: Document, role: str, text: Any) -> bool:
    """Whether an account belongs into the list of a role, filtered by ``text`` where one is given."""
    if role not in user.get("roles", ()):
        return False
    return not text or (isinstance(text, str) and matches_text(site, user, text))


@behaviour("users.check_list_permission")
def check_list_permission(site: Site, call: Call, kind: str) -> None:
    """Let only those list agents or managers who may.

    Raises:
        Stop: 400 ``error-not-authorized``.
    """
    auth.require_permission_of_finder(site, call, *_LIST_PERMISSIONS[kind])


@operation("listUsers", "GET", "/api/v1/livechat/users/{type}", auth=True)
def list_users(site: Site, call: Call) -> Answer:
    """List the agents or the managers, by name."""
    kind = call.params["type"]
    role = role_of_type(site, kind)
    if role is None:
        return failure("Invalid type")
    check_list_permission(site, call, kind)
    page = paging.read_page(site, call)
    text = call.query.get("text")
    found, keys = paging.find_page(
        site,
        site.users,
        page,
        default_sort=[("name", 1)],
        where=lambda user: list_selects(site, user, role, text),
    )
    return success(users=[shown_user(site, user) for user in found], **keys)


@behaviour("users.register")
def register(site: Site, user: Document, kind: str) -> None:
    """Make an account an agent, available at once, or a manager."""
    if kind == "agent":
        user["operator"] = True
        user["statusLivechat"] = "available"
    accounts.add_role(site, user, ROLES[kind])


@operation("registerUser", "POST", "/api/v1/livechat/users/{type}", errors=ErrorStyle.CODE, auth=True)
def register_user(site: Site, call: Call) -> Answer:
    """Make an existing account an agent or a manager."""
    auth.require_permission(site, call, "view-livechat-manager")
    username = check_body(site, call, _BODY)["username"]
    kind = call.params["type"]
    if role_of_type(site, kind) is None:
        raise Failure("Invalid type")
    user = accounts.find_by_username(site, username)
    if user is None:
        return failure("error-invalid-user")
    register(site, user, kind)
    return success(user={"_id": user["_id"], "username": user["username"]})


@operation("getUser", "GET", "/api/v1/livechat/users/{type}/{_id}", errors=ErrorStyle.CODE, auth=True)
def get_user(site: Site, call: Call) -> Answer:
    """Read one agent or manager; null for an account without the role."""
    auth.require_permission(site, call, "view-livechat-manager")
    user = accounts.find_by_id(site, call.params["_id"])
    if user is None:
        return failure("User not found")
    role = role_of_type(site, call.params["type"])
    if role is None:
        raise Failure("Invalid type")
    return success(user=shown_user(site, user) if auth.has_role(site, user, role) else None)


@behaviour("users.unregister")
def unregister(site: Site, user: Document, kind: str) -> None:
    """Take the role of an agent or a manager from an account; an agent also leaves all departments."""
    if kind == "agent":
        user["operator"] = False
        user["statusLivechat"] = "not-available"
        user.pop("livechat", None)
        user.pop("livechatCount", None)
        leave_departments(site, user["_id"])
    accounts.remove_role(site, user, ROLES[kind])


@behaviour("users.leave_departments")
def leave_departments(site: Site, user_id: str) -> None:
    """Remove an agent from the agent lists of all departments."""
    site.department_agents.remove_all({"agentId": user_id})


@operation("removeUser", "DELETE", "/api/v1/livechat/users/{type}/{_id}", errors=ErrorStyle.CODE, auth=True)
def remove_user(site: Site, call: Call) -> Answer:
    """Take the role of an agent or a manager from an account; the account stays."""
    auth.require_permission(site, call, "view-livechat-manager")
    user = accounts.find_by_id(site, call.params["_id"])
    kind = call.params["type"]
    if user is None or role_of_type(site, kind) is None:
        raise Failure("Invalid user or type")
    unregister(site, user, kind)
    return success()


@behaviour("users.set_availability")
def set_availability(site: Site, user: Document, status: str) -> None:
    """Say whether an agent takes chats: ``available`` or ``not-available``."""
    user["statusLivechat"] = status
    save(site, site.users, user)
