"""Pages of lists: ``count``, ``offset``, ``sort``, ``fields`` and ``query``, odd values as the real server takes them.

Sources: endpoint facts 1.7, FINDINGS section 5 point 4, recordings of the classes ``paging``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.reference.envelope import Failure, Refusal
from conformance.reference.jsontext import BadJson, parse_json
from conformance.reference.seam import behaviour
from conformance.reference.site import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Collection, Document

_NUMBER = re.compile(r"\s*([+-]?\d+)")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted.

    Attributes:
        offset: How many to leave out; never negative.
        count: How many at most; 0 is all of them.
        sort: Pairs of dotted path and direction, or empty for the order of the operation.
        echo: The offset as the answer repeats it: None (``null``) where what was sent is no number.
    """

    offset: int
    count: int
    sort: tuple[tuple[str, int], ...]
    echo: int | None = 0


def parse_int(value: Any) -> int | None:
    """What JavaScript's ``parseInt`` makes of a query value; None for not a number."""
    if isinstance(value, list) and value:
        value = value[0]
    found = _NUMBER.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    return max(-(2**53), min(2**53, int(found.group(1)[:17])))


@behaviour("paging.offset")
def read_offset(site: Site, query: Mapping[str, Any]) -> int:
    """The wanted offset, 0 unless a number was given."""
    return parse_int(query.get("offset")) or 0


@behaviour("paging.echo")
def read_echo(site: Site, query: Mapping[str, Any]) -> int | None:
    """The offset as an answer repeats it: null where what was sent is no number (recording ``rooms/079``)."""
    given = query.get("offset")
    return parse_int(given) if given else 0


@behaviour("paging.count")
def read_count(site: Site, query: Mapping[str, Any]) -> int:
    """The wanted size: the default where none was given, cut to the upper limit; 0 is everything if allowed.

    What is no number is no bound at all (recording ``rooms/077``: 56 rooms for an empty count; the default is 50).
    """
    upper = setting(site, "API_Upper_Count_Limit")
    upper = upper if isinstance(upper, int) and upper > 0 else 100
    default = setting(site, "API_Default_Count")
    default = default if isinstance(default, int) and default > 0 else 50
    given = query.get("count")
    count = default if given is None else parse_int(given)
    if count is None:
        return 0
    if count > upper:
        count = upper
    if count == 0 and not setting(site, "API_Allow_Infinite_Count"):
        count = default
    return count


def _json_parameter(query: Mapping[str, Any], name: str) -> Any:
    raw = query.get(name)
    if raw is None or raw == "":
        return None
    try:
        return parse_json(raw if isinstance(raw, str) else str(raw))
    except BadJson:
        text = f'Invalid {name} parameter provided: "{raw}"'
        raise Refusal(f"error-invalid-{name}", text, {"helperMethod": "parseJsonQuery"}) from None


def _direction(path: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in (1, -1):
        raise Failure(f'Illegal key in $sort specification: {path}: "{value}"')
    return int(value)


@behaviour("paging.sort")
def read_sort(site: Site, query: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """The wanted order, empty where none was given.

    Raises:
        Refusal: ``error-invalid-sort`` for text that is not JSON.
        Failure: A direction is neither 1 nor -1.
    """
    value = _json_parameter(query, "sort")
    if not isinstance(value, dict):
        return ()
    return tuple((path, _direction(path, way)) for path, way in value.items())


@behaviour("paging.check_unused")
def check_unused(site: Site, query: Mapping[str, Any]) -> None:
    """Refuse ``fields`` and ``query`` that are not JSON; the lists of this API use neither.

    Raises:
        Refusal: ``error-invalid-fields`` or ``error-invalid-query``.
    """
    _json_parameter(query, "fields")
    _json_parameter(query, "query")


@behaviour("paging.read")
def read_page(site: Site, call: Call) -> Page:
    """Which page a call wants.

    Raises:
        Refusal: Bad JSON in ``sort``, ``fields`` or ``query``.
        Failure: A negative offset, or a direction that does not exist.
    """
    offset = read_offset(site, call.query)
    count = read_count(site, call.query)
    sort = read_sort(site, call.query)
    check_unused(site, call.query)
    if offset < 0:
        raise Failure(f"BSON field 'skip' value must be >= 0, actual value '{offset}'")
    return Page(offset, abs(count), sort, read_echo(site, call.query))


@behaviour("paging.cut")
def cut(site: Site, found: Sequence[Document], page: Page) -> list[Document]:
    """The part of a whole list that a page is."""
    end = page.offset + page.count if page.count else math.inf
    return list(found[page.offset : None if end == math.inf else int(end)])


@behaviour("paging.total")
def total(site: Site, collection: Collection, condition: Mapping[str, Any], matching: int | None) -> int:
    """How many documents a list has before it is cut into pages; ``matching`` where that is known."""
    return collection.count(condition) if matching is None else matching


@behaviour("paging.find")
def find_page(
    site: Site,
    collection: Collection,
    page: Page,
    condition: Mapping[str, Any] | None = None,
    *,
    default_sort: Sequence[tuple[str, int]] = (),
    where: Callable[[Document], bool] | None = None,
) -> tuple[list[Document], dict[str, int | None]]:
    """A page of a collection, and the keys ``count``, ``offset`` and ``total`` that tell about it."""
    sort = page.sort or default_sort
    if where is None:
        found = collection.find(condition, sort=sort, skip=page.offset, limit=page.count)
        matching = None
    else:
        every = collection.find(condition, sort=sort, where=where)
        found, matching = every[page.offset :][: page.count or None], len(every)
    return found, page_keys(site, len(found), page.echo, total(site, collection, condition or {}, matching))


@behaviour("paging.keys")
def page_keys(site: Site, count: int, offset: int | None, matches: int) -> dict[str, int | None]:
    """The keys that go with a page."""
    return {"count": count, "offset": offset, "total": matches}
