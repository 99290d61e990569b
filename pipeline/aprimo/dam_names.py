"""Names of the DAM: fields, options, classifications, checks and collections go by name with us, by id on the wire.

Each list is read once, kept for a while, and read again when a name or an id appears that it does not hold: the
tenant may have made it a moment ago. Asked for what is not there either, it says what comes closest.
"""

from __future__ import annotations

import difflib
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.aprimo.dam_schemas import Named
from pipeline.errors import PermanentError
from pipeline.ports import Bounds
from pipeline.transport.memory import AGAIN_S

Load = Callable[[str, Bounds], Sequence[Named]]
"""Reads all of a list of definitions by its plural."""


@dataclass(frozen=True, kw_only=True)
class _Shelf:
    read_at: float
    by_id: dict[str, Named]
    by_name: dict[str, list[Named]]


class Names:
    """Resolves names of one tenant. Thread-safe; who needs a list that another thread reads waits for it."""

    def __init__(self, load: Load, *, life_s: float, monotonic: Callable[[], float]) -> None:
        self._load = load
        self._life_s = life_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._shelves: dict[str, _Shelf] = {}
        self._reading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def find(self, plural: str, name: str, bounds: Bounds) -> Named:
        """A definition by its name or id. Raises PermanentError (`name_unknown`), with the closest names.

        A name that several bear stands for none of them.
        """
        found = self._look(plural, name, bounds)
        if found is None:
            raise _unknown(f"{plural.removesuffix('s')} {name!r}", name, self._names(plural, bounds))
        return found

    def all(self, plural: str, bounds: Bounds) -> tuple[Named, ...]:
        """Every definition of a list, as it is now."""
        return tuple(self._again(plural, bounds).by_id.values())

    def option_id(self, field: Named, name: str, bounds: Bounds) -> str:
        """The id of an option of a field. Raises PermanentError with the closest names."""
        found = _option(field, name)
        if found is None:
            field = self._again("fielddefinitions", bounds).by_id.get(field.id, field)
            found = _option(field, name)
        if found is None:
            raise _unknown(f"option {name!r} of {field.name}", name, list(field.options.values()))
        return found

    def option_name(self, field_id: str, option_id: str, bounds: Bounds) -> str:
        """The name of an option; its id where the tenant has none for it even after another look."""
        for shelf in (self._shelf, self._again):
            field = shelf("fielddefinitions", bounds).by_id.get(field_id)
            if field is not None and option_id in field.options:
                return field.options[option_id]
        return option_id

    def classification_path(self, classification_id: str, bounds: Bounds) -> str:
        """The path of a classification; its id where the tenant has none for it."""
        return self.name_of("classifications", classification_id, bounds)

    def name_of(self, plural: str, its_id: str, bounds: Bounds) -> str:
        """The name of a definition; its id where the tenant has none for it even after another look."""
        found = self._look(plural, its_id, bounds)
        return found.name if found else its_id

    def _look(self, plural: str, name: str, bounds: Bounds) -> Named | None:
        for shelf in (self._shelf, self._again):
            known = shelf(plural, bounds)
            if name in known.by_id:
                return known.by_id[name]
            found = known.by_name.get(name.casefold(), [])
            if len(found) > 1:
                ids = ", ".join(each.id for each in found)
                hint = f"Aprimo's DAM has {len(found)} {plural} called {name!r}: name one by its id ({ids})."
                raise PermanentError("name_unknown", hint)
            if found:
                return found[0]
        return None

    def _names(self, plural: str, bounds: Bounds) -> list[str]:
        return [each.name for each in self._shelf(plural, bounds).by_id.values()]

    def _shelf(self, plural: str, bounds: Bounds) -> _Shelf:
        return self._younger_than(self._life_s, plural, bounds)

    def _again(self, plural: str, bounds: Bounds) -> _Shelf:
        return self._younger_than(AGAIN_S, plural, bounds)

    def _younger_than(self, age_s: float, plural: str, bounds: Bounds) -> _Shelf:
        with self._lock:
            reading = self._reading[plural]
        with reading:
            shelf = self._shelves.get(plural)
            if shelf is None or self._monotonic() - shelf.read_at >= age_s:
                shelf = self._shelves[plural] = self._read(plural, bounds)
            return shelf

    def _read(self, plural: str, bounds: Bounds) -> _Shelf:
        rows = self._load(plural, bounds)
        by_name: dict[str, list[Named]] = {}
        for row in rows:
            by_name.setdefault(row.name.casefold(), []).append(row)
        return _Shelf(read_at=self._monotonic(), by_id={row.id: row for row in rows}, by_name=by_name)


def _option(field: Named, name: str) -> str | None:
    wanted = name.casefold()
    ids = (each for each, known in field.options.items() if wanted in {known.casefold(), each})
    return next(ids, None)


def _unknown(what: str, name: str, known: Sequence[str]) -> PermanentError:
    closest = ", ".join(difflib.get_close_matches(name, known, n=3, cutoff=0.4)) or "nothing like it"
    return PermanentError("name_unknown", f"Aprimo's DAM has no {what}; closest: {closest}.")
