"""Messages from telephones: ``POST sms-incoming/:service``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from conformance.reference.envelope import Answer, ErrorStyle, Failure, Refusal, client_page, success
from conformance.reference.match import MatchFailure
from conformance.reference.messages import append_message
from conformance.reference.rooms import open_room, open_rooms
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import new_id, save, setting
from conformance.reference.visitors import find_visitor_by_phone, register_visitor

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

#: Where each service puts the sender, the receiver and the text.
SERVICES: Final = {
    "twilio": ("From", "To", "Body"),
    "voxtelesys": ("from", "to", "body"),
    "mobex": ("from", "to", "content"),
}
_PROTOTYPE: Final = ("__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf")
_PLACES: Final = {"country": "FromCountry", "state": "FromState", "city": "FromCity", "zip": "FromZip"}


@dataclass(frozen=True, slots=True)
class Sms:
    """A message from a telephone."""

    sender: str
    receiver: str
    text: str
    places: dict[str, str]
    attachments: tuple[Document, ...] = ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@behaviour("sms.parse")
def parse_sms(site: Site, service: str, body: Any) -> Sms:
    """Read what a service sent.

    Raises:
        Failure: The sender is no text, or there is media without an address; the texts are the real server's.
    """
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    sender, receiver, text = (fields.get(name) for name in SERVICES[service])
    if sender is not None and not isinstance(sender, str):
        raise Failure("smsNumber.replace is not a function")
    if service == "twilio":
        media = fields.get("NumMedia")
        if isinstance(media, str) and not re.match(r"\s*\d", media) and media:
            raise Failure("Cannot read property 'map' of undefined")
        if _count(media) and not isinstance(fields.get("MediaUrl0"), str):
            raise Failure("Cannot read property 'substr' of undefined")
    places = {key: fields[name] for key, name in _PLACES.items() if isinstance(fields.get(name), str)}
    return Sms(_text(sender), _text(receiver), _text(text), places, _attachments(fields) if service == "twilio" else ())


def _attachments(fields: dict[str, Any]) -> tuple[Document, ...]:
    """What came with a message, by address: nothing is fetched."""
    found: list[Document] = []
    for index in range(_count(fields.get("NumMedia"))):
        address = fields.get(f"MediaUrl{index}")
        if isinstance(address, str):
            kind = _text(fields.get(f"MediaContentType{index}")).partition("/")[0]
            shown = {f"{kind}_url": address} if kind in ("image", "audio", "video") else {}
            found.append({"ts": "1970-01-01T00:00:00.000Z", "message_link": address, **shown})
    return tuple(found)


def _count(value: Any) -> int:
    found = re.match(r"\s*(\d{1,3})", value) if isinstance(value, str) else None
    if found is not None:
        return int(found.group(1))
    return int(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1000 else 0


@behaviour("sms.visitor")
def visitor_of_number(site: Site, sms: Sms) -> Document:
    """The visitor with the sender's number, or a new one."""
    known = find_visitor_by_phone(site, sms.sender) if sms.sender else None
    if known is not None:
        return known
    digits = re.sub(r"\D", "", sms.sender)
    fields = {
        "username": digits,
        "phone": sms.sender,
        "department": setting(site, "SMS_Default_Omnichannel_Department"),
    }
    return register_visitor(site, new_id(site), fields, {})


@behaviour("sms.room")
def room_of_sms(site: Site, visitor: Document, sms: Sms) -> Document:
    """The open room of the sender, or a new one that remembers which number was called."""
    rooms = open_rooms(site, visitor["token"])
    if rooms:
        return rooms[0]
    return open_room(site, visitor, None, None, {"sms": {"from": sms.receiver}})[0]


@behaviour("sms.store_places")
def store_places(site: Site, visitor: Document, sms: Sms) -> None:
    """Store where the sender is, in those custom fields that exist."""
    known = {key: value for key, value in sms.places.items() if value and site.custom_fields.get(key) is not None}
    if known:
        visitor["livechatData"] = {**visitor.get("livechatData", {}), **known}
        save(site, site.visitors, visitor)


@behaviour("sms.receive")
def receive_sms_message(site: Site, sms: Sms) -> None:
    """Put a message from a telephone into the sender's chat.

    Raises:
        Refusal: It cannot be served, for example ``no-agent-online``.
    """
    visitor = visitor_of_number(site, sms)
    store_places(site, visitor, sms)
    room = room_of_sms(site, visitor, sms)
    append_message(site, room, visitor, sms.text, {"token": visitor["token"], "attachments": list(sms.attachments)})


@behaviour("sms.answer")
def sms_answer(site: Site, service: str, reason: str | None) -> Answer:
    """What a service wants to hear: XML, JSON or a word; a reason for a refusal is told by twilio alone."""
    if service == "voxtelesys":
        return success() if reason is None else Answer(200, {"success": False, "error": reason})
    if service == "mobex":
        return Answer(200, content=b"ACK/Jasmin", media="text/xml")
    message = f"<Message>{escape(reason, quote=False)}</Message>" if reason else ""
    return Answer(200, content=f"<Response>{message}</Response>".encode(), media="text/xml")


@operation("receiveSms", "POST", "/api/v1/livechat/sms-incoming/{service}", errors=ErrorStyle.ESCAPED)
def receive_sms(site: Site, call: Call) -> Answer:
    """Take a message from a telephone; a failure to store it is told in an answer with 200."""
    service = call.params["service"]
    if service in _PROTOTYPE:
        return client_page()
    if service not in SERVICES:
        raise Refusal("error-sms-service-not-configured")
    sms = parse_sms(site, service, call.body)
    try:
        receive_sms_message(site, sms)
    except (Refusal, Failure, MatchFailure) as error:
        site.store.rollback()
        return sms_answer(site, service, getattr(error, "reason", None) or "")
    return sms_answer(site, service, None)
