"""The definitions of custom fields (endpoint facts E21, E22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference import auth, paging
from conformance.reference.envelope import Answer, success
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@operation("listCustomFields", "GET", "/api/v1/livechat/custom-fields", auth=True)
def list_custom_fields(site: Site, call: Call) -> Answer:
    """List the custom fields, by label."""
    auth.require_permission_of_finder(site, call, "view-l-room")
    page = paging.read_page(site, call)
    found, keys = paging.find_page(site, site.custom_fields, page, default_sort=[("label", 1)])
    return success(customFields=found, **keys)


@behaviour("custom_fields.definition")
def find_definition(site: Site, identifier: str) -> Document | None:
    """The definition of the custom field with this id."""
    return site.custom_fields.get(identifier)


@operation("getCustomField", "GET", "/api/v1/livechat/custom-fields/{_id}", auth=True)
def get_custom_field(site: Site, call: Call) -> Answer:
    """Read the definition of one custom field, null where there is none."""
    auth.require_permission_of_finder(site, call, "view-l-room")
    return success(customField=find_definition(site, call.params["_id"]))
