"""What keeps a run from beginning."""

from __future__ import annotations

from conformance.target import Settings


class RunError(Exception):
    """A run that cannot begin; the message is one sentence that says what to do.

    Attributes:
        exit_code: 2 for a mistake of the user or of the contract, 3 for the target, 4 where it was interrupted, 5 where
            nothing is left to judge.
        settings: The settings, where they could be resolved: a report can then still be written.
    """

    def __init__(self, sentence: str, exit_code: int, settings: Settings | None = None) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
        self.settings = settings
