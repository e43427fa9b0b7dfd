"""Custom fields: setting one, setting several, listing and reading their definitions."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge
from conformance.target import NOBODY, RecordingClient
from conformance.world import CustomField, Visitor, World

_UNUSUAL = 'Größe: 🦉 "quoted" <b>bold</b>\nsecond line\tend'


def set_field(client: RecordingClient, token: str, key: str, value: str, *, overwrite: bool = True) -> Exchange:
    """Set one custom field."""
    body = {"token": token, "key": key, "value": value, "overwrite": overwrite}
    return client.send(NOBODY, "setCustomField", json=body)


def set_fields(client: RecordingClient, token: str, *fields: tuple[str, str, bool]) -> Exchange:
    """Set several custom fields: key, value and overwrite each."""
    listed = [{"key": key, "value": value, "overwrite": overwrite} for key, value, overwrite in fields]
    return client.send(NOBODY, "setCustomFields", json={"token": token, "customFields": listed})


def values_of(client: RecordingClient, visitor: Visitor) -> dict[str, Any]:
    """The visitor's ``livechatData`` as it is stored."""
    exchange = client.send(NOBODY, "getVisitor", path={"token": visitor.token})
    found = exchange.json.get("visitor") if isinstance(exchange.json, dict) else None
    data = found.get("livechatData") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}


@pytest.mark.clause("LC-FIELD-005", "LC-FIELD-006", "LC-FIELD-007", "LC-FIELD-008", "LC-FIELD-009", "LC-FIELD-015")
def test_a_field_is_stored_as_overwrite_says(world: World, client: RecordingClient, judge: Judge) -> None:
    """A field of a visitor is stored under its key; overwrite replaces a value or keeps it; other fields stay."""
    visitor, stranger = world.visitor(), world.visitor()
    field, other = world.custom_field("visitor"), world.custom_field("visitor")
    first = set_field(client, visitor.token, field.id, "one", overwrite=False)
    expected = {"key": field.id, "value": "one", "overwrite": False}
    echoed = first.json.get("field") if isinstance(first.json, dict) else None
    shown = {name: echoed.get(name) for name in expected} if isinstance(echoed, dict) else echoed
    judge.equal(
        "LC-FIELD-005", shown, expected, "the answer does not repeat what was sent", exchange=first, pointer="/field"
    )
    judge.equal(
        "LC-FIELD-009",
        values_of(client, visitor).get(field.id),
        "one",
        "the first value was not stored",
        pointer="/visitor/livechatData",
    )
    set_field(client, visitor.token, other.id, "beside")
    values = values_of(client, visitor)
    judge.equal(
        "LC-FIELD-006",
        values.get(other.id),
        "beside",
        "the value is not stored under its key",
        pointer="/visitor/livechatData",
    )
    judge.equal(
        "LC-FIELD-015",
        values.get(field.id),
        "one",
        "setting one field changed another",
        pointer="/visitor/livechatData",
    )
    kept = set_field(client, visitor.token, field.id, "two", overwrite=False)
    held = judge.accepted("LC-FIELD-008", kept, "keeping the value was not answered with success")
    if held:
        judge.equal(
            "LC-FIELD-008",
            values_of(client, visitor).get(field.id),
            "one",
            "overwrite false replaced the value",
            pointer="/visitor/livechatData",
        )
    replaced = set_field(client, visitor.token, field.id, "three")
    judge.equal(
        "LC-FIELD-005",
        _overwrite(replaced),
        True,
        "the answer does not repeat overwrite",
        exchange=replaced,
        pointer="/field/overwrite",
    )
    after = values_of(client, visitor)
    judge.equal(
        "LC-FIELD-007",
        after.get(field.id),
        "three",
        "overwrite true did not replace the value",
        pointer="/visitor/livechatData",
    )
    judge.equal(
        "LC-FIELD-015",
        after.get(other.id),
        "beside",
        "setting one field changed another",
        pointer="/visitor/livechatData",
    )
    judge.equal(
        "LC-FIELD-006",
        values_of(client, stranger),
        {},
        "the value was stored for another visitor",
        pointer="/visitor/livechatData",
    )


def _overwrite(exchange: Exchange) -> Any:
    field = exchange.json.get("field") if isinstance(exchange.json, dict) else None
    return field.get("overwrite") if isinstance(field, dict) else None


