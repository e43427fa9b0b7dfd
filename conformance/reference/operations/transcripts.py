"""The transcript of a chat by mail: ``POST transcript``."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from conformance.reference.envelope import Answer, ErrorStyle, Refusal, success
from conformance.reference.mail import send_mail
from conformance.reference.match import STRING, strict
from conformance.reference.rooms import find_room_of_visitor
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import Mail, setting
from conformance.reference.validate import check_body
from conformance.reference.visitors import find_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_BODY = strict(rid=STRING, token=STRING, email=STRING)


@behaviour("transcripts.require_room")
def require_room(site: Site, token: str, rid: str) -> Document:
    """The room of a visitor whose transcript is wanted.

    Raises:
        Refusal: ``error-invalid-room``, for an unknown token as well.
    """
    room = find_room_of_visitor(site, token, rid) if find_visitor(site, token) else None
    if room is None:
        raise Refusal("error-invalid-room", "Invalid room")
    return room


@behaviour("transcripts.messages")
def transcript_messages(site: Site, room: Document) -> list[Document]:
    """The messages that a transcript has: those of people, oldest first."""
    return [
        message
        for message in site.messages.find({"rid": room["_id"], "_hidden": None}, sort=[("ts", 1)])
        if message.get("t") in (None, "livechat-close")
    ]


@behaviour("transcripts.compose")
def compose_transcript(site: Site, room: Document, messages: list[Document], to: str) -> Mail:
    """The mail of a transcript."""
    lines = []
    for message in messages:
        name = "You" if message["u"]["_id"] == room["v"]["_id"] else message["u"]["username"]
        lines.append(
            f"<p><strong>{html.escape(name)}</strong> <em>{message['ts']}</em></p><p>{html.escape(message['msg'])}</p>"
        )
    body = "<div>" + "\n".join(lines) + "</div>"
    return Mail(str(setting(site, "From_Email") or ""), to, "Transcript of your livechat conversation.", body)


@operation("requestTranscript", "POST", "/api/v1/livechat/transcript", errors=ErrorStyle.CAUGHT)
def request_transcript(site: Site, call: Call) -> Answer:
    """Mail a visitor the transcript of his room, open or closed."""
    body = check_body(site, call, _BODY)
    room = require_room(site, body["token"], body["rid"])
    send_mail(site, compose_transcript(site, room, transcript_messages(site, room), body["email"]))
    return success(message="Omnichannel transcript sent")
