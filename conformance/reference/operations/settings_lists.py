"""Lists of settings and the office hours (endpoint facts E13, E27, E44)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference import auth
from conformance.reference.default_settings import APPEARANCE, INTEGRATIONS
from conformance.reference.envelope import Answer, success
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("settings.of")
def settings_of(site: Site, identifiers: Sequence[str]) -> list[Document]:
    """The documents of some settings, in the order of their ids."""
    return [found for each in sorted(identifiers) if (found := site.settings.get(each)) is not None]


@operation("getAppearance", "GET", "/api/v1/livechat/appearance", auth=True)
def get_appearance(site: Site, call: Call) -> Answer:
    """List the settings of the widget's looks."""
    auth.require_permission_of_finder(site, call, "view-livechat-manager")
    return success(appearance=settings_of(site, APPEARANCE))


@operation("getIntegrationSettings", "GET", "/api/v1/livechat/integrations.settings", auth=True)
def get_integration_settings(site: Site, call: Call) -> Answer:
    """List the settings of the web hook."""
    auth.require_permission_of_finder(site, call, "view-livechat-manager")
    return success(settings=settings_of(site, INTEGRATIONS))


@behaviour("office_hours.list")
def office_hours(site: Site) -> list[Document]:
    """The seven days with their hours, Sunday first."""
    return site.office_hours.find(sort=[("code", 1)])


@operation("getOfficeHours", "GET", "/api/v1/livechat/office-hours", auth=True)
def get_office_hours(site: Site, call: Call) -> Answer:
    """List the office hours."""
    auth.require_permission_of_finder(site, call, "view-livechat-officeHours")
    return success(officeHours=office_hours(site))
