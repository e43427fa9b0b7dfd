"""Things: what the builders of the world hand out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from conformance.target.personas import Persona

if TYPE_CHECKING:
    from conformance.contract.exchange import Exchange

MOST_PAGES: Final = 500
"""Pages of 100 items after which a list is read no further: servers in use hold thousands of agents and triggers."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department that we made: its id, name, agents, and the document as it was answered."""

    id: str
    name: str
    agents: tuple[Persona, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor that we made.

    Attributes:
        id: His ``_id``.
        token: What he proves himself with.
        username: The name that the server gave him, or that was asked for.
        name: His name, or ``None``.
        email: His address, or ``None``.
        phone: His number, or ``None``.
        department_id: The department that was asked for, or ``None``.
        label: ``visitor A``, ``visitor B`` and so on.
        data: The document as it was answered.
    """

    id: str
    token: str
    username: str
    name: str | None
    email: str | None
    phone: str | None
    department_id: str | None
    label: str = "visitor A"
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def persona(self) -> Persona:
        """The visitor as a persona: without login headers, his token travels in the request itself."""
        return Persona(self.label)


@dataclass(frozen=True, slots=True)
class Room:
    """A room that we opened: its id, visitor, serving agent if he is known, and the document as it was answered."""

    id: str
    visitor: Visitor
    agent: Persona | None = None
    data: dict[str, Any] = field(default_factory=dict)
    exchange: Exchange | None = None

    @property
    def token(self) -> str:
        """The visitor's token."""
        return self.visitor.token


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a visitor sent: its id, room, text, and the document as it was answered."""

    id: str
    room: Room
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field that we defined: its id (which is its name), scope and label."""

    id: str
    scope: str
    label: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that we defined: its id, name, and what was sent."""

    id: str
    name: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Home:
    """Our standing department with its two agents; shared by tests, so nobody may change it."""

    department: Department
    agent: Persona
    second_agent: Persona


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Something of ours that is still on the server, and why."""

    kind: str
    name: str
    id: str | None
    reason: str
