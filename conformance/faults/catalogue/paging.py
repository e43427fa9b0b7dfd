"""Faults of the pages of lists."""

from __future__ import annotations

import dataclasses
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, during
from conformance.reference.envelope import Failure, Refusal
from conformance.reference.paging import parse_int
from conformance.reference.store import pick, sort_key

_LISTS = ("listUsers", "listDepartments", "listInquiries", "listCustomFields", "listRooms", "getQueue", "listTriggers")
_PAGE, _SHALLOW, _RELATION, _RARE = Kind.PAGINATION, Depth.SHALLOW, Depth.RELATION, Depth.RARE_INPUT


def _page(change: Any) -> dict[str, Any]:
    """Read another page than the one asked for: ``change(page)``."""
    return after("paging.read", lambda page, site, call: dataclasses.replace(page, **change(page)))


def _wide_steps(page: Any) -> dict[str, int]:
    return {"offset": page.offset + 1} if page.count and page.offset >= 2 * page.count else {}


def _find(change: Any) -> dict[str, Any]:
    """Change what a page of a collection holds: ``change(again, site, page, found, keys)`` gives both anew."""

    def find(original: Any, site: Any, collection: Any, page: Any, condition: Any = None, **more: Any) -> Any:
        def again(other: Any) -> Any:
            return original(site, collection, other, condition, **more)

        return change(again, site, page, *again(page))

    return {"paging.find": find}


def _last_page(again: Any, site: Any, page: Any, found: Any, keys: Any) -> Any:
    if found or not page.offset or not keys["total"]:
        return found, keys
    last = max(0, keys["total"] - (page.count or 1))
    found, _ = again(dataclasses.replace(page, offset=last))
    return found, {**keys, "count": len(found)}


def _zero_is_none(again: Any, site: Any, page: Any, found: Any, keys: Any) -> Any:
    return (found, keys) if page.count else ([], {**keys, "count": 0})


def _sorts_page(again: Any, site: Any, page: Any, found: Any, keys: Any) -> Any:
    if not page.sort:
        return found, keys
    found, keys = again(dataclasses.replace(page, sort=()))
    for path, way in reversed(page.sort):
        found.sort(key=lambda one: sort_key(pick(one, path)), reverse=way < 0)
    return found, keys


def _turns(again: Any, site: Any, page: Any, found: Any, keys: Any) -> Any:
    site.memory["turn"] = not site.memory.get("turn", False)
    return (found[::-1] if site.memory["turn"] and not page.sort else found), keys


def _keys(change: Any) -> dict[str, Any]:
    """Tell something else about a page: ``change(keys)`` edits it."""

    def keys(told: Any, site: Any, *args: Any) -> Any:
        change(told)
        return told

    return after("paging.keys", keys)


def _no_limit(original: Any, site: Any, query: Any) -> Any:
    count = parse_int(query.get("count"))
    return original(site, query) if count is None else count


def _default_all(original: Any, site: Any, query: Any) -> Any:
    return 0 if query.get("count") in (None, "") else original(site, query)


def _forgiving(original: Any, site: Any, query: Any) -> Any:
    try:
        return original(site, query)
    except Refusal:
        return ()


def _checks(*names: str) -> dict[str, Any]:
    """Check only some of the parameters that no list uses."""
    return {
        "paging.check_unused": lambda original, site, query: original(
            site, {name: query[name] for name in names if name in query}
        )
    }


def _odd_count(original: Any, site: Any, query: Any) -> Any:
    return 1 if "count" in query and parse_int(query["count"]) is None else original(site, query)


def _odd_offset(original: Any, site: Any, query: Any) -> Any:
    if query.get("offset") and parse_int(query["offset"]) is None:
        raise Failure("The 'offset' query param is no number.")
    return original(site, query)


def _whole_collection(original: Any, site: Any, collection: Any, condition: Any, matching: Any) -> Any:
    return original(site, collection, {}, None)


