"""Patterns refuse what the real server refuses, with its words."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.reference.match import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    UNDEFINED,
    ArrayOf,
    MatchFailure,
    Maybe,
    ObjectPattern,
    OneOf,
    Pattern,
    including,
    strict,
)

_VISITOR = strict(
    visitor=including(token=STRING, name=Maybe(STRING), customFields=Maybe(ArrayOf(including(key=STRING))))
)


@pytest.mark.parametrize(
    ("pattern", "value", "text"),
    [
        (strict(token=STRING), {}, "Match error: Missing key 'token'"),
        (strict(token=STRING), {"token": 1}, "Match error: Expected string, got number in field token"),
        (strict(token=STRING), {"token": None}, "Match error: Expected string, got null in field token"),
        (strict(token=STRING), {"token": True}, "Match error: Expected string, got boolean in field token"),
        (strict(token=STRING), {"token": ["a"]}, "Match error: Expected string, got object in field token"),
        (strict(token=STRING), {"token": "t", "foo": 1}, "Match error: Unknown key in field foo"),
        (strict(token=STRING), "", "Match error: Expected object, got string"),
        (strict(token=STRING), [], "Match error: Expected plain object"),
        (strict(rid=Maybe(STRING)), {"rid": None}, "Match error: Expected string, got null in field rid"),
        (_VISITOR, {"visitor": {}}, "Match error: Missing key 'token' in field visitor"),
        (_VISITOR, {"visitor": []}, "Match error: Expected plain object in field visitor"),
        (
            _VISITOR,
            {"visitor": {"token": "t", "customFields": [{"key": 1}]}},
            "Match error: Expected string, got number in field visitor.customFields[0].key",
        ),
        (
            _VISITOR,
            {"visitor": {"token": "t", "customFields": {"0": "a"}}},
            'Match error: Expected array, got {"0":"a"} in field visitor.customFields',
        ),
        (strict(data=ArrayOf(STRING)), {"data": "x"}, 'Match error: Expected array, got "x" in field data'),
        (strict(agents=ARRAY), {"agents": None}, "Match error: Expected Array in field agents"),
        (
            strict(agent=strict(id=STRING)),
            {"agent": {"id": "a", "$ne": 1}},
            "Match error: Unknown key in field agent.$ne",
        ),
        (strict(a=BOOLEAN), {"a": "true"}, "Match error: Expected boolean, got string in field a"),
        (strict(a=INTEGER), {"a": 1.5}, "Match error: Expected Integer, got 1.5 in field a"),
        (strict(a=NUMBER), {"a": "1"}, "Match error: Expected number, got string in field a"),
        (
            strict(a=OneOf((STRING, NUMBER))),
            {"a": {}},
            "Match error: Failed Match.OneOf, Match.Maybe or Match.Optional validation in field a",
        ),
        (
            Maybe(ArrayOf(STRING)),
            "x",
            "Match error: Failed Match.OneOf, Match.Maybe or Match.Optional validation",
        ),
        (strict(), {"a b": 1}, 'Match error: Unknown key in field ["a b"]'),
    ],
)
def test_a_mismatch_has_the_words_of_the_real_server(pattern: Pattern, value: Any, text: str) -> None:
    """The texts are those of the recordings."""
    with pytest.raises(MatchFailure) as caught:
        pattern.check(value)
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (_VISITOR, {"visitor": {"token": "", "other": [1]}}),
        (strict(rid=Maybe(STRING)), {}),
        (Maybe(STRING), None),
        (Maybe(STRING), UNDEFINED),
        (strict(a=INTEGER), {"a": 3.0}),
        (ObjectPattern({}, open=True, others=STRING), {"x": "y"}),
    ],
)
def test_what_matches_passes(pattern: Pattern, value: Any) -> None:
    """No failure, no value changed."""
    pattern.check(value)


def test_the_first_key_sent_is_the_first_reported() -> None:
    """The keys of the value are visited in the order sent, before missing ones are looked for."""
    with pytest.raises(MatchFailure) as caught:
        strict(a=STRING, b=STRING).check({"foo": 1, "b": 2})
    assert caught.value.path == "foo"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True, "1", 2**40, None])
def test_an_integer_is_whole_and_small(value: Any) -> None:
    """Only whole numbers of 32 bits are integers."""
    with pytest.raises(MatchFailure):
        INTEGER.check(value)
