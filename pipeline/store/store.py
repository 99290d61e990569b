"""The truth: transactions on SQLite or PostgreSQL, each with the ports' parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import StoreAwayError
from pipeline.ports import (
    Deliveries,
    Differences,
    Events,
    Holds,
    Ledger,
    Letters,
    Lines,
    Links,
    Progress,
    Replays,
    Tx,
    Upkeep,
)
from pipeline.store import engine, faults
from pipeline.store.dead_letters import SqlLetters
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.differences import SqlDifferences
from pipeline.store.events import SqlEvents
from pipeline.store.holds import SqlHolds
from pipeline.store.ledger import SqlLedger
from pipeline.store.lines import SqlLines
from pipeline.store.links import SqlLinks
from pipeline.store.progress import SqlProgress
from pipeline.store.replays import SqlReplays
from pipeline.store.types import UtcTime
from pipeline.store.upkeep import SqlUpkeep

T = TypeVar("T")
Clock = Callable[[], datetime]

REPEAT_WAITS_S = (0.01, 0.05, 0.2)
"""Waits before each repetition of a transaction that another one was in the way of."""


class SqlTx:
    """One transaction: on SQLite BEGIN IMMEDIATE, on PostgreSQL READ COMMITTED."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self.now = now
        self.lines: Lines = SqlLines(conn, now)
        self.events: Events = SqlEvents(conn, now)
        self.deliveries: Deliveries = SqlDeliveries(conn, now)
        self.links: Links = SqlLinks(conn, now)
        self.holds: Holds = SqlHolds(conn, now)
        self.letters: Letters = SqlLetters(conn, now)
        self.ledger: Ledger = SqlLedger(conn, now)
        self.progress: Progress = SqlProgress(conn, now)
        self.differences: Differences = SqlDifferences(conn, now)
        self.upkeep: Upkeep = SqlUpkeep(conn)
        self.replays: Replays = SqlReplays(conn, now)


class SqlStore:
    """The port `Store`. Safe to share between threads and to carry over a fork.

    clock: another clock than the database's, for simulations.
    """

    def __init__(self, database_url: str, *, clock: Clock | None = None) -> None:
        self._engines = engine.writers(database_url)
        self._clock = clock

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction: commits at the end, rolls back on an error. Raises StoreAwayError when SQL is away."""
        try:
            with self._transaction() as tx:
                yield tx
        except SQLAlchemyError as error:
            _raise_if_away(error)
            raise

    def run(self, work: Callable[[Tx], T]) -> T:
        """Do the work in a transaction, again as a whole after a deadlock, a serialization failure or a busy lock.

        work changes nothing but through its Tx. Raises StoreAwayError when SQL is away.
        """
        for wait_s in REPEAT_WAITS_S:
            try:
                with self._transaction() as tx:
                    return work(tx)
            except SQLAlchemyError as error:
                if not (faults.is_conflict(error) or faults.is_race(error) or faults.is_lost(error)):
                    _raise_if_away(error)
                    raise
            time.sleep(wait_s)
        with self.begin() as tx:
            return work(tx)

    def dispose(self) -> None:
        """Close this process's connections; the next transaction opens new ones."""
        self._engines.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Tx]:
        with self._engines.engine().connect() as conn, conn.begin() as transaction:
            yield SqlTx(conn, self._clock() if self._clock else database_now(conn))
            _commit(transaction.commit)


def database_now(conn: Connection) -> datetime:
    """The database's clock at the start of the transaction; SQLite has none but this machine's."""
    if conn.dialect.name == "sqlite":
        return datetime.now(UTC)
    return conn.execute(select(func.now(type_=UtcTime()))).scalar_one()


def _commit(commit: Callable[[], None]) -> None:
    """Commit; where the answer is lost nobody knows whether it took place, so the work is not done again."""
    try:
        commit()
    except SQLAlchemyError as error:
        if faults.is_lost(error):
            raise StoreAwayError("the connection broke during the commit") from error
        raise


def _raise_if_away(error: SQLAlchemyError) -> None:
    if faults.is_away(error) or faults.is_conflict(error):
        raise StoreAwayError(f"SQL cannot take it: {faults.said(error)}") from error
