"""Settings and permissions over the API (endpoint facts 1.9 and the recordings ``general/085`` to ``general/112``)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from conformance.reference import auth
from conformance.reference.default_permissions import ROLES
from conformance.reference.envelope import Answer, Failure, Refusal, failure, success
from conformance.reference.match import ANY, STRING, ArrayOf, including, strict
from conformance.reference.routing import operation
from conformance.reference.seam import behaviour
from conformance.reference.site import iso, milliseconds, save, write_setting
from conformance.reference.validate import check_body

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_VALUE: Final = strict(value=ANY)
_COLOUR: Final = strict(value=ANY, editor=STRING)
_PERMISSIONS: Final = strict(permissions=ArrayOf(including(_id=STRING, roles=ArrayOf(STRING))))


@behaviour("settings.find")
def find_setting(site: Site, identifier: str) -> Document | None:
    """The setting with this id, unless it is hidden."""
    found = site.settings.get(identifier)
    return None if found is None or found.get("hidden") else found


@operation("getSetting", "GET", "/api/v1/settings/{_id}", auth=True)
def get_setting(site: Site, call: Call) -> Answer:
    """Read the value of a setting; an unknown one is an empty success."""
    auth.require_permission(site, call, "view-privileged-setting")
    found = find_setting(site, call.params["_id"])
    return success() if found is None else success(_id=found["_id"], value=found.get("value"))


@operation("setSetting", "POST", "/api/v1/settings/{_id}", auth=True)
def set_setting(site: Site, call: Call) -> Answer:
    """Store the value of a setting."""
    auth.require_permission(site, call, "edit-privileged-setting")
    found = find_setting(site, call.params["_id"])
    if found is None:
        raise Failure("Cannot read property 'type' of undefined")
    if (
        isinstance(call.body, dict)
        and found.get("type") == "color"
        and call.body.get("editor")
        and call.body.get("value")
    ):
        body = check_body(site, call, _COLOUR)
        save(site, site.settings, found | {"editor": body["editor"]})
    else:
        body = check_body(site, call, _VALUE)
    if found.get("blocked"):
        return failure()
    write_setting(site, found["_id"], body["value"])
    return success()


def _as_time(text: Any) -> str | None:
    """A date of a query as the documents have it, None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return iso(milliseconds(moment.astimezone().isoformat()))


@operation("listPermissions", "GET", "/api/v1/permissions.listAll", auth=True)
def list_permissions(site: Site, call: Call) -> Answer:
    """List the permissions with their roles, or those that changed since a time."""
    since = call.query.get("updatedSince")
    documents = site.permissions.find()
    if since:
        start = _as_time(since)
        if start is None:
            text = 'The "updatedSince" query parameter must be a valid date.'
            raise Refusal("error-roomId-param-invalid", text)
        documents = [document for document in documents if document["_updatedAt"] > start]
    return success(update=documents, remove=[])


@behaviour("permissions.change")
def change_permissions(site: Site, wanted: list[Document]) -> None:
    """Give permissions to exactly the roles listed."""
    for each in wanted:
        stored = site.permissions.get(each["_id"])
        if stored is not None:
            save(site, site.permissions, stored | {"roles": list(each["roles"])})


@operation("updatePermissions", "POST", "/api/v1/permissions.update", auth=True)
def update_permissions(site: Site, call: Call) -> Answer:
    """Change which roles hold permissions."""
    if not auth.has_permission(site, call.user, "access-permissions"):
        return failure("Editing permissions is not allowed", errorType="error-edit-permissions-not-allowed")
    wanted = check_body(site, call, _PERMISSIONS)["permissions"]
    if any(site.permissions.get(each["_id"]) is None for each in wanted):
        return failure("Invalid permission", errorType="error-invalid-permission")
    if any(role not in ROLES for each in wanted for role in each["roles"]):
        return failure("Invalid role", errorType="error-invalid-role")
    change_permissions(site, wanted)
    return success(permissions=site.permissions.find())
