"""The world: every builder gives what it says, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.target import Settings, TargetInfo
from conformance.world import PreconditionFailed, Unavailable, World, prepare
from conformance.world.preparation import FOR_EVERY_RUN

AUTO, MANUAL = "Auto_Selection", "Manual_Selection"


def test_a_visitor_carries_the_prefix_and_belongs_to_our_department(world: World) -> None:
    """Token, name and address are ours, and so are the agents who will get his rooms."""
    visitor = world.visitor()
    assert world.owns(visitor.token)
    assert world.owns(visitor.name)
    assert visitor.data["department"] == world.home.department.id
    assert (visitor.label, world.visitor().label) == ("visitor A", "visitor B")
    plain = world.visitor(department=None, name=None, email=None, phone=None)
    assert not {"name", "visitorEmails", "phone", "department"} & set(plain.data)
    world.begin("another test")
    assert world.visitor().persona.name == "visitor A"


@pytest.mark.parametrize("routing", [AUTO, MANUAL])
def test_rooms_come_in_every_state_under_both_routing_methods(world: World, routing: str) -> None:
    """Open, served by a certain agent, closed."""
    with world.routing(routing):
        opened = world.room()
        assert opened.data["open"] is True
        own = world.agent()
        served = world.served_room(agent=own)
        assert served.data["servedBy"]["_id"] == own.user_id
        assert world.served_room().agent == world.home.agent
        closed = world.closed_room()
        now = world.room_now(closed)
        assert now is not None
        assert "open" not in now
        assert now["closer"] == "visitor"


def test_a_queued_room_waits_and_needs_manual_routing(world: World) -> None:
    """Its inquiry is queued; under automatic routing there is no such thing."""
    with world.routing(MANUAL):
        assert world.inquiry(world.queued_room())["status"] == "queued"
    with world.routing(AUTO), pytest.raises(Unavailable, match="Manual_Selection"):
        world.queued_room()


def test_messages_and_pages(world: World) -> None:
    """What visitors do."""
    room = world.room()
    message = world.message(room, "hello")
    assert message.data["msg"] == "hello"
    assert world.owns(world.message(room).text.removeprefix("message "))
    assert world.page(room.visitor, room)["change"] == "url"


def test_staff_of_every_kind(world: World) -> None:
    """Agents online and offline, a manager, somebody with both roles, somebody with none."""
    offline, online = world.agent(online=False), world.agent()
    listed = world.client.send(world.admin, "listUsers", path={"type": "agent"}, query={"count": 0}).json["users"]
    statuses = {each["_id"]: each.get("status") for each in listed}
    assert statuses[online.user_id] == "online"
    assert statuses[offline.user_id] == "offline"
    for persona, roles in (
        (world.manager(), {"user", "livechat-manager"}),
        (world.plain_user(), {"user"}),
        (world.both_roles(), {"user", "livechat-agent", "livechat-manager"}),
    ):
        assert set(world.client.send(persona, "getMe").json["roles"]) == roles
    assert world.manager() is world.manager()
    assert world.plain_user(fresh=True) != world.plain_user()


def test_departments_fields_and_triggers(world: World) -> None:
    """Each is on the server under our name."""
    department = world.department(agents=(world.agent(),), enabled=False, description="other")
    assert department.data["enabled"] is False
    assert department.data["description"] == "other"
    field = world.custom_field("room", regexp="^[0-9]+$")
    seen = world.client.send(world.admin, "getCustomField", path={"_id": field.id}).json["customField"]
    assert (seen["scope"], seen["regexp"]) == ("room", "^[0-9]+$")
    trigger = world.trigger(enabled=False)
    seen = world.client.send(world.admin, "getTrigger", path={"_id": trigger.id}).json["trigger"]
    assert (seen["name"], seen["enabled"]) == (trigger.name, False)


def test_settings_are_restored(world: World) -> None:
    """Also when the test fails inside, and nested."""

    def inside() -> None:
        with world.setting("Livechat_show_agent_info", False), world.setting("Livechat_title", "Ours"):
            assert world.read_setting("Livechat_show_agent_info") is False
            assert world.read_setting("Livechat_title") == "Ours"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        inside()
    assert world.read_setting("Livechat_show_agent_info") is True
    assert world.read_setting("Livechat_title") != "Ours"
    assert not [e for e in world.ledger.entries.values() if e.kind == "setting" and e.open]


def test_a_setting_that_somebody_else_changes_meanwhile_is_left_to_him(world: World) -> None:
    """His value stays, and the end of the run names the setting."""
    send = world.client.send
    with world.setting("Livechat_title", "Ours"):
        send(world.admin, "setSetting", path={"_id": "Livechat_title"}, json={"value": "His"})
    assert world.read_setting("Livechat_title") == "His"
    (left,) = world.clean_up()
    assert (left.kind, left.name) == ("setting", "Livechat_title")
    assert "somebody else" in left.reason


def test_a_routing_method_that_somebody_else_chose_meanwhile_is_left_to_him(world: World) -> None:
    """Only the two methods that a run sets are ever taken back."""
    with world.routing(MANUAL):
        world.client.send(
            world.admin, "setSetting", path={"_id": "Livechat_Routing_Method"}, json={"value": "External"}
        )
    (left,) = world.clean_up()
    assert (left.kind, left.name) == ("setting", "Livechat_Routing_Method")
    assert world.read_setting("Livechat_Routing_Method") == "External"


def test_the_routing_method_is_what_it_was_at_the_end(make_world: Callable[..., World]) -> None:
    """Whoever switched last, and whoever cleans up last."""
    one, two = make_world("gw0"), make_world("gw1")
    with one.routing(MANUAL):
        pass
    with two.routing(AUTO):
        pass
    with two.routing(MANUAL):
        pass
    two.clean_up()
    assert one.read_setting("Livechat_Routing_Method") == AUTO
    with one.routing(MANUAL):
        pass
    one.clean_up()
    three = make_world("gw2")
    assert three.read_setting("Livechat_Routing_Method") == AUTO


def test_preparation_changes_what_every_run_needs_and_gives_it_back(world: World) -> None:
    """The rate limiter goes off and Livechat on for the run."""
    for id, needed in FOR_EVERY_RUN.items():
        world.client.send(world.admin, "setSetting", path={"_id": id}, json={"value": not needed})
    started = {id: not needed for id, needed in FOR_EVERY_RUN.items()}
    changed = prepare(world)
    assert {id: world.read_setting(id) for id in FOR_EVERY_RUN} == FOR_EVERY_RUN
    assert changed == list(FOR_EVERY_RUN)
    assert world.clean_up() == []
    admin = world.admin
    assert {
        id: world.client.send(admin, "getSetting", path={"_id": id}).json["value"] for id in FOR_EVERY_RUN
    } == started


def test_without_credentials_only_visitors_can_be_made(visitor_world: World) -> None:
    """Everything else says why it is unavailable."""
    visitor = visitor_world.visitor()
    assert visitor.department_id is None
    for build in (
        lambda: visitor_world.home,
        visitor_world.agent,
        visitor_world.manager,
        visitor_world.department,
        visitor_world.custom_field,
        visitor_world.trigger,
        lambda: visitor_world.admin,
        lambda: visitor_world.read_setting("Livechat_enabled"),
    ):
        with pytest.raises(Unavailable, match="--admin-user"):
            build()
    with pytest.raises(Unavailable), visitor_world.setting("Livechat_enabled", False):
        pass
    with pytest.raises(Unavailable, match="no agent is online"):
        visitor_world.room(visitor)


def test_rooms_without_credentials_go_to_whoever_is_online(world: World, visitor_world: World) -> None:
    """A served room can be had where somebody else's agent takes it."""
    world.agent()
    room = visitor_world.served_room()
    assert room.data["servedBy"]
    assert visitor_world.close(room).status == 200


