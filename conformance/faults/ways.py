"""Ways in which a server goes wrong: small factories of what a fault wraps, for mistakes that are alike."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from conformance.reference.envelope import Answer, Refusal

Way = Callable[..., Any]
Wraps = Mapping[str, Way]


def answered(operation: str, change: Way, *, status: int = 200) -> Wraps:
    """Change the answers of an operation that have this status: ``change(site, call, body)`` edits the body.

    Args:
        operation: The ``operationId``.
        change: What happens to the body, which is a JSON object of the answer's own.
        status: Only answers with this status are changed.
    """

    def changed(original: Way, site: Any, operation_id: str | None, call: Any, answer: Answer) -> Answer:
        answer = original(site, operation_id, call, answer)
        if operation_id == operation and answer.status == status and isinstance(answer.body, dict):
            answer.body = copy.deepcopy(answer.body)
            change(site, call, answer.body)
        return answer

    return {"http.answer": changed}


def holder(body: Any, path: str) -> tuple[Any, str] | None:
    """The object that holds the last key of a dotted path, and that key; ``None`` where there is none."""
    *steps, last = path.split(".")
    for step in steps:
        body = body.get(step) if isinstance(body, dict) else None
    return (body, last) if isinstance(body, dict) else None


def put(path: str, value: Any) -> Way:
    """A change that sets a member: to a value, or to what a function makes of it; a missing member stays missing."""

    def change(site: Any, call: Any, body: Any) -> None:
        found = holder(body, path)
        if found is not None and found[1] in found[0]:
            found[0][found[1]] = value(found[0][found[1]]) if callable(value) else value

    return change


def drop(path: str) -> Way:
    """A change that leaves a member out."""

    def change(site: Any, call: Any, body: Any) -> None:
        found = holder(body, path)
        if found is not None:
            found[0].pop(found[1], None)

    return change


def during(operation: str, behaviour: str, function: Way) -> dict[str, Way]:
    """Wrap a behaviour by ``function``, but only while this operation is handled."""

    def mark(original: Way, site: Any, call: Any) -> Any:
        site.memory["during"] = operation
        try:
            return original(site, call)
        finally:
            site.memory.pop("during", None)

    def only(original: Way, site: Any, *args: Any, **more: Any) -> Any:
        if site.memory.get("during") == operation:
            return function(original, site, *args, **more)
        return original(site, *args, **more)

    return {f"operation.{operation}": mark, behaviour: only}


def unchecked_token(operation: str) -> dict[str, Way]:
    """Take every token: a visitor whom nobody knows is made up on the spot."""

    def anybody(original: Way, site: Any, token: str) -> Any:
        try:
            return original(site, token)
        except Refusal:
            return {"_id": "unknown", "username": "guest", "token": token}

    return during(operation, "visitors.require", anybody)


def otherwise(operation: str, behaviour: str, code: str) -> dict[str, Way]:
    """Refuse with another code where a behaviour refuses during this operation."""

    def relabel(original: Way, site: Any, *args: Any, **more: Any) -> Any:
        try:
            return original(site, *args, **more)
        except Refusal as error:
            raise Refusal(code, error.reason, error.details, keep=error.keep) from None

    return during(operation, behaviour, relabel)


def forgiven(operation: str, code: str, answer: Way) -> dict[str, Way]:
    """Answer a refusal of this code as a success: ``answer(site, call)`` makes the answer."""

    def forgive(original: Way, site: Any, call: Any) -> Any:
        try:
            return original(site, call)
        except Refusal as error:
            if error.code != code:
                raise
            return answer(site, call)

    return {f"operation.{operation}": forgive}


def recoded(operation: str, code: str, other: str) -> Wraps:
    """Name another code in the 400 answers of an operation, wherever the code stands."""

    def change(site: Any, call: Any, body: dict[str, Any]) -> None:
        for key in ("error", "message", "errorType"):
            if isinstance(body.get(key), str):
                body[key] = body[key].replace(code, other)

    return answered(operation, change, status=400)


def stale(operation: str, key: Way, *, keep: int = 0) -> dict[str, Way]:
    """Answer from a cache that nothing empties: the first success for a ``key(call)`` is given again for ever.

    Args:
        operation: The ``operationId``.
        key: What of a call chooses the cached answer.
        keep: So many calls of a key are answered afresh before the last of them is kept.
    """

    def cached(original: Way, site: Any, call: Any) -> Any:
        kept = site.memory.setdefault(f"stale {operation}", {})
        count, answer = kept.get(key(call), (0, None))
        if answer is not None and count > keep:
            return copy.deepcopy(answer)
        answer = original(site, call)
        if answer.status == 200:
            kept[key(call)] = (count + 1, copy.deepcopy(answer))
        return answer

    return {f"operation.{operation}": cached}


def after(behaviour: str, effect: Way) -> dict[str, Way]:
    """Let something happen after a behaviour: ``effect(result, site, *args)``; what it returns is the new result."""

    def then(original: Way, site: Any, *args: Any, **more: Any) -> Any:
        return effect(original(site, *args, **more), site, *args, **more)

    return {behaviour: then}


def instead(behaviour: str, value: Any) -> dict[str, Way]:
    """Let a behaviour give this value whatever it is asked; it is called all the same."""

    def always(original: Way, site: Any, *args: Any, **more: Any) -> Any:
        original(site, *args, **more)
        return copy.deepcopy(value)

    return {behaviour: always}


def skipped(behaviour: str) -> dict[str, Way]:
    """Leave a behaviour out that has no result: a check that is forgotten, a write that is not done."""
    return {behaviour: lambda original, site, *args, **more: None}


def refused_yet_done(operation: str, effect: Way, *, statuses: tuple[int, ...] = (400,)) -> dict[str, Way]:
    """Let a refused call have an effect all the same: ``effect(site, call)`` writes after the refusal is ready."""

    def changed(original: Way, site: Any, operation_id: str | None, call: Any, answer: Answer) -> Answer:
        answer = original(site, operation_id, call, answer)
        if operation_id == operation and answer.status in statuses:
            effect(site, call)
            site.store.commit()
        return answer

    return {"http.answer": changed}


def default_order(operation: str, sort: str) -> dict[str, Way]:
    """List in this order (JSON text) where the call asks for none."""

    def ordered(original: Way, site: Any, call: Any) -> Any:
        call.query.setdefault("sort", sort)
        return original(site, call)

    return {f"operation.{operation}": ordered}


def listed(operation: str, key: str, change: Way) -> Wraps:
    """Change the items of a list: ``change(site, items)`` gives those that are answered; count and total follow."""

    def edit(site: Any, call: Any, body: dict[str, Any]) -> None:
        before = len(body[key])
        body[key] = change(site, body[key])
        for name in ("count", "total"):
            if isinstance(body.get(name), int):
                body[name] += len(body[key]) - before

    return answered(operation, edit)


def each_listed(operation: str, key: str, change: Way) -> Wraps:
    """Change every item of a list: ``change(site, item)`` edits it."""

    def edit(site: Any, call: Any, body: dict[str, Any]) -> None:
        for item in body[key]:
            change(site, item)

    return answered(operation, edit)


def reads_as_text(operation: str, key: str, find: Way, *, where: str = "body") -> dict[str, Way]:
    """Let an object in place of a text be an operator that matches: ``find(site, call)`` gives what it matches."""

    def matched(original: Way, site: Any, call: Any, pattern: Any) -> Any:
        values = getattr(call, where)
        if isinstance(values, dict) and isinstance(values.get(key), dict):
            setattr(call, where, {**values, key: find(site, call)})
        return original(site, call, pattern)

    return during(operation, f"validate.{where}", matched)


def asks_for(operation: str, permission: str, *, check: str = "auth.require_permission") -> dict[str, Way]:
    """Ask for another permission than the operation's own."""
    return during(operation, check, lambda original, site, call, *permissions: original(site, call, permission))
