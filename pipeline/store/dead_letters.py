"""Dead letters: work that needs a person. One open letter holds a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, update

from pipeline.ports import Letter, NewLetter
from pipeline.store.tables import dead_letters, deliveries, events, holds
from pipeline.words import DeliveryState, EventId, LetterState, LineKey

_IS_OPEN = holds("dead_letters", "state = 'open'")


class SqlLetters:
    """The port `Letters` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def open(self, letters: Sequence[NewLetter]) -> list[str]:
        """Open dead letters; returns their ids."""
        if not letters:
            return []
        rows = [
            {
                "event_id": letter.event_id,
                "delivery_id": letter.delivery_id,
                "code": letter.code,
                "hint": letter.hint,
                "state": LetterState.OPEN,
                "opened_at": self._now,
            }
            for letter in letters
        ]
        opened = dead_letters.insert().returning(dead_letters.c.id, sort_by_parameter_order=True)
        return [str(row.id) for row in self._conn.execute(opened, rows)]

    def close(self, letter_id: str, *, to: str, by: str, note: str) -> Letter | None:
        """Close an open letter; None when it was not open any more (someone else was first)."""
        number = _number(letter_id)
        closed = (
            update(dead_letters)
            .where(dead_letters.c.id == number, _IS_OPEN)
            .values(state=LetterState(to), closed_at=self._now, closed_by=by, note=note)
        )
        if self._conn.execute(closed).rowcount == 0:
            return None
        return _letter(self._conn.execute(_letters().where(dead_letters.c.id == number)).mappings().one())

    def find(
        self,
        *,
        ids: Sequence[str] = (),
        event_ids: Sequence[EventId] = (),
        flow: str = "",
        code: str = "",
        state: str = "open",
        limit: int = 1000,
    ) -> list[Letter]:
        """Letters by id or filter, oldest first. state "" is any."""
        found = _letters().order_by(dead_letters.c.id).limit(limit)
        if ids:
            found = found.where(dead_letters.c.id.in_([_number(letter_id) for letter_id in ids]))
        if event_ids:
            found = found.where(dead_letters.c.event_id.in_(event_ids))
        if flow:
            found = found.where(events.c.flow == flow)
        if code:
            found = found.where(dead_letters.c.code == code)
        if state:
            found = found.where(_IS_OPEN if state == LetterState.OPEN else dead_letters.c.state == state)
        return [_letter(row) for row in self._conn.execute(found).mappings()]

    def open_on(self, keys: Sequence[LineKey]) -> dict[LineKey, Letter]:
        """The open letter that holds each line, if any."""
        if not keys:
            return {}
        found = _letters().where(events.c.line_key.in_(keys), _IS_OPEN)
        return {row["line_key"]: _letter(row) for row in self._conn.execute(found).mappings()}

    def has_unknown(self, event_id: EventId) -> bool:
        """Whether a delivery of the event is unknown."""
        unknown = select(deliveries.c.id).where(
            deliveries.c.event_id == event_id, deliveries.c.state == DeliveryState.UNKNOWN
        )
        return self._conn.execute(unknown.limit(1)).first() is not None


def _letters() -> Select[Any]:
    found = select(dead_letters, events.c.line_key, events.c.flow, events.c.subject).select_from(dead_letters)
    return found.join(events, events.c.id == dead_letters.c.event_id)


def _letter(row: RowMapping) -> Letter:
    return Letter(**{**row, "id": str(row["id"])})


def _number(letter_id: str) -> int:
    """The row's number; 0, which no row has, for anything that is no number."""
    return int(letter_id) if letter_id.isascii() and letter_id.isdigit() and len(letter_id) < 19 else 0  # noqa: PLR2004 - A 64-bit number has at most 19 digits.
