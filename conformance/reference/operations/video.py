"""Video calls: ``GET video.call/:token``.

The documentation describes an answer that no server of the era gave: from 2.4 on it is a bare 400, although a room may
have been opened. The setting ``Reference_Working_Video_Call`` chooses; by default it is the way of the era.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.reference.default_settings import WORKING_VIDEO_CALL
from conformance.reference.envelope import Answer, ErrorStyle, Failure, success
from conformance.reference.match import STRING, Maybe, strict
from conformance.reference.messages import append_system_message
from conformance.reference.rooms import open_room, open_rooms
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import iso, milliseconds, new_id, now, setting
from conformance.reference.validate import check_query
from conformance.reference.visitors import require_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_QUERY = strict(rid=Maybe(STRING))
_HOUR: Final = 3600 * 1000


@behaviour("video.room")
def room_of_call(site: Site, visitor: Document, rid: str | None, timeout: str) -> Document:
    """The room in which a call takes place: the one asked for, the visitor's open one, or a new one."""
    if not rid:
        rooms = open_rooms(site, visitor["token"])
        if rooms:
            return rooms[0]
    return open_room(site, visitor, rid, None, {"jitsiTimeout": timeout})[0]


@behaviour("video.announce")
def announce_call(site: Site, room: Document, visitor: Document) -> None:
    """Store the message that invites to a call."""
    links = [
        {"icon": "icon-videocam", "i18nLabel": "Accept", "method_id": "createLivechatCall", "params": ""},
        {"icon": "icon-cancel", "i18nLabel": "Decline", "method_id": "denyLivechatCall", "params": ""},
    ]
    append_system_message(site, room, "livechat_video_call", "", visitor, actionLinks=links)


@behaviour("video.describe")
def describe_call(site: Site, room: Document, timeout: str) -> Document:
    """What is answered about a call."""
    return {
        "rid": room["_id"],
        "domain": setting(site, "Jitsi_Domain"),
        "provider": "jitsi",
        "room": f"{setting(site, 'Jitsi_URL_Room_Prefix')}{new_id(site)}{room['_id']}",
        "timeout": timeout,
    }


@behaviour("video.works")
def call_works(site: Site) -> bool:
    """Whether video calls answer as documented."""
    return bool(setting(site, WORKING_VIDEO_CALL))


@operation("getVideoCall", "GET", "/api/v1/livechat/video.call/{token}", errors=ErrorStyle.CAUGHT)
def get_video_call(site: Site, call: Call) -> Answer:
    """Start a video call in a visitor's room."""
    query = check_query(site, call, _QUERY)
    visitor = require_visitor(site, call.params["token"])
    timeout = iso(milliseconds(now(site)) + _HOUR)
    room = room_of_call(site, visitor, query.get("rid") or None, timeout)
    if not call_works(site):
        raise Failure("Cannot read property '_id' of undefined", keep=True)
    announce_call(site, room, visitor)
    return success(videoCall=describe_call(site, room, timeout))
