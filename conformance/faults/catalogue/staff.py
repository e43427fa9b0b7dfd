"""Faults of agents and managers: listing, registering, reading and removing them."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import (
    after,
    answered,
    default_order,
    during,
    put,
    recoded,
    refused_yet_done,
    stale,
)
from conformance.reference import accounts
from conformance.reference.envelope import Failure, Refusal
from conformance.reference.site import save

_LIST, _REGISTER, _READ, _REMOVE = ("listUsers",), ("registerUser",), ("getUser",), ("removeUser",)
_STATE, _SHALLOW, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.RELATION
_ROLES = {"agent": "livechat-agent", "manager": "livechat-manager"}


def _first_status(site: Any, call: Any, body: Any) -> None:
    first = site.memory.setdefault("first status", {})
    for each in body.get("users", ()):
        if "status" in each:
            each["status"] = first.setdefault(each["_id"], each["status"])


def _any_case(original: Any, site: Any, username: str) -> Any:
    same = [user for user in site.users.find() if str(user.get("username")).lower() == username.lower()]
    return same[0] if same else None


def _key(call: Any) -> str:
    return f"{call.params} {sorted(call.query.items())}"


def _either_role(original: Any, site: Any, user: Any, role: str, text: Any) -> Any:
    return any(original(site, user, each, text) for each in _ROLES.values())


def _everybody(original: Any, site: Any, user: Any, role: str, text: Any) -> Any:
    return original(site, {**user, "roles": [*user.get("roles", ()), role]}, role, text)


def _no_addresses(shown: Any, site: Any, user: Any) -> Any:
    return {key: value for key, value in shown.items() if key != "emails"}


def _username_only(original: Any, site: Any, user: Any, text: str) -> bool:
    return text.lower() in str(user.get("username")).lower()


def _once_only(original: Any, site: Any, user: Any, kind: str) -> None:
    if _ROLES[kind] in user.get("roles", ()):
        raise Refusal("error-user-already-registered")
    original(site, user, kind)


def _any_key(original: Any, site: Any, username: str) -> Any:
    return original(site, username) or site.users.get(username) or _by_address(site, username)


def _by_address(site: Any, text: str) -> Any:
    for user in site.users.find():
        if any(each.get("address") == text for each in user.get("emails", ())):
            return user
    return None


def _registered_anyway(site: Any, call: Any) -> None:
    texts = [value for value in call.body.values() if isinstance(value, str)] if isinstance(call.body, dict) else []
    for text in filter(None, texts):
        user = _any_key(accounts.find_by_username, site, text)
        role = _ROLES.get(call.params["type"], "livechat-agent")
        if user is not None and role not in user.get("roles", ()):
            accounts.add_role(site, user, role)


def _first_agent(original: Any, site: Any, identifier: str) -> Any:
    user = original(site, identifier)
    if user is None or "livechat-agent" not in user.get("roles", ()):
        return user
    return site.users.find(where=lambda one: "livechat-agent" in one.get("roles", ()))[0]


def _noting(kind: str, more: dict[str, Any]) -> dict[str, Any]:
    """Remember who was removed, for what ``more`` wraps."""

    def unregister(original: Any, site: Any, user: Any, removed: str) -> None:
        original(site, user, removed)
        if removed == kind:
            site.memory.setdefault("removed", set()).add(user["_id"])

    return {"users.unregister": unregister, **more}


def _removed(site: Any, user: Any) -> bool:
    return user["_id"] in site.memory.get("removed", ())


def _both_roles(nothing: None, site: Any, user: Any, kind: str) -> None:
    for role in _ROLES.values():
        if role in user.get("roles", ()):
            accounts.remove_role(site, user, role)


def _not_twice(original: Any, site: Any, user: Any, kind: str) -> None:
    if _ROLES[kind] not in user.get("roles", ()):
        raise Failure("Invalid user or type")
    original(site, user, kind)


def _newest_too(nothing: None, site: Any, user: Any, kind: str) -> None:
    others = site.users.find(where=lambda one: _ROLES[kind] in one.get("roles", ()) and one["_id"] != user["_id"])
    if others:
        accounts.remove_role(site, others[-1], _ROLES[kind])


def _still_online(original: Any, site: Any) -> Any:
    gone = [user for user in map(site.users.get, site.memory.get("removed", ())) if user]
    return [*original(site), *(user for user in gone if user.get("status") not in (None, "offline"))]


def _not_again(original: Any, site: Any, user: Any, kind: str) -> None:
    original(site, user, kind)
    if _removed(site, user):
        user["statusLivechat"] = "not-available"
        save(site, site.users, user)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "staff.list-stale",
        ("LC-USER-007", "LC-USER-041"),
        _LIST,
        _STATE,
        _RELATION,
        "The lists of agents and managers are answered from a cache.",
        wrap=stale("listUsers", _key),
    ),
    Fault(
        "staff.lists-both-roles",
        ("LC-USER-008",),
        _LIST,
        _STATE,
        _RELATION,
        "Agents and managers stand in one list.",
        wrap={"users.list_selects": _either_role},
    ),
    Fault(
        "staff.lists-everybody",
        ("LC-USER-009",),
        _LIST,
        _STATE,
        _RELATION,
        "Every account is in the lists.",
        wrap={"users.list_selects": _everybody},
    ),
    Fault(
        "staff.lists-no-addresses",
        ("LC-USER-010",),
        _LIST,
        Kind.DATA_LOSS,
        _SHALLOW,
        "A listed user shows no e-mail addresses.",
        wrap=during(
            "listUsers", "users.shown", lambda original, site, user: _no_addresses(original(site, user), site, user)
        ),
    ),
    Fault(
        "staff.list-by-id",
        ("LC-USER-011",),
        _LIST,
        _STATE,
        _RELATION,
        "Users are listed by their ids.",
        wrap=default_order("listUsers", '{"_id":1}'),
    ),
    Fault(
        "staff.text-in-usernames",
        ("LC-USER-012",),
        _LIST,
        _STATE,
        Depth.RARE_INPUT,
        "The text filter looks into usernames only.",
        wrap={"users.matches_text": _username_only},
    ),
    Fault(
        "staff.registered-username-for-id",
        ("LC-USER-019",),
        _REGISTER,
        _STATE,
        _RELATION,
        "The answer of a registration carries the username as the _id.",
        wrap=answered("registerUser", lambda site, call, body: body["user"].update(_id=body["user"]["username"])),
    ),
    Fault(
        "staff.new-reads-not-available",
        ("LC-USER-020", "LC-USER-048"),
        (*_REGISTER, *_READ),
        _STATE,
        _RELATION,
        "An agent who is available is read as not available.",
        wrap=answered("getUser", put("user.statusLivechat", "not-available")),
    ),
    Fault(
        "staff.registered-once-only",
        ("LC-USER-021",),
        _REGISTER,
        Kind.STATUS,
        _RELATION,
        "Registering an agent again is refused.",
        wrap={"users.register": _once_only},
    ),
    Fault(
        "staff.unknown-other-code",
        ("LC-USER-022",),
        _REGISTER,
        Kind.STATUS,
        _SHALLOW,
        "A username that nobody has is refused with another code.",
        wrap=recoded("registerUser", "error-invalid-user", "error-user-not-found"),
    ),
    Fault(
        "staff.any-key-registers",
        ("LC-USER-023",),
        _REGISTER,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "A user is registered by his id or address as well.",
        wrap=during("registerUser", "accounts.find_by_username", _any_key),
    ),
    Fault(
        "staff.refused-is-registered",
        ("LC-USER-024",),
        (*_REGISTER, *_LIST),
        _STATE,
        _RELATION,
        "A registration that is refused gives the role all the same.",
        wrap=refused_yet_done("registerUser", _registered_anyway),
    ),
    Fault(
        "staff.reads-first-agent",
        ("LC-USER-031",),
        _READ,
        _STATE,
        _RELATION,
        "Whichever agent is read, the first one is answered.",
        wrap=during("getUser", "accounts.find_by_id", _first_agent),
    ),
    Fault(
        "staff.reads-everybody",
        ("LC-USER-032",),
        _READ,
        _STATE,
        _RELATION,
        "A user without the role is read as if he had it.",
        wrap=during("getUser", "auth.has_role", lambda original, site, user, role: True),
    ),
    Fault(
        "staff.unknown-other-text",
        ("LC-USER-033",),
        _READ,
        Kind.STATUS,
        _SHALLOW,
        "An _id that no user has is refused with another text.",
        wrap=recoded("getUser", "User not found", "error-invalid-user"),
    ),
    Fault(
        "staff.reads-stale",
        ("LC-USER-034", "LC-USER-048"),
        _READ,
        _STATE,
        _RELATION,
        "An agent is read from a cache.",
        wrap=stale("getUser", _key),
    ),
    Fault(
        "staff.removed-is-listed",
        ("LC-USER-041",),
        (*_REMOVE, *_LIST),
        _STATE,
        _RELATION,
        "A removed agent stays in the list of agents.",
        wrap=_noting(
            "agent",
            {
                "users.list_selects": lambda original, site, user, role, text: (
                    original(site, user, role, text) or (role == "livechat-agent" and not text and _removed(site, user))
                )
            },
        ),
    ),
    Fault(
        "staff.removes-account",
        ("LC-USER-042",),
        _REMOVE,
        Kind.DATA_LOSS,
        _RELATION,
        "Removing an agent deletes his account.",
        wrap=after("users.unregister", lambda nothing, site, user, kind: site.users.remove(user["_id"])),
    ),
    Fault(
        "staff.removes-both-roles",
        ("LC-USER-043",),
        _REMOVE,
        Kind.DATA_LOSS,
        _RELATION,
        "Removing an agent takes his role as a manager as well, and the reverse.",
        wrap=after("users.unregister", _both_roles),
    ),
    Fault(
        "staff.removed-once-only",
        ("LC-USER-044",),
        _REMOVE,
        Kind.STATUS,
        _RELATION,
        "Removing an agent a second time is refused.",
        wrap={"users.unregister": _not_twice},
    ),
    Fault(
        "staff.removed-stays-in-departments",
        ("LC-USER-045",),
        (*_REMOVE, "getDepartment", "listAgentDepartments"),
        _STATE,
        _RELATION,
        "A removed agent stays in his departments.",
        wrap={"users.leave_departments": lambda original, site, user_id: None},
    ),
    Fault(
        "staff.removes-newest-too",
        ("LC-USER-046",),
        (*_REMOVE, *_LIST),
        Kind.DATA_LOSS,
        _RELATION,
        "Removing an agent removes the newest other one as well.",
        wrap=after("users.unregister", _newest_too),
    ),
    Fault(
        "staff.removed-gets-chats",
        ("LC-USER-047", "LC-USER-045"),
        (*_REMOVE, "openRoom"),
        _STATE,
        _RELATION,
        "A removed agent goes on getting chats.",
        wrap=_noting(
            "agent", {"agents.online": _still_online, "users.leave_departments": lambda original, site, user_id: None}
        ),
    ),
    Fault(
        "staff.registered-again-not-available",
        ("LC-USER-048",),
        (*_REMOVE, *_REGISTER, *_READ),
        _STATE,
        _RELATION,
        "A removed agent who is registered again is not available.",
        wrap=_noting("agent", {"users.register": _not_again}),
    ),
    Fault(
        "staff.username-without-case",
        ("LC-USER-049",),
        _REGISTER,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "Usernames are looked up without regard to upper and lower case.",
        wrap=during("registerUser", "accounts.find_by_username", _any_case),
    ),
    Fault(
        "staff.listed-with-first-status",
        ("LC-USER-050",),
        (*_LIST, *_READ),
        _STATE,
        _RELATION,
        "The list shows each agent with the status that he had when he was first listed.",
        wrap=answered("listUsers", _first_status),
    ),
)
