"""OpenAPI Overlay 1.0 documents: how another generation of servers differs from the base document.

``x-applies: {since, until}`` says for which servers an overlay holds (half-open). Objects are merged, values replaced,
and what is added to an array is appended, as the Overlay specification says; to replace an array, remove it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.contract.jsonpath import select
from conformance.contract.loading import Source, read_yaml
from conformance.contract.pointers import get
from conformance.contract.problems import ContractError
from conformance.contract.versions import in_range, parse_version

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """One overlay document: its name (the file's stem), title, range of server versions, actions, and source."""

    name: str
    title: str
    since: str | None
    until: str | None
    actions: tuple[dict[str, Any], ...]
    source: Source

    def applies(self, version: str) -> bool:
        """Say whether it holds for a server of this version."""
        return in_range(version, self.since, self.until)

    def fail(self, rule: str, sentence: str, *pointer: str | int) -> ContractError:
        """Return the error for something in this file."""
        return ContractError(rule, sentence, self.source.path, self.source.line(*pointer))


def read_overlay(path: Path) -> Overlay:
    """Read one overlay.

    Raises:
        ContractError: It is not an overlay, or a bound of its range is not a version.
    """
    source = read_yaml(path)
    value = source.value
    if not (isinstance(value, dict) and str(value.get("overlay", "")).startswith("1.")):
        raise ContractError("overlay-version", "an overlay begins with `overlay: 1.0.0`", path, 1)
    applies = value.get("x-applies")
    if not isinstance(applies, dict) or not set(applies) <= {"since", "until"} or not applies:
        raise ContractError(
            "overlay-applies",
            "an overlay says for which servers it holds: `x-applies: {since: ..., until: ...}`",
            path,
            source.line("x-applies"),
        )
    since, until = (str(applies[key]) if applies.get(key) is not None else None for key in ("since", "until"))
    for bound in (since, until):
        try:
            parse_version(bound or "0")
        except ValueError as error:
            raise ContractError("overlay-applies", str(error), path, source.line("x-applies")) from None
    actions = value.get("actions")
    if not isinstance(actions, list) or not actions:
        raise ContractError("overlay-actions", "an overlay has at least one action", path, source.line("actions"))
    info = value.get("info")
    title = str(info.get("title", path.stem)) if isinstance(info, dict) else path.stem
    overlay = Overlay(path.stem, title, since, until, tuple(actions), source)
    for index, action in enumerate(actions):
        if not isinstance(action, dict) or not isinstance(action.get("target"), str):
            raise overlay.fail("overlay-actions", "an action has a target", "actions", index)
        if ("update" in action) == (action.get("remove") is True):
            raise overlay.fail("overlay-actions", "an action either updates or removes", "actions", index)
    return overlay


def _merge(target: Any, update: Any) -> Any:
    if isinstance(target, dict) and isinstance(update, dict):
        out = dict(target)
        for key, value in update.items():
            out[key] = _merge(out[key], value) if key in out else value
        return out
    if isinstance(target, list):
        return [*target, *update] if isinstance(update, list) else [*target, update]
    return update


def _replaced(document: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """Return the document with another value at ``steps``; what is not on the way there is shared."""
    if not steps:
        return value
    head, rest = steps[0], steps[1:]
    if isinstance(document, list):
        return [_replaced(child, rest, value) if index == head else child for index, child in enumerate(document)]
    return {key: _replaced(child, rest, value) if key == head else child for key, child in document.items()}


def _without(document: Any, steps: tuple[str | int, ...]) -> Any:
    holder = get(document, steps[:-1])
    if isinstance(holder, list):
        kept: Any = [child for index, child in enumerate(holder) if index != steps[-1]]
    else:
        kept = {key: child for key, child in holder.items() if key != steps[-1]}
    return _replaced(document, steps[:-1], kept)


def apply_overlay(document: Any, overlay: Overlay) -> Any:
    """Return the document with the overlay's actions done; the given document stays as it is.

    Raises:
        ContractError: A target cannot be read or matches nothing.
    """
    for index, action in enumerate(overlay.actions):
        try:
            targets = select(document, action["target"])
        except ValueError as error:
            raise overlay.fail("overlay-target", str(error), "actions", index, "target") from None
        if not targets:
            raise overlay.fail(
                "overlay-target",
                f"the target {action['target']} matches nothing in the document",
                "actions",
                index,
                "target",
            )
        # From the last to the first, so that removing one item of a list moves none that is still to be removed.
        for steps, value in reversed(targets):
            if action.get("remove") is True:
                if not steps:
                    raise overlay.fail("overlay-target", "the whole document cannot be removed", "actions", index)
                document = _without(document, steps)
            else:
                document = _replaced(document, steps, _merge(value, action["update"]))
    return document
