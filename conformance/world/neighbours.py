"""Neighbours: what other runs of this suite have on the target, because they go on just now or were killed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from conformance.world.names import own_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.target.client import RecordingClient
    from conformance.target.personas import Persona

_LISTS: Final = (
    ("/api/v1/livechat/department", "departments", "text", ("name",)),
    ("/api/v1/livechat/users/agent", "users", "text", ("username",)),
    ("/api/v1/livechat/rooms", "rooms", "roomName", ("v", "token")),
)
"""Path of a list, its key, the parameter that searches it, and where an item says its name."""


class SameNames(Exception):
    """There are things of a run that gave the names which this run is about to give; the text says what to do."""


def look(client: RecordingClient, admin: Persona, prefix: str, *, part: bool = False) -> list[str]:
    """What should be known of other runs on this target, in sentences for people; three calls that read.

    Args:
        client: Asks the target.
        admin: May read the lists.
        prefix: Of one process of this run; all its processes share the seed, and the part of a split run.
        part: Whether this run is one part of a split one.

    Raises:
        SameNames: Another run gives the same names: what it makes would be taken for ours. Or another part of this
            one is on the same server, where both change settings.
    """
    found = {own for name in _names(client, admin) if (own := own_prefix(name)) is not None}
    ours = re.compile(re.escape(re.sub(r"[a-z]+-[0-9a-f]{4}$", "", prefix)) + "[a-z]")
    same = sorted(one for one in found if ours.match(one))
    if same:
        raise SameNames(
            f"on the target there are things named {same[0]}-…, as this run would name its own: a run with the same "
            "seed goes on there, or was killed. Remove them with `livechat-conformance sweep`, or give another --seed"
        )
    run = prefix.rsplit("-", 2)[0]
    if part and any(one.rsplit("-", 2)[0] == run for one in found):
        raise SameNames(
            f"on the target there are things of another part of this run ({run}-…): each part needs a server of its "
            "own, for a run changes settings of the whole server. Let one part end before the next begins, or remove "
            "with `livechat-conformance sweep` what a killed one left"
        )
    runs = sorted({one.rsplit("-", 2)[0] for one in found})
    if not runs:
        return []
    note = (
        f"Another run has things on the target ({', '.join(f'{run}-…' for run in runs[:4])}): if it goes on just now, "
        "the two disturb each other; if it was killed, `livechat-conformance sweep` removes them."
    )
    return [note]


def _names(client: RecordingClient, admin: Persona) -> Iterator[object]:
    for path, key, search, place in _LISTS:
        exchange = client.request(admin, "GET", path, query={search: "lcx-", "count": 100})
        listed = exchange.json.get(key) if exchange.status == 200 and isinstance(exchange.json, dict) else None
        for item in listed if isinstance(listed, list) else ():
            value: Any = item
            for step in place:
                value = value.get(step) if isinstance(value, dict) else None
            yield value
