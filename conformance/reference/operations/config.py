"""The configuration of the widget: ``GET config``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.envelope import Answer, ErrorStyle, success
from conformance.reference.match import STRING, Maybe, strict
from conformance.reference.routing import operation
from conformance.reference.site import setting
from conformance.reference.validate import check_query

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site

_QUERY = strict(token=Maybe(STRING), department=Maybe(STRING))


@operation("getConfig", "GET", "/api/v1/livechat/config", errors=ErrorStyle.CAUGHT)
def get_config(site: Site, call: Call) -> Answer:
    """Tell the widget how to look, and what the visitor has open."""
    check_query(site, call, _QUERY)
    if not setting(site, "Livechat_enabled"):
        return success(config={"enabled": False})
    return success(config={"enabled": True})
