"""Sleeping until a time that may come nearer meanwhile: nobody looks at the clock fifty times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime


class Alarm:
    """Wakes the one task that sleeps on it. Used from the event loop only, by whose clock `now` must go."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: datetime | None = None
        self._rung = asyncio.Event()

    def set(self, at: datetime) -> None:
        """Something is to be done then: a sleep that would last longer is cut short."""
        if self._until is None or at < self._until:
            self._rung.set()

    async def sleep(self, until: datetime | None) -> None:
        """Return at that time, or as soon as an earlier one is set; without a time only then."""
        self._until = until
        seconds = None if until is None else (until - self._now()).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()
        self._until = None