def _first_total(total: int, site: Any, collection: Any, condition: Any, matching: Any) -> int:
    totals = site.memory.setdefault("totals", {})
    return total if matching is not None else totals.setdefault((collection.name, str(condition)), total)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "paging.count-is-total",
        ("LC-PAGING-001",),
        _LISTS,
        _PAGE,
        _RELATION,
        "The count of a list says how many items there are at all.",
        wrap=_keys(lambda keys: keys.update(count=keys["total"])),
    ),
    Fault(
        "paging.offset-zero",
        ("LC-PAGING-002",),
        _LISTS,
        _PAGE,
        _SHALLOW,
        "The offset of a list is always said to be 0.",
        wrap=_keys(lambda keys: keys.update(offset=0)),
    ),
    Fault(
        "paging.total-is-count",
        ("LC-PAGING-003", "LC-PAGING-007"),
        _LISTS,
        _PAGE,
        _RELATION,
        "The total of a list is the number of the items of the page.",
        wrap=_keys(lambda keys: keys.update(total=keys["count"])),
    ),
    Fault(
        "paging.total-without-offset",
        ("LC-PAGING-003", "LC-PAGING-007"),
        _LISTS,
        _PAGE,
        _RELATION,
        "The total of a list leaves out what the offset leaves out.",
        wrap=_keys(lambda keys: keys.update(total=max(0, keys["total"] - (keys["offset"] or 0)))),
    ),
    Fault(
        "paging.one-too-many",
        ("LC-PAGING-004",),
        _LISTS,
        _PAGE,
        _RELATION,
        "A page holds one item more than was asked for.",
        wrap=_page(lambda page: {"count": page.count and page.count + 1}),
    ),
    Fault(
        "paging.one-too-few",
        ("LC-PAGING-004",),
        _LISTS,
        _PAGE,
        _RELATION,
        "A page of two or more holds one item less than was asked for.",
        wrap=_page(lambda page: {"count": page.count - (page.count > 1)}),
    ),
    Fault(
        "paging.offset-one-off",
        ("LC-PAGING-005", "LC-PAGING-006"),
        _LISTS,
        _PAGE,
        _RELATION,
        "An offset leaves out one item more.",
        wrap=_page(lambda page: {"offset": page.offset + bool(page.offset)}),
    ),
    Fault(
        "paging.offset-is-a-page",
        ("LC-PAGING-005", "LC-PAGING-006"),
        _LISTS,
        _PAGE,
        _RELATION,
        "An offset counts pages and not items.",
        wrap=_page(lambda page: {"offset": page.offset * page.count}),
    ),
    Fault(
        "paging.gap-at-third-page",
        ("LC-PAGING-006",),
        _LISTS,
        _PAGE,
        _RELATION,
        "From the third page on one item is missed.",
        wrap=_page(_wide_steps),
    ),
    Fault(
        "paging.beyond-is-last-page",
        ("LC-PAGING-007",),
        _LISTS,
        _PAGE,
        _RARE,
        "An offset beyond the end is answered with the last page.",
        wrap=_find(_last_page),
    ),
    Fault(
        "paging.zero-is-none",
        ("LC-PAGING-008",),
        _LISTS,
        _PAGE,
        _RARE,
        "A count of 0 is answered with no items.",
        wrap=_find(_zero_is_none),
    ),
    Fault(
        "paging.no-upper-limit",
        ("LC-PAGING-009",),
        _LISTS,
        _PAGE,
        _RARE,
        "A list holds as many items as are asked for.",
        wrap={"paging.count": _no_limit},
    ),
    Fault(
        "paging.default-is-all",
        ("LC-PAGING-010",),
        _LISTS,
        _PAGE,
        _RARE,
        "Without a count a list holds everything.",
        wrap={"paging.count": _default_all},
    ),
    Fault(
        "paging.always-ascending",
        ("LC-PAGING-011",),
        _LISTS,
        _PAGE,
        _RELATION,
        "A sort is always ascending.",
        wrap=_page(lambda page: {"sort": tuple((path, 1) for path, _ in page.sort)}),
    ),
    Fault(
        "paging.sort-ignored",
        ("LC-PAGING-011",),
        _LISTS,
        _PAGE,
        _RELATION,
        "A sort is read and not used.",
        wrap=_page(lambda page: {"sort": ()}),
    ),
    Fault(
        "paging.sorts-page-only",
        ("LC-PAGING-012",),
        _LISTS,
        _PAGE,
        _RELATION,
        "A page is cut first and sorted then.",
        wrap=_find(_sorts_page),
    ),
    Fault(
        "paging.bad-sort-ignored",
        ("LC-PAGING-013",),
        _LISTS,
        Kind.VALIDATION,
        _RARE,
        "A sort that is no JSON is ignored.",
        wrap={"paging.sort": _forgiving},
    ),
    Fault(
        "paging.bad-fields-ignored",
        ("LC-PAGING-014",),
        _LISTS,
        Kind.VALIDATION,
        _RARE,
        "Fields that are no JSON are ignored.",
        wrap=_checks("query"),
    ),
    Fault(
        "paging.bad-query-ignored",
        ("LC-PAGING-015",),
        _LISTS,
        Kind.VALIDATION,
        _RARE,
        "A query that is no JSON is ignored.",
        wrap=_checks("fields"),
    ),
    Fault(
        "paging.odd-count-is-one",
        ("LC-PAGING-016",),
        _LISTS,
        _PAGE,
        _RARE,
        "A count that is no number counts as 1.",
        wrap={"paging.count": _odd_count},
    ),
    Fault(
        "paging.odd-offset-refused",
        ("LC-PAGING-017",),
        _LISTS,
        _PAGE,
        _RARE,
        "An offset that is no number is refused.",
        wrap={"paging.offset": _odd_offset},
    ),
    Fault(
        "paging.rooms-total-unfiltered",
        ("LC-PAGING-018",),
        ("listRooms",),
        _PAGE,
        _RELATION,
        "The total of the rooms counts those that the filter leaves out.",
        wrap=during("listRooms", "paging.total", _whole_collection),
    ),
    Fault(
        "paging.inquiries-total-unfiltered",
        ("LC-PAGING-018",),
        ("listInquiries",),
        _PAGE,
        _RELATION,
        "The total of the inquiries counts those of other departments.",
        wrap=during("listInquiries", "paging.total", _whole_collection),
    ),
    Fault(
        "paging.order-turns",
        ("LC-PAGING-019",),
        _LISTS,
        _PAGE,
        _RELATION,
        "The order of a list turns with every second call.",
        wrap=_find(_turns),
    ),
    Fault(
        "paging.total-stale",
        ("LC-PAGING-020",),
        ("listDepartments", "listRooms"),
        _PAGE,
        _RELATION,
        "The total of a list is counted once only.",
        wrap=after("paging.total", _first_total),
    ),
    Fault(
        "paging.total-as-text",
        ("LC-PAGING-021",),
        _LISTS,
        Kind.SCHEMA,
        _SHALLOW,
        "The total of a list is a text.",
        wrap=_keys(lambda keys: keys.update(total=str(keys["total"]))),
    ),
)
