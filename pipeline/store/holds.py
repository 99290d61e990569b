"""Holds: who may write a shared object now, and who waits for it.

A row that is free is kept for a while: who read the object before it was given back must read it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, select, tuple_, update

from pipeline.plan import Hold
from pipeline.ports import HoldsWanted, Taken
from pipeline.store import serial
from pipeline.store.granting import Row, grant
from pipeline.store.ledger import AUDIT_LOCK
from pipeline.store.links import link_id
from pipeline.store.page import Page
from pipeline.store.statements import insert_into, run_each
from pipeline.store.tables import LINE_WAITS_FOR_HOLDS, events, held_objects, holds, lines
from pipeline.words import EventId, LineKey

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
FREE_KEPT = timedelta(hours=1)
"""How long a free row is kept: longer than any read's lease."""
FORGET_AT_ONCE = 100

_NAME = tuple_(held_objects.c.object, held_objects.c.field_set)


class SqlHolds:
    """The port `Holds` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def take(self, wanted: Sequence[HoldsWanted]) -> Taken:
        """Take all that an event wants, or none of it; an event that has some of it already keeps that.

        Rows are locked in one order, and what an event has besides is given back, so nobody waits for a holder who
        waits for him.
        """
        named = {hold for want in wanted for hold in want.holds}
        had = set(self._read(_of([want.event_id for want in wanted]))) if wanted else set()
        if not named | had:
            return Taken()
        self._insert_new(named)
        grants = grant(wanted, self._read(_locked(_NAME.in_(_names(named | had)))), self._now)
        run_each(self._conn, _TAKE, [self._taken_row(hold, want) for hold, want in grants.taken.items()])
        run_each(self._conn, _FREE, [self._freed_row(hold) for hold in grants.freed])
        return Taken(answers=grants.answers, freed=tuple(grants.freed))

    def give_back(self, ids: Sequence[EventId]) -> tuple[Hold, ...]:
        """Free everything that these events hold; returns what is free now."""
        had = self._read(_of(ids)) if ids else {}
        if not had:
            return ()
        locked = self._read(_locked(_NAME.in_(_names(had))))
        freed = tuple(hold for hold, row in locked.items() if row.event_id in ids)
        run_each(self._conn, _FREE, [self._freed_row(hold) for hold in freed])
        self._forget()
        return freed

    def holders(self, holds: Sequence[Hold]) -> dict[Hold, EventId]:
        """Who has these; free ones are absent. Whoever asks is alone with the answer until the commit.

        Two that give back at once would each still see the other's hold, and nobody would wake who waits for both.
        The lock is that of the audit chain, to which such a commit adds anyway: of two locks each could be first.
        """
        if holds and self._conn.dialect.name == "postgresql":
            self._conn.execute(select(func.pg_advisory_xact_lock(AUDIT_LOCK)))
        found = self._read(_rows().where(_NAME.in_(_names(holds)))) if holds else {}
        return {hold: row.event_id for hold, row in found.items() if row.event_id is not None}

    def _insert_new(self, named: Iterable[Hold]) -> None:
        rows = [{"object": h.object, "field_set": h.field_set, "link_id": "", "since": NEVER} for h in sorted(named)]
        if not rows:
            return
        insert = insert_into(self._conn, held_objects)
        # Changes nothing of a row that stands, but locks it: nobody removes it before it is read.
        same = insert.on_conflict_do_update(
            index_elements=["object", "field_set"], set_={"since": held_objects.c.since}
        )
        self._conn.execute(same, rows)

    def _read(self, found: Select[Any]) -> dict[Hold, Row]:
        return {
            Hold(object=row.object, field_set=row.field_set): Row(event_id=row.event_id, since=row.since)
            for row in self._conn.execute(found)
        }

    def _forget(self) -> None:
        """Remove rows that have been free for long."""
        is_old = and_(holds("holds", "event_id is null"), held_objects.c.since < self._now - FREE_KEPT)
        old = select(*_NAME.clauses).where(is_old).limit(FORGET_AT_ONCE).with_for_update(skip_locked=True).cte("old")
        self._conn.execute(delete(held_objects).where(_NAME.in_(select(old.c.object, old.c.field_set))))

    def _taken_row(self, hold: Hold, want: HoldsWanted) -> dict[str, Any]:
        link = link_id(want.flow, want.business_key)
        return {**_key(hold), "b_event_id": want.event_id, "b_link_id": link, "b_since": self._now}

    def _freed_row(self, hold: Hold) -> dict[str, Any]:
        return {**_key(hold), "b_since": self._now}


@dataclass(frozen=True, kw_only=True)
class HoldLine(Page):
    """A line that waits for a hold, and who has it; held_by is None where it has just become free."""

    line_key: LineKey
    object: str
    field_set: str
    held_by: EventId | None = None
    held_for: str = ""
    """The link of the item that the hold is for, `<flow>/<business key>`."""
    since: datetime | None = None

    @property
    def told(self) -> str:
        """In words, for a line of text."""
        holder = f"held by {self.held_by} of {self.held_for}" if self.held_by else "free now"
        return f"{self.object} {self.field_set}, {holder}"


def read_hold_lines(conn: Connection, keys: Sequence[LineKey] = ()) -> list[HoldLine]:
    """What lines wait for and who has it, those whose head was accepted first at the front. keys: only these."""
    waiting = (
        select(lines.c.key, lines.c.wanted)
        .join(events, and_(events.c.line_key == lines.c.key, events.c.position == lines.c.head))
        .where(holds("lines", LINE_WAITS_FOR_HOLDS))
        .order_by(events.c.accepted_at, lines.c.key)
    )
    if keys:
        waiting = waiting.where(lines.c.key.in_(keys))
    found = [(row.key, hold) for row in conn.execute(waiting) for hold in serial.load_holds(row.wanted)]
    stored = select(held_objects).where(_NAME.in_(_names({hold for _, hold in found})))
    rows = {(row.object, row.field_set): row for row in conn.execute(stored)} if found else {}
    return [_hold_line(key, hold, rows.get((hold.object, hold.field_set))) for key, hold in found]


def _hold_line(key: LineKey, hold: Hold, row: Any) -> HoldLine:  # noqa: ANN401 - A row, or none.
    line = HoldLine(line_key=key, object=hold.object, field_set=hold.field_set)
    if row is None or row.event_id is None:
        return line
    return HoldLine(**{**vars(line), "held_by": row.event_id, "held_for": row.link_id, "since": row.since})


_BY_NAME = update(held_objects).where(
    held_objects.c.object == bindparam("b_object"), held_objects.c.field_set == bindparam("b_field_set")
)
_TAKE = _BY_NAME.values(event_id=bindparam("b_event_id"), link_id=bindparam("b_link_id"), since=bindparam("b_since"))
_FREE = _BY_NAME.values(event_id=None, link_id="", since=bindparam("b_since"))


def _rows() -> Select[Any]:
    return select(held_objects)


def _of(ids: Sequence[EventId]) -> Select[Any]:
    return _rows().where(held_objects.c.event_id.in_(ids))


def _locked(which: Any) -> Select[Any]:  # noqa: ANN401 - A condition.
    return _rows().where(which).order_by(held_objects.c.object, held_objects.c.field_set).with_for_update()


def _names(found: Iterable[Hold]) -> list[tuple[str, str]]:
    return sorted((hold.object, hold.field_set) for hold in found)


def _key(hold: Hold) -> dict[str, str]:
    return {"b_object": hold.object, "b_field_set": hold.field_set}
