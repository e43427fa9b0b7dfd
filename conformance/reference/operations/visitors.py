"""Visitors register and are looked up: ``POST visitor``, ``GET visitor/:token``, ``GET visitors.info``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.auth import require_permission_of_finder
from conformance.reference.custom_fields import find_field, set_visitor_field
from conformance.reference.envelope import Answer, ErrorStyle, Stop, failure, success
from conformance.reference.match import BOOLEAN, STRING, UNDEFINED, ArrayOf, MatchFailure, Maybe, including, strict
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.validate import check_body, check_query
from conformance.reference.visitors import (
    connection_data,
    find_visitor,
    find_visitor_by_id,
    register_visitor,
    rename_in_rooms,
    require_visitor,
)

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_BODY = strict(
    visitor=including(
        token=STRING,
        name=Maybe(STRING),
        email=Maybe(STRING),
        department=Maybe(STRING),
        phone=Maybe(STRING),
        username=Maybe(STRING),
        customFields=Maybe(ArrayOf(including(key=STRING, value=STRING, overwrite=BOOLEAN))),
    )
)
_INFO = strict(visitorId=STRING)


@behaviour("visitors.check_token")
def check_new_token(site: Site, token: str) -> None:
    """Refuse an empty token, which the real server of the era takes, as a value that fails its pattern.

    Raises:
        MatchFailure: The token is empty.
    """
    if not token:
        raise MatchFailure("Failed Match.Where validation", "visitor.token")


@behaviour("visitors.show")
def show_visitor(site: Site, visitor: Document) -> Document:
    """A visitor as the API shows him: the whole document."""
    return visitor


@behaviour("visitors.store_fields")
def store_fields(site: Site, token: str, fields: list[Document]) -> None:
    """Store the custom fields of a registration; unknown ones and those of rooms are skipped."""
    for field in fields:
        definition = find_field(site, field["key"])
        if definition is not None and definition["scope"] == "visitor":
            set_visitor_field(site, token, field["key"], field["value"], overwrite=field["overwrite"])


@operation("registerVisitor", "POST", "/api/v1/livechat/visitor", errors=ErrorStyle.CAUGHT)
def register_visitor_operation(site: Site, call: Call) -> Answer:
    """Create a visitor or update him, with his custom fields and the names of his open rooms."""
    fields = check_body(site, call, _BODY)["visitor"]
    token = fields["token"]
    check_new_token(site, token)
    visitor = register_visitor(site, token, fields, connection_data(site, call.headers, call.address))
    rename_in_rooms(site, visitor)
    store_fields(site, token, fields.get("customFields") or [])
    return success(visitor=show_visitor(site, require_visitor(site, token)))


@operation("getVisitor", "GET", "/api/v1/livechat/visitor/{token}", errors=ErrorStyle.ESCAPED)
def get_visitor(site: Site, call: Call) -> Answer:
    """Show the visitor with a token; nothing where there is none."""
    visitor = find_visitor(site, call.params["token"])
    return success(visitor=UNDEFINED if visitor is None else show_visitor(site, visitor))


@operation("getVisitorInfo", "GET", "/api/v1/livechat/visitors.info", errors=ErrorStyle.ESCAPED, auth=True)
def get_visitor_info(site: Site, call: Call) -> Answer:
    """Show the visitor with an id to people who may see chats."""
    query = check_query(site, call, _INFO)
    require_permission_of_finder(site, call, "view-l-room")
    visitor = find_visitor_by_id(site, query["visitorId"])
    if visitor is None:
        raise Stop(failure("visitor-not-found"))
    return success(visitor=show_visitor(site, visitor))
