"""Tables in memory: the columns, defaults and uniques of the real ones, read from their definition.

A row is a plain dict that nobody changes in place; every write keeps what was there before, so that a transaction
can be taken back as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from pipeline.states import IllegalMoveError
from pipeline.store.tables import metadata
from pipeline.store.types import Json, UtcTime, Word, clean, clean_json

Row = dict[str, Any]
Key = tuple[Any, ...]
Journal = list[tuple["Rows", Key, Row | None]]


class Rows:
    """One table. `journal` gets what stood before each write."""

    def __init__(self, table: Table, journal: Journal) -> None:
        self.name = table.name
        self._key = tuple(column.name for column in table.primary_key)
        self._binds = {column.name: _bind(column.type) for column in table.columns}
        self._defaults = {
            column.name: column.default.arg if column.default is not None else None for column in table.columns
        }
        self._numbered = self._key[0] if table.autoincrement_column is not None else ""
        self._uniques = [_Unique(*found) for found in _uniques(table)]
        self._groups: dict[str, dict[Any, dict[Key, Row]]] = {}
        self._rows: dict[Key, Row] = {}
        self._journal = journal
        self._last = 0

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, *key: Any) -> Row | None:  # noqa: ANN401 - Values of any column.
        """The row with this primary key."""
        return self._rows.get(key)

    def known(self, values: Mapping[str, Any]) -> Row | None:
        """The row with the primary key that these values name."""
        return self._rows.get(tuple(values[name] for name in self._key))

    def where(self, column: str, value: Any) -> list[Row]:  # noqa: ANN401 - As `get`.
        """All rows with this value in a column, in the order in which they came."""
        group = self._groups.get(column)
        if group is None:
            group = self._groups[column] = {}
            for key, row in self._rows.items():
                group.setdefault(row[column], {})[key] = row
        return list(group.get(value, {}).values())

    def insert(self, values: Mapping[str, Any]) -> Row:
        """Add a row; what is not given gets its default. Raises IntegrityError where one stands already."""
        row: Row = {**self._defaults, **self._bound(values)}
        if self._numbered and row[self._numbered] is None:
            self._last += 1
            row[self._numbered] = self._last
        key = tuple(row[name] for name in self._key)
        if key in self._rows:
            raise _refused(f"{self.name}: the key {key} stands already")
        self._write(key, row)
        return row

    def change(self, row: Row, **values: Any) -> Row:  # noqa: ANN401 - As `get`.
        """The row with other values. Raises IntegrityError where a unique stands in the way."""
        new = {**row, **self._bound(values)}
        self._write(tuple(row[name] for name in self._key), new)
        return new

    def delete(self, row: Row) -> None:
        """Take a row away."""
        self._write(tuple(row[name] for name in self._key), None)

    def restore(self, key: Key, old: Row | None) -> None:
        """Put back what stood there before a write."""
        self._put(key, old)

    def fill(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Hold exactly these rows, which are whole."""
        self._groups.clear()
        self._rows.clear()
        for unique in self._uniques:
            unique.taken.clear()
        for row in rows:
            self._put(tuple(row[name] for name in self._key), dict(row))

    def _bound(self, values: Mapping[str, Any]) -> Row:
        return {name: value if value is None else self._binds[name](value) for name, value in values.items()}

    def _write(self, key: Key, new: Row | None) -> None:
        if new is not None:
            for unique in self._uniques:
                unique.check(key, new, self.name)
        self._journal.append((self, key, self._rows.get(key)))
        self._put(key, new)

    def _put(self, key: Key, new: Row | None) -> None:
        old = self._rows.get(key)
        for unique in self._uniques:
            unique.follow(key, old, new)
        for column, group in self._groups.items():
            if old is not None and (new is None or new[column] != old[column]):
                del group[old[column]][key]
            if new is not None:
                group.setdefault(new[column], {})[key] = new
        if new is None:
            del self._rows[key]
        else:
            self._rows[key] = new


