"""A small store of documents on SQLite: one table a collection, a column for each key that is searched by.

Documents are plain dictionaries with a string ``_id``. The store has no types, no schema and no migrations; it keeps
what it is given, in the order it was given. All access happens on one thread. Writes open a transaction by
themselves; the caller of the API ends it with ``commit`` or ``rollback`` once per call, which makes every call atomic.
"""

from __future__ import annotations

import functools
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import msgspec

from conformance.reference.envelope import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

Document = dict[str, Any]

_OPERATORS: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "!=": "IS NOT"}


class DuplicateKey(Exception):
    """A document with this ``_id`` exists already."""


class StoreError(Exception):
    """The file of a store cannot be used; the message is a sentence."""


def pick(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of a document, None where there is none."""
    value: Any = document
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _column(value: Any) -> Any:
    if isinstance(value, str | float) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value)
    return None


def sort_key(value: Any) -> tuple[int, Any]:
    """The place of a value in the order of the database: nothing, numbers, texts, objects, arrays, booleans."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (5, value)
    if isinstance(value, int | float):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    return (3, encode_json(value)) if isinstance(value, dict) else (4, encode_json(value))


def _sorted_by(path: str, document: Document) -> tuple[int, Any]:
    return sort_key(pick(document, path))


class Store:
    """The database of one server: in memory, or in a file that keeps it over a restart.

    Raises:
        StoreError: The file cannot be opened, or is no database.
    """

    def __init__(self, file: Path | None = None) -> None:
        try:
            self._connection = sqlite3.connect(
                ":memory:" if file is None else str(file),
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
            )
            self._execute = self._connection.execute
            self._execute(f"PRAGMA journal_mode={'MEMORY' if file is None else 'WAL'}")
            self._execute(f"PRAGMA synchronous={'OFF' if file is None else 'NORMAL'}")
        except sqlite3.Error as error:
            raise StoreError(f"The data file {file} cannot be used: {error}.") from error
        self.collections: dict[str, Collection] = {}

    def collection(
        self, name: str, keys: Sequence[str] = (), indexes: Sequence[tuple[str, ...]] = (), nocase: Sequence[str] = ()
    ) -> Collection:
        """Declare a collection.

        Args:
            name: Its name.
            keys: The dotted paths that are searched by.
            indexes: Which of them are indexed together.
            nocase: Which of them are compared without regard to case (of ASCII letters).
        """
        collection = self.collections[name] = Collection(self, name, keys, indexes, nocase)
        return collection

    def execute(self, statement: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run a statement that reads."""
        return self._execute(statement, tuple(values))

    def write(self, statement: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run a statement that writes, in a transaction that stays open until ``commit`` or ``rollback``."""
        if not self._connection.in_transaction:
            self._execute("BEGIN")
        return self._execute(statement, tuple(values))

    def commit(self) -> None:
        """Keep what was written since the last commit."""
        if self._connection.in_transaction:
            self._execute("COMMIT")

    def rollback(self) -> None:
        """Undo what was written since the last commit."""
        if self._connection.in_transaction:
            self._execute("ROLLBACK")
            for collection in self.collections.values():
                collection.version += 1

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self._connection.close()


class Collection:
    """One kind of documents.

    Conditions are dictionaries from key to what it must be: a value (``None``: absent or null), a list (one of
    them), or a pair of an operator (``<  <=  >  >=  !=``) and a value. Only declared keys may be asked for;
    anything finer is a ``where`` function on the document.

    Attributes:
        version: Grows with every write and every rollback, so that what was computed from documents can be kept.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        keys: Sequence[str],
        indexes: Sequence[tuple[str, ...]],
        nocase: Sequence[str] = (),
    ) -> None:
        self.store = store
        self.name = name
        self.keys = tuple(keys)
        self.version = 0
        self._paths = tuple((key, None if "." in key else key) for key in self.keys)
        self._decode = msgspec.json.Decoder().decode
        columns = "".join(f', "{key}"' for key in self.keys)
        typed = "".join(f', "{key}"' + (" COLLATE NOCASE" if key in nocase else "") for key in self.keys)
        store.execute(
            f'CREATE TABLE IF NOT EXISTS "{name}" (place INTEGER PRIMARY KEY, _id TEXT UNIQUE NOT NULL, doc{typed})'
        )
        for index in indexes:
            on = ", ".join(f'"{key}"' for key in index)
            store.execute(f'CREATE INDEX IF NOT EXISTS "{name}:{"+".join(index)}" ON "{name}" ({on})')
        marks = ", ".join("?" * (2 + len(self.keys)))
        self._insert = f'INSERT INTO "{name}" (_id, doc{columns}) VALUES ({marks})'
        settings = ", ".join(["doc = ?", *(f'"{key}" = ?' for key in self.keys)])
        self._update = f'UPDATE "{name}" SET {settings} WHERE _id = ?'
        self._get = f'SELECT doc FROM "{name}" WHERE _id = ?'

    def _columns(self, document: Document) -> list[Any]:
        return [_column(pick(document, key) if flat is None else document.get(flat)) for key, flat in self._paths]

    def insert(self, document: Document) -> Document:
        """Add a document.

        Raises:
            DuplicateKey: Its ``_id`` is taken.
        """
        try:
            self.store.write(self._insert, (document["_id"], encode_json(document), *self._columns(document)))
        except sqlite3.IntegrityError:
            raise DuplicateKey(document["_id"]) from None
        self.version += 1
        return document

    def save(self, document: Document) -> Document:
        """Write a document back in place of the stored one with its ``_id``; nothing happens where there is none."""
        self.store.write(self._update, (encode_json(document), *self._columns(document), document["_id"]))
        self.version += 1
        return document

    def put(self, document: Document) -> Document:
        """Insert a document or write it back."""
        return self.save(document) if self.get(document["_id"]) is not None else self.insert(document)

    def remove(self, identifier: str) -> bool:
        """Remove the document with this ``_id``; say whether there was one."""
        self.version += 1
        return self.store.write(f'DELETE FROM "{self.name}" WHERE _id = ?', (identifier,)).rowcount > 0

    def remove_all(self, condition: Mapping[str, Any]) -> int:
        """Remove every document that meets a condition; return how many there were."""
        self.version += 1
        clause, values = self._clause(condition)
        return self.store.write(f'DELETE FROM "{self.name}"{clause}', values).rowcount

    def get(self, identifier: str) -> Document | None:
        """The document with this ``_id``."""
        row = self.store.execute(self._get, (identifier,)).fetchone()
        return None if row is None else self._decode(row[0])

    def one(self, condition: Mapping[str, Any]) -> Document | None:
        """The first document that meets a condition, in the order of insertion."""
        clause, values = self._clause(condition)
        row = self.store.execute(f'SELECT doc FROM "{self.name}"{clause} ORDER BY place LIMIT 1', values).fetchone()
        return None if row is None else self._decode(row[0])

    def count(self, condition: Mapping[str, Any] | None = None) -> int:
        """How many documents meet a condition."""
        clause, values = self._clause(condition or {})
        count: int = self.store.execute(f'SELECT count(*) FROM "{self.name}"{clause}', values).fetchone()[0]
        return count

    def find(
        self,
        condition: Mapping[str, Any] | None = None,
        *,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int = 0,
        where: Callable[[Document], bool] | None = None,
        containing: bytes = b"",
    ) -> list[Document]:
        """The documents that meet a condition.

        Args:
            condition: What the keys must be.
            sort: Pairs of dotted path and direction (1 or -1); equal ones stay in the order of insertion, reversed
                where the first direction is -1.
            skip: How many to leave out at the start, at least 0.
            limit: How many at most; 0 is all.
            where: A further condition on the document.
            containing: A piece of JSON that the document must have somewhere, which spares reading the others.
        """
        clause, values = self._clause(condition or {})
        if containing:
            clause += f" {'AND' if clause else 'WHERE'} instr(doc, ?)"
            values.append(containing)
        by_column = all(path in self.keys or path == "_id" for path, _ in sort)
        backwards = bool(sort) and sort[0][1] < 0
        order = ", ".join(
            [
                *(f'"{path}" {"DESC" if way < 0 else "ASC"}' for path, way in sort if by_column),
                f"place {'DESC' if backwards else 'ASC'}",
            ]
        )
        statement = f'SELECT doc FROM "{self.name}"{clause} ORDER BY {order}'
        if by_column and where is None:
            if limit or skip:
                statement += " LIMIT ? OFFSET ?"
                values = [*values, limit or -1, skip]
            return [self._decode(row[0]) for row in self.store.execute(statement, values)]
        found: list[Document] = [self._decode(row[0]) for row in self.store.execute(statement, values)]
        if where is not None:
            found = [document for document in found if where(document)]
        if not by_column:
            for path, way in reversed(sort):
                found.sort(key=functools.partial(_sorted_by, path), reverse=way < 0)
        return found[skip : skip + limit] if limit else found[skip:]

    def _clause(self, condition: Mapping[str, Any]) -> tuple[str, list[Any]]:
        if not condition:
            return "", []
        parts: list[str] = []
        values: list[Any] = []
        for key, wanted in condition.items():
            if isinstance(wanted, list):
                parts.append(f'"{key}" IN ({", ".join("?" * len(wanted))})')
                values.extend(wanted)
            elif isinstance(wanted, tuple):
                parts.append(f'"{key}" {_OPERATORS[wanted[0]]} ?')
                values.append(wanted[1])
            else:
                parts.append(f'"{key}" IS ?')
                values.append(wanted)
        return " WHERE " + " AND ".join(parts), values
