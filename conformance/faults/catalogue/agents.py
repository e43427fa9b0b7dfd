"""Faults of what visitors and managers are told about agents."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, forgiven, instead, otherwise, stale, unchecked_token
from conformance.reference.agents import next_of_all, show_agent
from conformance.reference.envelope import Refusal, success
from conformance.reference.rooms import open_room, open_rooms
from conformance.reference.site import new_id
from conformance.reference.visitors import find_visitor

_HIDDEN = "Livechat_show_agent_info"


def _unread(operation: str, identifier: str, value: Any) -> Any:
    """Read one setting as if it had this value, while one operation is handled."""
    return during(
        operation,
        "settings.read",
        lambda original, site, asked: value if asked == identifier else original(site, asked),
    )


def _no_list(site: Any, call: Any, body: Any) -> None:
    if body.get("departments") == []:
        del body["departments"]


def _any_agent(original: Any, site: Any, room: Any) -> Any:
    served = room.get("servedBy")
    own = original(site, room)
    others = [user for user in site.users.find() if "livechat-agent" in user.get("roles", ())]
    other = next((user for user in others if user["_id"] != served["_id"]), None)
    return own if other is None else show_agent(site, other["_id"])


def _first_agent(original: Any, site: Any, room: Any) -> Any:
    kept = site.memory.setdefault("agents of rooms", {})
    if room.get("servedBy"):
        kept.setdefault(room["_id"], room["servedBy"])
        room = {**room, "servedBy": kept[room["_id"]]}
    return original(site, room)


def _nobody(original: Any, site: Any, room: Any) -> Any:
    return original(site, room) if room.get("servedBy") else {"hiddenInfo": True}


def _open_only(original: Any, site: Any, room: Any) -> Any:
    if not room.get("open"):
        raise Refusal("invalid-agent")
    return original(site, room)


def _offline_first(original: Any, site: Any) -> Any:
    return [user for user in site.users.find() if "livechat-agent" in user.get("roles", ())]


def _all_links(original: Any, site: Any, department: str) -> Any:
    return next_of_all(site) if original(site, department) is not None else None


def _same_link(original: Any, site: Any, link: Any) -> Any:
    return (link["username"],)


def _opens(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    visitor = find_visitor(site, call.params["token"])
    if visitor is not None and not open_rooms(site, call.params["token"]):
        open_room(site, visitor, None, None)
    return answer


def _even_with_room(original: Any, site: Any, token: str) -> Any:
    return []


def _ever_had_room(original: Any, site: Any, token: str) -> Any:
    return site.rooms.find({"v.token": token}) if token else []


def _manual_too(original: Any, site: Any, department: Any) -> Any:
    return original(site, department) or next_of_all(site)


def _unknown_is_none(original: Any, site: Any, department: Any) -> Any:
    return original(site, department if department and site.departments.get(department) is not None else None)


def _links(change: Any) -> Any:
    return answered(
        "listAgentDepartments",
        lambda site, call, body: body.update(departments=change(site, call, body["departments"])),
    )


def _all_agents(site: Any, call: Any, links: Any) -> Any:
    ids = {link["departmentId"] for link in links}
    return [link for link in site.department_agents.find() if link["departmentId"] in ids]


def _first_added(site: Any, call: Any, links: Any) -> Any:
    foreign = [link for link in site.department_agents.find() if link["agentId"] != call.params["agentId"]]
    strange = [link for link in foreign if link["departmentId"] not in {own["departmentId"] for own in links}]
    return links + [{**link, **_owner(links)} for link in strange[:1]]


def _of_nowhere(site: Any, call: Any, links: Any) -> Any:
    return links + [{**link, "_id": new_id(site), "departmentId": new_id(site)} for link in links[:1]]


def _owner(links: Any) -> Any:
    return {key: links[0][key] for key in ("agentId", "username")} if links else {}


_INFO, _NEXT, _LINKS = ("getAgentInfo",), ("getNextAgent",), ("listAgentDepartments",)
_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION
_LIVE, _RELATION, _RARE = Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "agents.of-another-room",
        ("LC-AGENT-004",),
        _INFO,
        _STATE,
        _LIVE,
        "The agent that is read is another one than the room's.",
        wrap={"agents.of_room": _any_agent},
    ),
    Fault(
        "agents.first-of-room",
        ("LC-AGENT-005",),
        _INFO,
        _STATE,
        _RELATION,
        "After a forward the agent that is read is still the first who was read.",
        wrap={"agents.of_room": _first_agent},
    ),
    Fault(
        "agents.cached-of-room",
        ("LC-AGENT-005",),
        _INFO,
        _STATE,
        _RELATION,
        "The agent of a room is answered from a cache that a forward does not empty.",
        wrap=stale("getAgentInfo", lambda call: (call.params["rid"], call.params["token"])),
    ),
    Fault(
        "agents.token-unchecked",
        ("LC-AGENT-006",),
        _INFO,
        Kind.AUTHORISATION,
        _LIVE,
        "With an unknown token the agent is refused for the room.",
        wrap=unchecked_token("getAgentInfo"),
    ),
    Fault(
        "agents.unknown-room-code",
        ("LC-AGENT-007",),
        _INFO,
        _VALID,
        Depth.SHALLOW,
        "The agent of an unknown room is refused with invalid-agent.",
        wrap=otherwise("getAgentInfo", "rooms.require_of_visitor", "invalid-agent"),
    ),
    Fault(
        "agents.nobody-shown",
        ("LC-AGENT-008",),
        _INFO,
        _VALID,
        _RELATION,
        "For a room that nobody serves an agent is shown who hides himself.",
        wrap={"agents.of_room": _nobody},
    ),
    Fault(
        "agents.closed-room-has-none",
        ("LC-AGENT-009",),
        _INFO,
        _VALID,
        _RELATION,
        "The agent of a closed room is refused.",
        wrap={"agents.of_room": _open_only},
    ),
    Fault(
        "agents.info-not-hidden",
        ("LC-AGENT-010",),
        _INFO,
        Kind.AUTHORISATION,
        _RELATION,
        "The setting that hides agents has no effect on agent.info.",
        wrap=_unread("getAgentInfo", _HIDDEN, True),
    ),
    Fault(
        "agents.email-not-hidden",
        ("LC-AGENT-011",),
        _INFO,
        Kind.AUTHORISATION,
        _RELATION,
        "The setting that hides the agents' e-mail has no effect.",
        wrap=_unread("getAgentInfo", "Livechat_show_agent_email", True),
    ),
    Fault(
        "agents.next-not-hidden",
        ("LC-AGENT-036",),
        _NEXT,
        Kind.AUTHORISATION,
        _RELATION,
        "The setting that hides agents has no effect on the next agent.",
        wrap=_unread("getNextAgent", _HIDDEN, True),
    ),
    Fault(
        "agents.no-links-no-list",
        ("LC-AGENT-035",),
        ("listAgentDepartments",),
        Kind.SCHEMA,
        Depth.RARE_INPUT,
        "Of an agent who is in no department the list is left out, not empty.",
        wrap=answered("listAgentDepartments", _no_list),
    ),
    Fault(
        "agents.next-is-offline",
        ("LC-AGENT-016",),
        _NEXT,
        _STATE,
        _RELATION,
        "The next agent may be offline.",
        wrap=during("getNextAgent", "agents.online", _offline_first),
    ),
    Fault(
        "agents.next-of-no-department",
        ("LC-AGENT-017",),
        _NEXT,
        _STATE,
        _RELATION,
        "The next agent of a department is the next of all.",
        wrap=during("getNextAgent", "agents.next_of_department", _all_links),
    ),
    Fault(
        "agents.next-is-always-first",
        ("LC-AGENT-018",),
        _NEXT,
        _STATE,
        _RELATION,
        "The next agent of a department is always its first.",
        wrap=during("getNextAgent", "agents.order_of_links", _same_link),
    ),
    Fault(
        "agents.next-despite-room",
        ("LC-AGENT-019",),
        _NEXT,
        _STATE,
        _LIVE,
        "A visitor with an open room gets a next agent.",
        wrap=during("getNextAgent", "rooms.open_of_visitor", _even_with_room),
    ),
    Fault(
        "agents.next-after-room",
        ("LC-AGENT-020",),
        _NEXT,
        _STATE,
        _RELATION,
        "A visitor whose room is closed gets no next agent.",
        wrap=during("getNextAgent", "rooms.open_of_visitor", _ever_had_room),
    ),
    Fault(
        "agents.next-of-nobody",
        ("LC-AGENT-021",),
        _NEXT,
        _VALID,
        _RELATION,
        "While nobody is online the answer is a success without agent.",
        wrap=forgiven("getNextAgent", "agent-not-found", lambda site, call: success()),
    ),
    Fault(
        "agents.next-of-unknown-department",
        ("LC-AGENT-022",),
        _NEXT,
        _VALID,
        _RARE,
        "A department that does not exist counts as none.",
        wrap={"agents.department_of_next": _unknown_is_none},
    ),
    Fault(
        "agents.next-under-manual",
        ("LC-AGENT-023",),
        _NEXT,
        _STATE,
        _RELATION,
        "Under manual selection there is a next agent.",
        wrap=during("getNextAgent", "routing.next_agent", _manual_too),
    ),
    Fault(
        "agents.next-opens",
        ("LC-AGENT-024",),
        _NEXT,
        _STATE,
        _RELATION,
        "Asking for the next agent opens a room.",
        wrap={"operation.getNextAgent": _opens},
    ),
    Fault(
        "agents.newest-department-missing",
        ("LC-AGENT-031",),
        _LINKS,
        _LOSS,
        _RELATION,
        "The department to which an agent was added last is missing.",
        wrap=_links(lambda site, call, links: links[:-1]),
    ),
    Fault(
        "agents.link-without-name",
        ("LC-AGENT-031",),
        _LINKS,
        _STATE,
        _RELATION,
        "A link carries the agent's id as his username.",
        wrap=_links(lambda site, call, links: [{**link, "username": link["agentId"]} for link in links]),
    ),
    Fault(
        "agents.links-of-colleagues",
        ("LC-AGENT-032",),
        _LINKS,
        _STATE,
        _RELATION,
        "The links of all agents of his departments are listed.",
        wrap=_links(_all_agents),
    ),
    Fault(
        "agents.strange-department",
        ("LC-AGENT-033",),
        _LINKS,
        _STATE,
        _RELATION,
        "A department of which the agent is no member is listed as his.",
        wrap=_links(_first_added),
    ),
    Fault(
        "agents.department-of-nowhere",
        ("LC-AGENT-033",),
        _LINKS,
        _STATE,
        _RELATION,
        "An agent with departments is listed in one more, which nobody has made.",
        wrap=_links(_of_nowhere),
    ),
    Fault(
        "agents.disabled-links",
        ("LC-AGENT-034",),
        _LINKS,
        _STATE,
        _RARE,
        "enabledDepartmentsOnly has no effect.",
        wrap=instead("departments.link_selects", True),
    ),
)
