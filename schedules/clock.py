"""The database's clock, which names the slots, as a scheduler knows it: asked now and then, counted on meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pipeline.errors import StoreAwayError
from pipeline.ports import Store

ASK_EVERY_S = 60.0


class DatabaseClock:
    """This machine's time, moved by as much as it differs from the database's; the last known while SQL is away."""

    def __init__(self, store: Store, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._ahead = timedelta()
        self._ask_at = monotonic()

    def now(self) -> datetime:
        """The time."""
        if self._monotonic() >= self._ask_at:
            self._ask()
            self._ask_at = self._monotonic() + ASK_EVERY_S
        return datetime.now(UTC) + self._ahead

    def _ask(self) -> None:
        try:
            self._ahead = self._store.run(lambda tx: tx.now) - datetime.now(UTC)
        except StoreAwayError:
            return
