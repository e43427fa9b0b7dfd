"""Files are read fast, by the rules of YAML 1.2, and every broken one is refused with file, line and rule."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.contract import ContractError, load_contract, spec_dir
from conformance.contract.loading import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ-_$ ", min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(value=_VALUES)
def test_what_was_dumped_is_read_back(value: Any, tmp_path: Path) -> None:
    """Whatever YAML text the library writes for a value is read as that value."""
    path = tmp_path / f"{abs(hash(repr(value)))}.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True), "utf-8")
    assert read_yaml(path).value == value


def test_dates_and_yes_stay_text(tmp_path: Path) -> None:
    """A date in an example is the text that a server sends; ``yes`` is a word; keys are text."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 2020-01-01T00:00:00.000Z\nb: yes\n200: 007\nc: [1, 1.5, true, null, '1', 3.2.0]\n", "utf-8")
    source = read_yaml(path)
    assert source.value == {
        "a": "2020-01-01T00:00:00.000Z",
        "b": "yes",
        "200": "007",
        "c": [1, 1.5, True, None, "1", "3.2.0"],
    }
    assert [text for _, text in source.ambiguous_scalars()] == ["2020-01-01T00:00:00.000Z", "yes", "007"]


def test_every_place_has_its_line(tmp_path: Path) -> None:
    """A pointer is answered with the line of the deepest part of it that exists."""
    path = tmp_path / "a.yaml"
    path.write_text("a:\n  b:\n    - x\n    - c: 1\n", "utf-8")
    source = read_yaml(path)
    assert source.line("a", "b", 1, "c") == 4
    assert source.line("a", "b", 1, "absent") == 4
    assert source.line("nothing") == 1


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("a: 1\na: 2\n", "yaml-keys", 2),
        ("a: [1\nb: 2\n", "file-is-yaml", 2),
        ("? [1]\n: 2\n", "yaml-keys", 1),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, text: str, rule: str, line: int) -> None:
    """A repeated key, a lost bracket and a list as a key are named by rule and line."""
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ContractError) as caught:
        read_yaml(path)
    assert (caught.value.rule, caught.value.line, caught.value.file) == (rule, line, str(path))
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Latin-1 is not UTF-8."""
    path = tmp_path / "a.yaml"
    path.write_bytes("a: ä\n".encode("latin-1"))
    with pytest.raises(ContractError, match="not UTF-8"):
        read_yaml(path)


def test_a_folder_without_a_contract_is_refused(tmp_path: Path) -> None:
    """The sentence says what to do."""
    with pytest.raises(ContractError, match="point --spec at a folder"):
        spec_dir(tmp_path)


_BROKEN = [
    ("openapi.yaml", "openapi: 3.1.0", "openapi: 3.0.3", "openapi-version", "the contract begins with"),
    ("openapi.yaml", "operationId: listRooms", "operationId: openRoom", "operation-id", "given twice"),
    ("openapi.yaml", "      operationId: getInfo\n", "", "operation-id", "has no operationId"),
    ("openapi.yaml", "schemas/MessageKey'", "schemas/Nothing'", "reference", "leads nowhere"),
    ("openapi.yaml", "- {name: _id, in: path,", "- {name: _id, in: hat,", "parameter", "a name and a place"),
    (
        "openapi.yaml",
        "info: {value:",
        "info: {externalValue:",
        "example",
        "no value",
    ),
    ("requirements.yaml", "level: MUST", "level: OUGHT", "requirement-level", "OUGHT"),
    ("requirements.yaml", "    kind: accepts\n", "    kind: guess\n", "requirement-kind", "guess"),
    ("requirements.yaml", "    profile: visitor\n", "", "requirement", "has no profile"),
    ("requirements.yaml", "id: LC-ROOM-002", "id: LC-ROOM-001", "requirement-id", "given twice"),
    ("requirements.yaml", "id: LC-ROOM-002", "id: LC-ROOM-999", "requirement-retired", "retired"),
    ("requirements.yaml", "    kind: accepts\n", "    kind: accepts\n    sort: x\n", "requirement", "unknown key sort"),
    ("requirements.yaml", "requirements:", "demands:", "list", "a list called requirements"),
    ("profiles.yaml", "id: sms", "id: visitor", "profile-id", "given twice"),
    ("profiles.yaml", "title: Text messages, ", "", "profile", "an id and a title"),
    ("overlays/since-3.4.yaml", "overlay: 1.0.0", "overlay: 2.0.0", "overlay-version", "begins with"),
    ("overlays/since-3.4.yaml", "x-applies:", "x-applied:", "overlay-applies", "for which servers"),
    ("overlays/since-3.4.yaml", "since: 3.4.0", "since: soon", "overlay-applies", "'soon' is not a version"),
    ("overlays/since-3.4.yaml", "schemas.Room.required", "schemas.Hall.required", "overlay-target", "matches nothing"),
    ("overlays/since-3.4.yaml", "    remove: true", "    remove: false", "overlay-actions", "updates or removes"),
    ("overlays/since-3.4.yaml", "[?(@.name == 'department')]", "[?(count(@) > 1)]", "overlay-target", "cannot be read"),
]


@pytest.mark.parametrize(("file", "old", "new", "rule", "words"), _BROKEN)
def test_a_broken_contract_is_refused_with_a_sentence(
    broken: Callable[..., Path], file: str, old: str, new: str, rule: str, words: str
) -> None:
    """Each way of breaking the contract is refused with file, line, rule and a sentence."""
    folder = broken(file, old, new)
    with pytest.raises(ContractError) as caught:
        load_contract("3.4.0", folder)
    assert caught.value.rule == rule
    assert words in caught.value.problem.sentence
    assert caught.value.line > 0
    assert caught.value.file == str(folder / file)


def test_a_version_or_mode_that_is_none_is_refused(small_folder: Path) -> None:
    """The sentence names what was given."""
    with pytest.raises(ContractError, match="'latest' is not a version"):
        load_contract("latest", small_folder)
    with pytest.raises(ContractError, match="auto or documented, not 'new'"):
        load_contract(None, small_folder, "new")


def test_a_contract_is_loaded_once(small_folder: Path) -> None:
    """The same arguments give the same object, and the documented mode ignores the version."""
    assert load_contract("3.4.0", small_folder) is load_contract("3.4.0", small_folder)
    assert load_contract("3.4.0", small_folder, "documented") is load_contract(None, small_folder)


def test_a_changed_file_is_read_again(broken: Callable[..., Path]) -> None:
    """An author who edits the contract while a process lives sees the change."""
    folder = broken("openapi.yaml", "summary: Open a room", "summary: Opens a room")
    first = load_contract(None, folder)
    broken("openapi.yaml", "summary: Opens a room", "summary: Opens the very room")
    second = load_contract(None, folder)
    assert second.operations["openRoom"].summary == "Opens the very room"
    assert first.hash != second.hash


def test_the_whole_contract_loads_in_half_a_second() -> None:
    """Measured in processor time, from files that nobody has read before."""
    from conformance.contract import contract, loading

    loading._read.cache_clear()
    contract._load.cache_clear()
    started = time.process_time()
    load_contract("3.15.0")
    assert time.process_time() - started < 1.0  # half a second on an idle machine; tests share theirs
