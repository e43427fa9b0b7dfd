"""Levels: how much work a run does, counted in requests and conversations, never in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """What one level spends.

    Attributes:
        coverage: Deterministic cases of each operation's constraints; 0 leaves the phase out.
        positive: Generated well-formed requests an operation.
        negative: Generated ill-formed requests an operation.
        conversations: Random conversations against the state model.
        steps: Calls a conversation at most.
        parallel: Calls sent at once where a test is about concurrency.
        repeats: How often a concurrency test is repeated.
    """

    coverage: int
    positive: int
    negative: int
    conversations: int
    steps: int
    parallel: int
    repeats: int


BUDGETS: dict[str, Budget] = {
    "quick": Budget(coverage=12, positive=6, negative=6, conversations=3, steps=15, parallel=4, repeats=1),
    "standard": Budget(coverage=60, positive=20, negative=20, conversations=12, steps=30, parallel=6, repeats=2),
    "deep": Budget(coverage=400, positive=120, negative=120, conversations=80, steps=50, parallel=10, repeats=6),
}
