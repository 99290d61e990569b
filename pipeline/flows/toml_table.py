"""Reading a table of a TOML file so that every fault is told at once, each with its place and an example."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

_Value = TypeVar("_Value")
_Word = TypeVar("_Word", bound=StrEnum)

_DURATION = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_NOTHING = object()


class Table:
    """A table under its path.

    Faults go into one list that all tables of a file share; what is wrong reads as a default. `done` tells of keys
    that nobody asked for.
    """

    def __init__(self, path: str, values: object, faults: list[str]) -> None:
        self._path = path
        self._faults = faults
        self._asked: set[str] = set()
        self._values: Mapping[str, object] = values if isinstance(values, Mapping) else {}
        if not isinstance(values, Mapping):
            self.fault("", "is no table")

    def fault(self, key: str, what: str, *, example: str = "") -> None:
        """Note a fault of a key ("" for the table itself)."""
        place = f"{self._path}.{key}" if self._path and key else self._path or key
        self._faults.append(f"{place}: {what}" + (f" (example: {example})" if example else ""))

    def names(self) -> tuple[str, ...]:
        """The keys that are there."""
        return tuple(self._values)

    def text(self, key: str, *, example: str, default: str | None = None) -> str:
        """Text that is not blank."""
        value = self._take(key, example, default)
        if isinstance(value, str) and (value.strip() or value == default):
            return value
        return self._wrong(key, value, "must be text", example, default or "")

    def integer(self, key: str, *, example: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._take(key, example, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self._wrong(key, value, "must be a whole number", example, 0)

    def integers(self, key: str, *, example: str) -> frozenset[int]:
        """A list of whole numbers; where it is left out there are none."""
        value = self._take(key, example, [])
        if isinstance(value, list) and all(type(item) is int for item in value):
            return frozenset(value)
        return self._wrong(key, value, "must be a list of whole numbers", example, frozenset[int]())

    def texts(self, key: str, *, example: str) -> tuple[str, ...]:
        """A list of texts that are not blank; where it is left out there are none."""
        value = self._take(key, example, [])
        if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
            return tuple(value)
        return self._wrong(key, value, "must be a list of texts", example, ())

    def decimal(self, key: str, *, example: str, default: str | None = None) -> Decimal:
        """An amount, written as text: a fraction in TOML would be a float."""
        value = self._take(key, example, default)
        try:
            amount = Decimal(value) if isinstance(value, str) else None
        except InvalidOperation:
            amount = None
        if amount is not None and amount.is_finite():
            return amount
        return self._wrong(key, value, "must be an amount as text", example, Decimal(0))

    def truth(self, key: str) -> bool:
        """True or false; false where it is not given."""
        value = self._take(key, "true", "")
        if value == "":
            return False
        return value if isinstance(value, bool) else self._wrong(key, value, "must be true or false", "true", False)  # noqa: FBT003 - The default.

    def word(self, key: str, words: type[_Word], *, default: _Word) -> _Word:
        """One of a closed set."""
        value = self._take(key, default.value, default.value)
        if isinstance(value, str) and value in set(words):
            return words(value)
        allowed = ", ".join(words)
        return self._wrong(key, value, f"must be one of {allowed}", f'"{default.value}"', default)

    def duration(self, key: str, *, example: str) -> timedelta:
        """A length of time in ISO 8601, days to seconds, longer than nothing."""
        value = self._take(key, example, None)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        parts = {name: int(number) for name, number in match.groupdict().items() if number} if match else {}
        length = timedelta(**parts)
        if length:
            return length
        return self._wrong(key, value, "must be a duration", example, timedelta(days=1))

    def clock(self, key: str, *, example: str, default: time) -> time:
        """A time of day, hours and minutes as text."""
        value = self._take(key, example, "")
        if value == "":
            return default
        if isinstance(value, str) and _CLOCK.fullmatch(value):
            return time.fromisoformat(value)
        return self._wrong(key, value, "must be a time of day", example, default)

    def dates(self, key: str, *, example: str) -> frozenset[date]:
        """A list of TOML's own dates; where it is left out there are none."""
        value = self._take(key, example, [])
        if isinstance(value, list) and all(type(item) is date for item in value):
            return frozenset(value)
        return self._wrong(key, value, "must be a list of dates", example, frozenset[date]())

    def moment(self, key: str, *, example: str) -> datetime | None:
        """TOML's own date, its beginning in UTC, or time with an offset; None where it is left out."""
        value = self._take(key, example, "")
        if value == "":
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if type(value) is date:
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        return self._wrong(key, value, "must be a date, or a time with its offset", example, None)

    def table(self, key: str, *, is_optional: bool = False) -> Table:
        """A table within this one; an empty one where it is missing."""
        self._asked.add(key)
        path = f"{self._path}.{key}" if self._path else key
        if key not in self._values:
            if not is_optional:
                self._faults.append(f"{path}: is missing")
            return Table(path, {}, self._faults)
        return Table(path, self._values[key], self._faults)

    def tables(self, key: str, *, is_optional: bool = False) -> Sequence[Table]:
        """An array of tables, at least one unless optional; each has its number in its path, from 1."""
        self._asked.add(key)
        values = self._values.get(key)
        path = f"{self._path}.{key}" if self._path else key
        if is_optional and values is None:
            return ()
        if not isinstance(values, list) or not values:
            self._faults.append(f"{path}: at least one [[{path}]] is needed")
            return ()
        return [Table(f"{path}[{number}]", value, self._faults) for number, value in enumerate(values, start=1)]

    def done(self) -> None:
        """Note every key that nobody asked for: a slip of the pen would otherwise be silently without effect."""
        for key in self._values:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked)) or "nothing"
                self.fault(key, f"is not known here; known are: {known}")

    def _take(self, key: str, example: str, default: object) -> object:
        self._asked.add(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.fault(key, "is missing", example=example)
            return _NOTHING
        return default

    def _wrong(self, key: str, value: object, what: str, example: str, instead: _Value) -> _Value:
        if value is not _NOTHING:
            self.fault(key, f"{what}, not {value!r}", example=example)
        return instead
