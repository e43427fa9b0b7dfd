"""SMS: messages from telephones (docs: Livechat, sms-incoming/:service)."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from conformance.contract import error_code
from conformance.contract.exchange import Exchange
from conformance.suite.helpers import nobody_online, rooms_in
from conformance.suite.judge import Judge
from conformance.suite.messages import UNICODE
from conformance.target import NOBODY, RecordingClient
from conformance.world import PreconditionFailed, Unavailable, World

_EMPTY = re.compile(r"\s*(<\?xml[^>]*\?>)?\s*<Response\s*(/>|>\s*</Response\s*>)\s*")
_XML = re.compile(r"\s*(<\?xml[^>]*\?>)?\s*<Response\s*(/>|>.*</Response\s*>)\s*", re.DOTALL)
_OURS = "5551987654321"
_PLACES = {"Country": "Brazil", "State": "RS", "City": "Porto Alegre", "Zip": ""}


def _receive(
    world: World, client: RecordingClient, number: str, text: str, *, form: bool = False, staffed: bool = True
) -> Exchange:
    """A text message as twilio hands it in, while somebody is online unless ``staffed`` is false.

    Raises:
        Unavailable: The target takes no text messages, or nothing may be written.
    """
    absent = world.info.absent.get("sms")
    if absent or "sms" in world.settings.without:
        raise Unavailable(absent or "declared absent")
    if world.settings.read_only:
        raise Unavailable("the run is read-only, so no text message is sent")
    if staffed and world.has_admin:
        _ = world.home
    body = {"From": number, "To": _OURS, "Body": text}
    body |= {f"{side}{name}": value for side in ("From", "To") for name, value in _PLACES.items()}
    how: dict[str, Any] = {"data": body} if form else {"json": body}
    exchange = client.send(NOBODY, "receiveSms", path={"service": "twilio"}, **how)
    if exchange.response is not None and error_code(exchange.response) == "error-sms-service-not-configured":
        raise Unavailable("the target has no SMS service called twilio")
    return exchange


def _text(exchange: Exchange) -> str:
    return (exchange.response.body.text or "") if exchange.response else ""


def _media(exchange: Exchange) -> str:
    said = exchange.response.headers.get("content-type", "") if exchange.response else ""
    return said.partition(";")[0].strip().lower()


def _rooms(world: World, client: RecordingClient, number: str) -> list[dict[str, Any]]:
    """The rooms of a telephone number, as the administrator lists them."""
    digits = re.sub(r"\D", "", number)
    listed = client.send(world.admin, "listRooms", query={"roomName": digits, "count": 100})
    return [each for each in rooms_in(listed) if (each.get("v") or {}).get("username") == digits]


def _texts(client: RecordingClient, room: dict[str, Any]) -> list[str]:
    """What the owner of a number wrote in a room, oldest first; the history tells it to whoever has his token."""
    visitor = room.get("v") or {}
    query = {"token": visitor.get("token"), "limit": 50}
    exchange = client.send(NOBODY, "getHistory", path={"rid": str(room.get("_id"))}, query=query)
    listed = exchange.json.get("messages") if exchange.status == 200 and isinstance(exchange.json, dict) else None
    entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    own = [each for each in entries if "t" not in each and (each.get("u") or {}).get("_id") == visitor.get("_id")]
    return [str(each.get("msg")) for each in own][::-1]


def _opened(world: World, client: RecordingClient, number: str, *, since: Exchange) -> dict[str, Any]:
    """The one room of a number, when it is there; some servers open it after they have answered.

    Raises:
        PreconditionFailed: It does not come, which LC-SMS-007 owns.
    """
    rooms = world.eventually(lambda: _rooms(world, client, number))
    if len(rooms) != 1:
        raise PreconditionFailed("LC-SMS-007", since, f"the number has {len(rooms)} rooms after its first message")
    return rooms[0]


@pytest.mark.clause("LC-SMS-005", "LC-SMS-006")
def test_twilio_gets_an_empty_response(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer to a message by twilio is XML with an empty Response, sent as text/xml."""
    number = world.new_phone()
    for text in ("SMS message", UNICODE):
        answer = _receive(world, client, number, text)
        held = answer.status == 200 and _EMPTY.fullmatch(_text(answer)) is not None
        if not held and not world.has_admin and "<Message>" in _text(answer):
            raise Unavailable(
                "the message was not taken, and without admin credentials nobody can be made who takes it"
            )
        seen = _text(answer) or answer.status
        judge.that(
            "LC-SMS-005",
            held,
            "the answer is no empty Response",
            exchange=answer,
            expected="<Response></Response>",
            observed=seen,
        )
        judge.equal("LC-SMS-006", _media(answer), "text/xml", "the content type is not text/xml", exchange=answer)


