"""The port `Store` in memory: whole transactions, one after another, under a clock that is handed in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from pipeline.ports import Tx
from tests.support.memory.deliveries import MemoryDeliveries
from tests.support.memory.events import MemoryEvents
from tests.support.memory.holds import MemoryHolds
from tests.support.memory.ledger import MemoryLedger
from tests.support.memory.letters import MemoryLetters
from tests.support.memory.lines import MemoryLines
from tests.support.memory.links import MemoryLinks
from tests.support.memory.progress import MemoryProgress
from tests.support.memory.rows import Tables

T = TypeVar("T")


class MemoryTx:
    """One transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self.now = now
        self.lines = MemoryLines(tables, now)
        self.events = MemoryEvents(tables, now)
        self.deliveries = MemoryDeliveries(tables, now)
        self.links = MemoryLinks(tables, now)
        self.holds = MemoryHolds(tables, now)
        self.letters = MemoryLetters(tables, now)
        self.ledger = MemoryLedger(tables, now)
        self.progress = MemoryProgress(tables, now)


class MemoryStore:
    """The truth as dicts. Transactions wait for each other, as they do on SQLite."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.tables = Tables()
        self._clock = clock
        self._lock = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction: commits at the end, rolls back on an error."""
        with self._lock:
            self.tables.journal.clear()
            try:
                yield MemoryTx(self.tables, self._clock())
            except BaseException:
                self.tables.roll_back()
                raise

    def run(self, work: Callable[[Tx], T]) -> T:
        """Do the work in a transaction; nothing here is ever in its way."""
        with self.begin() as tx:
            return work(tx)
