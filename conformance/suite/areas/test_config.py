"""The configuration of the widget (documentation: Livechat config)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import departments
from conformance.suite.helpers import nobody_online
from conformance.suite.judge import Judge, describe
from conformance.target import NOBODY, RecordingClient
from conformance.world import Department, Visitor, World

_PARTS = ("settings", "theme", "messages", "survey", "triggers", "departments", "resources")
_SURVEY = ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"]
_PERSONAL = ("guest", "room", "agent")


def read(client: RecordingClient, **query: str) -> Exchange:
    """The configuration as anybody reads it."""
    return client.send(NOBODY, "getConfig", query=query)


def config_of(judge: Judge, exchange: Exchange) -> dict[str, Any]:
    """The ``config`` object of an answer; the test is blocked where there is none."""
    config = judge.pick(exchange, "config")
    if not isinstance(config, dict):
        raise judge.missing(exchange, "/config")
    return config


def ids_in(config: Mapping[str, Any], part: str) -> list[Any]:
    """The ``_id`` of each element of a list in the configuration."""
    listed = config.get(part)
    return [each.get("_id") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


@pytest.mark.clause("LC-CONFIG-005", "LC-CONFIG-006")
@pytest.mark.exclusive
def test_a_switched_off_livechat_says_so_and_nothing_else(world: World, client: RecordingClient, judge: Judge) -> None:
    """While Livechat is switched off the configuration is exactly ``enabled: false``, for known visitors too."""
    room = world.room()
    with world.setting("Livechat_enabled", False):
        plain = world.eventually(lambda: read(client), until=lambda seen: _enabled(seen) is False)
        known = read(client, token=room.visitor.token)
    judge.equal(
        "LC-CONFIG-005",
        config_of(judge, plain),
        {"enabled": False},
        "the configuration says more than enabled false",
        exchange=plain,
        pointer="/config",
    )
    shown = [name for name in _PERSONAL if name in config_of(judge, known)]
    judge.equal("LC-CONFIG-006", shown, [], "the switched off configuration still shows the visitor", exchange=known)


def _enabled(exchange: Exchange) -> Any:
    config = exchange.json.get("config") if isinstance(exchange.json, dict) else None
    return config.get("enabled") if isinstance(config, dict) else None


@pytest.mark.clause("LC-CONFIG-007", "LC-CONFIG-008", "LC-CONFIG-016")
def test_the_configuration_holds_all_its_parts(world: World, client: RecordingClient, judge: Judge) -> None:
    """The configuration holds settings, theme, messages, survey, triggers, departments and resources."""
    world.need_enabled()
    exchange = read(client)
    config = config_of(judge, exchange)
    missing = [name for name in _PARTS if not isinstance(config.get(name), list | dict)]
    judge.equal("LC-CONFIG-007", missing, [], f"the configuration lacks {', '.join(missing)}", exchange=exchange)
    survey = config.get("survey")
    expected = {"items": _SURVEY, "values": ["1", "2", "3", "4", "5"]}
    shown = {name: survey.get(name) for name in expected} if isinstance(survey, dict) else survey
    judge.equal(
        "LC-CONFIG-008",
        shown,
        expected,
        "the survey offers other questions or values",
        exchange=exchange,
        pointer="/config/survey",
    )
    read(client, token=world.visitor().token)  # somebody is there whose data could be shown to others
    exchange = read(client)
    personal = [name for name in _PERSONAL if name in config_of(judge, exchange)]
    judge.equal(
        "LC-CONFIG-016", personal, [], "without a token the configuration shows somebody's data", exchange=exchange
    )


@pytest.mark.clause("LC-CONFIG-009", "LC-CONFIG-010")
@pytest.mark.exclusive
def test_online_follows_the_agents(world: World, client: RecordingClient, judge: Judge) -> None:
    """The configuration says online true while an agent is online and available, and false while none is."""
    world.need_enabled()
    world.keep_online(world.home.agent)
    before = world.eventually(lambda: read(client), until=lambda seen: _online(seen) is True)
    judge.equal(
        "LC-CONFIG-009",
        _online(before),
        True,
        "an agent is online, but the configuration denies it",
        exchange=before,
        pointer="/config/online",
    )
    with nobody_online(world):
        without = world.eventually(lambda: read(client), until=lambda seen: _online(seen) is False)
        judge.equal(
            "LC-CONFIG-010",
            _online(without),
            False,
            "nobody is online, but the configuration says so",
            exchange=without,
            pointer="/config/online",
        )


def _online(exchange: Exchange) -> Any:
    config = exchange.json.get("config") if isinstance(exchange.json, dict) else None
    return config.get("online") if isinstance(config, dict) else None


@pytest.mark.clause("LC-CONFIG-011", "LC-CONFIG-012", "LC-CONFIG-013")
def test_online_of_a_department_follows_its_own_agents(world: World, client: RecordingClient, judge: Judge) -> None:
    """With a department the configuration speaks of that department's agents; away and busy ones count."""
    world.need_enabled()
    agent = world.agent()
    department, empty = world.department(agents=[agent]), world.department()
    world.keep_online(world.home.agent)  # somebody is online, but not in these departments

    def ask(of: Department, wanted: bool) -> Exchange:
        return world.eventually(lambda: read(client, department=of.id), until=lambda seen: _online(seen) is wanted)

    served = ask(department, wanted=True)
    judge.equal(
        "LC-CONFIG-012",
        _online(served),
        True,
        "the department has an agent online, but is said to be offline",
        exchange=served,
        pointer="/config/online",
    )
    for status in ("away", "busy"):
        world.set_status(agent, status)
        seen = ask(department, wanted=True)
        judge.equal(
            "LC-CONFIG-011",
            _online(seen),
            True,
            f"the only agent is {status}, and does not count as online",
            exchange=seen,
            pointer="/config/online",
        )
    world.set_status(agent, "offline")
    unserved = ask(department, wanted=False)
    judge.that(
        "LC-CONFIG-012",
        _online(unserved) is not True,
        "the department's only agent is offline, but it is said to be online",
        exchange=unserved,
        expected=False,
        observed=_online(unserved),
        pointer="/config/online",
    )
    nobody = read(client, department=empty.id)
    judge.that(
        "LC-CONFIG-013",
        _online(nobody) is not True,
        "a department without agents is said to be online",
        exchange=nobody,
        expected="false or absent",
        observed=_online(nobody),
        pointer="/config/online",
    )


