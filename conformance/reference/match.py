"""Strict parameter patterns with the messages of the real server (Meteor's ``check``).

The real server checks parameters with patterns and reports the first mismatch as
``Match error: <what> in field <path>``. The order matters: the keys of the *value* are visited in the order sent, then
the missing ones are reported.
Source of the texts: recordings of 3.2.0, cases of class ``shape``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_IDENTIFIER = re.compile(r"[A-Za-z_$][0-9A-Za-z_$]*\Z")
_INDEX = re.compile(r"[0-9]+\Z")


class MatchFailure(Exception):
    """A value does not match a pattern.

    Attributes:
        what: The mismatch, for example ``Expected string, got number``.
        path: Where, for example ``visitor.customFields[0].key``; empty at the top.
    """

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(what, path)
        self.what = what
        self.path = path

    @property
    def text(self) -> str:
        """The whole message as the server prints it."""
        tail = f" in field {self.path}" if self.path else ""
        return f"Match error: {self.what}{tail}"

    def below(self, key: str | int) -> MatchFailure:
        """The same failure seen from one level higher, where the value stood under ``key``."""
        if isinstance(key, int) or _INDEX.match(key):
            step = f"[{key}]"
        elif _IDENTIFIER.match(key):
            step = key
        else:
            step = f"[{show(key)}]"
        if self.path and not self.path.startswith("["):
            step += "."
        return MatchFailure(self.what, step + self.path)


class Pattern(Protocol):
    """What a value can be checked against."""

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value matches."""


def show(value: Any) -> str:
    """A value as JSON text, as the messages print it."""
    return "undefined" if value is UNDEFINED else msgspec.json.encode(value).decode()


class Undefined:
    """The type of UNDEFINED, the value of a key that is not there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


#: A value that is not there. Answers leave out keys with this value, unlike those with ``None``, which is ``null``.
UNDEFINED: Final = Undefined()


def type_name(value: Any) -> str:
    """The JavaScript name of a value's type, ``null`` for None."""
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "object"


@dataclass(frozen=True, slots=True)
class TypePattern:
    """A value of one JavaScript type: ``string``, ``number`` or ``boolean``."""

    name: str

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value has the type."""
        found = type_name(value)
        if found != self.name:
            raise MatchFailure(f"Expected {self.name}, got {found}")


@dataclass(frozen=True, slots=True)
class IntegerPattern:
    """A whole number of 32 bits."""

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value is such a number."""
        whole = type_name(value) == "number" and value == value and value in (int(value) if _finite(value) else None,)
        if not whole or not -(2**31) <= value < 2**31:
            raise MatchFailure(f"Expected Integer, got {show(value)}")


def _finite(value: float) -> bool:
    return value not in (float("inf"), float("-inf"))


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """An array whose elements all match one pattern."""

    element: Pattern

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value is such an array."""
        if not isinstance(value, list):
            raise MatchFailure(f"Expected array, got {show(value)}")
        for index, element in enumerate(value):
            try:
                self.element.check(element)
            except MatchFailure as failure:
                raise failure.below(index) from None


@dataclass(frozen=True, slots=True)
class AnyArray:
    """Any array (the constructor ``Array`` as a pattern)."""

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value is an array."""
        if not isinstance(value, list):
            raise MatchFailure("Expected Array")


@dataclass(frozen=True, slots=True)
class AnyObject:
    """Any object, arrays included (the constructor ``Object`` as a pattern)."""

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value is an object."""
        if not isinstance(value, dict | list):
            raise MatchFailure(f"Expected object, got {type_name(value)}")


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value."""

    def check(self, value: Any) -> None:
        """Accept the value."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value that matches at least one of several patterns."""

    choices: tuple[Pattern, ...]

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless one pattern matches."""
        for choice in self.choices:
            try:
                choice.check(value)
            except MatchFailure:
                continue
            return
        raise MatchFailure("Failed Match.OneOf, Match.Maybe or Match.Optional validation")


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that matches, or is ``null``, or is not there.

    As a *key of an object* it behaves like the real one: the key may be absent, but ``null`` is refused there
    (recordings ``visitor/059``, ``message/052`` and others).
    """

    pattern: Pattern

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value is nothing or matches."""
        if value is None or value is UNDEFINED:
            return
        try:
            self.pattern.check(value)
        except MatchFailure:
            raise MatchFailure("Failed Match.OneOf, Match.Maybe or Match.Optional validation") from None


@dataclass(frozen=True, slots=True)
class ObjectPattern:
    """A plain object.

    Attributes:
        keys: The pattern of each known key; one wrapped in Maybe may be absent.
        open: Whether unknown keys are allowed.
        others: What unknown keys must match when they are allowed.
    """

    keys: Mapping[str, Pattern]
    open: bool = False
    others: Pattern = field(default_factory=Anything)

    def check(self, value: Any) -> None:
        """Raise MatchFailure unless the value is such an object."""
        if isinstance(value, list):
            raise MatchFailure("Expected plain object")
        if not isinstance(value, dict):
            raise MatchFailure(f"Expected object, got {type_name(value)}")
        keys = self.keys
        for key, entry in value.items():
            pattern = keys.get(key)
            if pattern is None:
                if not self.open:
                    raise MatchFailure("Unknown key").below(key)
                pattern = self.others
            elif isinstance(pattern, Maybe):
                pattern = pattern.pattern
            try:
                pattern.check(entry)
            except MatchFailure as failure:
                raise failure.below(key) from None
        for key, pattern in keys.items():
            if key not in value and not isinstance(pattern, Maybe):
                raise MatchFailure(f"Missing key '{key}'")


STRING: Final = TypePattern("string")
NUMBER: Final = TypePattern("number")
BOOLEAN: Final = TypePattern("boolean")
INTEGER: Final = IntegerPattern()
ARRAY: Final = AnyArray()
ANY: Final = Anything()


def strict(**keys: Pattern) -> ObjectPattern:
    """An object with exactly these keys."""
    return ObjectPattern(keys)


def including(**keys: Pattern) -> ObjectPattern:
    """An object with these keys and possibly others."""
    return ObjectPattern(keys, open=True)
