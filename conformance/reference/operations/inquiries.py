"""Inquiries: the queue of waiting chats, taking one, reading one (endpoint facts E10 to E12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.reference import auth, paging
from conformance.reference.accounts import find_by_id
from conformance.reference.departments import find_department_by_id_or_name
from conformance.reference.envelope import Answer, ErrorStyle, Refusal, failure, success
from conformance.reference.match import STRING, ArrayOf, Maybe, including, strict
from conformance.reference.queue import find_inquiry, find_inquiry_by_room, take
from conformance.reference.rooms import find_room
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.validate import check_body, check_value

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_TAKE: Final = strict(inquiryId=STRING, userId=Maybe(STRING))
_ABLE: Final = including(status=STRING, statusLivechat=STRING, roles=ArrayOf(STRING))
_SHOWN: Final = ("_id", "rid", "name", "ts", "status", "department")
_METHOD: Final = {"method": "livechat:takeInquiry"}


@behaviour("inquiries.list_status")
def list_status(site: Site) -> str:
    """The status of the inquiries that are listed."""
    return "queued"


@behaviour("inquiries.list_condition")
def list_condition(site: Site, department: Any) -> dict[str, Any] | None:
    """Which inquiries are listed: all that wait, or those of a department by id or name; an unknown one is ignored.

    What is no text is the id of no department: None, nothing is listed for it (the real server lets operators through).
    """
    condition: dict[str, Any] = {"status": list_status(site)}
    if isinstance(department, str) and department:
        found = find_department_by_id_or_name(site, department)
        if found is not None:
            condition["department"] = found["_id"]
    elif department:
        return None
    return condition


@behaviour("inquiries.shown_in_list")
def shown_in_list(site: Site, inquiry: Document) -> Document:
    """An inquiry as the list shows it: six fields."""
    return {key: inquiry[key] for key in _SHOWN if key in inquiry}


@operation("listInquiries", "GET", "/api/v1/livechat/inquiries.list", auth=True)
def list_inquiries(site: Site, call: Call) -> Answer:
    """List the chats that wait in the queue, the newest first."""
    auth.require_permission(site, call, "view-livechat-manager")
    page = paging.read_page(site, call)
    condition = list_condition(site, call.query.get("department"))
    found, keys = paging.find_page(
        site,
        site.inquiries,
        page,
        condition,
        default_sort=[("ts", -1)],
        where=(lambda inquiry: False) if condition is None else None,
    )
    return success(inquiries=[shown_in_list(site, inquiry) for inquiry in found], **keys)


@behaviour("inquiries.may_take")
def may_take(site: Site, user: Document) -> bool:
    """Whether an account can take chats now: an agent who is not offline and is available, or a bot."""
    able = user.get("status") != "offline" and user.get("statusLivechat") == "available"
    return able or "bot" in user.get("roles", ())


@behaviour("inquiries.is_free")
def is_free(site: Site, inquiry: Document) -> bool:
    """Whether nobody took an inquiry yet."""
    return bool(inquiry["status"] != "taken")


@behaviour("inquiries.take")
def take_for(site: Site, call: Call, inquiry_id: str, user: Document) -> Document | None:
    """Let an account take a chat; return its room.

    Raises:
        Refusal: ``error-not-allowed`` where the chat is taken or unknown, or the account may not take it.
        MatchFailure: The account is no agent.
    """
    if not auth.has_permission(site, user, "view-l-room"):
        raise Refusal("error-not-allowed", "Not allowed", _METHOD)
    inquiry = find_inquiry(site, inquiry_id)
    if inquiry is None or not is_free(site, inquiry):
        raise Refusal("error-not-allowed", "Inquiry already taken", _METHOD)
    check_value(site, call, user, _ABLE)
    if not may_take(site, user):
        raise Refusal("error-not-allowed", "Not allowed", _METHOD)
    room = find_room(site, inquiry["rid"])
    if room is None:
        return None
    return take(site, room, inquiry, {"agentId": user["_id"], "username": user["username"]})


@behaviour("inquiries.require_taker")
def require_taker(site: Site, call: Call) -> None:
    """Let only managers take chats, for themselves or for an agent.

    Raises:
        Stop: 403.
    """
    auth.require_permission(site, call, "view-livechat-manager")


@operation("takeInquiry", "POST", "/api/v1/livechat/inquiries.take", errors=ErrorStyle.CAUGHT, auth=True)
def take_inquiry(site: Site, call: Call) -> Answer:
    """Take a chat from the queue, for oneself or for an agent; the answer is its room."""
    require_taker(site, call)
    body = check_body(site, call, _TAKE)
    user: Document | None = call.user
    if body.get("userId"):
        user = find_by_id(site, body["userId"])
    if user is None:
        return failure("The user is invalid")
    return success(inquiry=take_for(site, call, body["inquiryId"], user))


@operation("getInquiry", "GET", "/api/v1/livechat/inquiries.getOne", auth=True)
def get_inquiry(site: Site, call: Call) -> Answer:
    """Read the inquiry of a room, null where there is none."""
    room_id = call.query.get("roomId")
    if not room_id:
        return failure("The 'roomId' param is required")
    auth.require_permission_of_finder(site, call, "view-l-room")
    return success(inquiry=find_inquiry_by_room(site, room_id) if isinstance(room_id, str) else None)
