"""The list of rooms with all its filters (endpoint fact E29)."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from conformance.reference import auth, paging
from conformance.reference.departments import find_department
from conformance.reference.envelope import Answer, Failure, success
from conformance.reference.jsontext import BadJson, parse_json
from conformance.reference.match import STRING, ArrayOf, Maybe
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import iso, milliseconds
from conformance.reference.validate import check_value

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_TEXT: Final = Maybe(STRING)
_TEXTS: Final = Maybe(ArrayOf(STRING))
_CHECKED: Final = (
    ("agents", _TEXTS),
    ("roomName", _TEXT),
    ("departmentId", _TEXT),
    ("open", _TEXT),
    ("tags", _TEXTS),
)
_NEVER: Final = "NEVER"
_NAME_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list of rooms is filtered by; an empty value is no filter.

    Attributes:
        agents: Ids or usernames of serving agents.
        department: Id of the department.
        open: True for open rooms, False for closed ones, None for both.
        created: First and last time of opening, as stored; an interval without ends finds nothing.
        closed: The same for the time of closing.
        tags: Closing tags, one of which a room must have.
        fields: Custom fields of the room and the texts that their values must contain.
        name: A regular expression that the room's name must match somewhere, whatever its case.
    """

    agents: list[str] | None = None
    department: str | None = None
    open: bool | None = None
    created: tuple[str, str] | None = None
    closed: tuple[str, str] | None = None
    tags: list[str] | None = None
    fields: dict[str, str] | None = None
    name: re.Pattern[str] | None = None


def _json(value: Any) -> Any:
    """The value of a query parameter that is JSON.

    Raises:
        Failure: With the text of the parser.
    """
    if not value:
        return None
    if isinstance(value, list):
        text = ",".join(str(each) for each in value)
    else:
        text = value if isinstance(value, str) else "[object Object]"
    try:
        return parse_json(text)
    except BadJson as error:
        raise Failure(str(error)) from None


def _moment(value: Any) -> str | None:
    """A point in time as stored, from what JavaScript's ``Date`` reads; None for what it does not read."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return iso(int(value)) if math.isfinite(value) and 0 <= value < 2.5e14 else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        stored = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return iso(milliseconds(stored.isoformat()))
    except (ValueError, OverflowError, OSError):
        return None


@behaviour("rooms.read_interval")
def read_interval(site: Site, name: str, value: Any) -> tuple[str, str] | None:
    """An interval of time from a query parameter; one without start and end finds nothing.

    Raises:
        Failure: Bad JSON, or a start or end that is no date.
    """
    interval = _json(value)
    if interval is None or interval is False or interval in ("", 0):
        return None
    ends = {"start": "", "end": _NEVER}
    given = interval if isinstance(interval, dict) else {}
    for end in ends:
        if given.get(end):
            moment = _moment(given[end])
            if moment is None:
                raise Failure(f'The "{name}.{end}" query parameter must be a valid date.')
            ends[end] = moment
    return ("1", "0") if not given.get("start") and not given.get("end") else (ends["start"], ends["end"])


@behaviour("rooms.read_open")
def read_open(site: Site, value: Any) -> bool | None:
    """Whether open or closed rooms are wanted: ``true`` is open, any other text closed, nothing both."""
    return value == "true" if value else None


@behaviour("rooms.read_name")
def read_name(site: Site, text: str) -> re.Pattern[str]:
    """The wanted name: a regular expression, as on the real server.

    One that could take long (more than one repetition, or a very long one) is taken literally here.

    Raises:
        Failure: The expression is malformed.
    """
    if len(text) > _NAME_LENGTH or len(re.findall(r"[*+?{]", text)) > 1:
        return re.compile(re.escape(text), re.IGNORECASE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(text, re.IGNORECASE)
    except re.error:
        raise Failure(f"Invalid regular expression: /{text}/: malformed") from None


@behaviour("rooms.read_filters")
def read_filters(site: Site, call: Call) -> Filters:
    """The filters of a call.

    Raises:
        MatchFailure: A filter has the wrong shape.
        Failure: A filter is bad JSON or no date.
    """
    query = call.query
    for name, pattern in (
        ("agents", _TEXTS),
        ("roomName", _TEXT),
        ("departmentId", _TEXT),
        ("open", _TEXT),
        ("tags", _TEXTS),
    ):
        check_value(site, call, query.get(name), pattern)
    created = read_interval(site, "createdAt", query.get("createdAt"))
    closed = read_interval(site, "closedAt", query.get("closedAt"))
    fields = _json(query.get("customFields"))
    if isinstance(fields, list):
        fields = {str(index): value for index, value in enumerate(fields)}
    return Filters(
        agents=query.get("agents"),
        department=query.get("departmentId"),
        open=read_open(site, query.get("open")),
        created=created,
        closed=closed,
        tags=query.get("tags"),
        fields={key: _text(value) for key, value in fields.items()} if isinstance(fields, dict) else None,
        name=read_name(site, query["roomName"]) if query.get("roomName") else None,
    )


def _text(value: Any) -> str:
    """A wanted value of a custom field as text; what is no text and no number equals nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else "\0"


