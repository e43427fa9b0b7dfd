"""A call: one request to an operation, written down before it is sent, so that its parts can be put in and taken out.

A *place* is a text that names a part of a call: ``path/rid``, ``query/token``, ``body/visitor/token``, and
``body/customFields/*/key`` for the same member of every item of an array.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from conformance.contract import Operation
from conformance.contract.exchange import Body, Exchange, Request
from conformance.target import ABSENT, NOBODY, RecordingClient
from conformance.target.personas import Caller
from conformance.target.wire import fill, pairs_of

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


class _Dropped:
    """Stands for a place that is taken out."""

    def __repr__(self) -> str:
        return "DROPPED"


DROPPED: Final[Any] = _Dropped()
"""The value of a live place that a well-formed call must not carry here."""


@dataclass(slots=True)
class Call:
    """One request, not yet sent.

    Attributes:
        operation: The ``operationId``.
        who: Who sends it; his headers are added when it is sent.
        path: Values of the path parameters.
        query: Names to values: a text, a list (the name is repeated), an object (sent as JSON), a number or a boolean.
        pairs: Query pairs that stand beside ``query`` and cannot be said in it, such as ``token[$ne]=x``.
        body: The body as a JSON value, or ``ABSENT``.
        media: The content type of the body: JSON, or a form.
        content: The body as it is; wins over ``body``.
        headers: Further headers; they win over those of ``who``.
        without_credentials: Whether the headers of ``who`` are left out.
        setup: Ids of the exchanges that made what the call speaks of.
    """

    operation: str
    who: Caller = NOBODY
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    body: Any = ABSENT
    media: str = JSON
    content: bytes | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    without_credentials: bool = False
    setup: tuple[str, ...] = ()

    def copy(self) -> Call:
        """A copy whose parts can be changed without changing this call."""
        absent = self.body is ABSENT
        return Call(
            self.operation,
            self.who,
            dict(self.path),
            copy.deepcopy(self.query),
            list(self.pairs),
            ABSENT if absent else copy.deepcopy(self.body),
            self.media,
            self.content,
            dict(self.headers),
            self.without_credentials,
            self.setup,
        )

    def send(self, client: RecordingClient, *, allow_429: bool = False) -> Exchange:
        """Send it through the recording client, which keeps the exchange."""
        query: list[tuple[str, Any]] = []
        for name, value in self.query.items():
            query.append((name, value))
        query += self.pairs
        headers = dict(self.headers)
        arguments: dict[str, Any] = {}
        if self.content is not None:
            arguments["content"] = self.content
            headers.setdefault("content-type", self.media)
        elif self.body is not ABSENT and self.media == FORM:
            arguments["data"] = form_of(self.body)
        elif self.body is not ABSENT:
            arguments["json"] = self.body
        return client.send(
            NOBODY if self.without_credentials else self.who,
            self.operation,
            path=self.path,
            query=query or None,
            headers=headers or None,
            allow_429=allow_429,
            **arguments,
        )

    def request(self, operation: Operation) -> Request:
        """The request as it will be on the wire, for the contract's own check; credentials are left out."""
        body: Body | None = None
        if self.content is not None:
            text = self.content.decode("utf-8", "replace") if isinstance(self.content, bytes) else self.content
            body = Body(text=text, size=len(text))
        elif self.body is not ABSENT and self.media == FORM:
            text = urlencode(form_of(self.body), errors="replace")
            body = Body(text=text, size=len(text))
        elif self.body is not ABSENT:
            body = Body(json=self.body, is_json=True, size=1)
        query = (*pairs_of(self.query), *self.pairs)
        return Request(operation.method, fill(operation.path, self.path), query, {"content-type": self.media}, body)

    def has(self, place: str) -> bool:
        """Whether the call has anything at a place."""
        return any(True for _ in self._slots(place))

    def get(self, place: str) -> Any:
        """The value at a place, the first one for ``*``, or ``None``."""
        for holder, key in self._slots(place):
            return holder[key]
        return None

    def put(self, place: str, value: Any) -> None:
        """Set the value at a place that the call has; a callable gets the old value, ``DROPPED`` takes it out."""
        for holder, key in list(self._slots(place)):
            new = value(holder[key]) if callable(value) else value
            if new is not DROPPED:
                holder[key] = new
            elif isinstance(holder, dict):
                del holder[key]

    def set(self, place: str, value: Any) -> None:
        """Set the value at a place whether the call has it or not; the holder of a body's place must be there."""
        area, _, rest = place.partition("/")
        if area == "body" and not rest:
            self.body = value
            return
        if area in ("path", "query"):
            (self.path if area == "path" else self.query)[rest] = value
            return
        above, _, name = place.rpartition("/")
        holder = self.body if above == "body" else self.get(above)
        if isinstance(holder, dict):
            holder[name] = value
        elif isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
            holder[int(name)] = value

    def drop(self, place: str) -> None:
        """Take out what is at a place."""
        self.put(place, DROPPED)

    def _slots(self, place: str) -> Iterator[tuple[Any, Any]]:
        area, _, rest = place.partition("/")
        if area in ("path", "query"):
            holder = self.path if area == "path" else self.query
            name, _, inner = rest.partition("/")
            if not inner and name in holder:
                yield holder, name
            elif inner and name in holder:
                yield from _inside(holder[name], inner.split("/"))
        elif area == "body" and self.body is not ABSENT:
            yield from _inside(self.body, rest.split("/"))


