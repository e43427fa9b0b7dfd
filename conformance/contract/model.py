"""What a contract is made of: operations with their parameters and examples, requirements, profiles, mismatches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any] | bool
"""A JSON Schema of draft 2020-12, as it stands in the document: references are not resolved."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter of an operation.

    Attributes:
        name: The name on the wire, without the brackets of an array (``agents`` for ``agents[]``).
        location: ``path``, ``query`` or ``header``.
        required: Whether a request without it is ill-formed.
        schema: What its value must be, after query strings were turned into what the schema wants.
        brackets: Whether an array is only one when it is sent with brackets (``agents[]=a``).
        is_json: Whether the value is a text that holds JSON, and ``schema`` describes the parsed value.
        tolerated: Which values that ``schema`` forbids real servers let pass, so that a success for one is no mismatch.
        description: For people.
        example: A realistic value, or ``None``.
        pointer: Steps from the top of the document to ``schema``.
    """

    name: str
    location: str
    required: bool
    schema: Schema
    brackets: bool = False
    is_json: bool = False
    tolerated: str = ""
    description: str = ""
    example: Any = None
    pointer: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class MediaType:
    """The schema of a body in one media type, and the steps from the top of the document to that schema."""

    name: str
    schema: Schema
    pointer: tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """One documented response header; the name is in lower case."""

    name: str
    required: bool
    schema: Schema
    pointer: tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One named example of a request, a parameter or a response.

    Attributes:
        where: ``request``, ``response``, or the location of a parameter.
        name: Its name in the document.
        value: The value itself.
        status: The status of a response, else empty.
        media: The media type of a body, else empty.
        parameter: The name of a parameter, else empty.
        summary: What it shows.
        pointer: Steps from the top of the document to the value.
    """

    where: str
    name: str
    value: Any
    status: str = ""
    media: str = ""
    parameter: str = ""
    summary: str = ""
    pointer: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One method on one path.

    Attributes:
        id: The ``operationId``.
        method: Upper case.
        path: The whole path template, from ``/api``.
        area: The area of the API, as in the tag.
        tags: All tags.
        judged: Whether requirements speak of it; supporting operations are not judged.
        summary: One line for people.
        persona: Who normally calls it.
        permissions: ``{"anyOf": [...]}`` or ``{"allOf": [...]}``; empty where none is needed.
        refusal: The status of a missing permission (403 or 400), or ``None``.
        credential: Where a visitor's token travels (``in``, ``name``, ``pointer``), or ``None``.
        effects: ``read``, ``creates``, ``changes``, ``closes`` or ``deletes``.
        strict_query: Whether an unknown query key is refused.
        tolerated: Which ill-formed requests real servers let pass, so that a success for one is no mismatch.
        optional: The optional feature that it belongs to, or ``None``.
        authenticated: Whether it asks for the two security headers.
        parameters: Path, query and header parameters.
        body: Media type of a request body to its schema; empty where no body is read.
        body_required: Whether a request without a body is ill-formed.
        responses: Status (``200``, ``4XX``, ``default``) to media type to schema.
        response_headers: Status to documented headers.
        error_codes: The codes of documented refusals, each with when.
        setting: Settings on which a success depends.
        since: First server version, inclusive, or ``None``.
        until: First server version without it, or ``None``.
        disputed: Where documentation and servers disagree, or ``None``.
        links: Status to links (name to link object).
        raw: The operation object, references unresolved.
        line: Its line in ``openapi.yaml``.
        all_examples: Every named example.
        rare: Documented statuses that a run may never meet, each with why.
    """

    id: str
    method: str
    path: str
    area: str
    tags: tuple[str, ...]
    judged: bool
    summary: str
    persona: str
    permissions: Mapping[str, list[str]]
    refusal: int | None
    credential: Mapping[str, str] | None
    effects: str
    strict_query: bool
    tolerated: str
    optional: str | None
    authenticated: bool
    parameters: tuple[Parameter, ...]
    body: Mapping[str, MediaType]
    body_required: bool
    responses: Mapping[str, Mapping[str, MediaType]]
    response_headers: Mapping[str, tuple[Header, ...]]
    error_codes: Mapping[str, str]
    setting: Mapping[str, Any]
    since: str | None
    until: str | None
    disputed: str | None
    links: Mapping[str, Mapping[str, Any]]
    raw: Mapping[str, Any] = field(repr=False)
    line: int = 0
    all_examples: tuple[Example, ...] = field(default=(), repr=False)
    rare: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Method and path, for people: ``GET /api/v1/livechat/room``."""
        return f"{self.method} {self.path}"

    @property
    def body_schema(self) -> Schema | None:
        """The schema of a JSON body, or of the first media type, or ``None`` where no body is read."""
        media = self.body.get("application/json") or next(iter(self.body.values()), None)
        return media.schema if media else None

    def parameters_in(self, location: str) -> tuple[Parameter, ...]:
        """Return the parameters of one location: ``path``, ``query`` or ``header``."""
        return tuple(parameter for parameter in self.parameters if parameter.location == location)

    def response_for(self, status: int) -> str | None:
        """Return the key under which a status is documented, the most exact one, or ``None``."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.responses:
                return key
        return None

    def examples(self, where: str | None = None, status: str | None = None) -> tuple[Example, ...]:
        """Return the named examples, all or those of one place and status."""
        return tuple(
            example
            for example in self.all_examples
            if (where is None or example.where == where) and (status is None or example.status == status)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """One clause that a server must, should or may keep; the attributes are those of ``requirements.yaml``."""

    id: str
    level: str
    clause: str
    operations: tuple[str, ...]
    profile: str
    source: str
    confidence: str
    kind: str
    since: str | None = None
    until: str | None = None
    ways: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A profile or an optional feature of ``profiles.yaml``.

    Attributes:
        id: For example ``visitor`` or ``sms``.
        title: For people.
        is_feature: Whether it is an optional feature rather than a profile.
        needs: The credentials that it needs: ``none``, ``agent`` or ``admin``.
        detected_by: How the probe finds out, empty where it cannot.
        declared: How an owner declares it.
        raw: The whole entry.
    """

    id: str
    title: str
    is_feature: bool
    needs: str
    detected_by: str
    declared: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One point on which an exchange and the contract disagree.

    Attributes:
        where: ``request`` or ``response``.
        kind: ``path``, ``query``, ``header``, ``body`` or ``accepted`` for a request; ``status``, ``media``, ``header``
            or ``shape`` for a response.
        operation: The ``operationId``.
        requirement: The id of the requirement that judges this, empty where the contract has none.
        pointer: JSON pointer to the value inside the body, or ``?name`` for a query parameter.
        message: One sentence.
        expected: What the contract wants, short.
        observed: What was seen, short.
        schema_pointer: JSON pointer to the keyword in the document, or empty.
        tolerated: Whether real servers are known to accept such a request (``x-tolerated``): it is ill-formed,
            and a server that refuses it is right, but one that answers a success is not wrong.
    """

    where: str
    kind: str
    operation: str
    requirement: str
    pointer: str
    message: str
    expected: str = ""
    observed: str = ""
    schema_pointer: str = ""
    tolerated: bool = False
