"""Faults of opening rooms and of looking at them."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during, put, unchecked_token
from conformance.reference import queue
from conformance.reference.envelope import Refusal
from conformance.reference.rooms import is_open, open_rooms
from conformance.reference.site import save, setting


def _reuses_open(original: Any, site: Any, visitor: Any, identifier: Any, agent: Any, more: Any = None) -> Any:
    own = open_rooms(site, visitor["token"])
    return (own[0], False) if own and not identifier else original(site, visitor, identifier, agent, more)


def _opens_on_read(original: Any, site: Any, visitor: Any, identifier: Any, agent: Any, more: Any = None) -> Any:
    room, new = original(site, visitor, identifier, agent, more)
    if not new:
        seen = site.memory.setdefault("reads", {})
        seen[room["_id"]] = seen.get(room["_id"], 0) + 1
        if seen[room["_id"]] == 2:
            original(site, visitor, None, agent, more)
    return room, new


def _another_room(original: Any, site: Any, visitor: Any, identifier: Any, agent: Any, more: Any = None) -> Any:
    room, new = original(site, visitor, identifier, agent, more)
    own = open_rooms(site, visitor["token"])
    return (room, new) if new or not own else (own[0], False)


def _reopens(original: Any, site: Any, visitor: Any, identifier: Any, agent: Any, more: Any = None) -> Any:
    room = site.rooms.get(identifier or "")
    if room is not None and not is_open(site, room) and room["v"]["token"] == visitor["token"]:
        room["open"] = True
        return save(site, site.rooms, room), False
    return original(site, visitor, identifier, agent, more)


def _reopens_beside(original: Any, site: Any, visitor: Any, identifier: Any, agent: Any, more: Any = None) -> Any:
    result = original(site, visitor, identifier, agent, more)
    old = site.rooms.get(identifier or "")
    if old is not None and not is_open(site, old):
        save(site, site.rooms, {**old, "open": True})
    return result


def _own_id(original: Any, site: Any, visitor: Any, identifier: Any, agent: Any, more: Any = None) -> Any:
    known = site.rooms.get(identifier) if identifier else None
    return original(site, visitor, identifier if known else None, agent, more)


def _room(change: Any) -> Any:
    """A change of a new room as it is stored."""

    def created(original: Any, site: Any, identifier: Any, visitor: Any, department: Any, more: Any) -> Any:
        room = original(site, identifier, visitor, department, more)
        change(site, room, visitor)
        return save(site, site.rooms, room)

    return {"rooms.create": created}


def _first_visitor(site: Any, room: Any, visitor: Any) -> None:
    first = site.memory.setdefault("first visitor", {"_id": visitor["_id"], "username": visitor["username"]})
    room["v"] |= first


def _hour_later(site: Any, room: Any, visitor: Any) -> None:
    room["ts"] = room["ts"][:11] + f"{(int(room['ts'][11:13]) + 2) % 24:02d}" + room["ts"][13:]


def _time_of_first(site: Any, room: Any, visitor: Any) -> None:
    mine = [each for each in site.rooms.find() if (each.get("v") or {}).get("token") == visitor["token"]]
    room["ts"] = mine[0]["ts"]


def _offline_too(original: Any, site: Any) -> Any:
    return [user for user in site.users.find() if "livechat-agent" in user.get("roles", ())]


def _any_department(original: Any, site: Any, department: str) -> Any:
    original(site, department)
    return queue.next_agent.__wrapped__(site, None)  # type: ignore[attr-defined]


def _swapped_name(original: Any, site: Any, room: Any, agent: Any) -> None:
    original(site, room, agent)
    last = site.memory.get("last agent", agent["username"])
    site.memory["last agent"] = agent["username"]
    room["servedBy"]["username"] = last


def _checks_late(original: Any, site: Any, identifier: Any, visitor: Any, agent: Any, more: Any = None) -> Any:
    try:
        return original(site, identifier, visitor, agent, more)
    except Refusal as error:
        if error.code == "no-agent-online":
            from conformance.reference.rooms import create_room

            create_room(site, identifier, visitor, visitor.get("department"), more or {})
            error.keep = True
        raise


async def _shared(original: Any, site: Any, call: Any) -> Any:
    token = call.query.get("token")
    if call.query.get("rid") or not isinstance(token, str):
        return original(site, call)
    opening = site.memory.setdefault("opening", {}).setdefault(token, {"calls": 0, "answer": None})
    opening["calls"] += 1
    try:
        await asyncio.sleep(0.02)
        answer = opening["answer"] or original(site, call)
        opening["answer"] = copy.deepcopy(answer)
        return answer
    finally:
        opening["calls"] -= 1
        if not opening["calls"]:
            site.memory["opening"].pop(token, None)


def _routed(original: Any, site: Any, room: Any, inquiry: Any, agent: Any) -> Any:
    room = original(site, room, inquiry, agent)
    if setting(site, "Livechat_Routing_Method") == "Manual_Selection" and not room.get("servedBy"):
        user = next((one for one in site.users.find() if "livechat-agent" in one.get("roles", ())), None)
        if user is not None:
            queue.set_agent(site, room, {"agentId": user["_id"], "username": user["username"]})
            save(site, site.rooms, room)
    return room


def _ignores_acceptance(original: Any, site: Any, department: Any, agent: Any) -> None:
    original(site, department, agent)
    if not agent and not _online(site, department):
        raise Refusal("no-agent-online", "Sorry, no online agents")


def _online(site: Any, department: Any) -> bool:
    from conformance.reference.departments import online_agents, online_links

    return bool(online_links(site, department) if department else online_agents(site))


def _only_enabled(original: Any, site: Any, call: Any) -> Any:
    if not setting(site, "Livechat_enabled"):
        raise Refusal("no-agent-online", "Sorry, no online agents")
    return original(site, call)


def _checks_departments(original: Any, site: Any, department: Any, agent: Any) -> None:
    if department or agent:
        original(site, department, agent)


def _no_check_of_department(original: Any, site: Any, department: Any, agent: Any) -> None:
    try:
        original(site, department, agent)
    except Refusal:
        if not department or not _online(site, None):
            raise


def _empty_is_an_id(original: Any, site: Any, call: Any) -> Any:
    if call.query.get("rid") == "":
        raise Refusal("invalid-room")
    return original(site, call)


_OPEN = ("openRoom",)
_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION

FAULTS: tuple[Fault, ...] = (
    Fault(
        "rooms.new-room-says-old",
        ("LC-ROOM-005",),
        _OPEN,
        _STATE,
        _SHALLOW,
        "A new room is answered with newRoom false.",
        wrap=answered("openRoom", put("newRoom", False)),
    ),
    Fault(
        "rooms.one-room-a-visitor",
        ("LC-ROOM-006",),
        _OPEN,
        _STATE,
        _LIVE,
        "A call without a room id hands out the visitor's open room instead of a new one.",
        seen_in="servers before 4.0 are described so",
        wrap={"rooms.open": _reuses_open},
    ),
    Fault(
        "rooms.known-room-says-new",
        ("LC-ROOM-007",),
        _OPEN,
        _STATE,
        _LIVE,
        "The visitor's open room is answered with newRoom true.",
        wrap={"rooms.open": lambda original, site, *a: (original(site, *a)[0], True)},
    ),
    Fault(
        "rooms.first-open-room",
        ("LC-ROOM-007",),
        _OPEN,
        _STATE,
        _RELATION,
        "Of several open rooms of a visitor the first is answered, whichever was asked for.",
        wrap={"rooms.open": _another_room},
    ),
    Fault(
        "rooms.reading-opens",
        ("LC-ROOM-008",),
        _OPEN,
        _STATE,
        _RELATION,
        "The second look at an open room opens a further one behind its back.",
        wrap={"rooms.open": _opens_on_read},
    ),
    Fault(
        "rooms.closed-reopens",
        ("LC-ROOM-009", "LC-ROOM-010"),
        _OPEN,
        _STATE,
        _LIVE,
        "The id of a closed room opens that room again.",
        wrap={"rooms.open": _reopens},
    ),
    Fault(
        "rooms.closed-comes-alive",
        ("LC-ROOM-010",),
        _OPEN,
        _STATE,
        _RELATION,
        "Asking with the id of a closed room opens a new one, and the closed one as well.",
        wrap={"rooms.open": _reopens_beside},
    ),
    Fault(
        "rooms.ignores-wished-id",
        ("LC-ROOM-011",),
        _OPEN,
        _STATE,
        _SHALLOW,
        "A room id that nobody has used is replaced by one of the server.",
        wrap={"rooms.open": _own_id},
    ),
    Fault(
        "rooms.empty-id-is-an-id",
        ("LC-ROOM-012",),
        _OPEN,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "An empty room id is looked up and refused.",
        wrap={"operation.openRoom": _empty_is_an_id},
    ),
    Fault(
        "rooms.anybody-opens",
        ("LC-ROOM-013",),
        _OPEN,
        Kind.AUTHORISATION,
        _SHALLOW,
        "A token that no visitor has opens a room.",
        wrap=unchecked_token("openRoom"),
    ),
    Fault(
        "rooms.names-first-visitor",
        ("LC-ROOM-014",),
        _OPEN,
        _STATE,
        _RELATION,
        "Every room names the first visitor of the server as its own.",
        wrap=_room(_first_visitor),
    ),
    Fault(
        "rooms.shortened-name",
        ("LC-ROOM-015",),
        _OPEN,
        Kind.DATA_LOSS,
        _SHALLOW,
        "A room is called by the first word of the visitor's name.",
        wrap=after("rooms.display_name", lambda name, site, visitor: name.split(" ")[0].split("-")[0]),
    ),
    Fault(
        "rooms.nameless-is-empty",
        ("LC-ROOM-016",),
        _OPEN,
        Kind.DATA_LOSS,
        Depth.RARE_INPUT,
        "The room of a visitor without a name has an empty fname.",
        wrap=after("rooms.display_name", lambda name, site, visitor: name if visitor.get("name") else ""),
    ),
    Fault(
        "rooms.type-of-a-channel",
        ("LC-ROOM-017",),
        _OPEN,
        Kind.SCHEMA,
        _SHALLOW,
        "A new room has the type of a private group.",
        wrap=answered("openRoom", put("room.t", "p")),
    ),
    Fault(
        "rooms.local-time",
        ("LC-ROOM-018",),
        _OPEN,
        _STATE,
        _SHALLOW,
        "The ts of a new room is the local time of a server two hours east, written as UTC.",
        wrap=_room(_hour_later),
    ),
    Fault(
        "rooms.time-of-first",
        ("LC-ROOM-018",),
        _OPEN,
        _STATE,
        _RELATION,
        "A further room of a visitor has the ts of his first one.",
        wrap=_room(_time_of_first),
    ),
    Fault(
        "rooms.forgets-department",
        ("LC-ROOM-019",),
        _OPEN,
        Kind.DATA_LOSS,
        _RELATION,
        "A new room is routed to the visitor's department but does not carry its id.",
        wrap=answered("openRoom", lambda site, call, body: body["room"].pop("departmentId", None)),
    ),
    Fault(
        "rooms.served-by-offline",
        ("LC-ROOM-020",),
        _OPEN,
        _STATE,
        _RELATION,
        "Under automatic selection agents who are offline get chats as well.",
        wrap=during("openRoom", "agents.online", _offline_too),
    ),
    Fault(
        "rooms.agent-of-no-department",
        ("LC-ROOM-021",),
        _OPEN,
        _STATE,
        _RELATION,
        "Under automatic selection an agent of all departments gets the chat of a department.",
        wrap=during("openRoom", "agents.next_of_department", _any_department),
    ),
    Fault(
        "rooms.name-of-last-agent",
        ("LC-ROOM-022",),
        _OPEN,
        _STATE,
        _RELATION,
        "The servedBy of a room carries the username of the agent before.",
        wrap={"rooms.set_agent": _swapped_name},
    ),
    Fault(
        "rooms.always-first-agent",
        ("LC-ROOM-023",),
        _OPEN,
        _STATE,
        _RELATION,
        "The first agent of a department gets all its chats.",
        wrap={"agents.order_of_links": lambda original, site, link: (link["username"],)},
    ),
    Fault(
        "rooms.opens-for-nobody",
        ("LC-ROOM-024",),
        _OPEN,
        Kind.VALIDATION,
        _RELATION,
        "A room of no department opens although nobody is online.",
        wrap={"rooms.check_service": _checks_departments},
    ),
    Fault(
        "rooms.department-offline-opens",
        ("LC-ROOM-025",),
        _OPEN,
        Kind.VALIDATION,
        _RELATION,
        "A room of a department whose agents are all offline opens while somebody else is online.",
        wrap={"rooms.check_service": _no_check_of_department},
    ),
    Fault(
        "rooms.refused-room-stays",
        ("LC-ROOM-026",),
        _OPEN,
        _STATE,
        _RELATION,
        "The room of a refused opening is stored before the check.",
        wrap={"rooms.request": _checks_late},
    ),
    Fault(
        "rooms.ignores-agent",
        ("LC-ROOM-027",),
        _OPEN,
        _STATE,
        _RELATION,
        "The agent asked for is ignored.",
        wrap={"rooms.wanted_agent": lambda original, site, identifier: None},
    ),
    Fault(
        "rooms.offline-agent-wanted",
        ("LC-ROOM-028",),
        _OPEN,
        Kind.VALIDATION,
        _RELATION,
        "An agent asked for who is offline is replaced by another one.",
        wrap={
            "rooms.wanted_agent": lambda original, site, identifier: (
                original(site, identifier) if identifier and queue.agent_is_online(site, identifier) else None
            )
        },
    ),
    Fault(
        "rooms.manual-assigns",
        ("LC-ROOM-029",),
        _OPEN,
        _STATE,
        _RELATION,
        "Under manual selection a new room is given to an agent at once.",
        wrap={"queue.route": _routed},
    ),
    Fault(
        "rooms.nobody-accepted",
        ("LC-ROOM-030",),
        _OPEN,
        _STATE,
        _RELATION,
        "The setting that accepts chats without agents has no effect.",
        wrap={"rooms.check_service": _ignores_acceptance},
    ),
    Fault(
        "rooms.switched-off-refuses",
        ("LC-ROOM-031",),
        _OPEN,
        _STATE,
        _RELATION,
        "While Livechat is switched off no room opens.",
        wrap={"operation.openRoom": _only_enabled},
    ),
    Fault(
        "rooms.parallel-share",
        ("LC-ROOM-032",),
        _OPEN,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Openings of one visitor that are under way together get one room.",
        wrap={"operation.openRoom": _shared},
    ),
)
