"""A server that takes its time: with every answer, with refusals, and with what it writes after it has answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from conformance.reference.site import Site, save, setting
from tests.variants.variant import Variant, finish, later

Document = dict[str, Any]
Inner = Callable[..., Any]


async def answer_late(inner: Inner, site: Site, operation_id: str | None, call: Any, answer: Any) -> Any:
    """Answer after 10 to 60 ms, refuse after half a second to a second."""
    passed = inner(site, operation_id, call, answer)
    refused = passed.status in (401, 403)
    await asyncio.sleep(random.uniform(0.5, 1.0) if refused else random.uniform(0.01, 0.06))
    return passed


def on_room(inner: Inner, site: Site, room: Document, *rest: Any) -> None:
    """Change a room later."""
    identifier = room["_id"]

    def act() -> None:
        stored = site.rooms.get(identifier)
        if stored is not None:
            inner(site, stored, *rest)
            save(site, site.rooms, stored)

    later(site, act, key=identifier)


def membership(inner: Inner, site: Site, room: Document, *rest: Any) -> None:
    """Change who is in a room now, and their number later."""
    identifier, before = room["_id"], room["usersCount"]
    inner(site, room, *rest)
    change, room["usersCount"] = room["usersCount"] - before, before

    def act() -> None:
        stored = site.rooms.get(identifier)
        if stored is not None:
            stored["usersCount"] = max(1, stored["usersCount"] + change)
            save(site, site.rooms, stored)

    if change:
        later(site, act, key=identifier)


def store_survey(inner: Inner, site: Site, room: Document, answers: dict[str, str]) -> None:
    """Store the answers of a survey later."""
    identifier = room["_id"]

    def act() -> None:
        stored = site.rooms.get(identifier)
        if stored is not None:
            inner(site, stored, answers)

    later(site, act, key=identifier)


def store_page(inner: Inner, site: Site, *rest: Any) -> Document:
    """Let the visit of a page be found later; one without a room is there at once, for the room to find."""
    page: Document = inner(site, *rest)
    if page.get("rid"):
        site.messages.remove(page["_id"])
        later(site, lambda: site.messages.insert(page), key="pages")
    return page


def rename(inner: Inner, site: Site, visitor: Document) -> None:
    """Carry the name of a visitor into his rooms later."""
    later(site, lambda: inner(site, visitor), key=visitor["_id"])


SLOW_WRITES: dict[str, Inner] = {
    "http.finish": finish,
    "messages.count_in_room": on_room,
    "messages.note_last": on_room,
    "metrics.note_question": on_room,
    "metrics.note_answer": on_room,
    "metrics.note_response": on_room,
    "rooms.subscribe": membership,
    "rooms.unsubscribe": membership,
    "rooms.remove_all_subscriptions": membership,
    "survey.store": store_survey,
    "pages.store": store_page,
    "visitors.rename_in_rooms": rename,
}

SLOW = Variant(
    name="slow",
    sentence="Answers take 10 to 60 ms, refusals up to a second, and some writes are finished after the answer.",
    wrap={**SLOW_WRITES, "http.answer": answer_late},
)


def write_for_later(inner: Inner, site: Site, identifier: str, value: Any) -> bool:
    """Store a setting, and let it take effect later: until then what was in force is in force."""
    if identifier == "Livechat_guest_count":  # a counter of the server's own, raised in the database itself
        return bool(inner(site, identifier, value))
    in_force, delay = setting(site, identifier), random.uniform(0.02, 0.08)
    site.memory.setdefault("settings before", {})[identifier] = (time.monotonic() + delay, in_force)
    stored = bool(inner(site, identifier, value))
    # What was made of the settings in the meantime is made again.
    later(site, lambda: site.settings.save(site.settings.get(identifier) or {}), (delay, delay + 0.01), key=identifier)
    return stored


def read_in_force(inner: Inner, site: Site, identifier: str) -> Any:
    """The value of a setting that is in force."""
    until, before = site.memory.get("settings before", {}).get(identifier, (0.0, None))
    return before if time.monotonic() < until else inner(site, identifier)


SETTINGS_LATE = Variant(
    name="settings_late",
    sentence="As on servers before 3.7, a setting takes effect up to 80 ms after it was stored.",
    wrap={
        "http.finish": finish,
        "settings.write": write_for_later,
        "settings.read": read_in_force,
        "http.answer": answer_late,
    },
)
