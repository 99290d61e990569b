"""When beat sends a job's message: at the beginning of each of its slots, and again while the slot is long.

A message is a hint: one that is lost, because the broker or the worker was away, is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from celery.schedules import BaseSchedule, schedstate

HINT_EVERY_S = 60.0
"""How often a job of a longer period is hinted at."""
LATER_S = 0.02
"""Beat rises ten milliseconds early; who comes before a slot begins finds nothing."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""As time of the last message: a scheduler that starts sends every job once."""


class Pace(BaseSchedule):
    """The beginnings of slots by a clock that is handed in. A worker knows which of them were taken."""

    def __init__(self, every_s: float, now: Callable[[], datetime]) -> None:
        super().__init__(nowfun=now)
        self.every = timedelta(seconds=min(every_s, HINT_EVERY_S))

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Whether a hint is to be sent, and the seconds to the next one."""
        now = self.now()
        count = (now - LONG_AGO) // self.every
        left = LONG_AGO + (count + 1) * self.every - now
        return schedstate(is_due=count > (last_run_at - LONG_AGO) // self.every, next=left.total_seconds() + LATER_S)

    def __eq__(self, other: object) -> bool:
        """Beat makes its heap anew when a schedule has changed."""
        return isinstance(other, Pace) and other.every == self.every

    def __hash__(self) -> int:
        return hash(self.every)
