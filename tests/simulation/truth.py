"""The store of the simulation: whole transactions, with a boundary before and after each, and SQL that goes away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pipeline.errors import StoreAwayError
from pipeline.ports import Tx
from tests.simulation.baton import Baton
from tests.simulation.weather import Chance
from tests.support.memory.store import MemoryStore

T = TypeVar("T")


class SimulatedStore:
    """The port `Store` over one in memory, as a simulated process sees it."""

    def __init__(self, memory: MemoryStore, baton: Baton, chance: Chance) -> None:
        self._memory = memory
        self._baton = baton
        self._chance = chance

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction between two boundaries."""
        self._before()
        with self._memory.begin() as tx:
            yield tx
        self._after()

    def run(self, work: Callable[[Tx], T]) -> T:
        """Do the work in a transaction between two boundaries. Raises StoreAwayError when SQL is away."""
        self._before()
        done = self._memory.run(work)
        self._after()
        return done

    def _before(self) -> None:
        self._baton.pause()
        if self._chance.strikes("sql_away"):
            raise StoreAwayError("SQL cannot be reached")

    def _after(self) -> None:
        self._baton.pause()
        if self._chance.strikes("commit_unanswered"):
            raise StoreAwayError("the connection broke during the commit")
