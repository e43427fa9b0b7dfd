"""Triggers as managers list and read them."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge
from conformance.target import RecordingClient
from conformance.world import Trigger, World

_FIELDS = ("name", "description", "enabled", "conditions", "actions")


def all_triggers(world: World, client: RecordingClient) -> tuple[list[dict[str, Any]], Exchange]:
    """Every trigger of the server, page by page in the default order, and the last answer."""
    found: list[dict[str, Any]] = []
    while True:
        exchange = client.send(world.admin, "listTriggers", query={"count": 100, "offset": len(found)})
        page = exchange.json.get("triggers") if isinstance(exchange.json, dict) else None
        listed = [each for each in page if isinstance(each, dict)] if isinstance(page, list) else []
        found += listed
        if len(listed) < 100:
            return found, exchange


def _shown(document: Any, trigger: Trigger) -> Any:
    if not isinstance(document, dict):
        return document
    return {name: document.get(name) for name in ("_id", *_FIELDS) if name == "_id" or name in trigger.data}


def _expected(trigger: Trigger) -> dict[str, Any]:
    return {"_id": trigger.id, **{name: trigger.data[name] for name in _FIELDS if name in trigger.data}}


@pytest.mark.clause("LC-TRIGGER-006", "LC-TRIGGER-007", "LC-TRIGGER-008")
def test_triggers_are_listed_as_they_were_made(world: World, client: RecordingClient, judge: Judge) -> None:
    """Every trigger is listed with its name, description, conditions and actions, disabled ones too, sorted by name."""
    all_triggers(world, client)  # what was listed before must not be all that is listed now
    enabled, disabled = world.trigger(), world.trigger(enabled=False)
    made = {enabled.id, disabled.id, *(world.trigger().id for _ in range(3))}
    listed, exchange = all_triggers(world, client)
    by_id = {each.get("_id"): each for each in listed}
    judge.equal(
        "LC-TRIGGER-006",
        _shown(by_id.get(enabled.id), enabled),
        _expected(enabled),
        "the trigger is not listed as it was made",
        exchange=exchange,
        pointer="/triggers",
    )
    judge.equal(
        "LC-TRIGGER-007",
        _shown(by_id.get(disabled.id), disabled),
        _expected(disabled),
        "the disabled trigger is not listed as it was made",
        exchange=exchange,
        pointer="/triggers",
    )
    ours = [each.get("name") for each in listed if each.get("_id") in made]
    judge.equal(
        "LC-TRIGGER-008",
        ours,
        sorted(map(str, ours)),
        "the triggers are not sorted by name",
        exchange=exchange,
        pointer="/triggers",
    )


@pytest.mark.clause("LC-TRIGGER-014", "LC-TRIGGER-015")
def test_one_trigger_is_read_by_its_id(world: World, client: RecordingClient, judge: Judge) -> None:
    """The trigger that is read is the one with that _id, as the list shows it; an unknown one is nothing."""
    # First, for a server on which nobody can make triggers (before 3.1) can be asked that, too.
    unknown = client.send(world.admin, "getTrigger", path={"_id": world.new_room_id()})
    held = unknown.status == 200 and isinstance(unknown.json, dict) and unknown.json.get("trigger") is None
    judge.that(
        "LC-TRIGGER-015",
        held,
        "an _id that no trigger has was not answered with 200 and no trigger",
        exchange=unknown,
        expected={"trigger": None},
        observed=unknown.json,
        pointer="/trigger",
    )
    first, second = world.trigger(), world.trigger(enabled=False)
    listed, _ = all_triggers(world, client)
    by_id = {each.get("_id"): each for each in listed}
    for trigger in (first, second):
        exchange = client.send(world.admin, "getTrigger", path={"_id": trigger.id})
        found = judge.pick(exchange, "trigger")
        judge.equal(
            "LC-TRIGGER-014",
            _shown(found, trigger),
            _expected(trigger),
            "another trigger was read than the one that was asked for",
            exchange=exchange,
            pointer="/trigger",
        )
        if trigger.id in by_id:
            judge.equal(
                "LC-TRIGGER-014",
                found,
                by_id[trigger.id],
                "the trigger is read otherwise than it is listed",
                exchange=exchange,
                pointer="/trigger",
            )