def test_a_read_only_world_makes_nothing(make_world: Callable[..., World], server: Any, info: TargetInfo) -> None:
    """Not even visitors."""
    given = Settings(
        url=str(server), admin_user=server.admin_user, admin_password=server.admin_password, read_only=True
    )
    world = make_world("ro", given, info)
    for build in (world.visitor, world.agent, world.department, world.trigger, lambda: world.home):
        with pytest.raises(Unavailable, match="read-only"):
            build()
    assert world.read_setting("Livechat_Routing_Method") == AUTO


def test_settings_of_a_server_that_is_not_ours_are_not_changed(
    make_world: Callable[..., World], settings: Settings
) -> None:
    """Without --disposable, anything but loopback keeps its settings."""
    world = make_world()
    world.settings = Settings(url="http://192.0.2.1", admin_user="a", admin_password="b" * 9)
    with pytest.raises(Unavailable, match="--disposable"), world.setting("Livechat_enabled", False):
        pass


def test_a_precondition_that_fails_names_its_owner(world: World) -> None:
    """A builder whose call is refused blames the requirement that judges this very call."""
    visitor = world.visitor()
    world.client.send(visitor, "deleteVisitor", path={"token": visitor.token})
    with pytest.raises(PreconditionFailed) as caught:
        world.room(visitor)
    requirement = world.contract.requirement_for("openRoom", "accepts")
    assert caught.value.requirement_id == requirement.id
    assert caught.value.exchange.status == 400
    assert "invalid-token" in str(caught.value)


def test_agents_whom_the_server_forgot_are_put_online_again(world: World) -> None:
    """A server that was restarted has nobody online; the next room finds our agents again."""
    home = world.home
    for agent in (home.agent, home.second_agent):
        world.client.send(agent, "setUserStatus", json={"status": "offline"})
    assert world.room().data["open"] is True
