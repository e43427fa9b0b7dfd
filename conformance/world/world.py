"""The world: what tests stand on. Everything in it is ours, carries the run's prefix, and is removed at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.world.cleanup import clean_up, tidy, time_to_remove
from conformance.world.visitors import Visitors

if TYPE_CHECKING:
    from conformance.world.ledger import Entry
    from conformance.world.things import LeftBehind


class World(Visitors):
    """The builders of all things, and their removal.

    ``World(client, info, contract, ledger, settings, gate, *, seed, worker, admin=None)``: see ``Ground`` for the
    arguments, and the bases for the builders: ``Visitors``, ``Staff``, ``ServerSide``, ``Ground``.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._untidy: list[Entry] = []

    def tidy(self, since: int) -> None:
        """A test is over: on a target with a rate limiter, remove what can be removed without waiting.

        Ten calls a minute would otherwise make the clean-up at the end take as long as the run itself.

        Args:
            since: The number of the first entry of the ledger that only this test has used.
        """
        if self.client.throttle.limiter is None:
            return
        entries = self.ledger.entries.values()
        fresh = [entry for entry in entries if entry.number >= since and entry.kind in {"room", "visitor"}]
        self._untidy = tidy(self, [*self._untidy, *fresh])

    def clean_up(self, deadline_s: float = 180.0) -> list[LeftBehind]:
        """Remove all that this world made, last things first; returns what had to stay, with reasons.

        Args:
            deadline_s: Seconds that it may take, also after the time of the run is over; a rate limiter adds to it
                what it makes necessary, unless the time of the run is bounded.
        """
        patience = deadline_s if self.settings.max_time else deadline_s + time_to_remove(self)
        left = clean_up(self, patience)
        self.client.throttle.deadline = None
        return [*left, *self.log_out()]
