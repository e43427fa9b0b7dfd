"""The helper that all text of a target goes through, and what is built on it."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from conformance.report.jsonview import differing, json_markup
from conformance.report.text import one_line, short_json, text_node, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("nul\x00", "nul⟨U+0000⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\ufeff\u200b", "⟨U+FEFF⟩⟨U+200B⟩"),
        ("Grüße 你好 🎉", "Grüße 你好 🎉"),
        ("\x85\x9b", "⟨U+0085⟩⟨U+009B⟩"),
        (7, "7"),
        (None, ""),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: object, shown: str) -> None:
    """Control characters, turns of direction, halves of pairs; all else stays."""
    assert visible(text) == shown


def test_markup_of_our_own_passes_unchanged() -> None:
    """It was made by this package."""
    assert visible(Markup("<b>x</b>")) == "<b>x</b>"


def test_one_line_is_one_line_and_not_too_long() -> None:
    """For terminals and summaries."""
    assert one_line("a\n\n  b") == "a b"
    assert len(one_line("x" * 1000, 80)) == 80


def test_text_nodes_are_escaped() -> None:
    """Quotes may stay, angle brackets may not."""
    assert text_node('<a href="x">&') == '&lt;a href="x"&gt;&amp;'


def test_short_json_keeps_texts_without_quotes() -> None:
    """And writes all else as JSON."""
    assert short_json("x") == "x"
    assert short_json({"b": 1, "a": None}) == '{"a": null, "b": 1}'


def test_json_marks_the_members_that_differ() -> None:
    """The deepest ones."""
    expected, observed = {"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "e": 0, "d": [1]}
    assert differing(expected, observed) == ("/a/c", "/e")
    shown = json_markup(observed, differing(expected, observed))
    assert '"c": <mark>3</mark>' in shown
    assert '"e": <mark>0</mark>' in shown
    assert '"b": 1' in shown


def test_values_of_different_types_differ() -> None:
    """1 is not true."""
    assert differing(1, True) == ("",)
    assert differing([1, 2], [1]) == ("",)


def test_json_of_a_target_is_escaped_in_keys_and_values() -> None:
    """Also inside marks."""
    shown = json_markup({"<b>": "</script>\u202e"}, ("/<b>",))
    assert "<b>" not in shown
    assert "</script>" not in shown
    assert "⟨U+202E⟩" in shown


def test_pointers_with_slashes_and_tildes_are_found() -> None:
    """RFC 6901."""
    assert "<mark>" in json_markup({"a/b~c": 1}, ("/a~1b~0c",))
