"""What the world says when it cannot give a test what it stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.contract.exchange import Exchange


class Unavailable(Exception):
    """The world cannot make this here: no credentials, no permission to change the server, or no such call.

    Attributes:
        reason: One sentence that says why, and what would help.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PreconditionFailed(Exception):
    """A call that a test builds on was not answered as its own requirement says: the test is *blocked*.

    Attributes:
        requirement_id: The requirement that owns the failed precondition, empty where the contract has none.
        exchange: The exchange that failed.
        sentence: What happened.
    """

    def __init__(self, requirement_id: str, exchange: Exchange, sentence: str) -> None:
        super().__init__(sentence)
        self.requirement_id = requirement_id
        self.exchange = exchange
        self.sentence = sentence
