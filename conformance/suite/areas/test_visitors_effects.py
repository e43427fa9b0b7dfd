"""What a registration touches beyond the visitor: department, custom fields, rooms, inquiries, other registrations."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import at_once
from conformance.suite.judge import Judge, is_refused
from conformance.suite.visitors import addresses, numbers, read, register, stored, visitor_in
from conformance.target import NOBODY, RecordingClient
from conformance.world import World

_UNUSUAL = 'Zoë 陳大文 🦉 <b>O\'Neil</b> & "Söhne" عمر'


@pytest.mark.clause("LC-VISITOR-021", "LC-VISITOR-022", "LC-VISITOR-023", "LC-VISITOR-024")
def test_the_department_of_a_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """A department is stored by its id, given by id or name; left out it is cleared, an unknown one is ignored."""
    first, second = world.department(agents=[world.home.agent]), world.home.department
    token = world.new_token()
    by_id = register(client, token, name="By id", department=first.id)
    judge.equal(
        "LC-VISITOR-021",
        visitor_in(judge, by_id).get("department"),
        first.id,
        "another department was stored",
        exchange=by_id,
        pointer="/visitor/department",
    )
    judge.equal(
        "LC-VISITOR-021",
        stored(client, token).get("department"),
        first.id,
        "another department is read",
        pointer="/visitor/department",
    )
    by_name = register(client, token, department=second.name)
    judge.equal(
        "LC-VISITOR-022",
        visitor_in(judge, by_name).get("department"),
        second.id,
        "the name did not lead to the id",
        exchange=by_name,
        pointer="/visitor/department",
    )
    without = register(client, token, name="Without")
    judge.that(
        "LC-VISITOR-023",
        not visitor_in(judge, without).get("department"),
        "the department was not cleared",
        exchange=without,
        expected="absent",
        observed=visitor_in(judge, without).get("department"),
        pointer="/visitor/department",
    )
    unknown = register(client, token, department=world.new_department_name())
    judge.accepted("LC-VISITOR-024", unknown, "a department that nobody knows was not ignored")


@pytest.mark.clause("LC-VISITOR-025", "LC-VISITOR-026", "LC-VISITOR-027")
def test_custom_fields_of_a_registration(world: World, client: RecordingClient, judge: Judge) -> None:
    """Defined custom fields are stored in livechatData, overwrite false keeps a value, undefined ones are skipped."""
    field, other = world.custom_field("visitor"), world.custom_field("visitor")
    token = world.new_token()

    def send(*fields: tuple[str, str, bool]) -> Exchange:
        listed = [{"key": key, "value": value, "overwrite": overwrite} for key, value, overwrite in fields]
        return register(client, token, name="Fields", customFields=listed)

    send((field.id, "first", True), (other.id, "second", True))
    expected = {field.id: "first", other.id: "second"}
    judge.equal(
        "LC-VISITOR-025",
        _fields(client, token, expected),
        expected,
        "the fields were not stored in livechatData",
        pointer="/visitor/livechatData",
    )
    send((field.id, "kept out", False))
    judge.equal(
        "LC-VISITOR-026",
        _fields(client, token, expected),
        expected,
        "overwrite false did not keep the value",
        pointer="/visitor/livechatData",
    )
    undefined = world.new_room_id()
    skipped = send((undefined, "nowhere", True))
    judge.accepted("LC-VISITOR-027", skipped, "a field that is not defined stopped the registration")
    judge.equal(
        "LC-VISITOR-027",
        _fields(client, token, {undefined: None}),
        {undefined: None},
        "a field that is not defined was stored",
        exchange=skipped,
        pointer="/visitor/livechatData",
    )


def _fields(client: RecordingClient, token: str, names: dict[str, Any]) -> dict[str, Any]:
    data = stored(client, token).get("livechatData")
    return {name: data.get(name) if isinstance(data, dict) else None for name in names}


@pytest.mark.clause("LC-VISITOR-027")
def test_an_undefined_field_is_skipped(world: World, client: RecordingClient, judge: Judge) -> None:
    """A custom field that is not defined is skipped, and the registration succeeds."""
    fields = [{"key": world.new_room_id(), "value": "nowhere", "overwrite": True}]
    token = world.new_token()
    exchange = register(client, token, name="Undefined", customFields=fields)
    if judge.accepted("LC-VISITOR-027", exchange, "a field that is not defined stopped the registration"):
        judge.equal(
            "LC-VISITOR-027",
            visitor_in(judge, exchange).get("token"),
            token,
            "the registration with a field that is not defined shows another visitor",
            exchange=exchange,
            pointer="/visitor/token",
        )


@pytest.mark.clause("LC-VISITOR-028")
def test_empty_texts_change_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """An empty name, e-mail or phone changes nothing."""
    token, email, phone = world.new_token(), world.new_email(), world.new_phone()
    register(client, token, name="Full", email=email, phone=phone)
    exchange = register(client, token, name="", email="", phone="")
    seen = stored(client, token)
    kept = {"name": seen.get("name"), "email": addresses(seen), "phone": numbers(seen)}
    judge.equal(
        "LC-VISITOR-028",
        kept,
        {"name": "Full", "email": [email], "phone": [phone]},
        "an empty text replaced what was there",
        exchange=exchange,
        pointer="/visitor",
    )


@pytest.mark.clause("LC-VISITOR-029")
@pytest.mark.parametrize("name", [_UNUSUAL, "a" * 500, "two\nlines\tand a tab", "  spaces around  ", "null"])
def test_names_come_back_unchanged(world: World, client: RecordingClient, judge: Judge, name: str) -> None:
    """Names come back unchanged: other scripts, emoji, markup and quotes included."""
    token = world.new_token()
    exchange = register(client, token, name=name)
    judge.equal(
        "LC-VISITOR-029",
        visitor_in(judge, exchange).get("name"),
        name,
        "the answer changed the name",
        exchange=exchange,
        pointer="/visitor/name",
    )
    seen = read(client, token)
    judge.equal(
        "LC-VISITOR-029",
        visitor_in(judge, seen).get("name"),
        name,
        "the name was changed on its way into the store",
        exchange=seen,
        pointer="/visitor/name",
    )


@pytest.mark.clause("LC-VISITOR-030")
@pytest.mark.exclusive
def test_a_switched_off_livechat_still_registers(world: World, client: RecordingClient, judge: Judge) -> None:
    """A registration is accepted while Livechat is switched off."""
    with world.setting("Livechat_enabled", False):
        exchange = register(client, world.new_token(), name="Anyway")
    judge.accepted("LC-VISITOR-030", exchange)


@pytest.mark.clause("LC-VISITOR-031")
def test_a_rename_reaches_the_rooms(world: World, client: RecordingClient, judge: Judge) -> None:
    """A rename reaches the open rooms of the visitor as their fname, and nobody else's."""
    room, other = world.room(), world.room()
    before = world.reread(other).get("fname")
    name = f"Renamed {room.visitor.username}"
    renamed = register(client, room.token, name=name, department=room.visitor.department_id or "")
    seen = world.eventually(lambda: world.reread(room), until=lambda document: document.get("fname") == name)
    judge.equal(
        "LC-VISITOR-031",
        seen.get("fname"),
        name,
        "the room keeps the old name",
        exchange=renamed,
        pointer="/room/fname",
    )
    judge.equal(
        "LC-VISITOR-031",
        world.reread(other).get("fname"),
        before,
        "another visitor's room was renamed",
        exchange=renamed,
        pointer="/room/fname",
    )


