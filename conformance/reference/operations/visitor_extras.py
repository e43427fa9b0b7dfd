"""What the index of the documentation leaves out: reading a message, a visitor's presence, removal and uploads."""

from __future__ import annotations

from email import message_from_bytes
from typing import TYPE_CHECKING, Any, Final

from conformance.reference.envelope import Answer, ErrorStyle, Refusal, Stop, success, unauthorized
from conformance.reference.match import STRING, strict
from conformance.reference.messages import append_message, require_message, show_message
from conformance.reference.rooms import find_room_of_visitor, is_open, open_rooms, require_room_of_visitor
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import new_id, save, setting
from conformance.reference.validate import check_body, check_query
from conformance.reference.visitors import find_visitor, remove_visitor, require_visitor, set_visitor_status

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site

_MESSAGE: Final = strict(token=STRING, rid=STRING)
_STATUS: Final = strict(token=STRING, status=STRING)


@operation("getMessage", "GET", "/api/v1/livechat/message/{_id}", errors=ErrorStyle.CAUGHT)
def get_message(site: Site, call: Call) -> Answer:
    """Read one message as a visitor; that it is in the named room is not checked."""
    query = check_query(site, call, _MESSAGE)
    require_visitor(site, query["token"])
    require_room_of_visitor(site, query["token"], query["rid"])
    return success(message=show_message(site, require_message(site, call.params["_id"])))


@operation("setVisitorStatus", "POST", "/api/v1/livechat/visitor.status", errors=ErrorStyle.CAUGHT)
def set_status(site: Site, call: Call) -> Answer:
    """Tell the team whether a visitor looks at the page."""
    body = check_body(site, call, _STATUS)
    require_visitor(site, body["token"])
    set_visitor_status(site, body["token"], body["status"])
    return success(token=body["token"], status=body["status"])


@operation("deleteVisitor", "DELETE", "/api/v1/livechat/visitor/{token}", errors=ErrorStyle.CODE)
def delete_visitor(site: Site, call: Call) -> Answer:
    """Remove a visitor who has no open room, with everything that he left.

    Open rooms do not matter where the server stores connection data.
    """
    visitor = require_visitor(site, call.params["token"])
    collects = setting(site, "Livechat_Allow_collect_and_store_HTTP_header_informations")
    if open_rooms(site, visitor["token"]) and not collects:
        raise Refusal("visitor-has-open-rooms", "Cannot remove visitors with opened rooms")
    return success(visitor={"_id": visitor["_id"], "ts": remove_visitor(site, visitor)})


@behaviour("upload.read_file")
def read_file(site: Site, call: Call) -> tuple[str, str, int] | None:
    """Name, media type and size in bytes of the one file in a multipart body, None where there is none."""
    kind = call.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return None
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace") + call.raw)
    for part in whole.walk():
        name = part.get_filename()
        if name:
            content: Any = part.get_payload(decode=True)
            return name, part.get_content_type(), len(content or b"")
    return None


@operation("uploadFile", "POST", "/api/v1/livechat/upload/{rid}")
def upload_file(site: Site, call: Call) -> Answer:
    """Take a file from a visitor; its room gets a message that names it. The content is not kept."""
    token = call.headers.get("x-visitor-token", "")
    visitor = find_visitor(site, token)
    room = find_room_of_visitor(site, token, call.params["rid"])
    if visitor is None or room is None or not is_open(site, room):
        raise Stop(unauthorized())
    file = read_file(site, call)
    if file is None:
        raise Refusal("invalid-field", "File required")
    name, media, size = file
    identifier = new_id(site)
    link = f"/file-upload/{identifier}/{name}"
    attachment = {
        "ts": "1970-01-01T00:00:00.000Z",
        "title": name,
        "title_link": link,
        "title_link_download": True,
        "type": "file",
    }
    more = {
        "token": token,
        "file": {"_id": identifier, "name": name, "type": media},
        "attachments": [attachment],
        "fileUpload": {
            "publicFilePath": f"http://{call.headers.get('host', 'localhost')}{link}",
            "type": media,
            "size": size,
        },
    }
    append_message(site, room, visitor, "", more)
    if "lastMessage" in room:
        room["lastMessage"] = {key: value for key, value in room["lastMessage"].items() if key != "fileUpload"}
        save(site, site.rooms, room)
    return success()