@pytest.mark.clause("LC-CONFIG-014", "LC-CONFIG-015", "LC-CONFIG-028")
def test_a_known_token_shows_its_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """With the token of a known visitor the configuration holds him as guest; another one holds and makes nobody."""
    world.need_enabled()
    first, second = world.visitor(), world.visitor()
    for visitor in (first, second):
        exchange = read(client, token=visitor.token)
        guest = config_of(judge, exchange).get("guest")
        expected = {"_id": visitor.id, "username": visitor.username, "token": visitor.token}
        shown = {name: guest.get(name) for name in expected} if isinstance(guest, dict) else guest
        judge.equal(
            "LC-CONFIG-014",
            shown,
            expected,
            "the guest is not the visitor whose token was sent",
            exchange=exchange,
            pointer="/config/guest",
        )
    unknown = world.new_token()
    exchange = read(client, token=unknown)
    personal = [name for name in _PERSONAL if name in config_of(judge, exchange)]
    judge.equal("LC-CONFIG-015", personal, [], "a token that nobody has shows somebody's data", exchange=exchange)
    after = client.send(NOBODY, "getVisitor", path={"token": unknown})
    judge.that(
        "LC-CONFIG-028",
        not isinstance(after.json, dict) or not after.json.get("visitor"),
        "reading the configuration registered a visitor",
        exchange=after,
        expected="no visitor",
        observed=after.json,
    )


@pytest.mark.clause("LC-CONFIG-017", "LC-CONFIG-018", "LC-CONFIG-019")
def test_an_open_room_is_part_of_the_configuration(world: World, client: RecordingClient, judge: Judge) -> None:
    """While the visitor has an open room the configuration holds it and its agent; after the close it does not."""
    world.need_enabled()
    other, room = world.room(), world.served_room()  # the first open room of the server is another's
    exchange = read(client, token=room.token)
    config = config_of(judge, exchange)
    judge.equal(
        "LC-CONFIG-017",
        _id(config.get("room")),
        room.id,
        "the room is not the visitor's open room",
        exchange=exchange,
        pointer="/config/room/_id",
    )
    if room.agent is not None:
        judge.equal(
            "LC-CONFIG-019",
            _id(config.get("agent")),
            room.agent.user_id,
            "the agent is not the one who serves",
            exchange=exchange,
            pointer="/config/agent/_id",
        )
    world.close(room)
    closed = world.eventually(
        lambda: read(client, token=room.token), until=lambda seen: "room" not in config_of(judge, seen)
    )
    judge.that(
        "LC-CONFIG-018",
        "room" not in config_of(judge, closed),
        "the closed room still stands in the configuration",
        exchange=closed,
        expected="no room",
        observed=_id(config_of(judge, closed).get("room")),
        pointer="/config/room",
    )
    still = read(client, token=other.token)
    judge.equal(
        "LC-CONFIG-017",
        _id(config_of(judge, still).get("room")),
        other.id,
        "another visitor's open room went with it",
        exchange=still,
        pointer="/config/room/_id",
    )


def _id(document: Any) -> Any:
    return document.get("_id") if isinstance(document, dict) else document


