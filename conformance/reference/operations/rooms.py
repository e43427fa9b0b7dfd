"""Rooms of visitors: ``GET room``, ``POST room.close``, ``room.transfer`` and ``room.survey``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.reference.envelope import Answer, ErrorStyle, Refusal, Stop, failure, success
from conformance.reference.match import STRING, ArrayOf, Maybe, including, strict
from conformance.reference.operations.config import survey_form
from conformance.reference.queue import transfer_room
from conformance.reference.rooms import (
    close_room,
    closing_comment,
    open_room,
    reduce_room,
    require_open,
    require_room_of_visitor,
)
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import save, setting
from conformance.reference.validate import check_body, check_query
from conformance.reference.visitors import require_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_OPEN = strict(token=STRING, rid=Maybe(STRING), agentId=Maybe(STRING), priority=Maybe(STRING))
_CLOSE = strict(rid=STRING, token=STRING)
_TRANSFER = strict(rid=STRING, token=STRING, department=STRING)
_SURVEY = strict(rid=STRING, token=STRING, data=ArrayOf(including(name=STRING, value=STRING)))


@behaviour("rooms.wanted_agent")
def wanted_agent(site: Site, identifier: str | None) -> Document | None:
    """The agent whom a visitor asks for; an unknown one is as good as none."""
    user = site.users.get(identifier) if identifier else None
    if user is None:
        return None
    agent: Document = {"agentId": user["_id"]}
    if setting(site, "Livechat_show_agent_info"):
        agent["username"] = user["username"]
    return agent


@behaviour("rooms.check_priority")
def check_priority(site: Site, priority: str | None) -> None:
    """Refuse a priority: this server knows none.

    Raises:
        Refusal: ``error-invalid-priority``.
    """
    if priority:
        raise Refusal("error-invalid-priority", "Invalid priority", {"function": "livechat.beforeRoom"})


@operation("openRoom", "GET", "/api/v1/livechat/room", errors=ErrorStyle.CAUGHT)
def open_room_operation(site: Site, call: Call) -> Answer:
    """Open a room, or show the open one with an id."""
    query = check_query(site, call, _OPEN)
    visitor = require_visitor(site, query["token"])
    agent = wanted_agent(site, query.get("agentId"))
    check_priority(site, query.get("priority"))
    room, new = open_room(site, visitor, query.get("rid") or None, agent)
    return success(room=room, newRoom=new)


@operation("closeRoom", "POST", "/api/v1/livechat/room.close", errors=ErrorStyle.CAUGHT)
def close_room_operation(site: Site, call: Call) -> Answer:
    """Close a room of the visitor."""
    body = check_body(site, call, _CLOSE)
    visitor = require_visitor(site, body["token"])
    room = require_room_of_visitor(site, body["token"], body["rid"])
    require_open(site, room)
    comment = closing_comment(site)
    close_room(site, room, visitor, "visitor", comment)
    return success(rid=body["rid"], comment=comment)


@behaviour("pages.keep")
def keep_pages(site: Site, token: str) -> None:
    """Let the page visits of a visitor never expire, now that his chat goes on elsewhere."""
    for page in site.messages.find({"navigation.token": token}):
        if page.pop("expireAt", None) is not None:
            save(site, site.messages, page)


@operation("transferRoom", "POST", "/api/v1/livechat/room.transfer", errors=ErrorStyle.CAUGHT)
def transfer_room_operation(site: Site, call: Call) -> Answer:
    """Move a room of the visitor to a department."""
    body = check_body(site, call, _TRANSFER)
    visitor = require_visitor(site, body["token"])
    room = require_room_of_visitor(site, body["token"], body["rid"])
    keep_pages(site, body["token"])
    by: dict[str, Any] = {"_id": visitor["_id"], "username": visitor["username"]}
    if visitor.get("name"):
        by["name"] = visitor["name"]
    by["type"] = "visitor"
    if not transfer_room(site, room, {"departmentId": body["department"], "transferredBy": by}):
        raise Stop(failure())
    return success(room=reduce_room(site, require_room_of_visitor(site, body["token"], body["rid"])))


@behaviour("survey.accepts")
def survey_accepts(site: Site, form: Document, name: str, value: str) -> bool:
    """Whether the survey takes a pair of name and value."""
    return name == "additionalFeedback" or (name in form["items"] and value in form["values"])


@behaviour("survey.collect")
def collect_survey(site: Site, data: list[Document]) -> dict[str, str]:
    """The pairs that the survey takes; of repeated ones the last.

    Raises:
        Refusal: ``invalid-data`` where it takes none.
    """
    form = survey_form(site)
    accepted = {each["name"]: each["value"] for each in data if survey_accepts(site, form, each["name"], each["value"])}
    if not accepted:
        raise Refusal("invalid-data")
    return accepted


@behaviour("survey.store")
def store_survey(site: Site, room: Document, answers: dict[str, str]) -> None:
    """Write the survey of a room in place of an earlier one."""
    room["surveyFeedback"] = answers
    save(site, site.rooms, room)


@operation("surveyRoom", "POST", "/api/v1/livechat/room.survey", errors=ErrorStyle.CAUGHT)
def survey_room(site: Site, call: Call) -> Answer:
    """Store what a visitor thinks of a chat, open or closed."""
    body = check_body(site, call, _SURVEY)
    require_visitor(site, body["token"])
    room = require_room_of_visitor(site, body["token"], body["rid"])
    answers = collect_survey(site, body["data"])
    store_survey(site, room, answers)
    return success(rid=body["rid"], data=answers)