@pytest.mark.clause("LC-FIELD-010", "LC-FIELD-011")
def test_a_field_of_the_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A field of the scope room is stored in the visitor's open room; without an open room it is refused."""
    field = world.custom_field("room")
    lonely = world.visitor()
    judge.refused("LC-FIELD-011", set_field(client, lonely.token, field.id, "nowhere"))
    room, other = world.room(), world.room()
    exchange = set_field(client, room.token, field.id, "in the room")
    data = world.eventually(lambda: _room_data(world.reread(room)), until=lambda found: field.id in found)
    judge.equal(
        "LC-FIELD-010",
        data.get(field.id),
        "in the room",
        "the value is not in the open room",
        exchange=exchange,
        pointer="/room/livechatData",
    )
    judge.equal(
        "LC-FIELD-010",
        values_of(client, room.visitor).get(field.id),
        None,
        "a field of the room was stored for the visitor",
        pointer="/visitor/livechatData",
    )
    judge.equal(
        "LC-FIELD-010",
        _room_data(world.reread(other)).get(field.id),
        None,
        "the value was stored in another room",
        pointer="/room/livechatData",
    )


def _room_data(room: dict[str, Any]) -> dict[str, Any]:
    data = room.get("livechatData")
    return data if isinstance(data, dict) else {}


@pytest.mark.clause("LC-FIELD-012", "LC-FIELD-013")
def test_unknown_fields_and_tokens_are_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """A field that is not defined, and a token that no visitor has, are refused with their codes."""
    visitor = world.visitor()
    judge.refused(
        "LC-FIELD-012", set_field(client, visitor.token, world.new_room_id(), "x"), code="invalid-custom-field"
    )
    judge.refused("LC-FIELD-013", set_field(client, world.new_token(), world.new_room_id(), "x"), code="invalid-token")


@pytest.mark.clause("LC-FIELD-014")
def test_a_value_meets_the_pattern_of_its_field(world: World, client: RecordingClient, judge: Judge) -> None:
    """A value that does not meet the pattern of the field is refused with 400, and the old value stays."""
    room, field = world.room(), world.custom_field("room", regexp="^[0-9]+$")
    accepted = set_field(client, room.token, field.id, "42")
    if not judge.accepted("LC-FIELD-014", accepted, "a value that meets the pattern was not accepted"):
        return
    judge.refused("LC-FIELD-014", set_field(client, room.token, field.id, "forty-two"))
    stored = _room_data(world.reread(room)).get(field.id)
    judge.equal("LC-FIELD-014", stored, "42", "the refused value replaced the old one", pointer="/room/livechatData")


@pytest.mark.clause("LC-FIELD-016")
@pytest.mark.parametrize("value", [_UNUSUAL, "z" * 5000, "", " ", "null", "0"])
def test_values_come_back_unchanged(world: World, client: RecordingClient, judge: Judge, value: str) -> None:
    """A value comes back unchanged: unicode, line breaks, 5000 characters."""
    visitor, field = world.visitor(), world.custom_field("visitor")
    exchange = set_field(client, visitor.token, field.id, value)
    judge.equal(
        "LC-FIELD-016",
        values_of(client, visitor).get(field.id),
        value,
        "the value was changed on its way into the store",
        exchange=exchange,
        pointer="/visitor/livechatData",
    )


@pytest.mark.clause("LC-FIELD-021", "LC-FIELD-022", "LC-FIELD-023", "LC-FIELD-024")
def test_several_fields_at_once(world: World, client: RecordingClient, judge: Judge) -> None:
    """Several fields are stored, each by its own overwrite, and listed in the order sent, under Key."""
    visitor = world.visitor()
    one, two, three = (world.custom_field("visitor") for _ in range(3))
    set_field(client, visitor.token, two.id, "old two")
    set_field(client, visitor.token, three.id, "old three")
    sent = ((three.id, "new three", True), (one.id, "new one", True), (two.id, "new two", False))
    exchange = set_fields(client, visitor.token, *sent)
    listed = judge.pick(exchange, "fields")
    entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    observed = [(each.get("value"), each.get("overwrite")) for each in entries]
    judge.equal(
        "LC-FIELD-021",
        [list(each) for each in observed],
        [[v, o] for _, v, o in sent],
        "the fields are listed in another order or otherwise than sent",
        exchange=exchange,
        pointer="/fields",
    )
    judge.equal(
        "LC-FIELD-022",
        [each.get("Key") for each in entries],
        [k for k, _, _ in sent],
        "the fields are not named Key",
        exchange=exchange,
        pointer="/fields/0/Key",
    )
    values = values_of(client, visitor)
    stored = {key: values.get(key) for key in (one.id, three.id)}
    judge.equal(
        "LC-FIELD-023",
        stored,
        {one.id: "new one", three.id: "new three"},
        "not all fields were stored",
        exchange=exchange,
        pointer="/visitor/livechatData",
    )
    judge.equal(
        "LC-FIELD-024",
        values.get(two.id),
        "old two",
        "an element did not obey its own overwrite",
        exchange=exchange,
        pointer="/visitor/livechatData",
    )