@pytest.mark.clause("LC-VISITOR-032")
@pytest.mark.routing("Manual_Selection")
def test_a_rename_reaches_the_inquiry(world: World, client: RecordingClient, judge: Judge) -> None:
    """A rename reaches the visitor's inquiry as its name."""
    room = world.queued_room()
    name = f"Renamed {room.visitor.username}"
    exchange = register(client, room.token, name=name, department=room.visitor.department_id or "")
    seen = world.eventually(lambda: world.inquiry(room), until=lambda inquiry: inquiry.get("name") == name)
    judge.equal(
        "LC-VISITOR-032",
        seen.get("name"),
        name,
        "the inquiry keeps the old name",
        exchange=exchange,
        pointer="/inquiry/name",
    )


@pytest.mark.clause("LC-VISITOR-033", "LC-VISITOR-034")
def test_registrations_at_once(world: World, client: RecordingClient, judge: Judge) -> None:
    """Registrations in parallel make one visitor each, with his own data; those with one token make one visitor."""
    count = 6
    tokens, emails = [world.new_token() for _ in range(count)], [world.new_email() for _ in range(count)]
    answers = at_once(count, lambda n: register(client, tokens[n], name=f"Parallel {n}", email=emails[n]))
    for n, token in enumerate(tokens):
        seen = stored(client, token)
        observed = {"token": seen.get("token"), "name": seen.get("name"), "email": addresses(seen)}
        expected = {"token": token, "name": f"Parallel {n}", "email": [emails[n]]}
        judge.equal(
            "LC-VISITOR-033",
            observed,
            expected,
            "registrations in parallel mixed their data",
            exchange=answers[n],
            pointer="/visitor",
        )
    ids = {
        each.json["visitor"].get("_id")
        for each in answers
        if isinstance(each.json, dict) and isinstance(each.json.get("visitor"), dict)
    }
    judge.equal(
        "LC-VISITOR-033", len(ids), count, "registrations in parallel made fewer visitors", exchange=answers[-1]
    )
    same = world.new_token()
    parallel = at_once(count, lambda n: register(client, same, name="Same"))
    found = {
        each.json["visitor"].get("_id")
        for each in parallel
        if isinstance(each.json, dict) and isinstance(each.json.get("visitor"), dict)
    }
    judge.that(
        "LC-VISITOR-034",
        len(found) == 1,
        "one token made several visitors",
        exchange=parallel[-1],
        expected=1,
        observed=len(found),
    )


