"""Appearance, integration settings and office hours (documentation: the Livechat pages of the same names)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge
from conformance.target import RecordingClient
from conformance.world import World

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_APPEARANCE = (
    "Livechat_title",
    "Livechat_title_color",
    "Livechat_display_offline_form",
    "Livechat_offline_message",
    "Livechat_offline_title",
    "Livechat_registration_form",
)


def listed(exchange: Exchange, key: str) -> list[dict[str, Any]]:
    """The objects under a key of an answer; empty where there are none."""
    found = exchange.json.get(key) if isinstance(exchange.json, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def value_of(exchange: Exchange, key: str, setting: str) -> Any:
    """The value of one setting of a list; ``None`` where it is not there."""
    return next((each.get("value") for each in listed(exchange, key) if each.get("_id") == setting), None)


@pytest.mark.clause("LC-SETTING-006", "LC-SETTING-007", "LC-SETTING-008", "LC-SETTING-010")
def test_the_appearance_shows_what_is_in_force(world: World, client: RecordingClient, judge: Judge) -> None:
    """The appearance holds the widget's settings, each once, with the values that are in force, and no others."""
    exchange = client.send(world.manager(), "getAppearance")
    ids = [str(each.get("_id")) for each in listed(exchange, "appearance")]
    missing = [each for each in _APPEARANCE if each not in ids]
    judge.equal(
        "LC-SETTING-006",
        missing,
        [],
        "the appearance lacks settings of the widget",
        exchange=exchange,
        pointer="/appearance",
    )
    twice = [each for each, count in Counter(ids).items() if count > 1]
    judge.equal(
        "LC-SETTING-007",
        twice,
        [],
        "a setting stands in the appearance more than once",
        exchange=exchange,
        pointer="/appearance",
    )
    foreign = [each for each in ids if not each.startswith("Livechat_")]
    foreign += [each for each in ids if each in {"Livechat_secret_token", "Livechat_webhookUrl", "Livechat_enabled"}]
    judge.equal(
        "LC-SETTING-010",
        foreign,
        [],
        "the appearance shows settings of other parts of the server",
        exchange=exchange,
        pointer="/appearance",
    )
    for setting in ("Livechat_title", "Livechat_display_offline_form", "Livechat_registration_form"):
        if setting in ids:
            judge.equal(
                "LC-SETTING-008",
                value_of(exchange, "appearance", setting),
                world.read_setting(setting),
                f"the value of {setting} is not the one in force",
                exchange=exchange,
                pointer="/appearance",
            )


@pytest.mark.clause("LC-SETTING-009")
@pytest.mark.exclusive
def test_a_change_is_seen_in_the_appearance(world: World, client: RecordingClient, judge: Judge) -> None:
    """A changed setting is seen in the appearance."""
    message = f"Nobody is here {world.new_department_name()}"
    manager = world.manager()
    client.send(manager, "getAppearance")  # what was read before must not be shown again
    with world.setting("Livechat_offline_message", message):
        exchange = world.eventually(
            lambda: client.send(manager, "getAppearance"),
            until=lambda seen: value_of(seen, "appearance", "Livechat_offline_message") == message,
        )
    judge.equal(
        "LC-SETTING-009",
        value_of(exchange, "appearance", "Livechat_offline_message"),
        message,
        "the appearance shows the old value",
        exchange=exchange,
        pointer="/appearance",
    )


@pytest.mark.clause("LC-SETTING-016", "LC-SETTING-017")
@pytest.mark.exclusive
def test_the_integration_settings(world: World, client: RecordingClient, judge: Judge) -> None:
    """The integration settings hold webhook address and secret with their values, as they stand."""
    manager = world.manager()
    exchange = client.send(manager, "getIntegrationSettings")
    entries = {each.get("_id"): each for each in listed(exchange, "settings")}
    for setting in ("Livechat_webhookUrl", "Livechat_secret_token"):
        judge.that(
            "LC-SETTING-016",
            "value" in entries.get(setting, {}),
            f"{setting} is missing, or stands there without a value",
            exchange=exchange,
            expected="a value",
            observed=sorted(entries.get(setting, {})),
            pointer="/settings",
        )
        judge.equal(
            "LC-SETTING-016",
            value_of(exchange, "settings", setting),
            world.read_setting(setting),
            f"the value of {setting} is not the one in force",
            exchange=exchange,
            pointer="/settings",
        )
    # A server that sends what ends meanwhile must not reach anybody.
    address = f"https://hooks.invalid/{world.new_room_id()}"
    with world.setting("Livechat_webhookUrl", address):
        changed = world.eventually(
            lambda: client.send(manager, "getIntegrationSettings"),
            until=lambda seen: value_of(seen, "settings", "Livechat_webhookUrl") == address,
        )
    judge.equal(
        "LC-SETTING-017",
        value_of(changed, "settings", "Livechat_webhookUrl"),
        address,
        "the integration settings show the old address",
        exchange=changed,
        pointer="/settings",
    )


@pytest.mark.clause("LC-SETTING-023", "LC-SETTING-024", "LC-SETTING-025", "LC-SETTING-026", "LC-SETTING-027")
def test_the_office_hours_of_a_week(world: World, client: RecordingClient, judge: Judge) -> None:
    """The office hours hold each weekday once, with its code, its times of day, and whether it is open."""
    exchange = client.send(world.manager(), "getOfficeHours")
    days = listed(exchange, "officeHours")
    names = sorted(str(each.get("day")) for each in days)
    judge.equal(
        "LC-SETTING-023",
        names,
        sorted(_WEEKDAYS),
        "not every weekday stands in the office hours once",
        exchange=exchange,
        pointer="/officeHours",
    )
    for day in days:
        name = str(day.get("day"))
        times = {key: _time(day.get(key)) for key in ("start", "finish")}
        judge.that(
            "LC-SETTING-024",
            all(isinstance(each, str) and _TIME.fullmatch(each) for each in times.values()),
            f"start or finish of {name} is no time of day",
            exchange=exchange,
            expected="HH:MM",
            observed=times,
            pointer="/officeHours",
        )
        judge.that(
            "LC-SETTING-027",
            isinstance(day.get("open"), bool),
            f"open of {name} is neither true nor false",
            exchange=exchange,
            expected="true or false",
            observed=day.get("open"),
            pointer="/officeHours",
        )
        if name not in _WEEKDAYS:
            continue
        sunday_first = _WEEKDAYS.index(name)
        for clause, code in (("LC-SETTING-025", sunday_first), ("LC-SETTING-026", sunday_first or 7)):
            judge.equal(
                clause,
                day.get("code"),
                code,
                f"the code of {name} is another one",
                exchange=exchange,
                pointer="/officeHours",
            )


def _time(value: Any) -> Any:
    return value.get("time") if isinstance(value, dict) else value
