"""Overlays carry what later servers do otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.contract.jsonpath import select
from conformance.contract.versions import parse_version

if TYPE_CHECKING:
    from pathlib import Path

_DOCUMENT: dict[str, Any] = {
    "a": {"b": [{"name": "x", "v": 1}, {"name": "y"}], "c.d": 2},
    "e": {"name": "x", "f": {"name": "z"}},
}


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("$", [()]),
        ("$.a.b", [("a", "b")]),
        ("$['a']['c.d']", [("a", "c.d")]),
        ('$["a"].b[1]', [("a", "b", 1)]),
        ("$.a.b[-1].name", [("a", "b", 1, "name")]),
        ("$.a.b[*].name", [("a", "b", 0, "name"), ("a", "b", 1, "name")]),
        ("$.a.*", [("a", "b"), ("a", "c.d")]),
        ("$.a.b[?(@.name == 'x')]", [("a", "b", 0)]),
        ("$.a.b[?@.name != 'x']", [("a", "b", 1)]),
        ("$.a.b[?(@.v)]", [("a", "b", 0)]),
        ("$.a.b[?(@.v == 1)]", [("a", "b", 0)]),
        ("$..name", [("a", "b", 0, "name"), ("a", "b", 1, "name"), ("e", "name"), ("e", "f", "name")]),
        ("$.nothing", []),
        ("$.a.b[7]", []),
    ],
)
def test_a_path_selects_its_places(path: str, places: list[tuple[str | int, ...]]) -> None:
    """Each supported form of a path, and paths that lead nowhere."""
    assert [steps for steps, _ in select(_DOCUMENT, path)] == places


@pytest.mark.parametrize("path", ["a.b", "$.a[b]", "$.a[0:2]", "$.a."])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="path"):
        select(_DOCUMENT, path)


def test_an_overlay_holds_for_its_servers_only(small_folder: Path) -> None:
    """The beginning of its range belongs to it, the end does not."""
    names = {version: load_contract(version, small_folder).overlays for version in ("3.3.9", "3.4.0", "3.9.9", "4.0.0")}
    assert names == {"3.3.9": (), "3.4.0": ("since-3.4",), "3.9.9": ("since-3.4",), "4.0.0": ()}


def test_an_overlay_merges_appends_and_removes(small: Contract, small_folder: Path) -> None:
    """Objects are merged, arrays get more items, and removed parameters are gone; the base document stays as it was."""
    later = load_contract("3.4.0", small_folder)
    room = later.document["components"]["schemas"]["Room"]
    assert room["required"] == ["_id", "ts", "customFields"]
    assert set(room["properties"]) == {"_id", "open", "ts", "name", "customFields"}
    assert [one.name for one in later.operations["openRoom"].parameters] == ["token"]
    assert small.document["components"]["schemas"]["Room"]["required"] == ["_id", "ts"]
    assert [one.name for one in small.operations["openRoom"].parameters] == ["token", "department"]


def test_a_parameter_of_later_servers_is_unknown_to_earlier_ones(small_folder: Path) -> None:
    """x-since takes a parameter out of the document of an older server."""
    assert [one.name for one in load_contract("2.4.14", small_folder).operations["openRoom"].parameters] == ["token"]


def test_every_overlay_of_the_contract_applies_to_some_known_server(real: Contract) -> None:
    """No overlay lies about for a server that the contract says is newer than itself."""
    for path in sorted((real.folder / "overlays").glob("*.yaml")):
        versions = ("2.4.14", "3.1.0", "3.2.0", "3.4.0", f"{real.newest}.0")
        assert any(path.stem in load_contract(version).overlays for version in versions), path.stem
        assert parse_version(real.newest) >= (3, 15, 0)
