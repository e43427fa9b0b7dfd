"""Registering visitors (documentation: Livechat visitor, registration)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import at_once
from conformance.suite.judge import Judge
from conformance.target import NOBODY, RecordingClient
from conformance.world import World

_UNUSUAL = "Zoë 陳大文 🦉 <b>O'Neil</b> & \"Söhne\" عمر"


def register(client: RecordingClient, token: str, **fields: Any) -> Exchange:
    """Register a visitor with exactly these fields."""
    return client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token, **fields}})


def visitor_in(judge: Judge, exchange: Exchange) -> dict[str, Any]:
    """The ``visitor`` of an answer; the test is blocked where there is none."""
    found = judge.pick(exchange, "visitor")
    if not isinstance(found, dict):
        raise judge.missing(exchange, "/visitor")
    return found


def read(client: RecordingClient, token: str) -> Exchange:
    """The visitor with a token, as anybody reads him."""
    return client.send(NOBODY, "getVisitor", path={"token": token})


def stored(client: RecordingClient, token: str) -> dict[str, Any]:
    """The visitor with a token; empty where nobody has it."""
    exchange = read(client, token)
    found = exchange.json.get("visitor") if isinstance(exchange.json, dict) else None
    return found if isinstance(found, dict) else {}


def addresses(visitor: dict[str, Any]) -> list[Any]:
    """The addresses of a visitor's e-mail entries."""
    entries = visitor.get("visitorEmails")
    return [each.get("address") for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def numbers(visitor: dict[str, Any]) -> list[Any]:
    """The numbers of a visitor's phone entries."""
    entries = visitor.get("phone")
    return [each.get("phoneNumber") for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


@pytest.mark.clause("LC-VISITOR-005", "LC-VISITOR-006", "LC-VISITOR-007", "LC-VISITOR-008", "LC-VISITOR-011")
def test_the_answer_shows_what_was_sent(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of a registration carries the token, name, e-mail, phone and username that were sent."""
    token, email, phone, username = world.new_token(), world.new_email(), world.new_phone(), world.new_username()
    exchange = register(client, token, name="Ada Lovelace", email=email, phone=phone, username=username)
    visitor = visitor_in(judge, exchange)
    judge.equal("LC-VISITOR-005", visitor.get("token"), token, "the token is another one", exchange=exchange, pointer="/visitor/token")  # fmt: skip
    judge.equal("LC-VISITOR-006", visitor.get("name"), "Ada Lovelace", "the name is another one", exchange=exchange, pointer="/visitor/name")  # fmt: skip
    judge.equal("LC-VISITOR-007", addresses(visitor), [email], "the e-mail is not the one entry of visitorEmails", exchange=exchange, pointer="/visitor/visitorEmails")  # fmt: skip
    judge.equal("LC-VISITOR-008", numbers(visitor), [phone], "the phone number is not the one entry of phone", exchange=exchange, pointer="/visitor/phone")  # fmt: skip
    judge.equal("LC-VISITOR-011", visitor.get("username"), username, "the username that was sent was not kept", exchange=exchange, pointer="/visitor/username")  # fmt: skip


@pytest.mark.clause("LC-VISITOR-009", "LC-VISITOR-010", "LC-VISITOR-012")
def test_visitors_are_told_apart(world: World, client: RecordingClient, judge: Judge) -> None:
    """Visitors without a username get one each, and every token makes a visitor with an id of his own."""
    answers = [register(client, world.new_token(), name="Same Name") for _ in range(3)]
    visitors = [visitor_in(judge, each) for each in answers]
    usernames, ids = [each.get("username") for each in visitors], [each.get("_id") for each in visitors]
    judge.that("LC-VISITOR-009", all(str(each).startswith("guest-") for each in usernames), "a given username does not begin with guest-", exchange=answers[-1], expected="guest-<number>", observed=usernames, pointer="/visitor/username")  # fmt: skip
    judge.that("LC-VISITOR-010", len(set(usernames)) == 3, "two visitors got the same username", exchange=answers[-1], expected="three usernames", observed=usernames, pointer="/visitor/username")  # fmt: skip
    judge.that("LC-VISITOR-012", len(set(ids)) == 3, "two tokens made one visitor", exchange=answers[-1], expected="three ids", observed=ids, pointer="/visitor/_id")  # fmt: skip


@pytest.mark.clause("LC-VISITOR-013", "LC-VISITOR-014", "LC-VISITOR-015", "LC-VISITOR-016", "LC-VISITOR-017", "LC-VISITOR-043")  # fmt: skip
def test_the_same_token_updates_the_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """A second registration with the same token updates that visitor, and what it leaves out stays as it was."""
    token, email, phone, later = world.new_token(), world.new_email(), world.new_phone(), world.new_phone()
    first = visitor_in(judge, register(client, token, name="Before", email=email, phone=phone))
    second = register(client, token, name="After", phone=later, username=world.new_username())
    updated = visitor_in(judge, second)
    judge.equal("LC-VISITOR-013", updated.get("_id"), first.get("_id"), "the same token made another visitor", exchange=second, pointer="/visitor/_id")  # fmt: skip
    judge.equal("LC-VISITOR-014", updated.get("username"), first.get("username"), "the username changed", exchange=second, pointer="/visitor/username")  # fmt: skip
    judge.equal("LC-VISITOR-015", updated.get("name"), "After", "the name did not change", exchange=second, pointer="/visitor/name")  # fmt: skip
    judge.equal("LC-VISITOR-016", numbers(updated), [later], "the phone number did not change", exchange=second, pointer="/visitor/phone")  # fmt: skip
    judge.equal("LC-VISITOR-017", addresses(updated), [email], "the e-mail that was left out changed", exchange=second, pointer="/visitor/visitorEmails")  # fmt: skip
    seen = read(client, token)
    judge.equal("LC-VISITOR-043", visitor_in(judge, seen).get("name"), "After", "reading shows the old name", exchange=seen, pointer="/visitor/name")  # fmt: skip
    third = register(client, token)
    bare = visitor_in(judge, third)
    kept = {"name": bare.get("name"), "email": addresses(bare), "phone": numbers(bare)}
    judge.equal("LC-VISITOR-017", kept, {"name": "After", "email": [email], "phone": [later]}, "what was left out changed", exchange=third, pointer="/visitor")  # fmt: skip


@pytest.mark.clause("LC-VISITOR-018", "LC-VISITOR-019", "LC-VISITOR-020")
def test_a_known_email_brings_its_visitor_back(world: World, client: RecordingClient, judge: Judge) -> None:
    """A new token with the e-mail of a known visitor is handed to him, whatever the case of its letters; his old one ends."""
    old, new, newest, email = world.new_token(), world.new_token(), world.new_token(), world.new_email()
    known = visitor_in(judge, register(client, old, name="Known", email=email))
    exchange = register(client, new, email=email)
    found = visitor_in(judge, exchange)
    expected = {"_id": known.get("_id"), "token": new}
    judge.equal("LC-VISITOR-018", {name: found.get(name) for name in expected}, expected, "the known visitor did not get the new token", exchange=exchange, pointer="/visitor")  # fmt: skip
    gone = read(client, old)
    by_old = gone.json.get("visitor") if isinstance(gone.json, dict) else None
    judge.that("LC-VISITOR-019", not by_old, "the visitor is still found by his old token", exchange=gone, expected="no visitor", observed=by_old, pointer="/visitor")  # fmt: skip
    shouted = register(client, newest, email=email.upper())
    again = visitor_in(judge, shouted)
    judge.equal("LC-VISITOR-020", again.get("_id"), known.get("_id"), "the same e-mail in upper case made another visitor", exchange=shouted, pointer="/visitor/_id")  # fmt: skip


@pytest.mark.clause("LC-VISITOR-021", "LC-VISITOR-022", "LC-VISITOR-023", "LC-VISITOR-024")
def test_the_department_of_a_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """A department is stored by its id, given by id or by name; left out it is cleared, and an unknown one is ignored."""
    first, second = world.department(agents=[world.home.agent]), world.home.department
    token = world.new_token()
    by_id = register(client, token, name="By id", department=first.id)
    judge.equal("LC-VISITOR-021", visitor_in(judge, by_id).get("department"), first.id, "another department was stored", exchange=by_id, pointer="/visitor/department")  # fmt: skip
    judge.equal("LC-VISITOR-021", stored(client, token).get("department"), first.id, "another department is read", pointer="/visitor/department")  # fmt: skip
    by_name = register(client, token, department=second.name)
    judge.equal("LC-VISITOR-022", visitor_in(judge, by_name).get("department"), second.id, "the name did not lead to the id", exchange=by_name, pointer="/visitor/department")  # fmt: skip
    without = register(client, token, name="Without")
    judge.that("LC-VISITOR-023", not visitor_in(judge, without).get("department"), "the department was not cleared", exchange=without, expected="absent", observed=visitor_in(judge, without).get("department"), pointer="/visitor/department")  # fmt: skip
    unknown = register(client, token, department=world.new_department_name())
    judge.accepted("LC-VISITOR-024", unknown, "a department that nobody knows was not ignored")


@pytest.mark.clause("LC-VISITOR-025", "LC-VISITOR-026", "LC-VISITOR-027")
def test_custom_fields_of_a_registration(world: World, client: RecordingClient, judge: Judge) -> None:
    """Defined custom fields are stored in livechatData, overwrite false keeps what is there, undefined ones are skipped."""
    field, other = world.custom_field("visitor"), world.custom_field("visitor")
    token = world.new_token()

    def send(*fields: tuple[str, str, bool]) -> Exchange:
        listed = [{"key": key, "value": value, "overwrite": overwrite} for key, value, overwrite in fields]
        return register(client, token, name="Fields", customFields=listed)

    send((field.id, "first", True), (other.id, "second", True))
    expected = {field.id: "first", other.id: "second"}
    judge.equal("LC-VISITOR-025", _fields(client, token, expected), expected, "the fields were not stored in livechatData", pointer="/visitor/livechatData")  # fmt: skip
    send((field.id, "kept out", False))
    judge.equal("LC-VISITOR-026", _fields(client, token, expected), expected, "overwrite false did not keep the value", pointer="/visitor/livechatData")  # fmt: skip
    undefined = world.new_room_id()
    skipped = send((undefined, "nowhere", True))
    judge.accepted("LC-VISITOR-027", skipped, "a field that is not defined stopped the registration")
    judge.equal("LC-VISITOR-027", _fields(client, token, {undefined: None}), {undefined: None}, "a field that is not defined was stored", exchange=skipped, pointer="/visitor/livechatData")  # fmt: skip


def _fields(client: RecordingClient, token: str, names: dict[str, Any]) -> dict[str, Any]:
    data = stored(client, token).get("livechatData")
    return {name: data.get(name) if isinstance(data, dict) else None for name in names}


@pytest.mark.clause("LC-VISITOR-027")
def test_an_undefined_field_is_skipped(world: World, client: RecordingClient, judge: Judge) -> None:
    """A custom field that is not defined is skipped, and the registration succeeds."""
    fields = [{"key": world.new_room_id(), "value": "nowhere", "overwrite": True}]
    exchange = register(client, world.new_token(), name="Undefined", customFields=fields)
    judge.accepted("LC-VISITOR-027", exchange, "a field that is not defined stopped the registration")


@pytest.mark.clause("LC-VISITOR-028")
def test_empty_texts_change_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """An empty name, e-mail or phone changes nothing."""
    token, email, phone = world.new_token(), world.new_email(), world.new_phone()
    register(client, token, name="Full", email=email, phone=phone)
    exchange = register(client, token, name="", email="", phone="")
    seen = stored(client, token)
    kept = {"name": seen.get("name"), "email": addresses(seen), "phone": numbers(seen)}
    judge.equal("LC-VISITOR-028", kept, {"name": "Full", "email": [email], "phone": [phone]}, "an empty text replaced what was there", exchange=exchange, pointer="/visitor")  # fmt: skip


@pytest.mark.clause("LC-VISITOR-029")
@pytest.mark.parametrize("name", [_UNUSUAL, "a" * 500, "two\nlines\tand a tab", "  spaces around  ", "null"])
def test_names_come_back_unchanged(world: World, client: RecordingClient, judge: Judge, name: str) -> None:
    """Names come back unchanged: other scripts, emoji, markup and quotes included."""
    token = world.new_token()
    exchange = register(client, token, name=name)
    judge.equal("LC-VISITOR-029", visitor_in(judge, exchange).get("name"), name, "the answer changed the name", exchange=exchange, pointer="/visitor/name")  # fmt: skip
    seen = read(client, token)
    judge.equal("LC-VISITOR-029", visitor_in(judge, seen).get("name"), name, "the name was changed on its way into the store", exchange=seen, pointer="/visitor/name")  # fmt: skip


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
    judge.equal("LC-VISITOR-031", seen.get("fname"), name, "the room keeps the old name", exchange=renamed, pointer="/room/fname")  # fmt: skip
    judge.equal("LC-VISITOR-031", world.reread(other).get("fname"), before, "another visitor's room was renamed", exchange=renamed, pointer="/room/fname")  # fmt: skip


@pytest.mark.clause("LC-VISITOR-032")
@pytest.mark.routing("Manual_Selection")
def test_a_rename_reaches_the_inquiry(world: World, client: RecordingClient, judge: Judge) -> None:
    """A rename reaches the visitor's inquiry as its name."""
    room = world.queued_room()
    name = f"Renamed {room.visitor.username}"
    exchange = register(client, room.token, name=name, department=room.visitor.department_id or "")
    seen = world.eventually(lambda: world.inquiry(room), until=lambda inquiry: inquiry.get("name") == name)
    judge.equal("LC-VISITOR-032", seen.get("name"), name, "the inquiry keeps the old name", exchange=exchange, pointer="/inquiry/name")  # fmt: skip


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
        judge.equal("LC-VISITOR-033", observed, expected, "registrations in parallel mixed their data", exchange=answers[n], pointer="/visitor")  # fmt: skip
    ids = {each.json["visitor"].get("_id") for each in answers if isinstance(each.json, dict) and isinstance(each.json.get("visitor"), dict)}  # fmt: skip
    judge.equal("LC-VISITOR-033", len(ids), count, "registrations in parallel made fewer visitors", exchange=answers[-1])
    same = world.new_token()
    parallel = at_once(count, lambda n: register(client, same, name="Same"))
    found = {each.json["visitor"].get("_id") for each in parallel if isinstance(each.json, dict) and isinstance(each.json.get("visitor"), dict)}  # fmt: skip
    judge.that("LC-VISITOR-034", len(found) == 1, "one token made several visitors", exchange=parallel[-1], expected=1, observed=len(found))  # fmt: skip


@pytest.mark.clause("LC-VISITOR-035")
def test_a_refused_registration_leaves_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A refused registration makes no visitor."""
    token = world.new_token()
    refused = client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token, "name": 7}})
    if refused.status == 200:
        judge.that("LC-VISITOR-035", False, "a registration with a number as name was accepted", exchange=refused, expected=400, observed=200)  # fmt: skip
        return
    judge.equal("LC-VISITOR-035", stored(client, token), {}, "the refused registration left a visitor", exchange=refused)
    unknown_key = client.send(NOBODY, "registerVisitor", json={"visitor": {"token": token}, "else": True})
    judge.equal("LC-VISITOR-035", stored(client, token), {}, "the refused registration left a visitor", exchange=unknown_key)  # fmt: skip


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
    judge.equal("LC-VISITOR-031", seen, [name, name], "an open room of the visitor keeps the old name", exchange=exchange, pointer="/room/fname")  # fmt: skip