@pytest.mark.clause("LC-FIELD-025", "LC-FIELD-027")
def test_a_list_with_an_undefined_field(world: World, client: RecordingClient, judge: Judge) -> None:
    """A list with a field that is not defined is refused; those that stand before it are stored all the same."""
    visitor, field = world.visitor(), world.custom_field("visitor")
    exchange = set_fields(client, visitor.token, (field.id, "before", True), (world.new_room_id(), "x", True))
    judge.refused("LC-FIELD-025", exchange, code="invalid-custom-field")
    judge.equal(
        "LC-FIELD-027",
        values_of(client, visitor).get(field.id),
        "before",
        "the field before the refused one was not stored",
        exchange=exchange,
        pointer="/visitor/livechatData",
    )


@pytest.mark.clause("LC-FIELD-026")
def test_several_fields_of_an_unknown_token(world: World, client: RecordingClient, judge: Judge) -> None:
    """Custom fields with a token that no visitor has are refused with invalid-token."""
    exchange = set_fields(client, world.new_token(), (world.new_room_id(), "x", True))
    judge.refused("LC-FIELD-026", exchange, code="invalid-token")


def all_fields(world: World, client: RecordingClient) -> tuple[list[dict[str, Any]], Exchange]:
    """Every custom field of the server, page by page in the default order, and the last answer."""
    found: list[dict[str, Any]] = []
    while True:
        exchange = client.send(world.home.agent, "listCustomFields", query={"count": 100, "offset": len(found)})
        page = exchange.json.get("customFields") if isinstance(exchange.json, dict) else None
        listed = [each for each in page if isinstance(each, dict)] if isinstance(page, list) else []
        found += listed
        if len(listed) < 100:
            return found, exchange


def _shown(document: Any, names: tuple[str, ...]) -> Any:
    return {name: document.get(name) for name in names} if isinstance(document, dict) else document


def _unknown_is_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """Judge what is answered to an _id that no field has."""
    unknown = client.send(world.home.agent, "getCustomField", path={"_id": world.new_room_id()})
    held = unknown.status == 200 and isinstance(unknown.json, dict) and unknown.json.get("customField") is None
    judge.that(
        "LC-FIELD-041",
        held,
        "an _id that no field has was not answered with 200 and no field",
        exchange=unknown,
        expected={"customField": None},
        observed=unknown.json,
        pointer="/customField",
    )


@pytest.mark.clause("LC-FIELD-033", "LC-FIELD-034", "LC-FIELD-040", "LC-FIELD-041")
def test_definitions_are_listed_and_read(world: World, client: RecordingClient, judge: Judge) -> None:
    """A field that was defined is listed and read with its label, scope and visibility; an unknown one is nothing."""
    # First, for a server on which nobody can define fields (before 3.1) can be asked that, too.
    _unknown_is_nothing(world, client, judge)
    fields: list[tuple[CustomField, dict[str, Any]]] = [
        (made, {"_id": made.id, "label": made.label, "scope": made.scope, "visibility": visibility})
        for made, visibility in (
            (world.custom_field("room", visibility="hidden"), "hidden"),
            (world.custom_field("visitor"), "visible"),
        )
    ]
    _unknown_is_nothing(world, client, judge)
    listed, exchange = all_fields(world, client)
    by_id = {each.get("_id"): each for each in listed}
    for field, expected in fields:
        shown = _shown(by_id.get(field.id), tuple(expected))
        judge.equal(
            "LC-FIELD-033",
            shown,
            expected,
            "the field is not listed as it was defined",
            exchange=exchange,
            pointer="/customFields",
        )
        read = client.send(world.home.agent, "getCustomField", path={"_id": field.id})
        found = judge.pick(read, "customField")
        judge.equal(
            "LC-FIELD-040",
            _shown(found, ("_id", "label", "scope")),
            {k: expected[k] for k in ("_id", "label", "scope")},
            "another field was read than the one that was asked for",
            exchange=read,
            pointer="/customField",
        )
    ours = [each.get("label") for each in listed if world.owns(str(each.get("_id")))]
    judge.equal(
        "LC-FIELD-034",
        ours,
        sorted(map(str, ours)),
        "the fields are not sorted by label",
        exchange=exchange,
        pointer="/customFields",
    )
