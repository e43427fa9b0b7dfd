"""Agents as visitors see them: ``GET agent.info/:rid/:token`` and ``GET agent.next/:token``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.agents import next_agent, show_agent
from conformance.reference.departments import required_department
from conformance.reference.envelope import Answer, ErrorStyle, Refusal, success
from conformance.reference.match import STRING, Maybe, strict
from conformance.reference.rooms import open_rooms, require_room_of_visitor
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.validate import check_query
from conformance.reference.visitors import require_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_NEXT = strict(department=Maybe(STRING))


@behaviour("agents.of_room")
def agent_of_room(site: Site, room: Document) -> Document:
    """The agent who serves a room, or served it, as visitors see him.

    Raises:
        Refusal: ``invalid-agent``.
    """
    agent = show_agent(site, room["servedBy"]["_id"]) if room.get("servedBy") else None
    if agent is None:
        raise Refusal("invalid-agent")
    return agent


@operation("getAgentInfo", "GET", "/api/v1/livechat/agent.info/{rid}/{token}", errors=ErrorStyle.CAUGHT)
def get_agent_info(site: Site, call: Call) -> Answer:
    """Show a visitor the agent of his room."""
    require_visitor(site, call.params["token"])
    room = require_room_of_visitor(site, call.params["token"], call.params["rid"])
    return success(agent=agent_of_room(site, room))


@behaviour("agents.department_of_next")
def department_of_next(site: Site, department: str | None) -> str | None:
    """The department whose agents come next: the one asked for, or the one that takes visitors without any."""
    if department:
        return department
    required = required_department(site)
    return str(required["_id"]) if required is not None else None


@operation("getNextAgent", "GET", "/api/v1/livechat/agent.next/{token}", errors=ErrorStyle.CAUGHT)
def get_next_agent(site: Site, call: Call) -> Answer:
    """Tell who would serve a visitor; nothing where he has an open room. The token need not be known."""
    query = check_query(site, call, _NEXT)
    if open_rooms(site, call.params["token"]):
        return success()
    chosen = next_agent(site, department_of_next(site, query.get("department")))
    if chosen is None:
        raise Refusal("agent-not-found")
    agent = show_agent(site, chosen["agentId"])
    if agent is None:
        raise Refusal("invalid-agent")
    return success(agent=agent)
