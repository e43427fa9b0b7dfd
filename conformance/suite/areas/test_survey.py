"""The survey about a room (docs: Livechat, room.survey)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import listed_room, several_rooms
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.messages import BLANKS, MARKUP, UNICODE
from conformance.target import RecordingClient
from conformance.world import World
from conformance.world.things import Room

RATINGS = ("satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness")
"""The rated items; the third is misspelt in every server and in the documentation."""


def rate(client: RecordingClient, room: Room, *pairs: tuple[str, str], token: str | None = None) -> Exchange:
    """POST room.survey with pairs of name and value, with the token of the room's visitor unless another is given."""
    data = [{"name": name, "value": value} for name, value in pairs]
    return client.send(room.visitor, "surveyRoom", json={"rid": room.id, "token": token or room.token, "data": data})


def feedback(world: World, room: Room, expected: dict[str, str] | None) -> tuple[Any, Exchange]:
    """The feedback that the list of rooms shows, as soon as it is the expected one, or what it is in the end."""

    def read() -> tuple[Any, Exchange]:
        document, listed = listed_room(world, room)
        return document.get("surveyFeedback"), listed

    return world.eventually(read, until=lambda seen: seen[0] == expected, deadline_s=2)


def must(judge: Judge, exchange: Exchange) -> None:
    """Go on only if a survey was accepted.

    Raises:
        PreconditionFailed: It was not; the clause that well-formed surveys are accepted owns that.
    """
    if not is_accepted(exchange):
        raise judge.missing(exchange, "an accepted survey")


