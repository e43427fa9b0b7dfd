"""Query strings and forms are read as the server reads them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.query import nest, parse_form, readings

_NAMES = st.text("abc[]$.0", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("a", "2")], {"a": ["1", "2"]}),
        ([("a[]", "1")], {"a": ["1"]}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[0]", "1"), ("a[1]", "2")], {"a": ["1", "2"]}),
        ([("a[$ne]", "1")], {"a": {"$ne": "1"}}),
        ([("a[b][c]", "1")], {"a": {"b": {"c": "1"}}}),
        ([("a[b]", "1"), ("a", "2")], {"a": {"b": "1", "2": "true"}}),
        ([("a", "1"), ("a[b]", "2")], {"a": {"1": "true", "b": "2"}}),
        ([("a[][b]", "1")], {"a": [{"b": "1"}]}),
        ([("[a]", "1"), ("b[", "2"), ("c[d", "3")], {"[a]": "1", "b[": "2", "c[d": "3"}),
        ([("a", "")], {"a": ""}),
    ],
)
def test_brackets_and_repetition_make_structure(pairs: list[tuple[str, str]], value: dict[str, Any]) -> None:
    """Arrays and objects come of brackets, arrays of repeated keys."""
    assert nest(pairs) == value


@given(st.lists(st.tuples(_NAMES, st.text(max_size=3)), max_size=8))
def test_nesting_never_fails_and_loses_no_first_key(pairs: list[tuple[str, str]]) -> None:
    """Whatever the names are, each is found again under its beginning."""
    value = nest(pairs)
    for name, _ in pairs:
        head = name.partition("[")[0]
        assert name in value or (head and head in value)


@given(st.dictionaries(st.text("abc", min_size=1), st.text(st.characters(codec="utf-8")), max_size=5))
def test_a_form_is_read_back(values: dict[str, str]) -> None:
    """A plain form is the object that it was made of."""
    assert parse_form(urlencode(values)) == values


@pytest.mark.parametrize(
    ("value", "meanings"),
    [
        ("1", ["1", 1]),
        ("-2", ["-2", -2]),
        ("1.5", ["1.5", 1.5]),
        ("true", ["true", True]),
        ("True", ["True"]),
        ("abc", ["abc"]),
        ("", [""]),
        (["1", "x"], [["1", "x"], [1, "x"]]),
        ({"$ne": "1"}, [{"$ne": "1"}]),
    ],
)
def test_a_text_may_mean_a_number_or_a_truth_value(value: Any, meanings: list[Any]) -> None:
    """The text itself always comes first."""
    assert readings(value) == meanings
