"""Versions of servers are compared by number, and ranges are half-open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.versions import in_range, is_newer, parse_version

_NUMBERS = st.tuples(*[st.integers(0, 99)] * 3)


def _text(number: tuple[int, int, int]) -> str:
    return ".".join(map(str, number))


@given(_NUMBERS, _NUMBERS, _NUMBERS)
def test_a_range_holds_its_beginning_and_not_its_end(
    a: tuple[int, int, int], b: tuple[int, int, int], c: tuple[int, int, int]
) -> None:
    """since <= version < until, whatever the numbers."""
    assert in_range(_text(a), _text(b), _text(c)) is (b <= a < c)
    assert in_range(_text(a), None, None)
    assert in_range(_text(a), _text(a), None)
    assert not in_range(_text(a), None, _text(a))


@pytest.mark.parametrize(
    ("text", "number"), [("3.2", (3, 2, 0)), ("v3.15.0-rc.1", (3, 15, 0)), (" 4 ", (4, 0, 0)), ("3.4.0+b1", (3, 4, 0))]
)
def test_suffixes_and_short_forms_are_understood(text: str, number: tuple[int, int, int]) -> None:
    """A release candidate counts as its release."""
    assert parse_version(text) == number


@pytest.mark.parametrize("text", ["", "latest", "3,2", "3.x", "٣.٢"])
def test_what_is_no_version_is_refused(text: str) -> None:
    """The error names the text."""
    with pytest.raises(ValueError, match="is not a version"):
        parse_version(text)


def test_only_a_newer_line_is_newer_than_the_contract() -> None:
    """3.15.9 belongs to the newest known line, 3.16 does not."""
    assert not is_newer("3.15.9")
    assert is_newer("3.16.0")
    assert is_newer("8.0.0")
