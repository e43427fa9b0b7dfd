"""The version of the server: ``/api/info`` and ``/api/v1/info`` (endpoint facts 1.6)."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from conformance.reference import auth
from conformance.reference.envelope import Answer, success
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import now

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("info.build")
def build_info(site: Site) -> Document:
    """What an admin is told about the server."""
    started = site.memory.setdefault("started", now(site))
    build = {
        "date": started,
        "nodeVersion": f"python {platform.python_version()}",
        "arch": platform.machine(),
        "platform": platform.system().lower(),
        "osRelease": platform.release(),
        "totalMemory": 0,
        "freeMemory": 0,
        "cpus": os.cpu_count() or 1,
    }
    return {"version": site.version, "build": build, "marketplaceApiVersion": "1.14.0"}


@operation("getInfo", "GET", "/api/info", limited=False)
def get_info(site: Site, call: Call) -> Answer:
    """Tell the version; to an admin more."""
    user = auth.user_of(site, call.headers)
    if user is not None and auth.has_role(site, user, "admin"):
        return success(info=build_info(site))
    return success(version=site.version)


@operation("getInfoOld", "GET", "/api/v1/info")
def get_info_old(site: Site, call: Call) -> Answer:
    """Tell the version, in the older form."""
    return success(info={"version": site.version})
