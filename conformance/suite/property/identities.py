"""Identities: who a call may pretend to be, and which personas the target's own table of permissions lets in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from conformance.contract import Operation
from conformance.suite.property.call import Call
from conformance.suite.property.supply import Supply
from conformance.target import ABSENT
from conformance.target.personas import Persona

TOKEN, USER = "x-auth-token", "x-user-id"
_WRONG_TOKEN: Final = "lcxNoTokenThatAnyServerEverGave000000000000"  # as long as the tokens that servers give
_WRONG_ID: Final = "lcxNobodyHasThisId"
REFUSAL_CODES: Final = ("error-not-authorized", "error-not-allowed")
"""The codes by which a finder or a method refuses a caller who lacks a permission."""


@dataclass(frozen=True, slots=True)
class Disguise:
    """A call with credentials that prove nothing, and what is wrong with them."""

    what: str
    call: Call


def disguises(call: Call, own: Persona, other: Persona) -> Iterator[Disguise]:
    """The same call with no credentials, wrong ones, half of them, mixed ones, and right ones in the wrong place.

    The most telling ones come first, so that the first few will do where time is short.

    Args:
        call: The call; ``own`` sends it.
        own: A persona with credentials that are good.
        other: Another persona with credentials that are good.
    """
    good = own.headers

    def with_headers(what: str, headers: dict[str, str]) -> Disguise:
        made = call.copy()
        made.without_credentials = True
        made.headers = headers
        return Disguise(what, made)

    yield with_headers("without credentials", {})
    yield with_headers("with a wrong token", {**good, TOKEN: _WRONG_TOKEN})
    yield with_headers("with the token of another user", {**good, TOKEN: other.headers[TOKEN]})
    yield with_headers("with the token alone", {TOKEN: good[TOKEN]})
    yield with_headers("with the user id alone", {USER: good[USER]})
    yield with_headers("with a wrong user id", {**good, USER: _WRONG_ID})
    yield with_headers("with the token and the id exchanged", {TOKEN: good[USER], USER: good[TOKEN]})
    yield with_headers("with empty credentials", {TOKEN: "", USER: ""})
    misplaced = with_headers("with credentials in the query", {})
    misplaced.call.pairs += [("X-Auth-Token", good[TOKEN]), ("X-User-Id", good[USER])]
    yield misplaced
    if call.body is not ABSENT and isinstance(call.body, dict):
        in_body = with_headers("with credentials in the body", {})
        in_body.call.body |= {"authToken": good[TOKEN], "userId": good[USER]}
        yield in_body


@dataclass(slots=True)
class Rights:
    """The target's own table of permissions, read once; the defaults where nobody may read it."""

    supply: Supply
    _table: dict[str, frozenset[str]] | None = field(default=None)

    def table(self) -> dict[str, frozenset[str]]:
        """Permission to the roles that hold it; empty where the server does not tell."""
        if self._table is None:
            world = self.supply.world
            exchange = world.client.send(world.admin, "listPermissions")
            listed: Any = (
                exchange.json.get("update") if exchange.status == 200 and isinstance(exchange.json, dict) else []
            )
            self._table = {
                str(each["_id"]): frozenset(map(str, each["roles"]))
                for each in (listed if isinstance(listed, list) else [])
                if isinstance(each, dict) and "_id" in each and isinstance(each.get("roles"), list)
            }
        return self._table

    def lacks(self, operation: Operation, roles: frozenset[str]) -> bool:
        """Whether holders of these roles alone lack what an operation asks for."""
        table = self.table()

        def holds(permission: str) -> bool:
            return bool(table.get(permission, _DEFAULT.get(permission, frozenset())) & roles)

        wanted = operation.permissions
        if "allOf" in wanted:
            return not all(map(holds, wanted["allOf"]))
        return bool(wanted.get("anyOf")) and not any(map(holds, wanted["anyOf"]))


_STAFF: Final = frozenset({"livechat-agent", "livechat-manager", "admin"})
_MANAGERS: Final = frozenset({"livechat-manager", "admin"})
_DEFAULT: Final[dict[str, frozenset[str]]] = {
    "view-l-room": _STAFF,
    "close-livechat-room": _STAFF,
    **dict.fromkeys(
        (
            "view-livechat-manager",
            "view-livechat-rooms",
            "view-livechat-departments",
            "manage-livechat-departments",
            "add-livechat-department-agents",
            "manage-livechat-agents",
            "transfer-livechat-guest",
            "view-livechat-officeHours",
            "view-livechat-business-hours",
        ),
        _MANAGERS,
    ),
}


def refusal_codes(operation: Operation) -> tuple[str, ...]:
    """The codes by which a missing permission is refused: ``unauthorized`` with 403, a documented one with 400."""
    if operation.refusal == 403:
        return ("unauthorized",)
    if operation.id == "forwardRoom":
        return ("error-not-allowed",)
    return tuple(code for code in REFUSAL_CODES if code in operation.error_codes) or REFUSAL_CODES


def sent_by(call: Call, who: Persona) -> Call:
    """The same call in the name of somebody else."""
    return replace(call.copy(), who=who)