@pytest.mark.clause("LC-SMS-007", "LC-SMS-008")
def test_a_new_number_opens_a_room_with_its_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message of a new number opens a room for it, in which its text is stored."""
    numbers = {world.new_phone(): text for text in ("first number: help", f"second number: {UNICODE}")}
    before = [_rooms(world, client, number) for number in numbers]
    if any(before):
        raise Unavailable("a number of ours has rooms already: run sweep first")
    answers = {number: _receive(world, client, number, text) for number, text in numbers.items()}
    opened = []
    for number, text in numbers.items():
        answer = answers[number]
        rooms = world.eventually(partial(_rooms, world, client, number))
        judge.equal("LC-SMS-007", len(rooms), 1, "the number did not get one room", exchange=answer)
        running = [room.get("open") for room in rooms]
        judge.that("LC-SMS-007", all(one is True for one in running), "the room is not open", exchange=answer)
        for room in rooms[:1]:
            opened.append(room.get("_id"))
            found = world.eventually(partial(_texts, client, room))
            judge.equal("LC-SMS-008", found, [text], "the room does not hold the text once", exchange=answer)
    judge.equal("LC-SMS-007", len(set(opened)), len(opened), "two numbers share a room")


@pytest.mark.clause("LC-SMS-009")
def test_a_second_message_goes_into_the_same_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A second message of the same number goes into the same room."""
    number, other = world.new_phone(), world.new_phone()
    first = _receive(world, client, number, "the first message")
    room = _opened(world, client, number, since=first)
    if not world.eventually(lambda: _texts(client, room)):
        raise PreconditionFailed("LC-SMS-008", first, "the room does not hold the first message")
    _opened(world, client, other, since=_receive(world, client, other, "of another number"))
    second = _receive(world, client, number, "the second message")
    wanted = ["the first message", "the second message"]
    found = world.eventually(lambda: _texts(client, room), until=lambda seen: len(seen) >= len(wanted))
    judge.equal("LC-SMS-009", found, wanted, "the room does not hold both messages in their order", exchange=second)
    ids = [each.get("_id") for each in _rooms(world, client, number)]
    judge.equal("LC-SMS-009", ids, [room.get("_id")], "the second message opened another room", exchange=second)


@pytest.mark.clause("LC-SMS-012")
def test_a_registered_number_is_recognised(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message of a number with which a visitor registered goes into his open room."""
    number = world.new_phone()
    visitor = world.visitor(phone=number)
    room = world.room(visitor)
    answer = _receive(world, client, number, "from my telephone")
    place = {"_id": room.id, "v": {"_id": visitor.id, "token": visitor.token}}
    found = world.eventually(partial(_texts, client, place))
    sentence = "the room of the visitor with this number does not hold the text once"
    judge.equal("LC-SMS-012", found, ["from my telephone"], sentence, exchange=answer)


@pytest.mark.exclusive
@pytest.mark.clause("LC-SMS-010")
def test_a_message_is_answered_while_nobody_is_online(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message while nobody is online is answered with 200 all the same."""
    number = world.new_phone()
    try:
        with nobody_online(world):
            answer = _receive(world, client, number, "is anybody there?", staffed=False)
    except Unavailable:
        # Agents who are not ours stay online; the department that the message goes to has none.
        department = world.department(agents=[world.agent(online=False)])
        with world.setting("SMS_Default_Omnichannel_Department", department.id):
            answer = _receive(world, client, number, "is anybody there?")
    judge.that(
        "LC-SMS-010",
        answer.status == 200 and _XML.fullmatch(_text(answer)) is not None,
        "the message is not answered with 200 and a Response",
        exchange=answer,
        expected="200 with a Response",
        observed=_text(answer) or answer.status,
    )


@pytest.mark.clause("LC-SMS-011")
def test_a_message_may_come_as_a_form(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message is accepted as a form as well as JSON."""
    number, other = world.new_phone(), world.new_phone()
    control = _receive(world, client, other, "as JSON")
    _opened(world, client, other, since=control)
    text = "as a form: 1 + 1 = 2 & Größe 100%"
    answer = _receive(world, client, number, text, form=True)
    rooms = world.eventually(lambda: _rooms(world, client, number))
    judge.equal("LC-SMS-011", [answer.status, len(rooms)], [200, 1], "the form opened no room", exchange=answer)
    for room in rooms[:1]:
        found = world.eventually(partial(_texts, client, room))
        judge.equal("LC-SMS-011", found, [text], "the room does not hold the text of the form", exchange=answer)
