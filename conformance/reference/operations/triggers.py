"""Triggers of the widget (endpoint facts E37, E38)."""

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


@operation("listTriggers", "GET", "/api/v1/livechat/triggers", auth=True)
def list_triggers(site: Site, call: Call) -> Answer:
    """List the triggers, the disabled ones too, by name."""
    auth.require_permission_of_finder(site, call, "view-livechat-manager")
    page = paging.read_page(site, call)
    found, keys = paging.find_page(site, site.triggers, page, default_sort=[("name", 1)])
    return success(triggers=found, **keys)


@behaviour("triggers.find")
def find_trigger(site: Site, identifier: str) -> Document | None:
    """The trigger with this id."""
    return site.triggers.get(identifier)


@operation("getTrigger", "GET", "/api/v1/livechat/triggers/{_id}", auth=True)
def get_trigger(site: Site, call: Call) -> Answer:
    """Read one trigger, null where there is none."""
    auth.require_permission_of_finder(site, call, "view-livechat-manager")
    return success(trigger=find_trigger(site, call.params["_id"]))