@pytest.mark.clause("LC-CONFIG-020")
@pytest.mark.routing("Manual_Selection")
def test_an_unserved_room_shows_no_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """While the visitor's room is not served the configuration holds no agent."""
    world.need_enabled()
    room = world.queued_room()
    exchange = read(client, token=room.token)
    judge.that(
        "LC-CONFIG-020",
        "agent" not in config_of(judge, exchange),
        "nobody serves the room, but the configuration shows an agent",
        exchange=exchange,
        expected="no agent",
        observed=config_of(judge, exchange).get("agent"),
        pointer="/config/agent",
    )


def _shown_without_emails(agent: Any) -> bool:
    """Whether an agent is shown, which takes a moment after he was hidden, and shown without e-mail."""
    return isinstance(agent, dict) and agent.get("username") is not None and "emails" not in agent


@pytest.mark.clause("LC-CONFIG-021", "LC-CONFIG-030")
@pytest.mark.exclusive
def test_hidden_agents_stay_hidden(world: World, client: RecordingClient, judge: Judge) -> None:
    """While agents are hidden the agent says hiddenInfo and no name; while their e-mail is hidden, no emails."""
    world.need_enabled()
    room = world.served_room()
    with world.setting("Livechat_show_agent_info", False):
        exchange = world.eventually(
            lambda: read(client, token=room.token),
            until=lambda seen: (
                isinstance(config_of(judge, seen).get("agent"), dict)
                and config_of(judge, seen)["agent"].get("hiddenInfo")
            ),
        )
    agent = config_of(judge, exchange).get("agent")
    shown = sorted(agent) if isinstance(agent, dict) else agent
    held = isinstance(agent, dict) and agent.get("hiddenInfo") is True and not {"name", "username"} & set(agent)
    judge.that(
        "LC-CONFIG-021",
        held,
        "the agent's name or username is shown although it is hidden",
        exchange=exchange,
        expected={"hiddenInfo": True},
        observed=shown,
        pointer="/config/agent",
    )
    with world.setting("Livechat_show_agent_email", False):
        exchange = world.eventually(
            lambda: read(client, token=room.token),
            until=lambda seen: _shown_without_emails(config_of(judge, seen).get("agent")),
        )
    agent = config_of(judge, exchange).get("agent")
    judge.that(
        "LC-CONFIG-030",
        _shown_without_emails(agent),
        "the agent's e-mail is shown although it is hidden",
        exchange=exchange,
        expected="an agent without emails",
        observed=agent,
        pointer="/config/agent/emails",
    )


@pytest.mark.clause("LC-CONFIG-022", "LC-CONFIG-023", "LC-CONFIG-024", "LC-CONFIG-032")
def test_departments_that_can_be_chosen(world: World, client: RecordingClient, judge: Judge) -> None:
    """The departments of the configuration are the enabled ones that have agents, with what a widget shows of them."""
    world.need_enabled()
    agent = world.home.agent
    shown = world.department(agents=[agent], showOnRegistration=False, showOnOfflineForm=True)
    plain = world.department(agents=[agent], showOnRegistration=False, showOnOfflineForm=False)
    disabled = world.department(agents=[agent], enabled=False)
    empty = world.department()
    exchange = read(client)
    config = config_of(judge, exchange)
    listed = ids_in(config, "departments")
    missing = [each.name for each in (shown, plain) if each.id not in listed]
    judge.equal(
        "LC-CONFIG-022",
        missing,
        [],
        "an enabled department with agents is missing",
        exchange=exchange,
        pointer="/config/departments",
    )
    extra = [each.name for each in (disabled, empty) if each.id in listed]
    judge.equal(
        "LC-CONFIG-023",
        extra,
        [],
        "a department that is disabled or has no agents is offered",
        exchange=exchange,
        pointer="/config/departments",
    )
    for department, offline_form in ((shown, True), (plain, False)):
        entry = next((each for each in config.get("departments", ()) if _id(each) == department.id), None)
        if isinstance(entry, dict):
            expected = {
                "_id": department.id,
                "name": department.name,
                "showOnRegistration": False,
                "showOnOfflineForm": offline_form,
            }
            judge.equal(
                "LC-CONFIG-024",
                {name: entry.get(name) for name in expected},
                expected,
                "the department is shown otherwise than it is",
                exchange=exchange,
                pointer="/config/departments",
            )
    name = world.new_department_name()
    renamed = departments.body(name, [agent])
    client.send(world.admin, "updateDepartment", path={"_id": plain.id}, json=renamed)
    world.created("department", name, plain.id)
    if departments.found(departments.read(world, client, plain.id)).get("name") != name:
        return  # the update itself went wrong, which others judge
    exchange = world.eventually(lambda: read(client), until=lambda seen: name in str(seen.json), deadline_s=3)
    names = [each.get("name") for each in config_of(judge, exchange).get("departments", ()) if _id(each) == plain.id]
    sentence = "the renamed department is not shown under its new name"
    judge.equal("LC-CONFIG-032", names, [name], sentence, exchange=exchange, pointer="/config/departments")