def _inside(value: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    name, rest = steps[0], steps[1:]
    keys: list[Any] = []
    if isinstance(value, list):
        keys = (
            list(range(len(value))) if name == "*" else [int(name)] if name.isdigit() and int(name) < len(value) else []
        )
    elif isinstance(value, dict) and name in value:
        keys = [name]
    for key in keys:
        if rest:
            yield from _inside(value[key], rest)
        else:
            yield value, key


def form_of(value: Any) -> dict[str, str]:
    """A JSON object as form fields, nested members in brackets: ``visitor[token]``, ``data[0][name]``."""
    fields: dict[str, str] = {}

    def walk(name: str, inner: Any) -> None:
        if isinstance(inner, Mapping):
            for key, each in inner.items():
                walk(f"{name}[{key}]" if name else str(key), each)
        elif isinstance(inner, list):
            for index, each in enumerate(inner):
                walk(f"{name}[{index}]", each)
        elif isinstance(inner, bool):
            fields[name] = "true" if inner else "false"
        else:
            fields[name] = "" if inner is None else str(inner)

    walk("", value)
    return fields


@dataclass(frozen=True, slots=True)
class Live:
    """Live values that belong together, for one call of one operation.

    Attributes:
        who: Who calls.
        values: Place to value, or to a function of what stands there; only places that a call has are filled,
            but for those of ``always``.
        always: Places that are set even where the call lacks them.
        setup: Ids of the exchanges that made these values.
    """

    who: Caller
    values: Mapping[str, Any | Callable[[Any], Any]] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    setup: tuple[str, ...] = ()

    def fit(self, call: Call, *, only_texts: bool = False) -> Call:
        """A copy of a call with the live values put in.

        Args:
            call: Is left as it is.
            only_texts: Leave alone what is no text: it is what makes an ill-formed call ill-formed.
        """
        made = call.copy()
        made.who, made.setup = self.who, self.setup
        for place, value in self.values.items():
            if only_texts and not place.startswith("path/"):
                made.put(place, _unless_ill_typed(value))
            else:
                made.put(place, value)
        for place, value in self.always.items():
            if not only_texts or place.startswith("path/"):
                made.set(place, value)
        return made

    def outline(self, call: Call) -> str:
        """What a call says beside its live values: two calls with the same outline are the same call."""
        made = call.copy()
        for place, value in (*self.values.items(), *self.always.items()):
            made.put(place, value if callable(value) or value is DROPPED else place)
        parts = [
            made.path,
            made.query,
            made.pairs,
            None if made.body is ABSENT else made.body,
            made.content,
            made.media,
        ]
        return json.dumps(parts, sort_keys=True, default=repr)


def _unless_ill_typed(value: Any) -> Callable[[Any], Any]:
    def choose(old: Any) -> Any:
        if isinstance(old, str) and isinstance(value, str):
            return value
        if callable(value):
            try:
                return value(old)
            except (TypeError, ValueError, AttributeError, KeyError):
                return old
        return old

    return choose
