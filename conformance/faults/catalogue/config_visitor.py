"""Faults of what the configuration says of the visitor who asks: the guest, the room, the agent."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during, stale
from conformance.reference.agents import show_agent
from conformance.reference.envelope import failure
from conformance.reference.visitors import register_visitor


def _on(change: Any) -> Any:
    """Change the configuration while Livechat is switched on: ``change(site, call, config)``."""
    return answered(
        "getConfig", lambda site, call, body: body["config"]["enabled"] and change(site, call, body["config"])
    )


def _last_guest(original: Any, site: Any, token: str) -> Any:
    part = original(site, token)
    if part:
        site.memory["last part"] = part
        return part
    return site.memory.get("last part", {})


def _anybody(site: Any, call: Any, config: Any) -> None:
    if not call.query.get("token"):
        visitor = next(iter(site.visitors.find()), None)
        if visitor is not None:
            config["guest"] = {key: visitor[key] for key in ("_id", "username", "token")}


def _first_guest(original: Any, site: Any, visitor: Any) -> Any:
    return original(site, site.visitors.find()[0])


def _guest_without_token(original: Any, site: Any, visitor: Any) -> Any:
    return {**original(site, visitor), "token": visitor["_id"]}


def _any_room(original: Any, site: Any, visitor: Any) -> Any:
    rooms = site.rooms.find({"v.token": visitor["token"]})
    return {"_id": rooms[-1]["_id"], "open": True} if rooms else None


def _other_room(original: Any, site: Any, visitor: Any) -> Any:
    shown = original(site, visitor)
    rooms = site.rooms.find({"open": True})
    return shown and {**shown, "_id": rooms[0]["_id"]}


def _some_agent(original: Any, site: Any, token: str) -> Any:
    part = original(site, token)
    if "room" in part and "agent" not in part:
        agents = [user for user in site.users.find() if "livechat-agent" in user.get("roles", ())]
        if agents:
            part["agent"] = show_agent(site, agents[0]["_id"])
    return part


def _without(key: str) -> Any:
    return after(
        "config.of_visitor", lambda part, site, token: {name: value for name, value in part.items() if name != key}
    )


def _shown_anyway(original: Any, site: Any, asked: str) -> Any:
    return True if asked == "Livechat_show_agent_info" else original(site, asked)


def _shown_triggers(body: Any) -> Any:
    return body.get("config", {}).get("triggers", ())


def _first_names(site: Any, call: Any, body: Any) -> None:
    names = site.memory.setdefault("first names", {})
    for each in body.get("config", {}).get("departments", ()):
        each["name"] = names.setdefault(each["_id"], each["name"])


def _email_anyway(original: Any, site: Any, asked: str) -> Any:
    return True if asked == "Livechat_show_agent_email" else original(site, asked)


def _registers(original: Any, site: Any, token: str) -> Any:
    if site.visitors.one({"token": token}) is None:
        register_visitor(site, token, {}, {})
        return {}
    return original(site, token)


def _path_form_refuses(original: Any, site: Any, call: Any) -> Any:
    if "/livechat/config/" in call.path:
        return failure("invalid-token")
    return original(site, call)


def _path_form_unread(original: Any, site: Any, router: Any, path: str) -> Any:
    start, found, _ = path.partition("/livechat/config/")
    return original(site, router, f"{start}/livechat/config" if found else path)


_CONFIG = ("getConfig",)
_STATE, _LOSS, _SHALLOW = Kind.STATE, Kind.DATA_LOSS, Depth.SHALLOW
_LIVE, _RELATION = Depth.LIVE_ROOM, Depth.RELATION

FAULTS: tuple[Fault, ...] = (
    Fault(
        "config.first-guest",
        ("LC-CONFIG-014",),
        _CONFIG,
        Kind.AUTHORISATION,
        _RELATION,
        "The guest is always the first visitor of the server.",
        wrap={"config.guest": _first_guest},
    ),
    Fault(
        "config.guest-without-token",
        ("LC-CONFIG-014",),
        _CONFIG,
        _STATE,
        _SHALLOW,
        "The guest carries his _id as token.",
        wrap={"config.guest": _guest_without_token},
    ),
    Fault(
        "config.unknown-gets-last",
        ("LC-CONFIG-015",),
        _CONFIG,
        Kind.AUTHORISATION,
        _RELATION,
        "With an unknown token the guest of the call before is shown.",
        wrap={"config.of_visitor": _last_guest},
    ),
    Fault(
        "config.nobody-gets-first",
        ("LC-CONFIG-016",),
        _CONFIG,
        Kind.AUTHORISATION,
        _RELATION,
        "Without a token the first visitor is shown as guest.",
        wrap=_on(_anybody),
    ),
    Fault(
        "config.room-missing",
        ("LC-CONFIG-017",),
        _CONFIG,
        _LOSS,
        _LIVE,
        "The open room of a visitor is not shown.",
        wrap=_without("room"),
    ),
    Fault(
        "config.first-open-room",
        ("LC-CONFIG-017",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The room is the first open one of the server.",
        wrap={"config.room": _other_room},
    ),
    Fault(
        "config.closed-room-shown",
        ("LC-CONFIG-018",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The last room of a visitor is shown after it is closed.",
        wrap={"config.room": _any_room},
    ),
    Fault(
        "config.agent-missing",
        ("LC-CONFIG-019",),
        _CONFIG,
        _LOSS,
        _LIVE,
        "The agent of the visitor's room is not shown.",
        wrap=_without("agent"),
    ),
    Fault(
        "config.agent-of-unserved",
        ("LC-CONFIG-020",),
        _CONFIG,
        _STATE,
        _RELATION,
        "For a room that is not served some agent is shown.",
        wrap={"config.of_visitor": _some_agent},
    ),
    Fault(
        "config.agent-not-hidden",
        ("LC-CONFIG-021",),
        _CONFIG,
        Kind.AUTHORISATION,
        _RELATION,
        "The setting that hides agents has no effect on the configuration.",
        wrap=during("getConfig", "settings.read", _shown_anyway),
    ),
    Fault(
        "config.email-not-hidden",
        ("LC-CONFIG-030",),
        _CONFIG,
        Kind.AUTHORISATION,
        _RELATION,
        "The setting that hides the agents' e-mail has no effect on the configuration.",
        wrap=during("getConfig", "settings.read", _email_anyway),
    ),
    Fault(
        "config.registers",
        ("LC-CONFIG-028",),
        ("getConfig", "getVisitor"),
        _STATE,
        _RELATION,
        "Reading the configuration with an unknown token registers a visitor.",
        wrap={"config.of_visitor": _registers},
    ),
    Fault(
        "config.cached",
        ("LC-CONFIG-018",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The configuration of a token is answered from a cache.",
        wrap=stale("getConfig", lambda call: str(call.query)),
    ),
    Fault(
        "config.path-form-refuses",
        ("LC-CONFIG-029",),
        _CONFIG,
        _STATE,
        Depth.RARE_INPUT,
        "The path form is routed, and refuses every token.",
        wrap={"http.unknown_route": _path_form_refuses},
    ),
    Fault(
        "config.path-form-unread",
        ("LC-CONFIG-029",),
        _CONFIG,
        _STATE,
        Depth.RARE_INPUT,
        "The path form is routed, and does not read its token.",
        wrap={"http.find_route": _path_form_unread},
    ),
    Fault(
        "config.triggers-without-conditions",
        ("LC-CONFIG-031",),
        ("getConfig", "listTriggers"),
        Kind.DATA_LOSS,
        _RELATION,
        "The triggers of the configuration come without their conditions.",
        seen_in="RocketChat/Rocket.Chat#26776",
        wrap=answered(
            "getConfig", lambda site, call, body: [each.update(conditions=[]) for each in _shown_triggers(body)]
        ),
    ),
    Fault(
        "config.department-names-remembered",
        ("LC-CONFIG-032",),
        ("getConfig", "updateDepartment"),
        _STATE,
        _RELATION,
        "The configuration shows a department under the name that it had first.",
        wrap=answered("getConfig", _first_names),
    ),
)
