"""Faults of the queue: how many chats each agent has in each department."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, default_order, stale

_QUEUE = ("getQueue",)
_STATE, _LIVE, _RELATION = Kind.STATE, Depth.LIVE_ROOM, Depth.RELATION


def _all_together(entries: Any, site: Any, *args: Any) -> Any:
    totals: dict[str, int] = {}
    for entry in entries:
        totals[entry["user"]["_id"]] = totals.get(entry["user"]["_id"], 0) + entry["chats"]
    for entry in entries:
        entry["chats"] = totals[entry["user"]["_id"]]
    return entries


def _one_each(entries: Any, site: Any, *args: Any) -> Any:
    for entry in entries:
        entry["chats"] = min(entry["chats"], 1)
    return entries


def _counted(site: Any, entries: Any, user: Any, department: Any, chats: int) -> None:
    """Add chats to the entry of an agent in a department; the entry is made where there is none."""
    for entry in entries:
        if entry["user"]["_id"] == user["_id"] and entry["department"]["_id"] == department.get("_id"):
            entry["chats"] += chats
            return
    shown = {"_id": user["_id"], "username": user["username"], "status": user.get("status")}
    where = {"_id": department.get("_id"), "name": department.get("name")}
    entries.append({"chats": chats, "user": shown, "department": where})


def _still_counts(behaviour: str, place: int = 0) -> dict[str, Any]:
    """Count chats for those who served them before a behaviour, whose argument ``place`` is the room."""

    def note(original: Any, site: Any, *args: Any) -> Any:
        room = args[place]
        if room.get("servedBy"):
            site.memory.setdefault("before", []).append((room["servedBy"]["_id"], room.get("departmentId")))
        return original(site, *args)

    def load(original: Any, site: Any, agent_id: Any, department_id: Any, include_offline: bool) -> Any:
        entries = original(site, agent_id, department_id, include_offline)
        for agent, department in site.memory.get("before", ()):
            if (not agent_id or agent_id == agent) and (not department_id or department_id == department):
                user = site.users.get(agent)
                if user is not None:
                    found = (site.departments.get(department) if department else None) or {}
                    _counted(site, entries, user, found, 1)
        return entries

    return {behaviour: note, "queue.load": load}


def _name_for_username(entries: Any, site: Any, *args: Any) -> Any:
    for entry in entries:
        entry["user"]["username"] = site.users.get(entry["user"]["_id"])["name"]
    return entries


def _id_for_name(entries: Any, site: Any, *args: Any) -> Any:
    for entry in entries:
        entry["department"]["name"] = entry["department"]["_id"]
    return entries


def _empty_department(entries: Any, site: Any, *args: Any) -> Any:
    for entry in entries:
        if entry["department"]["_id"] is None:
            entry["department"] = {"_id": "none", "name": "none"}
    return entries


def _unserved(original: Any, site: Any, agent_id: Any, department_id: Any, include_offline: bool) -> Any:
    entries = original(site, agent_id, department_id, include_offline)
    nobody = {"_id": "nobody", "username": "nobody", "status": "offline"}
    for room in site.rooms.find({"open": True}, where=lambda room: not room.get("servedBy")) if not agent_id else ():
        if not department_id or room.get("departmentId") == department_id:
            _counted(site, entries, nobody, site.departments.get(room.get("departmentId") or "") or {}, 1)
    return entries


def _load(ask: Any) -> dict[str, Any]:
    """Count with other filters: ``ask(site, agent, department, offline)`` gives those that are used."""
    return {"queue.load": lambda original, site, *filters: original(site, *ask(site, *filters))}


FAULTS: tuple[Fault, ...] = (
    Fault(
        "queues.all-departments-together",
        ("LC-QUEUE-006",),
        _QUEUE,
        _STATE,
        _RELATION,
        "An entry counts all chats of its agent, those of other departments too.",
        wrap=after("queue.load", _all_together),
    ),
    Fault(
        "queues.one-chat-each",
        ("LC-QUEUE-007", "LC-QUEUE-006"),
        _QUEUE,
        _STATE,
        _RELATION,
        "An agent with several chats counts as having one.",
        wrap=after("queue.load", _one_each),
    ),
    Fault(
        "queues.stale",
        ("LC-QUEUE-007", "LC-QUEUE-008", "LC-QUEUE-009"),
        _QUEUE,
        _STATE,
        _RELATION,
        "The queue is answered from a cache.",
        wrap=stale("getQueue", lambda call: str(sorted(call.query.items()))),
    ),
    Fault(
        "queues.counts-closed",
        ("LC-QUEUE-008",),
        (*_QUEUE, "closeRoom"),
        _STATE,
        _RELATION,
        "Chats that are closed go on counting.",
        wrap=_still_counts("rooms.close"),
    ),
    Fault(
        "queues.counts-forwarded",
        ("LC-QUEUE-009",),
        (*_QUEUE, "forwardRoom"),
        _STATE,
        _RELATION,
        "A forwarded chat counts for the agent before as well.",
        wrap=_still_counts("queue.forward_to_agent"),
    ),
    Fault(
        "queues.name-for-username",
        ("LC-QUEUE-010",),
        _QUEUE,
        _STATE,
        _LIVE,
        "An entry shows the agent's name where his username belongs.",
        wrap=after("queue.load", _name_for_username),
    ),
    Fault(
        "queues.id-for-name",
        ("LC-QUEUE-010",),
        _QUEUE,
        _STATE,
        _LIVE,
        "An entry shows the id of the department as its name.",
        wrap=after("queue.load", _id_for_name),
    ),
    Fault(
        "queues.department-none",
        ("LC-QUEUE-011",),
        _QUEUE,
        _STATE,
        _LIVE,
        "Chats without a department stand in a department that is called none.",
        wrap=after("queue.load", _empty_department),
    ),
    Fault(
        "queues.ignores-agent",
        ("LC-QUEUE-012", "LC-QUEUE-013"),
        _QUEUE,
        _STATE,
        _RELATION,
        "The agentId of the query is ignored.",
        wrap=_load(lambda site, agent, dep, off: (None, dep, off)),
    ),
    Fault(
        "queues.unknown-agent-ignored",
        ("LC-QUEUE-013",),
        _QUEUE,
        _STATE,
        Depth.RARE_INPUT,
        "An agentId that no user has is ignored.",
        wrap=_load(lambda site, agent, dep, off: (agent and site.users.get(str(agent)) and agent, dep, off)),
    ),
    Fault(
        "queues.ignores-department",
        ("LC-QUEUE-014",),
        _QUEUE,
        _STATE,
        _RELATION,
        "The departmentId of the query is ignored.",
        wrap=_load(lambda site, agent, dep, off: (agent, None, off)),
    ),
    Fault(
        "queues.one-filter-only",
        ("LC-QUEUE-015",),
        _QUEUE,
        _STATE,
        _RELATION,
        "Of agentId and departmentId together only the agent counts.",
        wrap=_load(lambda site, agent, dep, off: (agent, None if agent else dep, off)),
    ),
    Fault(
        "queues.shows-offline",
        ("LC-QUEUE-016",),
        _QUEUE,
        _STATE,
        _RELATION,
        "Agents who are offline are in the queue unasked.",
        wrap=_load(lambda site, agent, dep, off: (agent, dep, True)),
    ),
    Fault(
        "queues.never-offline",
        ("LC-QUEUE-017",),
        _QUEUE,
        _STATE,
        _RELATION,
        "Agents who are offline are left out even when they are asked for.",
        wrap=_load(lambda site, agent, dep, off: (agent, dep, False)),
    ),
    Fault(
        "queues.fewest-first",
        ("LC-QUEUE-018",),
        _QUEUE,
        _STATE,
        _RELATION,
        "The queue runs from the fewest chats to the most.",
        wrap=default_order("getQueue", '{"chats":1}'),
    ),
    Fault(
        "queues.counts-unserved",
        ("LC-QUEUE-019",),
        _QUEUE,
        _STATE,
        _RELATION,
        "Chats that nobody serves stand in the queue under nobody's name.",
        wrap={"queue.load": _unserved},
    ),
)
