"""The site: one reference server, its documents, its settings and its table of overrides.

Everything that a behaviour needs comes from the site that it gets as its first argument.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from conformance.reference.default_permissions import PERMISSIONS
from conformance.reference.default_settings import WORKING_VIDEO_CALL, default_settings
from conformance.reference.seam import behaviour
from conformance.reference.store import Collection, Document, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
logger = logging.getLogger("conformance.reference")

#: The release whose behaviour this server has.
VERSION: Final = "3.2.0"
#: Where a visitor's document has the e-mail address and the phone number.
MAIL: Final = "visitorEmails.0.address"
PHONE: Final = "phone.0.phoneNumber"
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
_random = random.Random()


@dataclass(frozen=True, slots=True)
class Options:
    """How a server is started.

    Attributes:
        data: The file that keeps the documents; None keeps them in memory.
        routing: The value of the setting ``Livechat_Routing_Method``, or None to leave what is stored.
        rate_limit: Whether the rate limiter is on.
        working_video_call: Whether ``video.call`` answers as documented; False is the way of 3.x, a bare 400. It is the
            first value of the setting ``Reference_Working_Video_Call``, which an administrator may change.
        refusal_delay: Seconds by which 401 and 403 are delayed (the real server: 0.5 to 1); 0 by default.
        spool: The folder that gets one file for each mail, or None.
        smtp: Host and port of a mail server that gets each mail, or None.
        mail_domains: The mail domains that exist, when addresses are validated; the server looks nothing up.
        admin_user: Name of the first account.
        admin_password: Its password.
    """

    data: Path | None = None
    routing: str | None = None
    rate_limit: bool = False
    working_video_call: bool = False
    refusal_delay: float = 0.0
    spool: Path | None = None
    smtp: tuple[str, int] | None = None
    mail_domains: frozenset[str] = frozenset()
    admin_user: str = "admin"
    admin_password: str = "reference-admin"


@dataclass(slots=True)
class _Kept:
    version: tuple[int, ...]
    value: Any


@dataclass(slots=True)
class Mail:
    """A mail as it was handed over."""

    sender: str
    recipient: str
    subject: str
    html: str
    reply_to: str = ""


class Site:
    """One reference server; ``seeds.open_site`` fills a new one.

    Attributes:
        version: The release that it behaves as.
        options: How it was started.
        overrides: The functions that stand in for named behaviours, by name; see ``seam``.
        store: Its documents.
        memory: What the server remembers outside of the store (buckets of the limiter, for example), by name.
        outbox: Mails of the call that runs; they are sent when it is done and dropped when it is undone.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.version = VERSION
        self.options = options or Options()
        self.overrides: dict[str, Callable[..., Any]] = {}
        self.memory: dict[str, Any] = {}
        self.outbox: list[Mail] = []
        self._kept: dict[str, _Kept] = {}
        self.store = Store(self.options.data)
        add = self.store.collection
        self.settings: Collection = add("settings", ["group"])
        self.permissions: Collection = add("permissions")
        self.users: Collection = add("users", ["username", "name", "_updatedAt", "operator"], [("username",)])
        self.sessions: Collection = add("sessions", ["userId"], [("userId",)])
        self.visitors: Collection = add(
            "visitors",
            ["token", "username", MAIL, PHONE],
            [("token",), ("username",), (MAIL,), (PHONE,)],
            nocase=[MAIL],
        )
        self.rooms: Collection = add(
            "rooms",
            ["t", "open", "ts", "lm", "departmentId", "v._id", "v.token", "servedBy._id"],
            [("v.token", "open"), ("v._id", "ts"), ("ts",), ("servedBy._id", "open"), ("departmentId",)],
        )
        self.messages: Collection = add(
            "messages", ["rid", "ts", "t", "_hidden", "navigation.token"], [("rid", "ts"), ("navigation.token", "rid")]
        )
        self.inquiries: Collection = add(
            "inquiries", ["rid", "status", "department", "ts", "v.token"], [("rid",), ("status", "ts"), ("v.token",)]
        )
        self.subscriptions: Collection = add("subscriptions", ["rid", "u._id"], [("rid", "u._id")])
        self.channels: Collection = add("channels", ["name"])
        self.departments: Collection = add("departments", ["name", "enabled"], [("name",)])
        self.department_agents: Collection = add(
            "department_agents",
            ["departmentId", "agentId", "username", "count", "order"],
            [("departmentId",), ("agentId",)],
        )
        self.custom_fields: Collection = add("custom_fields", ["label", "scope"])
        self.triggers: Collection = add("triggers", ["name", "enabled"])
        self.office_hours: Collection = add("office_hours", ["code"])

    def kept(self, name: str, collections: tuple[Collection, ...], build: Callable[[], T]) -> T:
        """What ``build`` makes of these collections, made again only after one of them was written to."""
        version = tuple(collection.version for collection in collections)
        kept = self._kept.get(name)
        if kept is None or kept.version != version:
            kept = self._kept[name] = _Kept(version, build())
        value: T = kept.value
        return value

    def close(self) -> None:
        """Write everything down and let the database go."""
        self.store.close()


