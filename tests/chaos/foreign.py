"""A server full of other people's data, some of it with names that resemble ours."""

from __future__ import annotations

from typing import Any

from conformance.reference.envelope import encode_json
from conformance.reference.server import Url
from conformance.reference.site import Site, add, new_id
from conformance.reference.visitors import register_visitor
from conformance.world.names import owns, run_prefix

_FALSE_PREFIX = run_prefix(3, "main")[:-4] + "0000"
"""As ours, but with a check that does not hold."""
_NAMES = ("customer", "lcx", "lcx-agent", "lcx-1-main-zzzz-v1", f"{_FALSE_PREFIX}-v1", "LCX-3-MAIN", "99912345678000")
_COLLECTIONS = (
    *("users", "visitors", "rooms", "messages", "inquiries", "subscriptions", "departments", "department_agents"),
    *("custom_fields", "triggers", "settings", "permissions", "channels", "office_hours"),
)
_COUNTERS = {"Livechat_guest_count"}
"""What the server itself counts on with every visitor, and nobody can set back."""
_RESTORED = {"settings", "permissions"}


def fill(server: Url, each: int) -> None:
    """Add about ``each`` objects of every kind; those who might serve visitors are not online."""
    site = server.site
    for number in range(each):
        _add_one(site, f"{_NAMES[number % len(_NAMES)]}.{number}", number)
    site.store.commit()


def _add_one(site: Site, name: str, number: int) -> None:
    assert not owns(name), name
    user = new_id(site)
    account = {
        "_id": user,
        "username": name,
        "name": name,
        "type": "user",
        "roles": ["user", "livechat-agent"] if number % 2 else ["user", "livechat-manager"],
        "operator": bool(number % 2),
        "status": "offline",
        "statusDefault": "offline",
        "statusLivechat": "not-available",
        "active": True,
        "emails": [{"address": f"{name}@shop.example", "verified": True}],
        "services": {"password": {"bcrypt": "x"}},
        "createdAt": "2020-01-01T00:00:00.000Z",
    }
    add(site, site.users, account)
    department = new_id(site)
    add(
        site,
        site.departments,
        {
            "_id": department,
            "enabled": True,
            "name": name,
            "description": name,
            "numAgents": 1,
            "showOnRegistration": False,
            "showOnOfflineForm": False,
            "email": f"{name}@shop.example",
        },
    )
    link = {"_id": new_id(site), "agentId": user, "departmentId": department, "count": 0, "order": 0}
    add(site, site.department_agents, {**link, "username": name})
    field = {"_id": f"field.{name}", "label": name, "scope": "visitor", "visibility": "visible", "regexp": ""}
    add(site, site.custom_fields, field)
    trigger = {
        "_id": new_id(site),
        "name": name,
        "enabled": False,
        "runOnce": False,
        "description": "",
        "conditions": [],
    }
    add(site, site.triggers, {**trigger, "actions": []})
    reached = {"email": f"{name}@home.example", "phone": f"+4930{number:08d}"}
    visitor = register_visitor(site, f"token-{name}", {"name": name, **reached}, {})
    room: dict[str, Any] = {
        "_id": new_id(site),
        "t": "l",
        "msgs": 1,
        "usersCount": 1,
        "fname": name,
        "ts": "2020-01-01T00:00:00.000Z",
        "lm": "2020-01-01T00:00:00.000Z",
        "cl": False,
        "waitingResponse": True,
        "v": {**{key: visitor[key] for key in ("_id", "username", "token")}, "status": "offline"},
        "servedBy": {"_id": user, "username": name, "ts": "2020-01-01T00:00:00.000Z"},
    }
    # A closed room has no "open" at all.
    closer = {"_id": visitor["_id"], "username": visitor["username"]}
    ended = {"closedAt": "2020-01-01T00:10:00.000Z", "closer": "visitor", "closedBy": closer}
    room |= {"open": True} if number % 2 else ended
    add(site, site.rooms, room)
    taken = {
        "_id": new_id(site),
        "rid": room["_id"],
        "name": name,
        "ts": room["ts"],
        "message": name,
        "status": "taken",
    }
    add(site, site.inquiries, {**taken, "v": dict(room["v"]), "t": "l", "queueOrder": 1})
    add(
        site, site.subscriptions, {"_id": new_id(site), "rid": room["_id"], "u": {"_id": user}, "fname": name, "t": "l"}
    )
    message = {"_id": new_id(site), "rid": room["_id"], "msg": name, "ts": room["ts"], "u": {"_id": user}}
    add(site, site.messages, {**message, "token": visitor["token"]})


def picture(server: Url) -> dict[tuple[str, str], bytes]:
    """Every document of the server by collection and id, as bytes.

    Left out is what changes with the administrator's login, and when a setting or a permission was changed: those are
    the server's own, are changed by a run, and restored.
    """
    found: dict[tuple[str, str], bytes] = {}
    for name in _COLLECTIONS:
        for document in getattr(server.site, name).find():
            if document["_id"] in _COUNTERS:
                continue
            kept = dict(document)
            if name in _RESTORED:
                kept.pop("_updatedAt", None)
            elif name == "users" and kept.get("username") == server.admin_user:
                kept = {key: kept[key] for key in ("_id", "username", "roles")}
            found[name, str(document["_id"])] = encode_json(kept)
    return found


def ours(server: Url) -> list[str]:
    """What carries a valid prefix of the suite and could have been removed."""
    site = server.site
    left = [f"user {each['username']}" for each in site.users.find() if owns(each.get("username"))]
    left += [f"department {each['name']}" for each in site.departments.find() if owns(each.get("name"))]
    left += [f"field {each['_id']}" for each in site.custom_fields.find() if owns(each["_id"])]
    left += [f"trigger {each['name']}" for each in site.triggers.find() if owns(each.get("name"))]
    left += [f"open room of {_token(each)}" for each in site.rooms.find() if each.get("open") and owns(_token(each))]
    return left


def secrets(server: Url) -> list[str]:
    """What opens a chat of somebody else, and where he can be reached."""
    site = server.site
    found = [str(each["token"]) for each in site.visitors.find()]
    found += [each["address"] for one in site.visitors.find() for each in one.get("visitorEmails", ())]
    found += [each["phoneNumber"] for one in site.visitors.find() for each in one.get("phone", ())]
    found += [each["address"] for one in site.users.find() for each in one.get("emails", ())]
    return found + [each["email"] for each in site.departments.find()]


def visitors_of_ours(server: Url) -> list[str]:
    """Tokens of visitors who carry a valid prefix of the suite."""
    return [each["token"] for each in server.site.visitors.find() if owns(each.get("token"))]


def _token(room: dict[str, Any]) -> str:
    visitor = room.get("v")
    return str(visitor.get("token", "")) if isinstance(visitor, dict) else ""
