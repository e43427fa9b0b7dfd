"""The store keeps documents, finds them by their keys, and undoes a call as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.reference.store import DuplicateKey, Store, StoreError, pick, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store in memory."""
    store = Store()
    yield store
    store.close()


def test_a_document_comes_back_as_it_went_in(store: Store) -> None:
    """Every kind of JSON value survives, a NUL in a text as well."""
    things = store.collection("things", ["name"])
    document = {"_id": "a", "name": "x\0y", "list": [1, 1.5, None, True], "deep": {"é": "日本"}}
    things.insert(document)
    assert things.get("a") == document
    assert things.one({"name": "x\0y"}) == document


def test_a_taken_id_is_refused(store: Store) -> None:
    """Two documents of a collection never share an id."""
    things = store.collection("things")
    things.insert({"_id": "a"})
    with pytest.raises(DuplicateKey):
        things.insert({"_id": "a"})


def test_documents_are_found_by_dotted_keys(store: Store) -> None:
    """A key may lie inside an object or at an index of an array."""
    things = store.collection("things", ["v.token", "mails.0.address"], nocase=["mails.0.address"])
    things.insert({"_id": "a", "v": {"token": "t"}, "mails": [{"address": "A@x"}]})
    things.insert({"_id": "b"})
    assert [each["_id"] for each in things.find({"v.token": "t"})] == ["a"]
    assert [each["_id"] for each in things.find({"v.token": None})] == ["b"]
    assert [each["_id"] for each in things.find({"mails.0.address": "a@X"})] == ["a"]


def test_conditions_know_lists_and_operators(store: Store) -> None:
    """A list means one of, a pair an operator and its value."""
    things = store.collection("things", ["n"])
    for number in range(5):
        things.insert({"_id": str(number), "n": number})
    assert [each["n"] for each in things.find({"n": [1, 3]})] == [1, 3]
    assert [each["n"] for each in things.find({"n": ("<", 2)})] == [0, 1]
    assert things.count({"n": (">=", 2)}) == 3
    assert things.count({"n": ("!=", 2)}) == 4
    assert len(things.find(where=lambda each: each["n"] % 2 == 0)) == 3


def test_a_page_is_cut_after_the_sort(store: Store) -> None:
    """Sorting works by declared keys and by any other path, and both ways cut alike."""
    things = store.collection("things", ["n"])
    for number in (3, 1, 2):
        things.insert({"_id": str(number), "n": number, "deep": {"n": number}})
    for path in ("n", "deep.n"):
        found = things.find(sort=[(path, -1)], skip=1, limit=1)
        assert [each["n"] for each in found] == [2]


def test_equal_keys_keep_the_order_of_insertion(store: Store) -> None:
    """The newest of equal ones comes first where the sort goes down."""
    things = store.collection("things", ["n"])
    for name in "abc":
        things.insert({"_id": name, "n": 1})
    assert [each["_id"] for each in things.find(sort=[("n", 1)])] == ["a", "b", "c"]
    assert [each["_id"] for each in things.find(sort=[("n", -1)])] == ["c", "b", "a"]


def test_a_rollback_undoes_everything_since_the_commit(store: Store) -> None:
    """A call that fails leaves no trace, and what was kept from documents is made again."""
    things = store.collection("things")
    things.insert({"_id": "a"})
    store.commit()
    version = things.version
    things.insert({"_id": "b"})
    things.remove("a")
    store.rollback()
    assert [each["_id"] for each in things.find()] == ["a"]
    assert things.version > version


def test_a_file_keeps_the_documents(tmp_path: Path) -> None:
    """A second store on the same file finds what the first one left."""
    file = tmp_path / "data.db"
    first = Store(file)
    first.collection("things", ["n"]).insert({"_id": "a", "n": 1})
    first.close()
    second = Store(file)
    assert second.collection("things", ["n"]).one({"n": 1}) == {"_id": "a", "n": 1}
    second.close()


def test_an_unusable_file_is_a_sentence(tmp_path: Path) -> None:
    """A file that is no database is refused with a sentence."""
    file = tmp_path / "data.db"
    file.write_text("this is no database, it is a text that is long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(file)


def test_save_and_put_write_back(store: Store) -> None:
    """A saved document replaces the stored one; put inserts where there is none."""
    things = store.collection("things", ["n"])
    things.put({"_id": "a", "n": 1})
    things.put({"_id": "a", "n": 2})
    things.save({"_id": "nobody", "n": 3})
    assert things.find() == [{"_id": "a", "n": 2}]
    assert things.remove_all({"n": 2}) == 1


@pytest.mark.parametrize(("path", "value"), [("a.b", 1), ("a.x", None), ("l.1", 6), ("l.9", None), ("s.t", None)])
def test_a_path_picks_a_value(path: str, value: object) -> None:
    """A path that leads nowhere gives None."""
    assert pick({"a": {"b": 1}, "l": [5, 6], "s": "text"}, path) == value


def test_values_of_all_kinds_can_be_compared() -> None:
    """The order of the database: nothing, numbers, texts, objects, arrays, booleans."""
    values: list[object] = [True, "b", 2, None, {"a": 1}, [1], 1.5]
    assert sorted(values, key=sort_key) == [None, 1.5, 2, "b", {"a": 1}, [1], True]


def test_documents_can_be_picked_by_a_piece_of_their_text(store: Store) -> None:
    """A piece of JSON narrows a search before the documents are read."""
    things = store.collection("things", ["n"])
    things.insert({"_id": "a", "n": 1, "roles": ["x"]})
    things.insert({"_id": "b", "n": 1, "roles": ["y"]})
    assert [each["_id"] for each in things.find({"n": 1}, containing=b'"y"')] == ["b"]
    assert [each["_id"] for each in things.find(containing=b'"x"')] == ["a"]
