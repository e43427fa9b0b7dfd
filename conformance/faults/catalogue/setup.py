"""Faults of triggers, of the lists of settings and of the office hours."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, default_order, each_listed, listed, stale
from conformance.reference.envelope import failure

_TRIGGERS, _TRIGGER, _HOURS = ("listTriggers",), ("getTrigger",), ("getOfficeHours",)
_APPEARANCE, _INTEGRATIONS = ("getAppearance",), ("getIntegrationSettings",)
_STATE, _SHALLOW, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.RELATION


def _key(call: Any) -> str:
    return f"{call.params} {sorted(call.query.items())}"


def _no_actions(site: Any, trigger: Any) -> None:
    trigger["actions"] = []


def _first_trigger(original: Any, site: Any, identifier: str) -> Any:
    return original(site, identifier) and site.triggers.find()[0]


def _unknown_refused(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    unknown = answer.status == 200 and answer.body.get("trigger") is None
    return failure("error-invalid-trigger") if unknown else answer


def _settings(operation: str, key: str, change: Any) -> Any:
    """Change every setting of a list: ``change(site, setting)``."""
    return each_listed(operation, key, change)


def _upper(site: Any, each: Any) -> None:
    if each["_id"] == "Livechat_title" and isinstance(each.get("value"), str):
        each["value"] = each["value"].upper()


def _masked(site: Any, each: Any) -> None:
    if each["_id"] == "Livechat_secret_token":
        each["value"] = "********"


def _doubled(days: Any, site: Any) -> Any:
    return [days[0], *days[:-1]]


def _each_day(change: Any) -> Any:
    def changed(days: Any, site: Any) -> Any:
        for day in days:
            change(day)
        return days

    return after("office_hours.list", changed)


def _hours_only(day: Any) -> None:
    for key in ("start", "finish"):
        day[key] = day[key].split(":")[0]


def _from_monday(day: Any) -> None:
    day["code"] = (day["code"] + 6) % 7


def _as_text(day: Any) -> None:
    day["open"] = "true" if day["open"] else "false"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "setup.trigger-without-actions",
        ("LC-TRIGGER-006",),
        _TRIGGERS,
        Kind.DATA_LOSS,
        _RELATION,
        "A trigger is listed without its actions.",
        wrap=each_listed("listTriggers", "triggers", _no_actions),
    ),
    Fault(
        "setup.triggers-stale",
        ("LC-TRIGGER-006",),
        _TRIGGERS,
        _STATE,
        _RELATION,
        "The list of triggers is answered from a cache.",
        wrap=stale("listTriggers", _key),
    ),
    Fault(
        "setup.triggers-enabled-only",
        ("LC-TRIGGER-007",),
        _TRIGGERS,
        _STATE,
        _RELATION,
        "Triggers that are disabled are not listed.",
        wrap=listed("listTriggers", "triggers", lambda site, items: [each for each in items if each.get("enabled")]),
    ),
    Fault(
        "setup.triggers-by-id",
        ("LC-TRIGGER-008",),
        _TRIGGERS,
        _STATE,
        _RELATION,
        "Triggers are listed by their ids.",
        wrap=default_order("listTriggers", '{"_id":1}'),
    ),
    Fault(
        "setup.reads-first-trigger",
        ("LC-TRIGGER-014",),
        _TRIGGER,
        _STATE,
        _RELATION,
        "Whichever trigger is read, the first one is answered.",
        wrap={"triggers.find": _first_trigger},
    ),
    Fault(
        "setup.unknown-trigger-refused",
        ("LC-TRIGGER-015",),
        _TRIGGER,
        Kind.STATUS,
        _SHALLOW,
        "An _id that no trigger has is refused.",
        wrap={"operation.getTrigger": _unknown_refused},
    ),
    Fault(
        "setup.appearance-without-forms",
        ("LC-SETTING-006",),
        _APPEARANCE,
        Kind.DATA_LOSS,
        _SHALLOW,
        "The appearance lacks the settings of the offline form.",
        wrap=listed(
            "getAppearance",
            "appearance",
            lambda site, items: [each for each in items if not each["_id"].startswith("Livechat_offline")],
        ),
    ),
    Fault(
        "setup.appearance-doubled",
        ("LC-SETTING-007",),
        _APPEARANCE,
        _STATE,
        _SHALLOW,
        "A setting stands in the appearance twice.",
        wrap=listed("getAppearance", "appearance", lambda site, items: [*items, *items[:1]]),
    ),
    Fault(
        "setup.appearance-other-value",
        ("LC-SETTING-008",),
        _APPEARANCE,
        _STATE,
        _RELATION,
        "The appearance shows the title in capital letters.",
        wrap=_settings("getAppearance", "appearance", _upper),
    ),
    Fault(
        "setup.appearance-stale",
        ("LC-SETTING-009", "LC-SETTING-008"),
        _APPEARANCE,
        _STATE,
        _RELATION,
        "The appearance is answered from a cache.",
        wrap=stale("getAppearance", _key),
    ),
    Fault(
        "setup.appearance-foreign",
        ("LC-SETTING-010",),
        _APPEARANCE,
        _STATE,
        _SHALLOW,
        "The appearance shows a setting of the API as well.",
        wrap=listed(
            "getAppearance",
            "appearance",
            lambda site, items: [*items, *filter(None, [site.settings.get("API_Default_Count")])],
        ),
    ),
    Fault(
        "setup.secret-masked",
        ("LC-SETTING-016",),
        _INTEGRATIONS,
        _STATE,
        _RELATION,
        "The secret token is shown as asterisks.",
        wrap=_settings("getIntegrationSettings", "settings", _masked),
    ),
    Fault(
        "setup.webhook-missing",
        ("LC-SETTING-016",),
        _INTEGRATIONS,
        Kind.DATA_LOSS,
        _SHALLOW,
        "The integration settings lack the address of the webhook.",
        wrap=listed(
            "getIntegrationSettings",
            "settings",
            lambda site, items: [each for each in items if each["_id"] != "Livechat_webhookUrl"],
        ),
    ),
    Fault(
        "setup.integrations-stale",
        ("LC-SETTING-017",),
        _INTEGRATIONS,
        _STATE,
        _RELATION,
        "The integration settings are answered from a cache.",
        wrap=stale("getIntegrationSettings", _key),
    ),
    Fault(
        "setup.sunday-twice",
        ("LC-SETTING-023",),
        _HOURS,
        _STATE,
        _SHALLOW,
        "The office hours hold Sunday twice and Saturday not at all.",
        wrap=after("office_hours.list", _doubled),
    ),
    Fault(
        "setup.hours-without-minutes",
        ("LC-SETTING-024",),
        _HOURS,
        Kind.SCHEMA,
        _SHALLOW,
        "Start and finish of a day are given without minutes.",
        wrap=_each_day(_hours_only),
    ),
    Fault(
        "setup.week-from-monday",
        ("LC-SETTING-025",),
        _HOURS,
        _STATE,
        _SHALLOW,
        "The codes of the days count from Monday 0.",
        wrap=_each_day(_from_monday),
    ),
    Fault(
        "setup.open-as-text",
        ("LC-SETTING-027",),
        _HOURS,
        Kind.SCHEMA,
        _SHALLOW,
        "The open of a day is a text.",
        wrap=_each_day(_as_text),
    ),
)
