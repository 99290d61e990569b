"""What strangers can make us keep: a count, and one log line a minute for each door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

LOG_EVERY_S = 60.0


class Strangers:
    """Counts calls whose signature or token was bad or missing; used on the event loop only."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._logged_at: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()

    def count(self, door: str) -> None:
        """One more at this door."""
        self.seen[door] += 1
        self._unsaid[door] += 1
        now = self._monotonic()
        if now - self._logged_at.get(door, now - LOG_EVERY_S) < LOG_EVERY_S:
            return
        log.warning("hook_unauthorized", door=door, calls=self._unsaid[door])
        self._logged_at[door] = now
        self._unsaid[door] = 0