class _Unique:
    """A unique constraint or partial unique index: which key holds which values."""

    def __init__(self, columns: tuple[str, ...], holds: Callable[[Row], bool]) -> None:
        self._columns = columns
        self._holds = holds
        self.taken: dict[Key, Key] = {}

    def check(self, key: Key, row: Row, table: str) -> None:
        """Raises IntegrityError where another row holds these values."""
        values = self._of(row)
        if values is not None and self.taken.get(values, key) != key:
            raise _refused(f"{table}: {self._columns} {values} stands already")

    def follow(self, key: Key, old: Row | None, new: Row | None) -> None:
        """Keep up with a write."""
        before, after = self._of(old), self._of(new)
        if before == after:
            return
        if before is not None and self.taken.get(before) == key:
            del self.taken[before]
        if after is not None:
            self.taken[after] = key

    def _of(self, row: Row | None) -> Key | None:
        """The values a row holds; None where it holds none: SQL's nulls are all different."""
        if row is None or not self._holds(row):
            return None
        values = tuple(row[name] for name in self._columns)
        return None if None in values else values


class Tables:
    """Every table, and the journal of the transaction that writes to them."""

    def __init__(self) -> None:
        self.journal: Journal = []
        self._all = {table.name: Rows(table, self.journal) for table in metadata.sorted_tables}

    def __getitem__(self, name: str) -> Rows:
        return self._all[name]

    def all(self) -> Iterable[Rows]:
        """The tables, each after those its foreign keys point to."""
        return self._all.values()

    def roll_back(self) -> None:
        """Take back what was written since the journal was emptied."""
        for rows, key, old in reversed(self.journal):
            rows.restore(key, old)
        self.journal.clear()


def _uniques(table: Table) -> list[tuple[tuple[str, ...], Callable[[Row], bool]]]:
    whole = [
        tuple(column.name for column in each.columns)
        for each in sorted(table.constraints, key=lambda each: str(each.name))
        if isinstance(each, UniqueConstraint)
    ]
    partial = [
        (tuple(column.name for column in each.columns), _predicate(str(each.dialect_options["sqlite"]["where"])))
        for each in sorted(table.indexes, key=lambda each: str(each.name))
        if each.unique
    ]
    return [(columns, lambda _row: True) for columns in whole] + partial


def _predicate(text: str) -> Callable[[Row], bool]:
    """The condition of a partial unique index, which names one column and one word."""
    found = re.fullmatch(r"(\w+) (=|<>) '(\w*)'", text)
    if found is None:
        raise ValueError(f"a predicate that no rule here reads: {text}")
    column, sign, word = found.groups()
    if sign == "=":
        return lambda row: bool(row[column] == word)
    return lambda row: bool(row[column] != word)


def _bind(kind: object) -> Callable[[Any], Any]:
    """A value as the column keeps it."""
    if isinstance(kind, UtcTime):
        return _utc
    if isinstance(kind, Word):
        return lambda value: clean(str(value))
    if isinstance(kind, Json):
        return lambda value: json.loads(json.dumps(clean_json(value)))  # What has no place in JSON is refused here.
    return lambda value: value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {value!r}")
    return value.astimezone(UTC)


def _refused(why: str) -> IntegrityError:
    """What SQLAlchemy raises for a unique that is taken."""
    return IntegrityError(why, None, ValueError(why))


def require(rows: Sequence[Row | None], states: Sequence[str], *, what: str) -> list[Row]:
    """The rows, all of them in the states their moves start from. Raises IllegalMoveError as the SQL store does."""
    held = [row for row, state in zip(rows, states, strict=True) if row is not None and row["state"] == state]
    if len(held) != len(rows):
        raise IllegalMoveError(
            f"{len(rows) - len(held)} of {len(rows)} {what} were not in the state they were to leave"
        )
    return held
