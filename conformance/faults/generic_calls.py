"""Generic ways to treat calls wrongly: not to ask for what must be given, not to ask who calls, to refuse everything.

Each function makes what a fault wraps around a behaviour of the reference server, for one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from conformance.contract import Contract
from conformance.contract.model import Operation
from conformance.faults.generic_members import Steps
from conformance.reference.envelope import Answer, Failure, Refusal, Stop, failure, success
from conformance.reference.match import MatchFailure
from conformance.reference.request import Call
from conformance.reference.site import Site

Wraps = Mapping[str, Callable[..., Any]]
_MEMORY: Final = "generic faults: what calls had"
_DEPTH: Final = 3


def required(contract: Contract, operation: Operation) -> Iterator[tuple[str, Steps]]:
    """What a well-formed request must have: ``query`` or ``body``, and the steps to the value.

    What the contract says real servers let pass is left out, and so are members of the body that are required only
    inside of something optional.
    """
    if operation.tolerated:
        return
    for parameter in operation.parameters_in("query"):
        if parameter.required:
            yield "query", (parameter.name,)
    if operation.body_required:
        for steps in _members(contract, operation.body_schema, ()):
            yield "body", steps


def _members(contract: Contract, schema: Any, at: Steps) -> Iterator[Steps]:
    schema = contract.resolve(schema)
    if not isinstance(schema, dict) or len(at) >= _DEPTH:
        return
    for name in schema.get("required", ()):
        yield (*at, name)
        yield from _members(contract, schema.get("properties", {}).get(name), (*at, name))
    for part in schema.get("allOf", ()):
        yield from _members(contract, part, at)


def not_enforced(operation: str, place: str, steps: Steps) -> Wraps:
    """Do not ask for a value: where it is missing, take the one that an earlier call had, or say yes to nothing."""
    key = (operation, place, steps)

    def handle(original: Callable[..., Any], site: Site, call: Call) -> Answer:
        memory: dict[Any, Any] = site.memory.setdefault(_MEMORY, {})
        given = getattr(call, place)
        value = _value(given, steps)
        if value is not None:
            answer: Answer = original(site, call)
            if answer.status == 200:
                memory[key] = value
            return answer
        if key in memory:
            setattr(call, place, _with(given, steps, memory[key]))
            try:
                answer = original(site, call)
                if answer.status == 200:
                    return answer
            except (Refusal, Failure, MatchFailure):
                pass
        return success()

    return {f"operation.{operation}": handle}


def _value(given: Any, steps: Steps) -> Any:
    for step in steps:
        given = given.get(step) if isinstance(given, dict) else None
    return given


def _with(given: Any, steps: Steps, value: Any) -> Any:
    if not steps:
        return value
    members = given if isinstance(given, dict) else {}
    return {**members, steps[0]: _with(members.get(steps[0]), steps[1:], value)}


def opened(operation: str) -> Wraps:
    """Let everybody in: who proves nothing is taken for the administrator."""

    def require(original: Callable[..., Any], site: Site, call: Call) -> None:
        if call.operation.id != operation:
            original(site, call)
            return
        try:
            original(site, call)
        except Stop:
            call.user = _administrator(site)

    return {"auth.require_login": require}


def any_token(operation: str) -> Wraps:
    """Look at the user id only: any token proves it."""

    def require(original: Callable[..., Any], site: Site, call: Call) -> None:
        try:
            original(site, call)
        except Stop:
            user = site.users.get(call.headers.get("x-user-id", ""))
            if call.operation.id != operation or user is None or not call.headers.get("x-auth-token"):
                raise
            call.user = user

    return {"auth.require_login": require}


def permission_not_asked(operation: str) -> Wraps:
    """Let everybody who is logged in do it: for this call he has the administrator's role."""

    def handle(original: Callable[..., Any], site: Site, call: Call) -> Any:
        call.user = {**call.user, "roles": sorted({*call.user.get("roles", ()), "admin"})}
        return original(site, call)

    return {f"operation.{operation}": handle}


def refuses_all(operation: str) -> Wraps:
    """Refuse what is well-formed: the call is done, and yet answered like an ill-formed one."""

    def answer(original: Callable[..., Any], site: Site, operation_id: str | None, call: Call, given: Answer) -> Answer:
        passed: Answer = original(site, operation_id, call, given)
        return failure("invalid-params") if operation_id == operation and passed.status == 200 else passed

    return {"http.answer": answer}


def _administrator(site: Site) -> dict[str, Any]:
    user = next(each for each in site.users.find() if "admin" in each.get("roles", ()))
    return dict(user)
