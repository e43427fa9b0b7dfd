"""Minimising: what does not matter for a finding is gone at the end, and what matters is still there."""

from __future__ import annotations

from conformance.suite.property.call import Call, form_of
from conformance.suite.property.minimise import reductions, smallest_call, smallest_list


def test_a_sequence_loses_every_step_that_does_not_matter() -> None:
    """Two steps that belong together stay, wherever they stand."""
    short = smallest_list(list(range(30)), lambda part: 4 in part and 27 in part, most=200)
    assert short == [4, 27]


def test_a_sequence_stays_whole_where_every_step_matters() -> None:
    """Nothing is dropped that the finding needs."""
    assert smallest_list([1, 2, 3], lambda part: part == [1, 2, 3]) == [1, 2, 3]


def test_minimising_a_sequence_is_bounded() -> None:
    """However long it is, so many are tried and no more."""
    tried = 0

    def same(part: list[int]) -> bool:
        nonlocal tried
        tried += 1
        return False

    smallest_list(list(range(1000)), same, most=25)
    assert tried == 25


def test_a_call_loses_the_parts_that_do_not_matter() -> None:
    """Only the key that shows the finding is left, and its text is short."""
    call = Call(
        "sendMessage", query={"a": "1", "b": "2"}, body={"msg": "x" * 200, "rid": "r", "agent": {"agentId": "a"}}
    )
    small = smallest_call(call, lambda one: len(str((one.body or {}).get("msg", ""))) > 20, most=200)
    assert small.query == {}
    assert set(small.body) == {"msg"}
    assert 20 < len(small.body["msg"]) <= 40


def test_a_call_is_left_as_it_is_where_nothing_smaller_shows_the_same() -> None:
    """The call itself comes back, unchanged."""
    call = Call("sendMessage", body={"msg": "hello"})
    assert smallest_call(call, lambda one: False).body == {"msg": "hello"}


def test_reductions_leave_the_call_alone() -> None:
    """Each is a copy with one change."""
    call = Call("visitPage", query={"q": "1"}, body={"pageInfo": {"title": "a long title"}, "list": [1, 2]})
    before = repr(call)
    assert len(list(reductions(call))) >= 6
    assert repr(call) == before


def test_a_form_writes_nested_members_in_brackets() -> None:
    """The names are those that the server's parser reads."""
    fields = form_of({"visitor": {"token": "t", "tags": ["a", "b"]}, "on": True, "none": None})
    assert fields == {"visitor[token]": "t", "visitor[tags][0]": "a", "visitor[tags][1]": "b", "on": "true", "none": ""}
