"""Whether a reproduction shows its fault: what differs from one time to the other by itself is none."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.faults.prove_again import Played
from conformance.faults.prove_compare import Likeness, differences, first_difference, likeness, shows_by_chance
from conformance.report.script import Plan, plan

_DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
_ROOM, _OTHER = "RoomRoomRoomRoo23", "AnotherRoomAno234"


def _answer(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(status, {"date": _DATE, **headers}, Body(body, is_json=True))


def _played(*bodies: Any, patient: bool = False) -> Played:
    return Played(tuple(each if isinstance(each, Response) else _answer(each) for each in bodies), {}, patient)


def _plan(*answers: Response) -> Plan:
    request = Request("GET", "/api/v1/livechat/config")
    return plan([Exchange(str(number), "getConfig", "x", request, each) for number, each in enumerate(answers)])


def _like(recorded: Any, shown: Any, control: Any, pointer: str | None = None, *, patient: bool = False) -> Likeness:
    """The likeness of one answer to the recorded one."""
    answer = _answer(recorded)
    played = _played(shown, patient=patient)
    return likeness(answer, pointer, _plan(answer), played, _played(control, patient=patient))


@pytest.mark.parametrize(
    ("shown", "control"),
    [
        ({"authToken": "a" * 43}, {"authToken": f"b-{'c' * 40}d"}),
        ({"_id": _ROOM}, {"_id": _OTHER}),
        ({"ts": "2026-11-22T10:00:00.001Z"}, {"ts": "2026-11-22T10:00:00.009Z"}),
        ({"logo": "http://127.0.0.1:1234/logo"}, {"logo": "http://localhost:99/logo"}),
    ],
    ids=["token", "id", "time", "address"],
)
def test_what_every_server_draws_anew_shows_nothing(shown: Any, control: Any) -> None:
    """An answer that differs by it alone is the answer of a server without the fault."""
    assert _like(shown, shown, control) is Likeness.NONE


def test_another_value_shows_the_fault_at_its_place() -> None:
    """The value that was recorded, or another wrong one."""
    assert _like({"online": True}, {"online": True}, {"online": False}, "/online") is Likeness.SAME
    assert _like({"count": 3}, {"count": 2}, {"count": 1}, "/count") is Likeness.PLACE


def test_another_status_than_the_recorded_one_shows_something_else() -> None:
    """A refusal does not show what an answer showed."""
    recorded, shown = _answer({"a": 1}), _answer({"success": False}, 400)
    assert likeness(recorded, None, _plan(recorded), _played(shown), _played({"a": 2})) is Likeness.NONE


def test_one_thing_named_twice_is_not_two_things() -> None:
    """Ids are told by their order of appearance: so an answer that speaks of another room than before shows."""
    same = _played({"_id": _ROOM}, {"_id": _ROOM})
    other = _played({"_id": _ROOM}, {"_id": _OTHER})
    recorded = _plan(*other.answers)
    assert likeness(other.answer, None, recorded, other, same) is Likeness.SAME


def test_a_time_of_another_hour_shows() -> None:
    """No conversation takes that long."""
    late, now = {"ts": "2026-11-22T11:00:00.000Z"}, {"ts": "2026-11-22T10:00:00.000Z"}
    assert _like(late, late, now) is Likeness.SAME


@pytest.mark.parametrize(("patient", "like"), [(False, Likeness.NONE), (True, Likeness.SAME)])
def test_a_time_that_was_said_before_shows_where_there_was_time_between_requests(patient: bool, like: Likeness) -> None:
    """Else two requests may have had the same time by chance."""
    early, late = {"ts": "2026-11-22T10:00:00.000Z"}, {"ts": "2026-11-22T10:00:00.100Z"}
    kept, moved = _played(early, early, patient=patient), _played(early, late, patient=patient)
    assert likeness(moved.answer, None, _plan(*moved.answers), moved, kept) is like


def test_differences_are_told_by_their_place() -> None:
    """Members that are missing, and lists of another length."""
    assert differences({"a": 1, "b": [1, {"c": 2}]}, {"a": 1, "b": [1, {"c": 3}], "d": 4}) == {"/b/1/c", "/d"}
    assert differences({"b": [1]}, {"b": [1, 2]}) == {"/b"}
    assert differences({"a": [1]}, {"a": [1]}) == set()


def test_what_differs_between_two_correct_servers_shows_nothing() -> None:
    """A duration, for example; a difference beside it does."""
    one, other = _played({"took": 0.1, "online": True}), _played({"took": 0.2, "online": True})
    assert shows_by_chance(_played({"took": 0.3, "online": True}), one, other, None)
    assert not shows_by_chance(_played({"took": 0.3, "online": False}), one, other, None)
    assert shows_by_chance(_played({"took": 0.3}), one, other, "/took")
    assert not shows_by_chance(_played({"online": False}), one, other, "/online")


def test_the_first_difference_is_none_of_chance_and_has_the_recorded_status() -> None:
    """Logins differ every time; an answer with another status than the recorded one is passed over."""
    login = {"authToken": "a" * 43, "took": 1}
    made = _plan(_answer(login), _answer({"a": 1}), _answer({"b": 1}))
    shown = _played({**login, "took": 2}, _answer({"a": 2}, 400), {"b": 2})
    controls = [_played({**login, "took": took}, {"a": 1}, {"b": 1}) for took in (3, 4)]
    assert first_difference(made, shown, controls, 0) == 2
    assert first_difference(made, controls[0], controls, 0) is None