@pytest.mark.clause("LC-SURVEY-005", "LC-SURVEY-006")
def test_the_answer_repeats_room_and_pairs(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of the survey repeats the room id and holds the accepted pairs as an object of name and value."""
    visitor = world.visitor()
    first, second = several_rooms(world, visitor, 2)
    for room, shift in ((first, 0), (second, 1)):
        pairs = {name: str(1 + (number + shift) % 4) for number, name in enumerate(RATINGS)}
        answer = rate(client, room, *pairs.items())
        seen = judge.pick(answer, "rid")
        sentence = "the answer of the survey names another room"
        judge.equal("LC-SURVEY-005", seen, room.id, sentence, exchange=answer, pointer="/rid")
        seen = judge.pick(answer, "data")
        sentence = "the answer of the survey does not hold the accepted pairs"
        judge.equal("LC-SURVEY-006", seen, pairs, sentence, exchange=answer, pointer="/data")


@pytest.mark.clause("LC-SURVEY-007", "LC-SURVEY-008")
def test_a_later_survey_replaces_the_earlier_one(world: World, client: RecordingClient, judge: Judge) -> None:
    """The accepted pairs are stored as the room's surveyFeedback, and a later survey replaces them as a whole."""
    room = world.room()
    first = {"satisfaction": "4", "agentKnowledge": "2", "additionalFeedback": f"from {room.id}"}
    must(judge, rate(client, room, *first.items()))
    seen, listed = feedback(world, room, first)
    sentence = "the pairs of the survey are not stored as surveyFeedback of the room"
    stored = judge.equal("LC-SURVEY-007", seen, first, sentence, exchange=listed)
    second = {"agentFriendliness": "3"}
    must(judge, rate(client, room, *second.items()))
    if stored:
        seen, listed = feedback(world, room, second)
        sentence = "a later survey did not replace the earlier one as a whole"
        judge.equal("LC-SURVEY-008", seen, second, sentence, exchange=listed)


@pytest.mark.clause("LC-SURVEY-021")
def test_a_text_of_feedback_is_stored_unchanged(world: World, judge: Judge, client: RecordingClient) -> None:
    """A text of additionalFeedback is stored as it was sent: other scripts, markup and line breaks included."""
    for text in (f"{UNICODE} {MARKUP}", BLANKS):
        room = world.room()
        must(judge, rate(client, room, ("additionalFeedback", text)))
        seen, listed = feedback(world, room, {"additionalFeedback": text})
        sentence = "the text of the feedback was changed on its way into the store"
        judge.equal("LC-SURVEY-021", seen, {"additionalFeedback": text}, sentence, exchange=listed)


@pytest.mark.clause("LC-SURVEY-009", "LC-SURVEY-010", "LC-SURVEY-011", "LC-SURVEY-012")
def test_only_known_names_and_ratings_are_accepted(world: World, client: RecordingClient, judge: Judge) -> None:
    """Unknown names and ratings outside of 1 to 5 are dropped; where nothing else is left the survey is refused."""
    room = world.room()
    answer = rate(client, room, ("anything", "5"), ("agentKnowledge", "2"))
    sentence = "of a survey with an unknown and a known name not exactly the known one is accepted"
    seen = answer.json.get("data") if isinstance(answer.json, dict) else None
    judge.equal("LC-SURVEY-009", seen, {"agentKnowledge": "2"}, sentence, exchange=answer, pointer="/data")
    for name in ("anything", "agentResponsiveness", "Satisfaction"):
        judge.refused("LC-SURVEY-010", rate(client, room, (name, "5")), code="invalid-data")
    judge.refused("LC-SURVEY-011", rate(client, room), code="invalid-data")
    for value in ("6", "0"):
        judge.refused("LC-SURVEY-012", rate(client, room, ("satisfaction", value)), code="invalid-data")
        answer = rate(client, room, ("satisfaction", value), ("agentFriendliness", "3"))
        seen = judge.pick(answer, "data")
        sentence = f"the rating {value} is accepted beside another one"
        judge.that("LC-SURVEY-012", "satisfaction" not in seen, sentence, exchange=answer, observed=seen)


@pytest.mark.clause("LC-SURVEY-013", "LC-SURVEY-015")
def test_the_ends_of_the_scale_and_any_text_are_accepted(world: World, client: RecordingClient, judge: Judge) -> None:
    """The ratings 1 and 5 are accepted, and the item additionalFeedback takes any text."""
    room = world.room()
    for value in ("1", "5"):
        answer = rate(client, room, ("satisfaction", value))
        if judge.accepted("LC-SURVEY-013", answer):
            sentence = f"the rating {value} is not among the accepted pairs"
            seen = judge.pick(answer, "data")
            judge.equal("LC-SURVEY-013", seen, {"satisfaction": value}, sentence, exchange=answer, pointer="/data")
    for text in ("", "7", 'Sehr gut, "ďakujem" <b>& 谢谢</b> 🙂\nbis bald'):
        answer = rate(client, room, ("additionalFeedback", text))
        if judge.accepted("LC-SURVEY-015", answer):
            seen = judge.pick(answer, "data")
            sentence = "the text of additionalFeedback is not accepted as it was sent"
            judge.equal("LC-SURVEY-015", seen, {"additionalFeedback": text}, sentence, exchange=answer)


@pytest.mark.clause("LC-SURVEY-014")
def test_each_item_of_the_configuration_is_accepted(world: World, client: RecordingClient, judge: Judge) -> None:
    """Each of the four items that config lists as survey items is accepted, agentResposiveness in that spelling."""
    world.need_enabled()
    room = world.room()
    config = client.send(room.visitor, "getConfig", query={"token": room.token})
    items = judge.pick(config, "config", "survey", "items")
    sentence = "config does not list the four survey items"
    held = isinstance(items, list) and set(RATINGS) <= {one for one in items if isinstance(one, str)}
    judge.that("LC-SURVEY-014", held, sentence, exchange=config, expected=list(RATINGS), observed=items)
    for number, name in enumerate(RATINGS):
        pair = {name: str(2 + number % 3)}
        answer = rate(client, room, *pair.items())
        if judge.accepted("LC-SURVEY-014", answer):
            seen = judge.pick(answer, "data")
            sentence = f"the item {name} is not among the accepted pairs"
            judge.equal("LC-SURVEY-014", seen, pair, sentence, exchange=answer, pointer="/data")


@pytest.mark.clause("LC-SURVEY-016")
def test_a_closed_room_takes_a_survey(world: World, client: RecordingClient, judge: Judge) -> None:
    """A closed room takes a survey."""
    room = world.room()
    while_open = {"satisfaction": "4"}
    must(judge, rate(client, room, *while_open.items()))
    stores = world.has_admin and feedback(world, room, while_open)[0] == while_open
    closing = world.close(room)
    if not is_accepted(closing):
        raise judge.missing(closing, "the closing of the room")
    for value in ("3", "2"):
        answer = rate(client, room, ("satisfaction", value))
        if judge.accepted("LC-SURVEY-016", answer) and stores:
            seen, listed = feedback(world, room, {"satisfaction": value})
            sentence = "a survey about a closed room was accepted, but is not stored"
            judge.equal("LC-SURVEY-016", seen, {"satisfaction": value}, sentence, exchange=listed)


@pytest.mark.clause("LC-SURVEY-017", "LC-SURVEY-018")
def test_unknown_tokens_and_rooms_are_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """A survey with an unknown token is refused with invalid-token, one about an unknown room with invalid-room."""
    room = world.room()
    unknown = rate(client, room, ("satisfaction", "5"), token=f"{world.prefix}-nobody")
    judge.refused("LC-SURVEY-017", unknown, code="invalid-token")
    nowhere = Room(world.new_room_id(), room.visitor)
    judge.refused("LC-SURVEY-018", rate(client, nowhere, ("satisfaction", "4")), code="invalid-room")
    if world.has_admin:
        document, listed = listed_room(world, room)
        seen = document.get("surveyFeedback")
        for requirement, value in (("LC-SURVEY-017", "5"), ("LC-SURVEY-018", "4")):
            sentence = "a survey that had to be refused was stored in the visitor's room"
            held = not isinstance(seen, dict) or seen.get("satisfaction") != value
            judge.that(requirement, held, sentence, exchange=listed, observed=seen)


@pytest.mark.clause("LC-SURVEY-019")
def test_a_refused_survey_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A survey that is refused leaves the stored feedback as it is."""
    room = world.room()
    kept = {"satisfaction": "4", "agentKnowledge": "1"}
    must(judge, rate(client, room, *kept.items()))
    if feedback(world, room, kept)[0] != kept:
        return
    for pairs in ([("satisfaction", "6")], [("anything", "2")], []):
        if is_accepted(rate(client, room, *pairs)):
            return  # that it is refused is judged by others
        document, listed = listed_room(world, room)
        sentence = "a survey of which nothing was accepted changed the stored feedback"
        judge.equal("LC-SURVEY-019", document.get("surveyFeedback"), kept, sentence, exchange=listed)


@pytest.mark.clause("LC-SURVEY-020")
def test_feedback_stays_with_its_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """Feedback about one room does not appear in another room of the same visitor."""
    visitor = world.visitor()
    rooms = several_rooms(world, visitor, 3)
    about = {rooms[1].id: {"satisfaction": "2"}, rooms[2].id: {"agentKnowledge": "3"}}
    for room in rooms[1:]:
        must(judge, rate(client, room, *about[room.id].items()))
    for room in rooms:
        others = {name for id, pairs in about.items() if id != room.id for name in pairs}
        document, listed = listed_room(world, room)
        seen = document.get("surveyFeedback")
        held = not (isinstance(seen, dict) and others & set(seen))
        sentence = "feedback about one room stands in another room of the visitor"
        judge.that("LC-SURVEY-020", held, sentence, exchange=listed, expected=about.get(room.id), observed=seen)