@pytest.mark.clause("LC-CONFIG-025", "LC-CONFIG-031")
def test_enabled_triggers_only(world: World, client: RecordingClient, judge: Judge) -> None:
    """The triggers of the configuration are the enabled ones."""
    world.need_enabled()
    enabled, disabled = world.trigger(), world.trigger(enabled=False)
    exchange = world.eventually(
        lambda: read(client), until=lambda seen: enabled.id in ids_in(config_of(judge, seen), "triggers")
    )
    listed = ids_in(config_of(judge, exchange), "triggers")
    expected = {enabled.name: True, disabled.name: False}
    observed = {each.name: each.id in listed for each in (enabled, disabled)}
    judge.equal(
        "LC-CONFIG-025",
        observed,
        expected,
        "the enabled trigger is missing, or the disabled one is there",
        exchange=exchange,
        pointer="/config/triggers",
    )
    stored = client.send(world.admin, "getTrigger", path={"_id": enabled.id})
    shown = next((each for each in config_of(judge, exchange).get("triggers", ()) if _id(each) == enabled.id), None)
    if isinstance(shown, dict):
        whole = judge.pick(stored, "trigger")
        names = ("conditions", "actions", "runOnce")
        judge.equal(
            "LC-CONFIG-031",
            {name: shown.get(name) for name in names},
            {name: whole.get(name) for name in names},
            "the trigger of the configuration is not the one that was made",
            exchange=exchange,
            pointer="/config/triggers",
        )


@pytest.mark.clause("LC-CONFIG-026")
@pytest.mark.parametrize(
    ("method", "connecting"),
    [
        pytest.param("Auto_Selection", False, marks=pytest.mark.routing("Auto_Selection")),
        pytest.param("Manual_Selection", True, marks=pytest.mark.routing("Manual_Selection")),
    ],
)
def test_connecting_follows_the_routing(
    world: World, client: RecordingClient, judge: Judge, method: str, connecting: bool
) -> None:
    """The showConnecting of the configuration is true under manual selection and false under automatic selection."""
    world.need_enabled()
    exchange = world.eventually(lambda: read(client), until=lambda seen: _connecting(judge, seen) is connecting)
    judge.equal(
        "LC-CONFIG-026",
        _connecting(judge, exchange),
        connecting,
        f"showConnecting is wrong under {method}",
        exchange=exchange,
        pointer="/config/settings/showConnecting",
    )


def _connecting(judge: Judge, exchange: Exchange) -> Any:
    settings = config_of(judge, exchange).get("settings")
    return settings.get("showConnecting") if isinstance(settings, dict) else None


@pytest.mark.clause("LC-CONFIG-027")
@pytest.mark.exclusive
def test_a_changed_setting_shows_at_once(world: World, client: RecordingClient, judge: Judge) -> None:
    """The configuration shows a setting as it stands: the theme's title is that of Livechat_title."""
    world.need_enabled()
    title = f"Title {world.new_department_name()}"
    with world.setting("Livechat_title", title):
        exchange = world.eventually(lambda: read(client), until=lambda seen: _title(judge, seen) == title)
    judge.equal(
        "LC-CONFIG-027",
        _title(judge, exchange),
        title,
        "the title of the theme is not that of the setting",
        exchange=exchange,
        pointer="/config/theme/title",
    )


def _title(judge: Judge, exchange: Exchange) -> Any:
    theme = config_of(judge, exchange).get("theme")
    return theme.get("title") if isinstance(theme, dict) else None


@pytest.mark.clause("LC-CONFIG-029")
def test_which_form_carries_the_token(world: World, client: RecordingClient, judge: Judge) -> None:
    """The configuration is read with the token in the query; the path form of the index is served or not routed."""
    world.need_enabled()
    visitor: Visitor = world.visitor()
    in_path = client.request(NOBODY, "GET", f"/api/v1/livechat/config/{visitor.token}")
    body = in_path.json
    if not isinstance(body, dict) or in_path.status in {404, 405}:
        judge.way("LC-CONFIG-029", "server", in_path)
        return
    config = body.get("config")
    guest = config.get("guest") if isinstance(config, dict) else None
    if in_path.status == 200 and isinstance(guest, dict) and guest.get("_id") == visitor.id:
        judge.way("LC-CONFIG-029", "documentation", in_path)
        return
    sentence = f"the path form of the configuration is neither served nor unknown: it answered {describe(in_path)}"
    judge.that("LC-CONFIG-029", False, sentence, exchange=in_path)
