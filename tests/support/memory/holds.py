"""Holds in memory; who gets which is decided by the rules of the store itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipeline.plan import Hold
from pipeline.ports import HoldsWanted, Taken
from pipeline.store.granting import Row, grant
from pipeline.store.holds import FREE_KEPT, NEVER
from pipeline.store.links import link_id
from pipeline.words import EventId
from tests.support.memory.rows import Tables


class MemoryHolds:
    """The port `Holds` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._holds = tables["holds"]
        self._now = now

    def take(self, wanted: Sequence[HoldsWanted]) -> Taken:
        """Take all that an event wants, or none of it; what it has besides is given back."""
        named = {hold for want in wanted for hold in want.holds}
        had = self._of([want.event_id for want in wanted])
        for hold in sorted(named):
            if self._holds.get(hold.object, hold.field_set) is None:
                self._holds.insert({**vars(hold), "link_id": "", "since": NEVER})
        grants = grant(wanted, self._rows(named.union(had)), self._now)
        for hold, want in grants.taken.items():
            self._write(hold, event_id=want.event_id, link=link_id(want.flow, want.business_key))
        for hold in grants.freed:
            self._write(hold, event_id=None, link="")
        return Taken(answers=grants.answers, freed=tuple(grants.freed))

    def give_back(self, ids: Sequence[EventId]) -> tuple[Hold, ...]:
        """Free everything that these events hold; returns what is free now."""
        had = self._of(ids)
        for hold in had:
            self._write(hold, event_id=None, link="")
        for row in self._holds if had else ():
            if row["event_id"] is None and row["since"] < self._now - FREE_KEPT:
                self._holds.delete(row)
        return tuple(had)

    def holders(self, holds: Sequence[Hold]) -> dict[Hold, EventId]:
        """Who has these; free ones are absent."""
        return {hold: row.event_id for hold, row in self._rows(holds).items() if row.event_id is not None}

    def _of(self, ids: Sequence[EventId]) -> list[Hold]:
        rows = [row for event_id in ids for row in self._holds.where("event_id", event_id)]
        return sorted(Hold(object=row["object"], field_set=row["field_set"]) for row in rows)

    def _rows(self, holds: Iterable[Hold]) -> dict[Hold, Row]:
        rows = {hold: self._holds.get(hold.object, hold.field_set) for hold in holds}
        return {hold: Row(event_id=row["event_id"], since=row["since"]) for hold, row in rows.items() if row}

    def _write(self, hold: Hold, *, event_id: EventId | None, link: str) -> None:
        row = self._holds.get(hold.object, hold.field_set)
        if row is None:
            raise KeyError(hold)
        self._holds.change(row, event_id=event_id, link_id=link, since=self._now)
