"""Sweep: removes what a killed run left, from its ledgers, or without them by the prefix of its names."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conformance.contract import load_contract
from conformance.target.client import RecordingClient
from conformance.target.errors import BadCredentials, BudgetExhausted, SettingsError, TargetError, TargetUnreachable
from conformance.target.login import admin_persona, log_out
from conformance.target.throttle import Throttle
from conformance.world.cleanup import Remover, remove_entries
from conformance.world.ledger import Entry, Ledger, LedgerContent, read_ledger
from conformance.world.names import is_own_phone, own_prefix
from conformance.world.things import LeftBehind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conformance.target.personas import Persona
    from conformance.target.settings import Settings

UNFINISHED: Final = "unfinished"
"""The folder in a work directory where ledgers are kept whose runs did not remove all."""
_PAGE: Final = 100
_MOST_PAGES: Final = 2_000
_BY_PREFIX: Final = (
    "Visitors who never opened a room cannot be listed, and settings cannot be restored, without a ledger: if "
    "there is one, "
    "give its file instead of the URL."
)

_LOGIN: Final = (
    "the process that had logged in was killed, and its token was never written down; the login ends by itself "
    "(Accounts_LoginExpiration), or when this user logs out his other clients"
)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did.

    Attributes:
        removed: How many objects are gone now.
        left_behind: What had to stay, with reasons.
        notes: What else should be known.
        logins: Logins of a killed process, which nobody else can end: no token is ever written down.
    """

    removed: int
    left_behind: tuple[LeftBehind, ...] = ()
    notes: tuple[str, ...] = ()
    logins: tuple[LeftBehind, ...] = ()


def ledger_files(path: Path) -> list[Path]:
    """The ledger files that a path means: the file itself, or those of a folder and of its folder ``work``.

    Those that earlier runs into the same folder did not finish belong to it.

    Raises:
        SettingsError: There are none.
    """
    try:
        if path.is_file():
            return [path]
        folders = (path, path / "work", path / UNFINISHED, path / "work" / UNFINISHED)
        found = sorted(p for folder in folders for p in folder.glob("*ledger*.jsonl"))
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The ledger {path} cannot be looked at: {problem}.") from None
    if not found:
        raise SettingsError(
            f"There is no ledger at {path}: give a ledger file, the report's folder, or the server's URL."
        )
    return found


def read_ledgers(paths: Sequence[Path]) -> dict[Path, LedgerContent]:
    """The content of ledgers.

    Raises:
        SettingsError: One cannot be read.
    """
    try:
        return {path: read_ledger(path) for path in paths}
    except OSError as problem:
        raise SettingsError(f"The ledger {problem.filename} cannot be read: {problem.strerror or problem}.") from None


def sweep_ledgers(settings: Settings, paths: Sequence[Path], *, deadline_s: float = 300.0) -> SweepReport:
    """Remove what is still open in ledgers; without anything open, nothing is sent.

    Args:
        settings: ``url`` must be the ledgers' target.
        paths: Ledger files.
        deadline_s: Seconds that it may take.

    Raises:
        SettingsError: A ledger cannot be read, or speaks of another server.
    """
    contents = read_ledgers(paths)
    notes: list[str] = []
    for path, content in contents.items():
        if content.url is not None and settings.url is not None and content.url != settings.url:
            raise SettingsError(
                f"The ledger {path} is about {content.url}, not about {settings.url}: give the right one."
            )
        if content.damaged:
            notes.append(
                f"{path.name}: {content.damaged} lines could not be read; use the server's URL to find what they named."
            )
    # Numbers are unique within one file only.
    # What was changed first is undone last: the stage was set before a test changed the same setting.
    by_age = sorted(contents.items(), key=lambda each: each[1].began)
    waiting = [(path, entry) for path, content in by_age for entry in content.entries if entry.open]
    logins = tuple(LeftBehind("login", each.name, None, _LOGIN) for _, each in waiting if each.kind == "login")
    notes += dict.fromkeys(f"Still logged in as {one.name}: {one.reason}." for one in logins)
    origins = [(path, entry) for path, entry in waiting if entry.kind != "login"]
    if not origins:
        return SweepReport(0, (), tuple(notes), logins)
    numbered = [
        Entry(number, entry.kind, entry.name, entry.id, entry.facts, entry.state)
        for number, (_, entry) in enumerate(origins, 1)
    ]
    more, left = _remove(
        settings, numbered, {content.prefix for content in contents.values() if content.prefix}, deadline_s
    )
    kept = {(one.kind, one.name, one.id): one for one in left}
    _write_down(origins, kept)
    gone = sum((entry.kind, entry.name, entry.id) not in kept for entry in (*numbered, *more))
    return SweepReport(gone, tuple(kept.values()), tuple(notes), logins)


