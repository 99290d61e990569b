"""Dead letters in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.ports import Letter, NewLetter
from pipeline.words import DeliveryState, EventId, LetterState, LineKey
from tests.support.memory.rows import Row, Tables


class MemoryLetters:
    """The port `Letters` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._letters = tables["dead_letters"]
        self._now = now

    def open(self, letters: Sequence[NewLetter]) -> list[str]:
        """Open dead letters; returns their ids."""
        rows = [
            self._letters.insert({**vars(letter), "state": LetterState.OPEN, "opened_at": self._now})
            for letter in letters
        ]
        return [str(row["id"]) for row in rows]

    def close(self, letter_id: str, *, to: str, by: str, note: str) -> Letter | None:
        """Close an open letter; None when it was not open any more (someone else was first)."""
        row = self._by_id(letter_id)
        if row is None or row["state"] != LetterState.OPEN:
            return None
        closed = self._letters.change(row, state=LetterState(to), closed_at=self._now, closed_by=by, note=note)
        return self._letter(closed)

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
        rows = [row for row in (self._by_id(each) for each in ids) if row] if ids else list(self._letters)
        found = [
            self._letter(row)
            for row in sorted(rows, key=lambda row: int(row["id"]))
            if (not event_ids or row["event_id"] in event_ids)
            and (not code or row["code"] == code)
            and (not state or row["state"] == state)
        ]
        return [letter for letter in found if not flow or letter.flow == flow][:limit]

    def open_on(self, keys: Sequence[LineKey]) -> dict[LineKey, Letter]:
        """The open letter that holds each line, if any."""
        return {
            key: self._letter(letter)
            for key in keys
            for event in self._tables["events"].where("line_key", key)
            for letter in self._letters.where("event_id", event["id"])
            if letter["state"] == LetterState.OPEN
        }

    def has_unknown(self, event_id: EventId) -> bool:
        """Whether a delivery of the event is unknown."""
        rows = self._tables["deliveries"].where("event_id", event_id)
        return any(row["state"] == DeliveryState.UNKNOWN for row in rows)

    def _by_id(self, letter_id: str) -> Row | None:
        return self._letters.get(int(letter_id)) if letter_id.isascii() and letter_id.isdigit() else None

    def _letter(self, row: Row) -> Letter:
        event = self._tables["events"].get(row["event_id"])
        if event is None:
            raise KeyError(row["event_id"])
        about = {name: event[name] for name in ("line_key", "flow", "subject")}
        return Letter(**{**row, **about, "id": str(row["id"])})
