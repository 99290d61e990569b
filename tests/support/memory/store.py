"""The port `Store` in memory: whole transactions, one after another, under a clock that is handed in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from pipeline.ports import Tx
from tests.support.memory.deliveries import MemoryDeliveries
from tests.support.memory.differences import MemoryDifferences
from tests.support.memory.events import MemoryEvents
from tests.support.memory.holds import MemoryHolds
from tests.support.memory.ledger import MemoryLedger
from tests.support.memory.letters import MemoryLetters
from tests.support.memory.lines import MemoryLines
from tests.support.memory.links import MemoryLinks
from tests.support.memory.progress import MemoryProgress
from tests.support.memory.replays import MemoryReplays
from tests.support.memory.rows import Tables
from tests.support.memory.upkeep import MemoryUpkeep

T = TypeVar("T")


class MemoryTx:
    """One transaction. Its parts are made when they are first asked for: most transactions need few."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self.now = now
        self._tables = tables

    @cached_property
    def lines(self) -> MemoryLines:
        return MemoryLines(self._tables, self.now)

    @cached_property
    def events(self) -> MemoryEvents:
        return MemoryEvents(self._tables, self.now)

    @cached_property
    def deliveries(self) -> MemoryDeliveries:
        return MemoryDeliveries(self._tables, self.now)

    @cached_property
    def links(self) -> MemoryLinks:
        return MemoryLinks(self._tables, self.now)

    @cached_property
    def holds(self) -> MemoryHolds:
        return MemoryHolds(self._tables, self.now)

    @cached_property
    def letters(self) -> MemoryLetters:
        return MemoryLetters(self._tables, self.now)

    @cached_property
    def ledger(self) -> MemoryLedger:
        return MemoryLedger(self._tables, self.now)

    @cached_property
    def progress(self) -> MemoryProgress:
        return MemoryProgress(self._tables, self.now)

    @cached_property
    def differences(self) -> MemoryDifferences:
        return MemoryDifferences(self._tables, self.now)

    @cached_property
    def upkeep(self) -> MemoryUpkeep:
        return MemoryUpkeep(self._tables)

    @cached_property
    def replays(self) -> MemoryReplays:
        return MemoryReplays(self._tables, self.now)


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
