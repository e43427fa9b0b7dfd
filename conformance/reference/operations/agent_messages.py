"""An agent's message in a room: ``chat.sendMessage``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.envelope import Answer, Refusal, success
from conformance.reference.match import STRING, Maybe, including
from conformance.reference.messages import append_message
from conformance.reference.operations.room_access import may_access
from conformance.reference.rooms import find_room, require_open
from conformance.reference.routing import operation
from conformance.reference.validate import check_value

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site

_MESSAGE = including(rid=STRING, msg=Maybe(STRING), _id=Maybe(STRING))


@operation("sendAgentMessage", "POST", "/api/v1/chat.sendMessage", auth=True)
def send_agent_message(site: Site, call: Call) -> Answer:
    """Write into a livechat room as a member of the team."""
    message = call.body.get("message") if isinstance(call.body, dict) else None
    if not message:
        raise Refusal("error-invalid-params", 'The "message" parameter must be provided.')
    check_value(site, call, message, _MESSAGE)
    room = find_room(site, message["rid"])
    if room is None:
        raise Refusal("error-invalid-room", "Invalid room")
    if not may_access(site, room, call.user):
        raise Refusal("error-not-allowed")
    require_open(site, room)
    more = {"_id": message["_id"]} if message.get("_id") else {}
    return success(message=append_message(site, room, call.user, message.get("msg", ""), more))
