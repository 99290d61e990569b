"""The store's tests run on both databases and in memory, under a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Table, select

from pipeline.store import SqlPages, SqlStore
from tests.support.databases import (
    any_database_url,
    clean_sqlite_url,
    postgres,
    postgres_url,
    sqlite_shared,
    sqlite_template,
    sqlite_url,
)
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock, ReadRows
from tests.support.stores import AnyStore, engine_behind, kept_in, pages_of, url_behind

__all__ = [
    "any_database_url",
    "clean_sqlite_url",
    "kept_in",
    "postgres",
    "postgres_url",
    "sqlite_shared",
    "sqlite_template",
    "sqlite_url",
    "url_behind",
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sql_store(any_database_url: str, clock: Clock) -> Iterator[SqlStore]:
    """For what only a database has."""
    store = SqlStore(any_database_url, clock=clock)
    yield store
    store.dispose()


@pytest.fixture
def store(kept_in: str, url_behind: str, clock: Clock) -> Iterator[AnyStore]:
    if kept_in == "memory":
        yield MemoryStore(clock)
        return
    store = SqlStore(url_behind, clock=clock)
    yield store
    store.dispose()


@pytest.fixture
def pages(store: AnyStore, url_behind: str, clock: Clock) -> Iterator[SqlPages]:
    pages = pages_of(store, url_behind, clock=clock)
    yield pages
    pages.dispose()


@pytest.fixture
def read_rows(store: AnyStore, url_behind: str) -> Iterator[ReadRows]:
    """All rows of a table, past every port."""
    engine = engine_behind(store, url_behind)

    def read(table: Table) -> list[Any]:
        with engine.connect() as conn:
            return list(conn.execute(select(table).order_by(*table.primary_key)))

    yield read
    engine.dispose()
