"""What agents see and do about rooms: forwarding, pages visited, earlier chats (endpoint facts E34, E45, E46)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.reference import auth, paging
from conformance.reference.accounts import find_by_id
from conformance.reference.agents import assigns_by_itself
from conformance.reference.envelope import Answer, Failure, Refusal, failure, success
from conformance.reference.match import STRING, Maybe, strict
from conformance.reference.messages import author
from conformance.reference.queue import find_inquiry_by_room, is_subscribed, transfer_room
from conformance.reference.rooms import find_room, is_open
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_FORWARD: Final = strict(roomId=STRING, userId=Maybe(STRING), departmentId=Maybe(STRING), comment=Maybe(STRING))
_HISTORY_PATH: Final = "/api/v1/livechat/visitors.chatHistory/room/{roomId}/visitor/{visitorId}"
_METHOD: Final = {"method": "livechat:transfer"}


@behaviour("rooms.may_forward")
def may_forward(site: Site, room: Document, user: Document) -> bool:
    """Whether an account may forward a chat: it serves it, or may transfer everybody's."""
    return is_subscribed(site, room["_id"], user["_id"]) or auth.has_permission(site, user, "transfer-livechat-guest")


@behaviour("rooms.transferred_by")
def transferred_by(site: Site, room: Document, user: Document) -> Document:
    """Who forwards a chat, as its history tells."""
    served = room.get("servedBy") or {}
    kind = "agent" if served.get("_id") == user["_id"] else "user"
    return {**author(user), "type": kind}


@operation("forwardRoom", "POST", "/api/v1/livechat/room.forward", auth=True)
def forward_room(site: Site, call: Call) -> Answer:
    """Forward a chat to an agent or a department; a success even where nothing was done."""
    if not auth.has_permission(site, call.user, "view-l-room"):
        raise Refusal("error-not-allowed", "Not allowed", _METHOD)
    body = check_body(site, call, _FORWARD)
    room = find_room(site, body["roomId"])
    if room is None:
        raise Refusal("error-invalid-room", "Invalid room", _METHOD)
    if not is_open(site, room):
        raise Refusal("room-closed", "Room closed", _METHOD)
    if not may_forward(site, room, call.user):
        raise Refusal("error-not-authorized", "Not authorized", _METHOD)
    transfer = {key: value for key, value in body.items() if key != "roomId"}
    transfer["transferredBy"] = transferred_by(site, room, call.user)
    if transfer.get("userId"):
        target = find_by_id(site, transfer["userId"])
        if target is None:
            raise Failure("Cannot read property '_id' of undefined")
        transfer["transferredTo"] = author(target)
    transfer_room(site, room, transfer)
    return success()


def _room_or_channel(site: Site, identifier: str) -> Document | None:
    return find_room(site, identifier) or site.channels.get(identifier)


@operation("listPagesVisited", "GET", "/api/v1/livechat/visitors.pagesVisited/{roomId}", auth=True)
def list_pages_visited(site: Site, call: Call) -> Answer:
    """List the pages that the visitor of a room visited, the newest first."""
    auth.require_permission_of_finder(site, call, "view-l-room")
    room_id = call.params["roomId"]
    if _room_or_channel(site, room_id) is None:
        return failure("invalid-room")
    page = paging.read_page(site, call)
    condition = {"rid": room_id, "t": "livechat_navigation_history"}
    found, keys = paging.find_page(site, site.messages, page, condition, default_sort=[("ts", -1)])
    return success(pages=found, **keys)


@behaviour("rooms.may_access")
def may_access(site: Site, room: Document, user: Document) -> bool:
    """Whether an account may look into a room: all rooms, its own, or one that waits where it could take it."""
    if room.get("t") != "l" or auth.has_permission(site, user, "view-livechat-rooms"):
        return True
    if (room.get("servedBy") or {}).get("_id") == user["_id"]:
        return True
    return not assigns_by_itself(site) and sees_inquiry(site, room, user)


@behaviour("rooms.sees_inquiry")
def sees_inquiry(site: Site, room: Document, user: Document) -> bool:
    """Whether a room waits in the queue, for everybody or for a department of the account."""
    inquiry = find_inquiry_by_room(site, room["_id"])
    if inquiry is None or inquiry["status"] != "queued":
        return False
    own = {link["departmentId"] for link in site.department_agents.find({"agentId": user["_id"]})}
    return not own or auth.has_role(site, user, "livechat-manager") or inquiry.get("department") in own


@operation(
    "getChatHistory", "GET", "/api/v1/livechat/visitors.chatHistory/room/{roomId}/visitor/{visitorId}", auth=True
)
def get_chat_history(site: Site, call: Call) -> Answer:
    """List all rooms of a visitor, the newest first."""
    auth.require_permission_of_finder(site, call, "view-l-room")
    room = _room_or_channel(site, call.params["roomId"])
    if room is None:
        return failure("invalid-room")
    if not may_access(site, room, call.user):
        return failure("error-not-allowed")
    page = paging.read_page(site, call)
    condition = {"v._id": call.params["visitorId"]}
    found, keys = paging.find_page(site, site.rooms, page, condition, default_sort=[("ts", -1)])
    return success(history=found, **keys)
