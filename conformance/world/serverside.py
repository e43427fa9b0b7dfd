"""What concerns the whole server: settings, permissions, the routing method. All of it is saved and restored."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from conformance.target.login import text_of
from conformance.target.personas import NOBODY
from conformance.world.errors import PreconditionFailed, Unavailable
from conformance.world.eventually import eventually
from conformance.world.ground import NO_ADMIN, Ground
from conformance.world.preparation import CHANGED, METHODS, ROUTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.world.ledger import Entry

_SETTLES_AT_MOST_S = 0.5
"""Seconds that a restored setting is given at most to take effect."""


class ServerSide(Ground):
    """Builders for what concerns the whole server."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._enabled = False
        if self.can_change_settings:
            self.gate.switch = self._switch_routing

    def _changeable(self, id: str) -> None:
        assert id in CHANGED, f"{id} has to be in CHANGED, where people read what a run may change"
        if not self.has_admin:
            raise Unavailable(NO_ADMIN)
        if not self.can_change_settings:
            raise Unavailable("this changes a setting of the whole server, which needs --disposable and no --read-only")

    def need_enabled(self) -> None:
        """Go on only where Livechat is switched on; while it is off the configuration shows nobody and nothing.

        New servers have it off. A run that may change settings switches it on, so that one which still says that it is
        off is judged.

        Raises:
            Unavailable: It is off, and may not be switched on.
        """
        if self._enabled or self.info.livechat_enabled:
            return
        config = self._object(self.client.send(NOBODY, "getConfig"), "config")
        if config.get("enabled") is False and not self._switched_on():
            raise Unavailable("Livechat is switched off on the target, so its configuration is empty")
        self._enabled = True

    def _switched_on(self) -> bool:
        with contextlib.suppress(Unavailable, PreconditionFailed):
            return self.has_admin and self.read_setting("Livechat_enabled") is True
        return False

    def read_setting(self, id: str) -> Any:
        """The value of a setting; ``None`` where the server has no such setting.

        Raises:
            Unavailable: There are no credentials, or they do not allow it.
        """
        exchange = self.client.send(self.admin, "getSetting", path={"_id": id})
        if exchange.status == 403:
            raise Unavailable("the admin lacks the permission view-privileged-setting")
        self._need(
            exchange.status == 200 and isinstance(exchange.json, dict), exchange, "getSetting", f"{id} cannot be read"
        )
        return exchange.json.get("value")

    def _put_setting(self, id: str, value: Any) -> None:
        """Write a setting and wait until the server shows it."""
        exchange = self._admin_send("setSetting", path={"_id": id}, json={"value": value})
        if exchange.status in {400, 403}:
            # Some servers answer 400 although the value is stored, so what counts is what reading shows.
            if self.read_setting(id) != value:
                raise Unavailable(f"the server does not let {id} be changed ({exchange.status} {text_of(exchange)})")
            return
        self._need(exchange.status == 200, exchange, "setSetting", f"{id} cannot be changed")
        shown = eventually(lambda: self.read_setting(id), until=lambda seen: seen == value, deadline_s=5)
        self._need(shown == value, exchange, "setSetting", f"{id} does not keep its new value")

    @contextlib.contextmanager
    def setting(self, id: str, value: Any) -> Iterator[None]:
        """A setting of the whole server with another value for the time; no other worker is inside meanwhile.

        Raises:
            Unavailable: It may not or cannot be changed.
        """
        self._changeable(id)
        with self.gate.exclusive():
            before = self.read_setting(id)
            if before is None:
                raise Unavailable(f"the server has no setting {id}")
            if before == value:
                yield
                return
            entry = self.ledger.intend("setting", id, before=before, after=value)
            try:
                self._put_setting(id, value)
                if id == ROUTING:
                    self.gate.now_routing(value)
                self.ledger.done(entry, id)
                yield
            finally:
                self._restore_setting(entry, before)

    def _restore_setting(self, entry: Entry, before: Any) -> None:
        began = time.monotonic()
        if entry.state == "done" and self.read_setting(entry.name) not in (before, entry.facts["after"]):
            return  # somebody else has changed it meanwhile: it is his now, and clean-up names it
        self._put_setting(entry.name, before)
        if entry.name == ROUTING:
            self.gate.now_routing(before)
        self.ledger.gone(entry)
        # Servers before 3.7 answer before a setting takes effect, and that moment cannot be seen for each of them: so
        # the gate stays closed for three times as long as storing it took, which is little where answers are fast.
        time.sleep(min(3 * (time.monotonic() - began), _SETTLES_AT_MOST_S))

    def set_for_run(self, id: str, value: Any) -> bool:
        """A setting with another value until clean-up; says whether it was changed. A missing setting is left alone.

        Raises:
            Unavailable: It may not or cannot be changed.
        """
        self._changeable(id)
        before = self.read_setting(id)
        if before is None or before == value:
            return False
        entry = self.ledger.intend("setting", id, before=before, after=value)
        self._put_setting(id, value)
        self.ledger.done(entry, id)
        return True

    # routing

    @contextlib.contextmanager
    def routing(self, method: str) -> Iterator[None]:
        """Be under a routing method (``Auto_Selection``, ``Manual_Selection``) together with other tests of that kind.

        Raises:
            Unavailable: Another method is in force and may not be changed.
        """
        with self.gate.shared(method):
            yield

    @contextlib.contextmanager
    def exclusive(self, routing: str | None = None) -> Iterator[None]:
        """Be alone on the server, under a routing method if one is named."""
        with self.gate.exclusive(routing):
            yield

    def _switch_routing(self, method: str) -> None:
        """Change the routing method; what it was before the first change is kept for the end of the run."""
        current = self.read_setting(ROUTING)
        original = self.gate.remember_original(str(current))
        entry = self.ledger.find("setting", ROUTING)
        if entry is None or not entry.open:
            entry = self.ledger.intend("setting", ROUTING, before=original, after=method)
        if current != method:
            self._put_setting(ROUTING, method)
        self.ledger.done(entry, ROUTING, after=method)
        # The setting takes effect a moment after it is stored; the widget's configuration shows when.
        manual = method == "Manual_Selection"
        eventually(self._shows_connecting, until=lambda shown: shown is None or shown is manual, deadline_s=5)

    def _shows_connecting(self) -> bool | None:
        config = self._object(self.client.send(self.admin, "getConfig"), "config")
        switches = config.get("settings")
        shown = switches.get("showConnecting") if isinstance(switches, dict) else None
        return shown if isinstance(shown, bool) else None

    def restore_routing(self) -> None:
        """Give the server the routing method back that it had at the start, when nobody else needs another one."""
        original = self.gate.original()
        if original is None or self.gate.switch is None:
            return
        with self.gate.exclusive():
            current = self.read_setting(ROUTING)
            if current not in {original, *METHODS}:
                return  # somebody else has changed it meanwhile: clean-up names it
            if current != original:
                self._put_setting(ROUTING, original)
            self.gate.now_routing(original)
            entry = self.ledger.find("setting", ROUTING)
            if entry is not None and entry.open:
                self.ledger.gone(entry)
