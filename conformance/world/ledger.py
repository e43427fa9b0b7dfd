"""The ledger: what a run makes, written down before it is made, so that it can be removed whatever happens to the run.

A file of JSON Lines that only grows. Each object has an ``intent`` line, on the disk before the call that makes it is
sent; then ``done`` with the server's id, and ``gone`` when it was removed. A killed process leaves at worst an intent
without an object, and half a last line.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import TracebackType

_LONGEST_LINE: Final = 1_000_000
_KINDS: Final = {
    *("visitor", "room", "page", "chat", "department", "user", "field", "trigger", "phone", "setting", "login"),
}


@dataclass(slots=True)
class Entry:
    """One object of the ledger.

    Attributes:
        number: Unique within the file.
        kind: ``visitor``, ``room``, ``page`` (visited outside of a room), ``chat`` (of somebody else, given to
            an agent of ours), ``department``, ``user``, ``field``, ``trigger``, ``phone``, ``setting``, ``login``.
        name: A visitor's token (also of a page), a department's name, a user's name, a setting's id and so on.
        id: The server's id, or ``None`` while it is not known.
        facts: What else clean-up needs: a room's visitor token, a setting's value before and after.
        state: ``intent``, ``done``, ``gone`` or ``left``.
    """

    number: int
    kind: str
    name: str
    id: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    state: str = "intent"

    @property
    def open(self) -> bool:
        """Whether the object may still be on the server."""
        return self.state != "gone"


@dataclass(frozen=True, slots=True)
class LedgerContent:
    """What a ledger file says.

    Attributes:
        url: The target that it speaks of, or ``None`` where the file lost its head.
        prefix: The run's prefix, or ``None``.
        entries: All objects, in the order of their intents.
        damaged: How many lines could not be read.
        began: When it was begun, in seconds since the epoch; 0 where it does not say so.
    """

    url: str | None
    prefix: str | None
    entries: tuple[Entry, ...]
    damaged: int = 0
    began: float = 0.0

    @property
    def waiting(self) -> bool:
        """Whether it names anything that may still be on the server."""
        return any(entry.open for entry in self.entries)


class Ledger:
    """Writes a ledger file; safe for use by several threads.

    Args:
        path: The file; it is made, or continued where it exists.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = read_ledger(path) if path.exists() else None
        self.entries: dict[int, Entry] = {entry.number: entry for entry in before.entries} if before else {}
        self._next = max(self.entries, default=0) + 1
        self._lock = threading.Lock()
        # Settings stand in it with the values that they get back, and some of these are secrets.
        path.touch(mode=0o600)
        self._file = path.open("ab")
        if before and before.damaged:
            self._file.write(b"\n")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if not self._file.closed:
            self._file.close()

    def head(self, url: str, prefix: str) -> None:
        """Write down which target and which prefix the file is about."""
        self._write({"event": "run", "url": url, "prefix": prefix, "at": round(time.time(), 3)}, durable=True)

    def intend(self, kind: str, name: str, **facts: Any) -> Entry:
        """Write down that an object is about to be made; on the disk when this returns."""
        with self._lock:
            entry = Entry(self._next, kind, name, facts=facts)
            self._next += 1
            self.entries[entry.number] = entry
        self._write({"event": "intent", "n": entry.number, "kind": kind, "name": name, "facts": facts}, durable=True)
        return entry

    def done(self, entry: Entry, id: str | None = None, **facts: Any) -> None:
        """Write down that an object was made, and under which id."""
        entry.id = id if id is not None else entry.id
        entry.facts.update(facts)
        entry.state = "done"
        self._write({"event": "done", "n": entry.number, "id": entry.id, "facts": facts})

    def gone(self, entry: Entry) -> None:
        """Write down that an object is no more, or never came to be."""
        entry.state = "gone"
        self._write({"event": "gone", "n": entry.number})

    def left(self, entry: Entry, reason: str) -> None:
        """Write down that an object could not be removed, and why."""
        entry.state = "left"
        self._write({"event": "left", "n": entry.number, "reason": reason})

    @property
    def next_number(self) -> int:
        """The number of the next entry."""
        return self._next

    def find(self, kind: str, name: str) -> Entry | None:
        """The latest entry of a kind and name."""
        with self._lock:
            return next((e for e in reversed(self.entries.values()) if e.kind == kind and e.name == name), None)

    def find_id(self, kind: str, id: str) -> Entry | None:
        """The latest entry of a kind and a server's id."""
        with self._lock:
            return next((e for e in reversed(self.entries.values()) if e.kind == kind and e.id == id), None)

    def _write(self, line: dict[str, Any], *, durable: bool = False) -> None:
        data = json.dumps(line, separators=(",", ":"), default=str).encode("ascii") + b"\n"
        with self._lock:
            self._file.write(data)
            self._file.flush()
            if durable:
                os.fsync(self._file.fileno())


def read_ledger(path: Path) -> LedgerContent:
    """What a ledger file says; lines that cannot be read are counted and left out, never an error.

    Raises:
        OSError: The file cannot be read.
    """
    url: str | None = None
    prefix: str | None = None
    entries: dict[int, Entry] = {}
    damaged, began = 0, 0.0
    with path.open("rb") as file:
        for raw in iter(lambda: file.readline(_LONGEST_LINE), b""):
            if not raw.strip():
                continue
            try:
                line = json.loads(raw.decode("utf-8"))
                if line["event"] == "run":
                    url, prefix = _text(line["url"]), _text(line["prefix"])
                    began = began or float(line.get("at") or 0)
                else:
                    _apply(entries, line)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                damaged += 1
    return LedgerContent(url, prefix, tuple(entries.values()), damaged, began)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _apply(entries: dict[int, Entry], line: dict[str, Any]) -> None:
    number, event = line["n"], line["event"]
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError("not a number")
    if event == "intent":
        if line["kind"] not in _KINDS:
            raise ValueError("an unknown kind")
        entries[number] = Entry(number, line["kind"], _text(line["name"]), facts=dict(line.get("facts") or {}))
    elif event in {"done", "gone", "left"}:
        entry = entries[number]
        if event == "done":
            entry.id = _text(line["id"]) if line.get("id") is not None else entry.id
            entry.facts.update(dict(line.get("facts") or {}))
        entry.state = event
    else:
        raise ValueError("an unknown event")