def _remove(
    settings: Settings, entries: Sequence[Entry], prefixes: set[str], deadline_s: float
) -> tuple[list[Entry], list[LeftBehind]]:
    """Remove entries, and what else carries the prefixes of a killed run; what was found so, and what is left."""
    more: list[Entry] = []
    left: list[LeftBehind] | None = None
    try:
        with _session(settings, deadline_s) as (client, admin):
            remover = Remover(client, admin)
            left = remove_entries(remover, None, entries, deadline_s)
            if admin is not None and prefixes and any(entry.kind != "setting" for entry in entries):
                # A name may stand for two objects, of which a killed run could write down only one.
                more = _found(client, admin, sorted(prefixes))
                left += remove_entries(remover, None, more, deadline_s)
    except TargetError as problem:
        if left is None:
            left = [LeftBehind(each.kind, each.name, each.id, problem.sentence) for each in entries]
    return more, left or []


def _write_down(origins: Sequence[tuple[Path, Entry]], kept: Mapping[tuple[str, str, str | None], LeftBehind]) -> None:
    """Write into each ledger what became of its entries; a ledger that cannot be written to stays as it is."""
    for path in dict.fromkeys(path for path, _ in origins):
        with contextlib.suppress(OSError), Ledger(path) as ledger:
            for entry in (entry for origin, entry in origins if origin == path):
                stayed = kept.get((entry.kind, entry.name, entry.id))
                if stayed is None:
                    ledger.gone(entry)
                else:
                    ledger.left(entry, stayed.reason)


@contextlib.contextmanager
def _session(settings: Settings, deadline_s: float) -> Iterator[tuple[RecordingClient, Persona | None]]:
    contract = load_contract()
    # A server that asks for ever longer waits must not hold up the end of a run.
    throttle = Throttle(max_rate=settings.max_rate, max_wait_s=130.0, deadline=time.time() + deadline_s)
    with RecordingClient(settings, contract, None, throttle, worker="sweep") as client:
        admin: Persona | None = None
        with contextlib.suppress(BadCredentials):
            admin = admin_persona(client, settings)
        try:
            yield client, admin
        finally:
            if admin is not None and settings.admin_password:
                with contextlib.suppress(BudgetExhausted):
                    log_out(client, admin)


def sweep_server(
    settings: Settings,
    *,
    prefix: str | None = None,
    deadline_s: float = 600.0,
    say: Callable[[str], None] | None = None,
) -> SweepReport:
    """Remove all objects on a server whose names carry a valid prefix of this suite.

    Args:
        settings: ``url`` must be set; admin credentials are needed to list anything.
        prefix: Only what begins with this, for example ``lcx-1z``; by default of all runs, also of one that goes on
            now.
        deadline_s: Seconds that removing may take.
        say: Is told what was found.

    Raises:
        BadCredentials: There are none, or they are refused.
        TargetUnreachable: Nothing answers.
    """
    if not settings.has_admin:
        raise BadCredentials(
            "Without a ledger the leftovers have to be looked up in the server's lists, which needs admin "
            "credentials: add "
            "--admin-user, or give the ledger file."
        )
    contract = load_contract()
    throttle = Throttle(max_rate=settings.max_rate, max_wait_s=130.0)
    with RecordingClient(settings, contract, None, throttle, worker="sweep") as client:
        admin = admin_persona(client, settings)
        assert admin is not None
        try:
            entries = _found(client, admin, [prefix] if prefix else [])
            if say:
                say(f"Found {len(entries)} objects with a prefix of this suite.")
            left = remove_entries(Remover(client, admin), None, entries, deadline_s)
        finally:
            if settings.admin_password:
                log_out(client, admin)
    return SweepReport(len(entries) - len(left), tuple(left), (_BY_PREFIX,))


