"""What stands in a new database: settings, permissions, office hours, a channel, the first account and the bot."""

from __future__ import annotations

from typing import Final

from conformance.reference.accounts import create_account
from conformance.reference.site import Options, Site, add, new_id, seed_settings

#: The account in whose name the server itself writes.
BOT: Final = {"_id": "rocket.cat", "username": "rocket.cat"}
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def open_site(options: Options | None = None) -> Site:
    """Open a site and insert what a new server has; faults are planted afterwards, so they spoil none of it.

    Raises:
        StoreError: The data file cannot be used.
    """
    site = Site(options)
    seed(site)
    site.store.commit()
    return site


def seed(site: Site) -> None:
    """Insert what a new server has and the database does not have yet."""
    seed_settings(site)
    options = site.options
    if site.users.get(BOT["_id"]) is None:
        create_account(
            site,
            "rocket.cat",
            new_id(site),
            name="Rocket.Cat",
            roles=("bot",),
            identifier=BOT["_id"],
            status="online",
            utcOffset=0,
            type="bot",
        )
    if site.users.one({"username": options.admin_user}) is None:
        create_account(
            site,
            options.admin_user,
            options.admin_password,
            name="Admin",
            email="admin@reference.test",
            roles=("admin", "livechat-manager"),
            utcOffset=0,
            avatarOrigin="none",
            statusDefault="online",
        )
    if site.channels.get("GENERAL") is None:
        add(site, site.channels, {"_id": "GENERAL", "name": "general", "t": "c"})
    if not site.office_hours.count():
        for code in (1, 2, 3, 4, 5, 6, 0):
            add(
                site,
                site.office_hours,
                {
                    "_id": new_id(site),
                    "day": _DAYS[code],
                    "start": "08:00",
                    "finish": "20:00",
                    "code": code,
                    "open": code not in (0, 6),
                },
            )
