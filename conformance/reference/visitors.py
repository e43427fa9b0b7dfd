"""Visitors: finding them, registering them, what is stored about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.reference.departments import find_department_by_id_or_name
from conformance.reference.envelope import Refusal
from conformance.reference.seam import behaviour
from conformance.reference.site import MAIL, PHONE, add, new_id, now, save, setting, write_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("visitors.find_by_token")
def find_visitor(site: Site, token: str) -> Document | None:
    """The visitor with exactly this token; an empty token is nobody's."""
    return site.visitors.one({"token": token}) if token else None


@behaviour("visitors.find_by_id")
def find_visitor_by_id(site: Site, identifier: str) -> Document | None:
    """The visitor with this id."""
    return site.visitors.get(identifier)


@behaviour("visitors.find_by_email")
def find_visitor_by_email(site: Site, address: str) -> Document | None:
    """The visitor with this e-mail address, whatever its case."""
    return site.visitors.one({MAIL: address})


@behaviour("visitors.find_by_phone")
def find_visitor_by_phone(site: Site, number: str) -> Document | None:
    """The visitor with exactly this phone number."""
    return site.visitors.one({PHONE: number})


@behaviour("visitors.require")
def require_visitor(site: Site, token: str) -> Document:
    """The visitor with this token.

    Raises:
        Refusal: ``invalid-token``.
    """
    visitor = find_visitor(site, token)
    if visitor is None:
        raise Refusal("invalid-token")
    return visitor


@behaviour("visitors.next_username")
def next_username(site: Site) -> str:
    """The next free name of the form ``guest-<n>``."""
    number = setting(site, "Livechat_guest_count")
    number = number if isinstance(number, int) else 1
    write_setting(site, "Livechat_guest_count", number + 1)
    return f"guest-{number}"


@behaviour("visitors.connection_data")
def connection_data(site: Site, headers: Mapping[str, str], address: str) -> Document:
    """What is stored about a new visitor's connection, where the setting allows it."""
    if not setting(site, "Livechat_Allow_collect_and_store_HTTP_header_informations"):
        return {}
    data = {"userAgent": headers.get("user-agent"), "host": headers.get("host")}
    if "x-forwarded-for" in headers or "x-real-ip" in headers:
        data["ip"] = headers.get("x-real-ip") or address
    return {key: value for key, value in data.items() if value}


@behaviour("visitors.identify")
def identify_visitor(site: Site, token: str, fields: Mapping[str, Any], connection: Document) -> Document:
    """The visitor whom a registration means: by token, else by e-mail address, else a new one (not yet stored)."""
    known = find_visitor(site, token)
    if known is not None:
        return known
    username = fields.get("username") or next_username(site)
    if fields.get("email"):
        known = find_visitor_by_email(site, fields["email"])
    return known or {"_id": new_id(site), "username": username, **connection}


@behaviour("visitors.set_department")
def set_department(site: Site, visitor: Document, department: str | None) -> None:
    """Set a visitor's department by id or name; without one it is cleared, an unknown one changes nothing."""
    if not department:
        visitor.pop("department", None)
        return
    found = find_department_by_id_or_name(site, department)
    if found is not None:
        visitor["department"] = found["_id"]


@behaviour("visitors.apply_fields")
def apply_fields(site: Site, visitor: Document, token: str, fields: Mapping[str, Any]) -> None:
    """Put what a registration says into a visitor's document; empty texts change nothing."""
    visitor["token"] = token
    if fields.get("phone"):
        visitor["phone"] = [{"phoneNumber": fields["phone"]}]
    if (fields.get("email") or "").strip():
        visitor["visitorEmails"] = [{"address": fields["email"]}]
    if fields.get("name"):
        visitor["name"] = fields["name"]
    set_department(site, visitor, fields.get("department"))


@behaviour("visitors.register")
def register_visitor(site: Site, token: str, fields: Mapping[str, Any], connection: Document) -> Document:
    """Create a visitor or update him: same token, same visitor; same e-mail address, same visitor with a new token.

    Args:
        site: The server.
        token: The visitor's own token, not empty.
        fields: ``name, email, phone, department, username``, each optional.
        connection: What is stored about the connection of a new visitor.
    """
    visitor = identify_visitor(site, token, fields, connection)
    apply_fields(site, visitor, token, fields)
    if site.visitors.get(visitor["_id"]) is None:
        return add(site, site.visitors, visitor)
    return save(site, site.visitors, visitor)


@behaviour("visitors.rename_in_rooms")
def rename_in_rooms(site: Site, visitor: Document) -> None:
    """Carry a visitor's name into his open rooms, their inquiries and their subscriptions."""
    name = (visitor.get("name") or "").strip()
    if not name:
        return
    for room in site.rooms.find({"v.token": visitor["token"], "open": True}):
        room["fname"] = visitor["name"]
        save(site, site.rooms, room)
        for inquiry in site.inquiries.find({"rid": room["_id"]}):
            inquiry["name"] = visitor["name"]
            save(site, site.inquiries, inquiry)
        for subscription in site.subscriptions.find({"rid": room["_id"]}):
            subscription["fname"] = visitor["name"]
            save(site, site.subscriptions, subscription)


@behaviour("visitors.change_department")
def change_department(site: Site, visitor_id: str, department: str) -> None:
    """Store the department into which a visitor's chat went."""
    visitor = site.visitors.get(visitor_id)
    if visitor is not None:
        visitor["department"] = department
        save(site, site.visitors, visitor)


@behaviour("visitors.remove")
def remove_visitor(site: Site, visitor: Document) -> str:
    """Remove a visitor with his rooms, messages, inquiries and subscriptions; return the time of it."""
    for room in site.rooms.find({"v._id": visitor["_id"]}):
        site.messages.remove_all({"rid": room["_id"]})
        site.inquiries.remove_all({"rid": room["_id"]})
        site.subscriptions.remove_all({"rid": room["_id"]})
        site.rooms.remove(room["_id"])
    site.visitors.remove(visitor["_id"])
    return now(site)


@behaviour("visitors.set_status")
def set_visitor_status(site: Site, token: str, status: str) -> None:
    """Write a visitor's presence into his open rooms and their inquiries."""
    for room in site.rooms.find({"v.token": token, "open": True}):
        room["v"]["status"] = status
        save(site, site.rooms, room)
    for inquiry in site.inquiries.find({"v.token": token}):
        inquiry["v"]["status"] = status
        save(site, site.inquiries, inquiry)