@behaviour("rooms.filter_by_agent")
def filter_by_agent(site: Site, room: Document, agents: list[str]) -> bool:
    """Whether one of these agents, by id or username, serves or served a room."""
    served = room.get("servedBy") or {}
    return served.get("_id") in agents or served.get("username") in agents


@behaviour("rooms.filter_by_department")
def filter_by_department(site: Site, room: Document, department: str) -> bool:
    """Whether a room is in a department."""
    return bool(room.get("departmentId") == department)


@behaviour("rooms.filter_by_open")
def filter_by_open(site: Site, room: Document, wanted: bool) -> bool:
    """Whether a room is open, or closed, as wanted."""
    return ("open" in room) == wanted


@behaviour("rooms.filter_by_created")
def filter_by_created(site: Site, room: Document, interval: tuple[str, str]) -> bool:
    """Whether a room was opened in an interval, both ends included."""
    return bool(interval[0] <= room["ts"] <= interval[1])


@behaviour("rooms.filter_by_closed")
def filter_by_closed(site: Site, room: Document, interval: tuple[str, str]) -> bool:
    """Whether a room was closed in an interval, both ends included."""
    closed = room.get("closedAt")
    return closed is not None and interval[0] <= closed <= interval[1]


@behaviour("rooms.filter_by_tags")
def filter_by_tags(site: Site, room: Document, tags: list[str]) -> bool:
    """Whether a room has one of these tags."""
    return any(tag in tags for tag in room.get("tags") or ())


@behaviour("rooms.filter_by_fields")
def filter_by_fields(site: Site, room: Document, fields: dict[str, str]) -> bool:
    """Whether the values of a room's custom fields contain these texts, whatever their case."""
    data = room.get("livechatData") or {}
    return all(key in data and text.lower() in str(data[key]).lower() for key, text in fields.items())


@behaviour("rooms.filter_by_name")
def filter_by_name(site: Site, room: Document, name: re.Pattern[str]) -> bool:
    """Whether a room's name matches somewhere."""
    return name.search(str(room.get("fname", ""))[:_NAME_LENGTH]) is not None


@behaviour("rooms.selects")
def selects(site: Site, room: Document, filters: Filters) -> bool:
    """Whether a room passes every filter."""
    return (
        (not filters.agents or filter_by_agent(site, room, filters.agents))
        and (not filters.department or filter_by_department(site, room, filters.department))
        and (filters.open is None or filter_by_open(site, room, filters.open))
        and (filters.created is None or filter_by_created(site, room, filters.created))
        and (filters.closed is None or filter_by_closed(site, room, filters.closed))
        and (not filters.tags or filter_by_tags(site, room, filters.tags))
        and (not filters.fields or filter_by_fields(site, room, filters.fields))
        and (not filters.name or filter_by_name(site, room, filters.name))
    )


@behaviour("rooms.with_department")
def with_department(site: Site, room: Document) -> Document:
    """A room as the list shows it: with name and id of its department, where that exists."""
    department = find_department(site, room["departmentId"]) if room.get("departmentId") else None
    if department is None:
        return room
    return {**room, "department": {"_id": department["_id"], "name": department["name"]}}


@operation("listRooms", "GET", "/api/v1/livechat/rooms", auth=True)
def list_rooms(site: Site, call: Call) -> Answer:
    """List rooms, open and closed, the newest first."""
    auth.require_permission(site, call, "view-livechat-manager")
    page = paging.read_page(site, call)
    filters = read_filters(site, call)
    found, keys = paging.find_page(
        site,
        site.rooms,
        page,
        default_sort=[("ts", -1)],
        where=None if filters == Filters() else lambda room: selects(site, room, filters),
    )
    return success(rooms=[with_department(site, room) for room in found], **keys)
