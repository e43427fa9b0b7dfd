"""What a fault is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What goes wrong."""

    SCHEMA = "schema"
    STATUS = "status"
    STATE = "state"
    AUTHORISATION = "authorisation"
    DATA_LOSS = "data loss"
    PAGINATION = "pagination"
    ENCODING = "encoding"
    VALIDATION = "validation"
    CONCURRENCY = "concurrency"
    TRANSPORT = "transport"


class Depth(StrEnum):
    """How deep a client must go to see it."""

    SHALLOW = "shallow"
    LIVE_ROOM = "behind a live room"
    RELATION = "relation between answers"
    RARE_INPUT = "rare input"
    RACE = "race"


@dataclass(frozen=True, slots=True)
class Fault:
    """A named way in which the reference server can be made to break one requirement.

    Attributes:
        id: Unique and speaking: ``<area>.<what is wrong>``, for example ``rooms.close-leaves-open``.
        breaks: The requirements that it breaks, the one it is for first; the proof asks that one of them is named.
        operations: The ``operationId`` of each operation where it shows.
        kind: What goes wrong.
        depth: How deep a client must go to see it.
        sentence: What the server does wrongly, one sentence in the present tense.
        seen_in: Where it has happened in reality, when known: a version, an issue, a recording.
        replace: Behaviours of the reference server to replace, by name.
        wrap: Behaviours to wrap: the function gets the behaviour as it was, then its arguments.
        options: Options of the reference server that it needs, for example ``{"rate_limit": True}``.
    """

    id: str
    breaks: tuple[str, ...]
    operations: tuple[str, ...]
    kind: Kind
    depth: Depth
    sentence: str
    seen_in: str | None = None
    replace: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    wrap: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
