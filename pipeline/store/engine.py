"""Engines: how a connection must be set up so that the promises hold, one pool per process.

Measured on SQLite with several writers: without BEGIN IMMEDIATE most read-then-write updates are lost, without a
busy timeout most writes fail; WAL lets readers go on meanwhile, and FULL makes a commit survive a power cut.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.engine import URL, Engine

SQLITE_BUSY_TIMEOUT_MS = 5000
WAL_RETRY_S = 0.01
CONNECT_TIMEOUT_S = 5
POOL: Mapping[str, Any] = {
    "pool_size": 5,
    "max_overflow": 10,
    "pool_timeout": 10,
    # A failing statement's values are vendors' data, which has no place in a log.
    "hide_parameters": True,
}

POSTGRES_SETTINGS = {
    "timezone": "UTC",
    # With the default of 4 the claim leaves its partial index under a backlog.
    "random_page_cost": "1.1",
    # A generic plan knows no constants, so it could not use a partial index.
    "plan_cache_mode": "force_custom_plan",
    # A worker that is stopped in mid-transaction must not hold its rows for ever.
    "idle_in_transaction_session_timeout": "15s",
    "lock_timeout": "10s",
}


class PerProcess:
    """An engine for the process that asks: no connection ever crosses a fork.

    A parent's engine stays referenced in the child, because even closing an inherited SQLite connection is unsafe.
    """

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engines: dict[int, Engine] = {}

    def engine(self) -> Engine:
        """This process's own engine, made at the first call."""
        pid = os.getpid()
        if pid not in self._engines:
            self._engines[pid] = self._make()
        return self._engines[pid]

    def dispose(self) -> None:
        """Close this process's connections; the next call opens new ones, and compiles no statement again."""
        if engine := self._engines.get(os.getpid()):
            engine.dispose()


@cache
def writers(database_url: str) -> PerProcess:
    """The engines that write to a database, the same for everybody in a process who asks."""
    return PerProcess(lambda: writer(database_url))


@cache
def readers(database_url: str) -> PerProcess:
    """The engines that only read a database, the same for everybody in a process who asks."""
    return PerProcess(lambda: reader(database_url))


def writer(database_url: str) -> Engine:
    """An engine whose transactions may write: on SQLite each takes the write lock at its start."""
    url = driver_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, begin="BEGIN IMMEDIATE", pragmas=())
    return _postgres(url, POSTGRES_SETTINGS)


def reader(database_url: str) -> Engine:
    """An engine for list pages: it waits for no writer and cannot write."""
    url = driver_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, begin="BEGIN", pragmas=("query_only=ON",))
    return _postgres(url, {**POSTGRES_SETTINGS, "default_transaction_read_only": "on"})


def driver_url(database_url: str) -> URL:
    """The URL with the driver we use. Raises ValueError for another database."""
    url = make_url(database_url)
    match url.get_backend_name():
        case "sqlite" if url.database in {None, "", ":memory:"}:
            raise ValueError("SIGNOFF_DATABASE_URL names no file: several processes share one database")
        case "sqlite":
            return url.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"SIGNOFF_DATABASE_URL names {other!r}; SQLite and PostgreSQL are supported")


def _sqlite(url: URL, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(url, **POOL)
    # What was let go or erased is overwritten in the file; by default that depends on how SQLite was built.
    kept = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    settings = (f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}", *kept)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:  # noqa: ANN401 - The driver's own objects.
        connection.isolation_level = None  # We send BEGIN ourselves: the driver would send it too late.
        _switch_to_wal(connection)
        for setting in (*settings, *pragmas):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Make the file a WAL one; where it is one already, this only reads.

    Of several that open a new file at once, SQLite refuses all but one on the spot: where waiting for the stronger
    lock could be a deadlock it asks no busy handler, so the time-out is kept here.
    """
    give_up_at = time.monotonic() + SQLITE_BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(WAL_RETRY_S)
        else:
            return


def _postgres(url: URL, settings: dict[str, str]) -> Engine:
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        **POOL,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "signoff"},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:  # noqa: ANN401 - The driver's own objects.
        with connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute(f"SET SESSION {name} = '{value}'")
        connection.commit()

    return engine
