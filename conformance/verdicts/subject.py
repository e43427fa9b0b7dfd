"""What the verdicts need of a contract, as protocols: so that they can be tested with a contract of three lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from conformance.contract.exchange import Response


class OperationLike(Protocol):
    """An operation of the contract."""

    @property
    def id(self) -> str:
        """The ``operationId``."""

    @property
    def method(self) -> str:
        """Upper case."""

    @property
    def path(self) -> str:
        """The path template."""

    @property
    def area(self) -> str:
        """The area of the API."""

    @property
    def summary(self) -> str:
        """One sentence."""

    @property
    def judged(self) -> bool:
        """Whether the contract judges it."""

    @property
    def optional(self) -> str | None:
        """The feature it belongs to, if a target may lack it."""

    @property
    def line(self) -> int:
        """The line in ``spec/openapi.yaml``."""

    @property
    def responses(self) -> Mapping[Any, Any]:
        """Documented status to media type to schema."""


class RequirementLike(Protocol):
    """A requirement of the contract; the fields are those of ``spec/requirements.yaml``."""

    @property
    def id(self) -> str:
        """Never reused."""

    @property
    def level(self) -> str:
        """``MUST``, ``SHOULD`` or ``MAY``."""

    @property
    def clause(self) -> str:
        """One sentence."""

    @property
    def operations(self) -> Sequence[str]:
        """The operations that it speaks of; empty where it speaks of all."""

    @property
    def profile(self) -> str:
        """A profile or an optional feature."""

    @property
    def source(self) -> str:
        """Where it comes from."""

    @property
    def confidence(self) -> str:
        """``confirmed``, ``observed``, ``documented`` or ``disputed``."""

    @property
    def kind(self) -> str:
        """The kind of check that judges it."""

    @property
    def since(self) -> str | None:
        """First version that it applies to."""

    @property
    def until(self) -> str | None:
        """First version that it applies to no more."""

    @property
    def ways(self) -> Mapping[str, str] | None:
        """The accepted ways of a disputed clause."""

    @property
    def line(self) -> int:
        """The line in ``spec/requirements.yaml``."""


class ContractLike(Protocol):
    """A contract: operations, requirements, and whether a requirement applies to a version."""

    @property
    def version(self) -> str:
        """The version of the contract."""

    @property
    def hash(self) -> str:
        """A hash of its files."""

    @property
    def overlays(self) -> Sequence[str]:
        """The overlays that were applied."""

    @property
    def operations(self) -> Mapping[str, Any]:
        """Operations (``OperationLike``) by id."""

    @property
    def requirements(self) -> Mapping[str, Any]:
        """Requirements (``RequirementLike``) by id."""

    def applies(self, requirement: Any, version: str | None) -> bool:
        """Say whether a requirement applies to a version of the server."""

    def check_response(self, operation: Any, response: Response) -> Sequence[Any]:
        """Give what a response breaks of the contract; empty where it breaks nothing."""
