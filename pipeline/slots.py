"""Slots: the moments at which a job of the timetable is to run, counted from the epoch in whole periods.

A slot is named by its beginning, so everybody who knows the period and the time means the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.words import CatchUp

SKIP_AFTER_S = 120.0
"""A slot that is left out when it is late counts as late from here on, or from half of its period on."""
MADE_UP_AT_ONCE = 1000
"""Missed slots that one message makes up for; the next message goes on."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How often a job runs, and what becomes of the slots it missed."""

    every_s: float
    catch_up: CatchUp

    def slot_of(self, at: datetime) -> datetime:
        """The beginning of the slot in which a moment lies."""
        return _EPOCH + (at - _EPOCH) // self.period * self.period

    @property
    def period(self) -> timedelta:
        """The length of a slot."""
        return timedelta(seconds=self.every_s)

    def to_begin(self, now: datetime, last: datetime | None) -> Iterator[datetime]:
        """The slots that may be begun now, oldest first. last: the newest one that was begun, by anybody."""
        current = self.slot_of(now)
        match self.catch_up:
            case CatchUp.ONCE:
                yield current
            case CatchUp.SKIP:
                if now - current <= min(self.period / 2, timedelta(seconds=SKIP_AFTER_S)):
                    yield current
            case CatchUp.ALL:
                yield from self._missed(current, last)

    def next_after(self, now: datetime, last: datetime | None) -> datetime:
        """When the job runs next; the present slot as long as it may still be begun."""
        pending = [slot for slot in self.to_begin(now, last) if last is None or slot > last]
        return pending[0] if pending else self.slot_of(now) + self.period

    def _missed(self, current: datetime, last: datetime | None) -> Iterator[datetime]:
        slot = current if last is None else self.slot_of(last) + self.period
        for _ in range(MADE_UP_AT_ONCE):
            if slot > current:
                return
            yield slot
            slot += self.period
