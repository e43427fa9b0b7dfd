"""Faults of the configuration of the widget."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during, instead
from conformance.reference.operations.config import SURVEY_ITEMS, SURVEY_VALUES
from conformance.reference.site import setting


def _config(change: Any) -> Any:
    """Change the configuration of each answer: ``change(site, call, config)``."""
    return answered("getConfig", lambda site, call, body: change(site, call, body["config"]))


def _off(change: Any) -> Any:
    return _config(lambda site, call, config: config["enabled"] or change(site, call, config))


def _on(change: Any) -> Any:
    return _config(lambda site, call, config: config["enabled"] and change(site, call, config))


def _guest_while_off(site: Any, call: Any, config: Any) -> None:
    visitor = site.visitors.one({"token": call.query.get("token") or "-"})
    if visitor is not None:
        config["guest"] = {key: visitor[key] for key in ("_id", "username", "token")}


def _departments(keep: Any) -> Any:
    keys = ("_id", "name", "showOnRegistration", "showOnOfflineForm")
    return {
        "config.departments": lambda original, site: [
            {key: each[key] for key in keys if key in each} for each in site.departments.find() if keep(site, each)
        ]
    }


def _triggers(original: Any, site: Any) -> Any:
    keys = ("_id", "actions", "conditions", "runOnce")
    return [{key: each[key] for key in keys if key in each} for each in site.triggers.find()]


def _title(original: Any, site: Any) -> Any:
    return {**original(site), "title": site.memory.setdefault("title", setting(site, "Livechat_title"))}


def _only_online(original: Any, site: Any, user: Any) -> Any:
    return original(site, user) and user.get("status") == "online"


_CONFIG = ("getConfig",)
_STATE, _LOSS, _SHALLOW = Kind.STATE, Kind.DATA_LOSS, Depth.SHALLOW
_LIVE, _RELATION, _RARE = Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "config.off-says-more",
        ("LC-CONFIG-005",),
        _CONFIG,
        _STATE,
        _RELATION,
        "While Livechat is switched off the configuration says online false, too.",
        wrap=_off(lambda site, call, config: config.update(online=False)),
    ),
    Fault(
        "config.off-unread",
        ("LC-CONFIG-005", "LC-CONFIG-006"),
        _CONFIG,
        _STATE,
        _RELATION,
        "The switch of Livechat has no effect on the configuration.",
        wrap=during(
            "getConfig",
            "settings.read",
            lambda original, site, asked: asked == "Livechat_enabled" or original(site, asked),
        ),
    ),
    Fault(
        "config.off-with-guest",
        ("LC-CONFIG-006",),
        _CONFIG,
        _STATE,
        _RELATION,
        "While Livechat is switched off a known token brings its guest.",
        wrap=_off(_guest_while_off),
    ),
    Fault(
        "config.without-resources",
        ("LC-CONFIG-007",),
        _CONFIG,
        Kind.SCHEMA,
        _SHALLOW,
        "The configuration has no resources.",
        wrap=_on(lambda site, call, config: config.pop("resources")),
    ),
    Fault(
        "config.triggers-only-with-token",
        ("LC-CONFIG-007",),
        _CONFIG,
        Kind.SCHEMA,
        _SHALLOW,
        "Without a token the configuration has no triggers.",
        wrap=_on(lambda site, call, config: call.query.get("token") or config.pop("triggers")),
    ),
    Fault(
        "config.survey-spelt-rightly",
        ("LC-CONFIG-008",),
        _CONFIG,
        _STATE,
        _SHALLOW,
        "The survey offers agentResponsiveness.",
        seen_in="what a corrector of spelling would do",
        wrap=instead(
            "config.survey",
            {"items": [each.replace("Resposiv", "Responsiv") for each in SURVEY_ITEMS], "values": list(SURVEY_VALUES)},
        ),
    ),
    Fault(
        "config.survey-numbers",
        ("LC-CONFIG-008",),
        _CONFIG,
        Kind.SCHEMA,
        _SHALLOW,
        "The values of the survey are numbers.",
        wrap=_on(lambda site, call, config: config["survey"].update(values=[1, 2, 3, 4, 5])),
    ),
    Fault(
        "config.never-online",
        ("LC-CONFIG-009",),
        _CONFIG,
        _STATE,
        _SHALLOW,
        "The configuration never says online true.",
        wrap=instead("config.online", False),
    ),
    Fault(
        "config.always-online",
        ("LC-CONFIG-010",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The configuration always says online true.",
        wrap=instead("config.online", True),
    ),
    Fault(
        "config.online-cached",
        ("LC-CONFIG-010", "LC-CONFIG-009"),
        _CONFIG,
        _STATE,
        _RELATION,
        "Whether somebody is online is found out once.",
        wrap={
            "config.online": lambda original, site, department: site.memory.setdefault(
                f"online {department}", original(site, department)
            )
        },
    ),
    Fault(
        "config.away-is-offline",
        ("LC-CONFIG-011",),
        _CONFIG,
        _STATE,
        _RELATION,
        "Only agents whose status is online count.",
        wrap=during("getConfig", "agents.is_online", _only_online),
    ),
    Fault(
        "config.department-ignored",
        ("LC-CONFIG-012", "LC-CONFIG-013"),
        _CONFIG,
        _STATE,
        _RELATION,
        "The online of the configuration speaks of all agents, whichever department is asked for.",
        wrap={"config.online": lambda original, site, department: original(site, None)},
    ),
    Fault(
        "config.empty-department-online",
        ("LC-CONFIG-013",),
        _CONFIG,
        _STATE,
        _RARE,
        "A department without agents is online.",
        wrap={
            "config.online": lambda original, site, department: (
                original(site, department)
                or bool(department and not site.department_agents.find({"departmentId": department}))
            )
        },
    ),
    Fault(
        "config.departments-of-registration",
        ("LC-CONFIG-022",),
        _CONFIG,
        _LOSS,
        _RELATION,
        "Only departments that are shown on registration are in the configuration.",
        wrap=_departments(
            lambda site, each: each.get("enabled") and each.get("numAgents") and each.get("showOnRegistration")
        ),
    ),
    Fault(
        "config.departments-cached",
        ("LC-CONFIG-022", "LC-CONFIG-023"),
        _CONFIG,
        _STATE,
        _RELATION,
        "The departments of the configuration are read once.",
        wrap={"config.departments": lambda original, site: site.memory.setdefault("departments", original(site))},
    ),
    Fault(
        "config.departments-disabled",
        ("LC-CONFIG-023",),
        _CONFIG,
        _STATE,
        _RELATION,
        "Disabled departments are in the configuration.",
        wrap=_departments(lambda site, each: each.get("numAgents")),
    ),
    Fault(
        "config.departments-empty",
        ("LC-CONFIG-023",),
        _CONFIG,
        _STATE,
        _RELATION,
        "Departments without agents are in the configuration.",
        wrap=_departments(lambda site, each: each.get("enabled") is True),
    ),
    Fault(
        "config.department-flags",
        ("LC-CONFIG-024",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The departments of the configuration say showOnOfflineForm as showOnRegistration.",
        wrap=_on(
            lambda site, call, config: [
                each.update(showOnOfflineForm=not each["showOnOfflineForm"]) for each in config["departments"]
            ]
        ),
    ),
    Fault(
        "config.department-names",
        ("LC-CONFIG-024",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The departments of the configuration carry their _id as name.",
        wrap=_on(lambda site, call, config: [each.update(name=each["_id"]) for each in config["departments"]]),
    ),
    Fault(
        "config.triggers-disabled",
        ("LC-CONFIG-025",),
        _CONFIG,
        _STATE,
        _RELATION,
        "Disabled triggers are in the configuration.",
        wrap={"config.triggers": _triggers},
    ),
    Fault(
        "config.triggers-none",
        ("LC-CONFIG-025",),
        _CONFIG,
        _LOSS,
        _RELATION,
        "The configuration has no triggers.",
        wrap=instead("config.triggers", []),
    ),
    Fault(
        "config.never-connecting",
        ("LC-CONFIG-026",),
        _CONFIG,
        _STATE,
        _RELATION,
        "showConnecting is always false.",
        wrap=after("config.settings", lambda shown, site: {**shown, "showConnecting": False}),
    ),
    Fault(
        "config.title-cached",
        ("LC-CONFIG-027",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The title of the theme is read once.",
        wrap={"config.theme": _title},
    ),
)
