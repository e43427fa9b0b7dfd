"""What the client needs of a contract and of a sink, as protocols: no more than it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from conformance.contract.exchange import Exchange


class OperationLike(Protocol):
    """What the client needs to know of an operation."""

    @property
    def id(self) -> str:
        """The ``operationId``."""

    @property
    def method(self) -> str:
        """Upper case."""

    @property
    def path(self) -> str:
        """The whole path template."""

    @property
    def effects(self) -> str:
        """``read``, or what it does to the server."""

    @property
    def authenticated(self) -> bool:
        """Whether it asks for the two security headers."""


class ContractLike(Protocol):
    """What the client needs of a contract."""

    @property
    def operations(self) -> Mapping[str, Any]:
        """Operations by id."""

    def match(self, method: str, path: str) -> tuple[Any, dict[str, str]] | None:
        """The operation that a request belongs to, with its path parameters."""

    def check(self, exchange: Exchange) -> Sequence[Any]:
        """Where an exchange and the contract disagree."""


class Sink(Protocol):
    """Who is told of every exchange and of what the contract says of it."""

    def exchange(self, exchange: Exchange) -> None:
        """One exchange happened."""

    def mismatches(self, exchange: Exchange, found: Sequence[Any], /) -> None:
        """The contract was asked about an exchange; an empty list means that it is kept."""


class Silence:
    """A sink that keeps nothing."""

    def exchange(self, exchange: Exchange) -> None:
        """Forget it."""

    def mismatches(self, exchange: Exchange, found: Sequence[Any], /) -> None:
        """Forget them."""
