"""Who asks and what he may do: credentials in the headers, permissions by role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.accounts import hash_token
from conformance.reference.envelope import Failure, Stop, failure, not_logged_in, unauthorized
from conformance.reference.jsontext import BadJson, parse_json
from conformance.reference.seam import behaviour
from conformance.reference.site import permission_roles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.reference.request import Call
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("auth.user_of")
def user_of(site: Site, headers: Mapping[str, str]) -> Document | None:
    """The account that the headers ``X-Auth-Token`` and ``X-User-Id`` prove, or None."""
    token = headers.get("x-auth-token")
    identifier = headers.get("x-user-id")
    if not token or not identifier:
        return None
    session = site.sessions.get(hash_token(token))
    if session is None or session["userId"] != identifier:
        return None
    user = site.users.get(identifier)
    return user if user is not None and user.get("active", True) else None


@behaviour("auth.require_login")
def require_login(site: Site, call: Call) -> None:
    """Fill in who asks.

    A body with a text ``payload`` is replaced by the value of that text, as the real server does on operations that
    need credentials (recording ``general/204``).

    Raises:
        Stop: 401 where the credentials prove nothing.
    """
    user = user_of(site, call.headers)
    if user is None:
        raise Stop(not_logged_in())
    call.user = user
    call.token = call.headers.get("x-auth-token", "")
    if isinstance(call.body, dict) and isinstance(call.body.get("payload"), str):
        try:
            call.body = parse_json(call.body["payload"])
        except BadJson as error:
            raise Failure(str(error)) from None


@behaviour("auth.has_permission")
def has_permission(site: Site, user: Document, permission: str) -> bool:
    """Whether one of the roles of an account holds a permission."""
    holders = permission_roles(site).get(permission, ())
    return any(role in holders for role in user.get("roles", ()))


@behaviour("auth.has_role")
def has_role(site: Site, user: Document, role: str) -> bool:
    """Whether an account has a role."""
    return role in user.get("roles", ())


@behaviour("auth.require_permission")
def require_permission(site: Site, call: Call, *permissions: str) -> None:
    """Let only callers with every permission pass; the handler's own check.

    Raises:
        Stop: 403 ``unauthorized``.
    """
    if not all(has_permission(site, call.user, permission) for permission in permissions):
        raise Stop(unauthorized())


@behaviour("auth.require_permission_of_finder")
def require_permission_of_finder(site: Site, call: Call, *permissions: str) -> None:
    """Let only callers with every permission pass; the check of the functions that find things.

    Raises:
        Stop: 400 ``error-not-authorized`` without a type.
    """
    if not all(has_permission(site, call.user, permission) for permission in permissions):
        raise Stop(failure("error-not-authorized"))