def _found(client: RecordingClient, admin: Persona, prefixes: Sequence[str]) -> list[Entry]:
    """Entries, as a ledger would have them, for all objects of ours that the server's lists show.

    Each list is read once, however many prefixes there are: a server in use has long ones.

    Args:
        client: Asks the server.
        admin: May read the lists.
        prefixes: Only what begins with one of these; empty for all that is ours.
    """
    numbers = itertools.count(1)
    entries: dict[tuple[str, str], Entry] = {}

    def ours(name: object) -> bool:
        return own_prefix(name) is not None and (not prefixes or str(name).startswith(tuple(prefixes)))

    def add(kind: str, name: str, found: object, **facts: Any) -> None:
        id = found if isinstance(found, str) else None
        entries.setdefault((kind, id or name), Entry(next(numbers), kind, name, id, facts, "done"))

    # Rooms are called after their visitors, so the server itself can pick those of one prefix out of very many.
    filters: list[dict[str, str]] = [{"roomName": prefix} for prefix in prefixes] or [{}]
    for room in (
        room for only in filters for room in all_objects(client, admin, "/api/v1/livechat/rooms", "rooms", **only)
    ):
        visitor: dict[str, Any] = room["v"] if isinstance(room.get("v"), dict) else {}
        token, username = visitor.get("token"), visitor.get("username")
        if isinstance(token, str) and ours(token):
            add("visitor", token, visitor.get("_id"))
            if room.get("open") and isinstance(room.get("_id"), str):
                add("room", token, room["_id"], token=token)
        elif is_own_phone(username) and not prefixes:
            add("phone", f"+{username}", None)
    for department in all_objects(client, admin, "/api/v1/livechat/department", "departments"):
        if ours(department.get("name")):
            add("department", department["name"], department.get("_id"))
    for path in ("/api/v1/livechat/users/agent", "/api/v1/livechat/users/manager", "/api/v1/users.list"):
        for user in all_objects(client, admin, path, "users"):
            if ours(user.get("username")):
                add("user", user["username"], user.get("_id"))
    for field in all_objects(client, admin, "/api/v1/livechat/custom-fields", "customFields"):
        if ours(field.get("_id")):
            add("field", field["_id"], field["_id"])
    for trigger in all_objects(client, admin, "/api/v1/livechat/triggers", "triggers"):
        if ours(trigger.get("name")):
            add("trigger", trigger["name"], trigger.get("_id"))
    return list(entries.values())


def all_objects(client: RecordingClient, admin: Persona, path: str, key: str, **query: str) -> Iterator[dict[str, Any]]:
    """All objects of a paged list; a list that the server does not have is empty."""
    seen: set[str] = set()
    for page in range(_MOST_PAGES):
        exchange = client.request(admin, "GET", path, query={**query, "count": _PAGE, "offset": _PAGE * page})
        if exchange.failure:
            raise TargetUnreachable(f"{path} was not answered while looking for leftovers. {exchange.failure}")
        listed = exchange.json.get(key) if exchange.status == 200 and isinstance(exchange.json, dict) else None
        fresh = [
            each
            for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict) and str(each.get("_id")) not in seen
        ]
        if not fresh:
            return
        seen |= {str(each.get("_id")) for each in fresh}
        yield from fresh
