"""Wishes: the table of providers, and what is put in where a drawn value is no wish that every server fulfils."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from conformance.suite.property.call import Live
from conformance.suite.property.supply import Supply

Provider = Callable[[Supply, bool], Live]
"""Makes the live values of one call; ``True`` asks for things that the call may use up."""
PROVIDERS: Final[dict[str, Provider]] = {}
"""``operationId`` to provider; complete once ``conformance.suite.property.provision`` is imported."""


def supplies(operation_id: str) -> Callable[[Provider], Provider]:
    """Declare a function as the provider of an operation."""

    def keep(provider: Provider) -> Provider:
        PROVIDERS[operation_id] = provider
        return provider

    return keep


def plain(text: Any) -> Any:
    """A text without what has a meaning in a regular expression or in the database; other values as they are."""
    return re.sub(r"[^0-9A-Za-z ]", "", text)[:40] if isinstance(text, str) else text


def small(number: Any) -> Any:
    """A number that no list is too short for, whole and at most 1000; other values as they are."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return number
    return min(int(number), 1000)


def moment(value: Any) -> Any:
    """A moment in time of which every server knows what it is."""
    return "2020-04-20T13:00:00.000Z" if isinstance(value, str) else value


def time_range(value: Any) -> Any:
    """A range of times whose ends are moments, without further members; other values as they are."""
    return (
        {key: moment(each) for key, each in value.items() if key in ("start", "end")}
        if isinstance(value, dict)
        else value
    )


PAGING: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "query/offset": small,
        "query/count": small,
        "query/sort": lambda _: {"_id": 1},
        "query/fields": lambda _: {"name": 1},
        "query/query": lambda _: {"name": "Vera"},
        "query/text": plain,
    }
)
