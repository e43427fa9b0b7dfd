"""Custom fields: their definitions, and the values that visitors and rooms hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.reference.envelope import Failure, Refusal
from conformance.reference.rooms import open_rooms
from conformance.reference.seam import behaviour
from conformance.reference.site import save
from conformance.reference.visitors import find_visitor

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("custom_fields.find")
def find_field(site: Site, key: str) -> Document | None:
    """The definition of a custom field."""
    return site.custom_fields.get(key)


@behaviour("custom_fields.require")
def require_field(site: Site, key: str) -> Document:
    """The definition of a custom field.

    Raises:
        Refusal: ``invalid-custom-field``.
    """
    definition = find_field(site, key)
    if definition is None:
        raise Refusal("invalid-custom-field")
    return definition


@behaviour("custom_fields.matches")
def matches(site: Site, definition: Document, value: str) -> bool:
    """Whether a value meets the pattern of its field; a pattern that cannot be read is met by nothing."""
    pattern = definition.get("regexp") or ""
    try:
        return not pattern or re.search(pattern, value) is not None
    except re.error:
        return False


@behaviour("custom_fields.check_value")
def check_field_value(site: Site, definition: Document, key: str, value: str) -> None:
    """Refuse a value that does not meet the pattern of its field.

    Raises:
        Refusal: Its code is a sentence, as on the real server.
    """
    if not matches(site, definition, value):
        raise Refusal(f"Invalid value for {key} field")


@behaviour("custom_fields.put")
def put_value(site: Site, holder: Document, key: str, value: str, *, overwrite: bool) -> bool:
    """Write a value into ``livechatData`` of a document, unless one is there that must stay; say whether it changed."""
    data = holder.setdefault("livechatData", {})
    if not overwrite and key in data:
        return False
    data[key] = value
    return True


@behaviour("custom_fields.set_on_visitor")
def set_visitor_field(site: Site, token: str, key: str, value: str, *, overwrite: bool) -> bool:
    """Store a value of a visitor; say whether there was a visitor to hold it."""
    visitor = find_visitor(site, token)
    if visitor is None:
        return False
    if put_value(site, visitor, key, value, overwrite=overwrite):
        save(site, site.visitors, visitor)
    return True


@behaviour("custom_fields.set_on_room")
def set_room_field(site: Site, token: str, key: str, value: str, *, overwrite: bool) -> bool:
    """Store a value of a visitor's open room; say whether there was a room to hold it.

    Raises:
        Failure: There is none, and an old value was to be kept.
    """
    rooms = open_rooms(site, token)
    if not rooms:
        if not overwrite:
            raise Failure("Cannot read property 'livechatData' of undefined", keep=True)
        return False
    if put_value(site, rooms[0], key, value, overwrite=overwrite):
        save(site, site.rooms, rooms[0])
    return True


@behaviour("custom_fields.set")
def set_field(site: Site, token: str, key: str, value: str, *, overwrite: bool) -> bool:
    """Store the value of a custom field with the visitor or with his open room, as its scope says.

    Raises:
        Refusal: ``invalid-custom-field``, or the value does not meet the pattern.
        Failure: See ``set_room_field``.
    """
    definition = require_field(site, key)
    check_field_value(site, definition, key, value)
    if definition["scope"] == "room":
        return set_room_field(site, token, key, value, overwrite=overwrite)
    return set_visitor_field(site, token, key, value, overwrite=overwrite)
