"""Checks of what a call sends, as behaviours: every operation checks its query and its body through these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.reference.seam import behaviour

if TYPE_CHECKING:
    from conformance.reference.match import Pattern
    from conformance.reference.request import Call
    from conformance.reference.site import Site


@behaviour("validate.query")
def check_query(site: Site, call: Call, pattern: Pattern) -> dict[str, Any]:
    """The query of a call, once it matches a pattern.

    Raises:
        MatchFailure: It does not.
    """
    pattern.check(call.query)
    return call.query


@behaviour("validate.body")
def check_body(site: Site, call: Call, pattern: Pattern) -> Any:
    """The body of a call, once it matches a pattern.

    Raises:
        MatchFailure: It does not.
    """
    pattern.check(call.body)
    return call.body


@behaviour("validate.value")
def check_value(site: Site, call: Call, value: Any, pattern: Pattern) -> Any:
    """A single value of a call, once it matches a pattern.

    Raises:
        MatchFailure: It does not.
    """
    pattern.check(value)
    return value
