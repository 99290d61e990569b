"""A store on each database and in memory, and a look behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.store import SqlStore
from tests.support.databases import (
    any_database_url,
    clean_sqlite_url,
    postgres,
    postgres_url,
    sql_store,
    sqlite_shared,
    sqlite_template,
    sqlite_url,
)
from tests.support.memory.store import MemoryStore
from tests.support.states import States
from tests.support.store_rows import Clock
from tests.support.stores import AnyStore, engine_behind, kept_in, url_behind

__all__ = [
    "any_database_url",
    "clean_sqlite_url",
    "kept_in",
    "postgres",
    "postgres_url",
    "sql_store",
    "sqlite_shared",
    "sqlite_template",
    "sqlite_url",
    "url_behind",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is kept in a database is played in memory as well."""
    for item in items:
        kept_in = item.callspec.params.get("kept_in") if hasattr(item, "callspec") else None
        if item.path.parent.name == "engine" and kept_in not in {None, "memory"}:
            item.add_marker(pytest.mark.database)


@pytest.fixture
def store(kept_in: str, url_behind: str) -> Iterator[AnyStore]:
    if kept_in == "memory":
        yield MemoryStore(lambda: datetime.now(UTC))
        return
    store = SqlStore(url_behind)
    yield store
    store.dispose()


@pytest.fixture
def states(store: AnyStore, url_behind: str) -> Iterator[States]:
    engine = engine_behind(store, url_behind)
    yield States(engine)
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ticking(kept_in: str, url_behind: str, clock: Clock) -> Iterator[AnyStore]:
    """A store under a clock that the test moves."""
    if kept_in == "memory":
        yield MemoryStore(clock)
        return
    store = SqlStore(url_behind, clock=clock)
    yield store
    store.dispose()
