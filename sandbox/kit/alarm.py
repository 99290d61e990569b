"""Sleeping until a time that may come nearer meanwhile: nobody looks at the clock fifty times a second."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Alarm:
    """Wakes the one task that sleeps on it. Used from the event loop only."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the sleeper, or let the next sleep end at once."""
        self._rung.set()

    async def sleep(self, seconds: float | None) -> None:
        """Return after so long, or as soon as it rings; without a time only then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()