@behaviour("clock.now")
def now(site: Site) -> str:
    """The time as an ISO 8601 text in UTC with milliseconds; it never goes backwards."""
    stamp = max(time.time_ns() // 1_000_000, site.memory.get("clock", 0))
    site.memory["clock"] = stamp
    return iso(stamp)


def iso(milliseconds: int) -> str:
    """Milliseconds since the epoch as the API writes times."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def milliseconds(text: str) -> int:
    """Milliseconds since the epoch of a time that ``iso`` wrote."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


@behaviour("ids.new")
def new_id(site: Site) -> str:
    """A new id: 17 letters and digits that cannot be mistaken for one another."""
    return "".join(_random.choices(_ALPHABET, k=17))


@behaviour("settings.read")
def setting(site: Site, identifier: str) -> Any:
    """The value of a setting, None where there is none."""
    values = site.kept(
        "settings", (site.settings,), lambda: {each["_id"]: each.get("value") for each in site.settings.find()}
    )
    return values.get(identifier)


@behaviour("settings.write")
def write_setting(site: Site, identifier: str, value: Any) -> bool:
    """Store the value of a setting; say whether the setting exists."""
    document = site.settings.get(identifier)
    if document is None:
        return False
    site.settings.save({**document, "value": value, "_updatedAt": now(site)})
    return True


@behaviour("store.save")
def save(site: Site, collection: Collection, document: Document) -> Document:
    """Write a document back and stamp it with the time of its change."""
    document["_updatedAt"] = now(site)
    return collection.save(document)


@behaviour("store.add")
def add(site: Site, collection: Collection, document: Document) -> Document:
    """Insert a new document and stamp it with the time."""
    document["_updatedAt"] = now(site)
    return collection.insert(document)


def permission_roles(site: Site) -> dict[str, list[str]]:
    """The roles that hold each permission."""
    return site.kept(
        "permissions", (site.permissions,), lambda: {each["_id"]: each["roles"] for each in site.permissions.find()}
    )


def seed_settings(site: Site) -> None:
    """Insert the settings and permissions that are not stored yet."""
    for document in default_settings():
        if site.settings.get(document["_id"]) is None:
            stamp = now(site)
            site.settings.insert({**document, "ts": stamp, "createdAt": stamp, "_updatedAt": stamp})
    for identifier, roles in PERMISSIONS.items():
        if site.permissions.get(identifier) is None:
            site.permissions.insert({"_id": identifier, "roles": list(roles), "_updatedAt": now(site)})
    if site.options.routing is not None:
        write_setting(site, "Livechat_Routing_Method", site.options.routing)
    if site.options.working_video_call:
        write_setting(site, WORKING_VIDEO_CALL, True)
    if site.options.rate_limit:
        write_setting(site, "API_Enable_Rate_Limiter", True)
