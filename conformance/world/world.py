"""The world: what tests stand on. Everything in it is ours, carries the run's prefix, and is removed at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.target.login import log_out
from conformance.world.cleanup import clean_up
from conformance.world.visitors import Visitors

if TYPE_CHECKING:
    from conformance.world.things import LeftBehind


class World(Visitors):
    """The builders of all things, and their removal.

    ``World(client, info, contract, ledger, settings, gate, *, seed, worker, admin=None)``: see ``Ground`` for the
    arguments, and the bases for the builders: ``Visitors``, ``Staff``, ``ServerSide``, ``Ground``.
    """

    def clean_up(self, deadline_s: float = 180.0) -> list[LeftBehind]:
        """Remove all that this world made, last things first; returns what had to stay, with reasons.

        Args:
            deadline_s: Seconds that it may take; also after the time of the run is over.
        """
        left = clean_up(self, deadline_s)
        if self._admin is not None and self.settings.admin_password:
            log_out(self.client, self._admin)
            self._admin = None
        return left
