"""Messages of visitors: ``POST message``, ``PUT|DELETE message/:_id``, ``GET messages.history/:rid``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from conformance.reference.envelope import Answer, ErrorStyle, Refusal, success
from conformance.reference.match import STRING, Maybe, strict
from conformance.reference.messages import (
    append_message,
    delete_message,
    edit_message,
    history,
    may_delete,
    may_edit,
    require_message,
    show_message,
)
from conformance.reference.paging import parse_int
from conformance.reference.rooms import require_open, require_room_of_visitor
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import iso
from conformance.reference.validate import check_body
from conformance.reference.visitors import require_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site

_POST = strict(
    _id=Maybe(STRING),
    token=STRING,
    rid=STRING,
    msg=STRING,
    agent=Maybe(strict(agentId=STRING, username=STRING)),
)
_PUT = strict(token=STRING, rid=STRING, msg=STRING)
_DELETE = strict(token=STRING, rid=STRING)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\Z")
_DEFAULT_LIMIT = 20


@operation("sendMessage", "POST", "/api/v1/livechat/message", errors=ErrorStyle.CAUGHT)
def send_message(site: Site, call: Call) -> Answer:
    """Store a message of a visitor in his open room."""
    body = check_body(site, call, _POST)
    visitor = require_visitor(site, body["token"])
    room = require_room_of_visitor(site, body["token"], body["rid"])
    require_open(site, room)
    own = {"_id": body["_id"]} if body.get("_id") else {}
    message = append_message(site, room, visitor, body["msg"], {**own, "token": body["token"]})
    return success(message=show_message(site, message))


@operation("editMessage", "PUT", "/api/v1/livechat/message/{_id}", errors=ErrorStyle.CAUGHT)
def edit_message_operation(site: Site, call: Call) -> Answer:
    """Change the text of a visitor's own message."""
    body = check_body(site, call, _PUT)
    visitor = require_visitor(site, body["token"])
    require_room_of_visitor(site, body["token"], body["rid"])
    message = require_message(site, call.params["_id"])
    if not may_edit(site, message, visitor):
        details = {"method": "livechatUpdateMessage"}
        raise Refusal("error-action-not-allowed", "Message editing not allowed", details)
    return success(message=edit_message(site, message, visitor, body["msg"]))


@operation("deleteMessage", "DELETE", "/api/v1/livechat/message/{_id}", errors=ErrorStyle.CAUGHT)
def delete_message_operation(site: Site, call: Call) -> Answer:
    """Delete a visitor's own message."""
    body = check_body(site, call, _DELETE)
    visitor = require_visitor(site, body["token"])
    require_room_of_visitor(site, body["token"], body["rid"])
    message = require_message(site, call.params["_id"])
    if not may_delete(site, message, visitor):
        details = {"method": "livechatDeleteMessage"}
        raise Refusal("error-action-not-allowed", "Message deleting not allowed", details)
    return success(message={"_id": message["_id"], "ts": delete_message(site, message, visitor)})


@behaviour("messages.history_limit")
def history_limit(site: Site, value: Any) -> int:
    """How many messages a history has: 20 unless a number is given; 0 is all."""
    limit = parse_int(value)
    return _DEFAULT_LIMIT if limit is None else limit


def stored_time(text: str) -> str | None:
    """A time as it is stored, None where a text is no time."""
    if not _DATE.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return iso(int(moment.timestamp() * 1000 + 0.5))
    except (ValueError, OverflowError):
        return None


@behaviour("messages.history_end")
def history_end(site: Site, value: Any) -> str | None:
    """The time before which a history ends, None where none is given; nothing is older than what is no time."""
    if not value:
        return None
    return (stored_time(value) if isinstance(value, str) else None) or ""


@behaviour("messages.history_token")
def history_token(site: Site, value: Any) -> str:
    """The token of a query that is not checked by a pattern: a text, and nothing else.

    Raises:
        Refusal: ``error-token-param-not-provided``; ``invalid-token`` for what is no text (the real server of the era
            lets query operators through here).
    """
    if not value:
        raise Refusal("error-token-param-not-provided", 'The required "token" query param is missing.')
    if not isinstance(value, str):
        raise Refusal("invalid-token")
    return value


@operation("getHistory", "GET", "/api/v1/livechat/messages.history/{rid}", errors=ErrorStyle.CAUGHT)
def get_history(site: Site, call: Call) -> Answer:
    """Show the newest messages of a visitor's room, open or closed."""
    token = history_token(site, call.query.get("token"))
    require_visitor(site, token)
    room = require_room_of_visitor(site, token, call.params["rid"])
    limit = history_limit(site, call.query.get("limit"))
    return success(messages=history(site, room["_id"], limit, history_end(site, call.query.get("end"))))
