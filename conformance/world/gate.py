"""The gate: what concerns the whole server is done by one worker at a time.

Tests under one routing method share the gate; a change of routing, or of any other setting, waits until all others have
left. The state is one small file guarded by ``flock``, so that it holds across processes. Holders who died are
recognised by their process id and its start time and are forgotten; every wait is bounded.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conformance.target.errors import BudgetExhausted
from conformance.world.errors import Unavailable
from conformance.world.processes import alive, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.target.probe import TargetInfo

_PATIENCE_S: Final = 2.0
"""How long those who need the method in force may still come in while somebody waits for another one."""
_numbers = itertools.count(1)


@dataclass(slots=True)
class _Hold:
    """What this gate holds: under which id, alone or shared, and under which routing method."""

    id: str
    alone: bool
    routing: str | None


class Gate:
    """One worker's entrance to what all workers share.

    Args:
        folder: A folder that all workers of a run, and only they, share.
        client: Not used; callers hand their client in so that all parts of a world are made alike.
        info: What the probe found: the routing method at the start.
        wait_s: Seconds that an entrance is waited for at most.

    Attributes:
        switch: Changes the server's routing method; set by the world, ``None`` where nobody may.
    """

    def __init__(
        self, folder: Path, client: object = None, info: TargetInfo | None = None, *, wait_s: float = 600.0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = folder / "gate.lock"
        self._state = folder / "gate.json"
        self._start = info.routing if info else None
        self._wait_s = wait_s
        self._hold: _Hold | None = None
        self._routing: str | None = self._start
        self.switch: Callable[[str], None] | None = None

    @property
    def routing(self) -> str | None:
        """The routing method in force, as it was seen when the gate was entered; ``None`` where nobody knows."""
        return self._routing

    @property
    def held(self) -> str:
        """``exclusive``, ``shared`` or an empty text."""
        return "" if self._hold is None else "exclusive" if self._hold.alone else "shared"

    def shared(self, routing: str | None = None) -> contextlib.AbstractContextManager[None]:
        """Be inside together with others, under a routing method; ``None`` takes whatever is in force, and keeps it.

        Raises:
            Unavailable: Another method is in force, and nobody may change it.
            BudgetExhausted: The others did not leave in time.
        """
        return self._inside(alone=False, routing=routing)

    def exclusive(self, routing: str | None = None) -> contextlib.AbstractContextManager[None]:
        """Be inside alone, under a routing method if one is named. Otherwise as ``shared``."""
        return self._inside(alone=True, routing=routing)

    def original(self) -> str | None:
        """The routing method that the server had before the first switch, or ``None`` where there was none."""
        with self._guarded() as state:
            value = state.get("original")
            return value if isinstance(value, str) else None

    def remember_original(self, routing: str) -> str:
        """Keep the routing method that the server had before the first switch; returns the one that is kept."""
        with self._guarded() as state:
            return str(state.setdefault("original", routing))

    def now_routing(self, routing: str | None) -> None:
        """Say which routing method is in force after somebody inside alone has changed it."""
        self._routing = routing
        with self._guarded() as state:
            state["routing"] = routing

    @contextlib.contextmanager
    def _inside(self, *, alone: bool, routing: str | None) -> Iterator[None]:
        outer = self._hold
        if outer and (outer.alone or not alone) and routing in {None, self._routing}:
            yield
            return
        if outer and outer.alone:
            before = self._routing
            self._switch(routing)
            try:
                yield
            finally:
                if before is not None:
                    self._switch(before)
            return
        if outer:
            self._leave()
        try:
            self._enter(alone=alone, routing=routing)
            try:
                yield
            finally:
                self._leave()
        finally:
            if outer:
                self._enter(alone=outer.alone, routing=outer.routing)

    def _enter(self, *, alone: bool, routing: str | None) -> None:
        me: dict[str, Any] = {"id": f"{os.getpid()}-{next(_numbers)}", **this_process()}
        ticket = {**me, "alone": alone, "routing": routing, "since": time.time()}
        end = time.monotonic() + self._wait_s
        pause = 0.003
        try:
            while not self._try(ticket, me):
                if time.monotonic() > end:
                    raise BudgetExhausted("Other workers did not leave the server's shared settings in time.")
                time.sleep(pause)
                pause = min(pause * 1.5, 0.1)
        except BaseException:
            self._forget(me["id"])
            raise
        self._hold = _Hold(me["id"], alone, routing)
        if routing is not None and self._routing != routing:
            # We came in alone to switch; afterwards the others may join.
            try:
                self._switch(routing)
            except BaseException:
                self._leave()
                raise
            if not alone:
                with self._guarded() as state:
                    state["holders"] = [{**h, "alone": False} if h["id"] == me["id"] else h for h in state["holders"]]

    def _try(self, ticket: dict[str, Any], me: dict[str, Any]) -> bool:
        with self._guarded() as state:
            holders, queue = state["holders"], state["queue"]
            if all(waiting["id"] != ticket["id"] for waiting in queue):
                queue.append(ticket)
            current = state.get("routing", self._start)
            must_switch = ticket["routing"] is not None and ticket["routing"] != current
            if ticket["alone"] or must_switch:
                free = not holders and queue[0]["id"] == ticket["id"]
            else:
                ahead = next((w for w in queue if w["alone"] or w["routing"] not in {None, current}), ticket)
                early = queue.index(ticket) <= queue.index(ahead) or time.time() - ahead["since"] < _PATIENCE_S
                free = not any(holder["alone"] for holder in holders) and early
            if free:
                state["queue"] = [waiting for waiting in queue if waiting["id"] != ticket["id"]]
                holders.append({**me, "alone": bool(ticket["alone"] or must_switch)})
                self._routing = current
            return free

    def _leave(self) -> None:
        if self._hold is not None:
            self._forget(self._hold.id)
            self._hold = None

    def _forget(self, id: str) -> None:
        with self._guarded() as state:
            for name in ("holders", "queue"):
                state[name] = [each for each in state[name] if each["id"] != id]

    def _switch(self, routing: str | None) -> None:
        if routing is None or routing == self._routing:
            return
        if self.switch is None:
            raise Unavailable(
                f"This needs the routing method {routing}, the server has "
                f"{self._routing or 'one that cannot be seen'}, and "
                "changing it takes admin credentials and a server that may be changed (--disposable)."
            )
        self.now_routing(None)
        self.switch(routing)
        self.now_routing(routing)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[dict[str, Any]]:
        """The shared state, while nobody else can touch it; written back at the end."""
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._read()
            yield state
            temporary = self._state.with_suffix(".tmp")
            temporary.write_text(json.dumps(state), encoding="ascii")
            temporary.replace(self._state)

    def _read(self) -> dict[str, Any]:
        try:
            state = json.loads(self._state.read_text(encoding="ascii"))
        except (OSError, ValueError):
            state = {}
        if not isinstance(state, dict):
            state = {}
        for name in ("holders", "queue"):
            known = state.get(name)
            state[name] = [each for each in known if alive(each)] if isinstance(known, list) else []
        return state
