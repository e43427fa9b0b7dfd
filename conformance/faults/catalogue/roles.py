"""Faults of the permissions: what agents, managers and others may do."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, asks_for, during, refused_yet_done
from conformance.reference import accounts, auth
from conformance.reference.accounts import hash_token
from conformance.reference.site import add, new_id, save

_AUTH, _SHALLOW, _LIVE, _RELATION = Kind.AUTHORISATION, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION
_FINDER = "auth.require_permission_of_finder"


def _with_data(operation: str, key: str, data: Any, status: int) -> Any:
    """Answer a refusal with what was asked for beside the error."""
    return answered(operation, lambda site, call, body: body.update({key: data(site), "total": 1}), status=status)


def _role_anyway(site: Any, call: Any) -> None:
    username = call.body.get("username") if isinstance(call.body, dict) else None
    user = accounts.find_by_username(site, username) if isinstance(username, str) else None
    if user is not None and "livechat-agent" not in user.get("roles", ()):
        accounts.add_role(site, user, "livechat-agent")


def _department_anyway(site: Any, call: Any) -> None:
    department = call.body.get("department") if isinstance(call.body, dict) else None
    if isinstance(department, dict):
        add(site, site.departments, {**department, "_id": new_id(site)})


def _removed_anyway(site: Any, call: Any) -> None:
    site.departments.remove(call.params["_id"])


def _forwarded_anyway(site: Any, call: Any) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    room = site.rooms.get(body["roomId"]) if isinstance(body.get("roomId"), str) else None
    user = site.users.get(body["userId"]) if isinstance(body.get("userId"), str) else None
    if room and room.get("open"):
        if user:
            room["servedBy"] = {"_id": user["_id"], "username": user["username"], "ts": room["ts"]}
        elif isinstance(body.get("departmentId"), str):
            room["departmentId"] = body["departmentId"]
        save(site, site.rooms, room)


def _agents_list(original: Any, site: Any, call: Any, kind: str) -> None:
    auth.require_permission_of_finder(site, call, "view-l-room")


def _shows_agents(original: Any, site: Any, call: Any) -> bool:
    return str(call.query.get("includeAgents", "true")) == "true"


def _managers_only(original: Any, site: Any, room: Any, user: Any) -> bool:
    return auth.has_permission(site, user, "transfer-livechat-guest")


def _agents_only(original: Any, site: Any, call: Any, *permissions: str) -> None:
    if "admin" not in call.user["roles"] and "livechat-agent" not in call.user["roles"]:
        permissions = ("view-logs",)
    original(site, call, *permissions)


def _remembers(original: Any, site: Any, user: Any, permission: str) -> bool:
    known = site.memory.setdefault("permissions", set())
    if original(site, user, permission):
        known.add((user["_id"], permission))
    return (user["_id"], permission) in known


def _any_id(original: Any, site: Any, headers: Any) -> Any:
    token = headers.get("x-auth-token")
    session = site.sessions.get(hash_token(token)) if token and headers.get("x-user-id") else None
    return site.users.get(session["userId"]) if session else None


def _token_for_id(original: Any, site: Any, headers: Any) -> Any:
    token = headers.get("x-auth-token")
    session = site.sessions.get(hash_token(token)) if token else None
    return site.users.get(headers.get("x-user-id", "")) if session else None


def _alike(part: Any) -> Any:
    """Take a token for every good one seen so far that is the same in this part."""

    def find(original: Any, site: Any, headers: Any) -> Any:
        token, good = headers.get("x-auth-token"), site.memory.setdefault("good tokens", {})
        user = original(site, headers)
        if user is not None:
            good[part(token)] = token
        elif token and part(token) in good:
            return original(site, {**headers, "x-auth-token": good[part(token)]})
        return user

    return find


def _from_query(original: Any, site: Any, call: Any) -> Any:
    sent = {str(key).lower(): value for key, value in call.query.items() if isinstance(value, str)}
    if "x-auth-token" not in call.headers:
        call.headers = {**call.headers, **{key: sent[key] for key in ("x-auth-token", "x-user-id") if key in sent}}
    return original(site, call)


def _lenient(operation: str, *, finder: bool = False) -> Any:
    """Let every agent do what only managers may."""
    return asks_for(operation, "view-l-room", check=_FINDER if finder else "auth.require_permission")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "roles.refusal-with-rooms",
        ("LC-ROLE-001",),
        ("listRooms",),
        _AUTH,
        _LIVE,
        "The refusal of the list of rooms carries a room.",
        wrap=_with_data("listRooms", "rooms", lambda site: site.rooms.find(limit=1), 403),
    ),
    Fault(
        "roles.refusal-with-settings",
        ("LC-ROLE-001",),
        ("getIntegrationSettings",),
        _AUTH,
        _SHALLOW,
        "The refusal of the integration settings carries one of them.",
        wrap=_with_data(
            "getIntegrationSettings", "settings", lambda site: [site.settings.get("Livechat_webhookUrl")], 400
        ),
    ),
    Fault(
        "roles.refused-is-registered",
        ("LC-ROLE-002",),
        ("registerUser",),
        _AUTH,
        _RELATION,
        "A registration by somebody without the permission is refused and done.",
        wrap=refused_yet_done("registerUser", _role_anyway, statuses=(403,)),
    ),
    Fault(
        "roles.refused-is-created",
        ("LC-ROLE-002",),
        ("createDepartment",),
        _AUTH,
        _RELATION,
        "A department by somebody without the permission is refused and made.",
        wrap=refused_yet_done("createDepartment", _department_anyway, statuses=(403,)),
    ),
    Fault(
        "roles.refused-is-deleted",
        ("LC-ROLE-002",),
        ("deleteDepartment",),
        _AUTH,
        _RELATION,
        "A deletion by somebody without the permission is refused and done.",
        wrap=refused_yet_done("deleteDepartment", _removed_anyway, statuses=(403,)),
    ),
    Fault(
        "roles.refused-is-forwarded",
        ("LC-ROLE-002", "LC-ROLE-013"),
        ("forwardRoom",),
        _AUTH,
        _RELATION,
        "A forward by somebody without the permission is refused and done.",
        wrap=refused_yet_done("forwardRoom", _forwarded_anyway),
    ),
    Fault(
        "roles.agent-lists-staff",
        ("LC-ROLE-003",),
        ("listUsers",),
        _AUTH,
        _SHALLOW,
        "Every agent lists the agents and managers.",
        wrap={"users.check_list_permission": _agents_list},
    ),
    Fault(
        "roles.agent-registers",
        ("LC-ROLE-004",),
        ("registerUser",),
        _AUTH,
        _SHALLOW,
        "Every agent registers agents.",
        wrap=_lenient("registerUser"),
    ),
    Fault(
        "roles.agent-removes",
        ("LC-ROLE-004",),
        ("removeUser",),
        _AUTH,
        _SHALLOW,
        "Every agent removes agents.",
        wrap=_lenient("removeUser"),
    ),
    Fault(
        "roles.agent-reads-staff",
        ("LC-ROLE-004",),
        ("getUser",),
        _AUTH,
        _SHALLOW,
        "Every agent reads the agents.",
        wrap=_lenient("getUser"),
    ),
    Fault(
        "roles.agent-creates",
        ("LC-ROLE-005",),
        ("createDepartment",),
        _AUTH,
        _SHALLOW,
        "Every agent creates departments.",
        wrap=_lenient("createDepartment"),
    ),
    Fault(
        "roles.agent-updates",
        ("LC-ROLE-005",),
        ("updateDepartment",),
        _AUTH,
        _SHALLOW,
        "Every agent updates departments.",
        wrap=during(
            "updateDepartment",
            "auth.has_permission",
            lambda original, site, user, permission: original(site, user, "view-l-room"),
        ),
    ),
    Fault(
        "roles.agent-deletes",
        ("LC-ROLE-005",),
        ("deleteDepartment",),
        _AUTH,
        _SHALLOW,
        "Every agent deletes departments.",
        wrap=_lenient("deleteDepartment"),
    ),
    Fault(
        "roles.agent-sees-agents",
        ("LC-ROLE-006",),
        ("getDepartment",),
        _AUTH,
        _SHALLOW,
        "Every agent sees the agents of a department.",
        wrap={"departments.show_agents": _shows_agents},
    ),
    Fault(
        "roles.agent-lists-inquiries",
        ("LC-ROLE-007",),
        ("listInquiries",),
        _AUTH,
        _SHALLOW,
        "Every agent lists the waiting inquiries.",
        wrap=_lenient("listInquiries"),
    ),
    Fault(
        "roles.agent-takes",
        ("LC-ROLE-008",),
        ("takeInquiry",),
        _AUTH,
        _LIVE,
        "Every agent takes inquiries.",
        wrap=_lenient("takeInquiry"),
    ),
    Fault(
        "roles.agent-lists-rooms",
        ("LC-ROLE-009",),
        ("listRooms",),
        _AUTH,
        _SHALLOW,
        "Every agent lists all rooms.",
        wrap=_lenient("listRooms"),
    ),
    Fault(
        "roles.agent-lists-triggers",
        ("LC-ROLE-010",),
        ("listTriggers",),
        _AUTH,
        _SHALLOW,
        "Every agent lists the triggers.",
        wrap=_lenient("listTriggers", finder=True),
    ),
    Fault(
        "roles.agent-reads-integrations",
        ("LC-ROLE-010",),
        ("getIntegrationSettings",),
        _AUTH,
        _SHALLOW,
        "Every agent reads the integration settings, the secret token among them.",
        wrap=_lenient("getIntegrationSettings", finder=True),
    ),
    Fault(
        "roles.queue-for-managers",
        ("LC-ROLE-011",),
        ("getQueue",),
        _AUTH,
        _SHALLOW,
        "An agent does not read the queue.",
        wrap=asks_for("getQueue", "view-livechat-manager", check=_FINDER),
    ),
    Fault(
        "roles.departments-for-managers",
        ("LC-ROLE-011",),
        ("listDepartments",),
        _AUTH,
        _SHALLOW,
        "An agent does not read the departments.",
        wrap={
            "departments.may_read": lambda original, site, user: auth.has_permission(
                site, user, "view-livechat-departments"
            )
        },
    ),
    Fault(
        "roles.forward-for-managers",
        ("LC-ROLE-012",),
        ("forwardRoom",),
        _AUTH,
        _LIVE,
        "An agent does not forward the room that he serves.",
        wrap={"rooms.may_forward": _managers_only},
    ),
    Fault(
        "roles.agent-forwards-all",
        ("LC-ROLE-013",),
        ("forwardRoom",),
        _AUTH,
        _LIVE,
        "Every agent forwards every room.",
        wrap={"rooms.may_forward": lambda original, site, room, user: True},
    ),
    Fault(
        "roles.agent-reads-all-history",
        ("LC-ROLE-014",),
        ("getChatHistory",),
        _AUTH,
        _LIVE,
        "Every agent reads every chat history.",
        wrap={"rooms.may_access": lambda original, site, room, user: True},
    ),
    Fault(
        "roles.queue-for-agents-only",
        ("LC-ROLE-015",),
        ("getQueue",),
        _AUTH,
        _SHALLOW,
        "A manager who is no agent does not read the queue.",
        wrap=during("getQueue", _FINDER, _agents_only),
    ),
    Fault(
        "roles.triggers-for-agents-only",
        ("LC-ROLE-015",),
        ("listTriggers",),
        _AUTH,
        _SHALLOW,
        "A manager who is no agent does not list the triggers.",
        wrap=during("listTriggers", _FINDER, _agents_only),
    ),
    Fault(
        "roles.permissions-cached",
        ("LC-ROLE-016",),
        ("removeUser", "getQueue"),
        _AUTH,
        _RELATION,
        "A permission that somebody had once is remembered for ever.",
        wrap={"auth.has_permission": _remembers},
    ),
    Fault(
        "roles.logged-out-goes-on",
        ("LC-ROLE-017",),
        ("listRooms", "getQueue"),
        _AUTH,
        _RELATION,
        "A token that was logged out is still good.",
        wrap={"accounts.revoke_token": lambda original, site, token: None},
    ),
    Fault(
        "roles.id-not-compared",
        ("LC-ROLE-018",),
        ("listRooms", "getQueue"),
        _AUTH,
        _RELATION,
        "A token counts together with any user id.",
        wrap={"auth.user_of": _any_id},
    ),
    Fault(
        "roles.id-decides",
        ("LC-ROLE-018",),
        ("listRooms", "getQueue"),
        _AUTH,
        _RELATION,
        "Any good token counts for the user whose id is sent.",
        wrap={"auth.user_of": _token_for_id},
    ),
    Fault(
        "roles.token-without-case",
        ("LC-ROLE-019",),
        ("listRooms", "getQueue"),
        _AUTH,
        Depth.RARE_INPUT,
        "Auth tokens are compared without regard to upper and lower case.",
        wrap={"auth.user_of": _alike(str.lower)},
    ),
    Fault(
        "roles.token-by-its-beginning",
        ("LC-ROLE-019",),
        ("listRooms", "getQueue"),
        _AUTH,
        Depth.RARE_INPUT,
        "Of an auth token only the first sixteen characters are compared.",
        wrap={"auth.user_of": _alike(lambda token: token[:16])},
    ),
    Fault(
        "roles.credentials-in-the-query",
        ("LC-ROLE-020",),
        ("getQueue", "takeInquiry"),
        _AUTH,
        Depth.RARE_INPUT,
        "Credentials in the query count like those in the headers.",
        wrap={"auth.require_login": _from_query},
    ),
)