@pytest.mark.clause("LC-VISITOR-035")
def test_a_refused_registration_leaves_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A refused registration makes no visitor."""
    token = world.new_token()
    number = client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token, "name": 7}})
    if number.status == 200:
        judge.that(
            "LC-VISITOR-035",
            False,
            "a registration with a number as name was accepted",
            exchange=number,
            expected=400,
            observed=200,
        )
        return
    unknown_key = client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token}, "else": True})
    for exchange in (number, unknown_key):
        if is_refused(exchange):
            judge.equal(
                "LC-VISITOR-035",
                stored(client, token),
                {},
                "the refused registration left a visitor",
                exchange=exchange,
            )


@pytest.mark.clause("LC-VISITOR-031")
def test_a_rename_changes_only_open_rooms_of_the_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """A rename reaches every open room of the visitor."""
    visitor = world.visitor()
    rooms = [world.room(visitor), world.room(visitor)]
    name = f"Renamed {visitor.username}"
    exchange = register(client, visitor.token, name=name, department=visitor.department_id or "")

    def names() -> list[Any]:
        return [world.reread(room).get("fname") for room in rooms]

    seen = world.eventually(names, until=lambda found: found == [name, name])
    judge.equal(
        "LC-VISITOR-031",
        seen,
        [name, name],
        "an open room of the visitor keeps the old name",
        exchange=exchange,
        pointer="/room/fname",
    )


@pytest.mark.clause("LC-VISITOR-053")
def test_a_username_can_be_shared(world: World, client: RecordingClient, judge: Judge) -> None:
    """A username that another visitor has is accepted, and stays with that other visitor as well."""
    first = world.visitor(username=world.new_username())
    name = stored(client, first.token).get("username")
    token = world.new_token()
    second = register(client, token, username=name)
    if not judge.accepted("LC-VISITOR-053", second, "a username that another visitor has was refused"):
        return
    seen = [stored(client, each) for each in (first.token, token)]
    judge.equal(
        "LC-VISITOR-053",
        [[each.get("username") for each in seen], seen[0].get("_id")],
        [[name, name], first.id],
        "one of the two visitors lost the username, or both became one",
        exchange=second,
        pointer="/visitor/username",
    )
    judge.that("LC-VISITOR-053", seen[1].get("_id") != first.id, "the two visitors became one", exchange=second)
