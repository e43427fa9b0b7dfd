"""An exchange: one request and its response, as every part of the suite speaks of it.

The recording client makes exchanges, the contract validates them, the verdicts point at them and the
report draws them. Credentials are replaced by named placeholders such as ``{{auth:agent}}`` *when an
exchange is captured*, so no later part ever holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

LARGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes of a body that are read at most: what is longer is kept as cut text with a ``size`` above this."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request or a response.

    Attributes:
        json: The parsed value where the body was JSON (``is_json``), else ``None``.
        is_json: Whether the body parsed as JSON, whatever its content type said.
        text: The body as text where it was not JSON, else ``None``; cut to the recorder's limit.
        size: The true length in bytes, before any cut.
        cut: Whether ``text`` or ``json`` holds less than the wire carried.
        sha256: The hash of the recorded body in hexadecimal, given where it was cut.
    """

    json: Any = None
    is_json: bool = False
    text: str | None = None
    size: int = 0
    cut: bool = False
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent.

    Attributes:
        method: Upper case.
        path: As sent, still percent-encoded, without the query and without the target's own path prefix.
        query: Decoded pairs in the order sent; a name may come twice.
        headers: Names in lower case; credentials replaced by placeholders.
        body: ``None`` where no body was sent.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the status, headers with names in lower case, the body, and the time it took in milliseconds."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=Body)
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, with time and persona.

    Attributes:
        id: Unique within a run, for example ``gw0-000123``.
        operation: The ``operationId`` of the contract, or ``None`` where the contract knows no such operation.
        persona: Who asked: ``visitor A``, ``agent``, ``nobody`` and so on (the words of the design).
        request: What was sent.
        response: What came back, or ``None`` where nothing did.
        failure: Why nothing came back, one sentence; ``None`` where something did.
        started: Seconds since the epoch.
        item: The test item that sent it, empty outside of tests.
    """

    id: str
    operation: str | None
    persona: str
    request: Request
    response: Response | None = None
    failure: str | None = None
    started: float = 0.0
    item: str = ""

    @property
    def status(self) -> int | None:
        """The status of the response, or ``None`` where there is no response."""
        return self.response.status if self.response else None

    @property
    def json(self) -> Any:
        """The parsed JSON of the response, or ``None`` where it was not JSON or there is no response."""
        return self.response.body.json if self.response else None
