"""Where the truth is kept in a test: SQLite, PostgreSQL or memory; the same tests hold for all three.

A conftest imports the fixtures it wants by name, and those of `databases` they ask for.
"""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Engine

from pipeline.store import SqlPages, SqlStore
from pipeline.store.engine import writers
from pipeline.store.store import Clock
from tests.support.databases import BOTH
from tests.support.memory.mirror import Mirror, MirroredPages
from tests.support.memory.store import MemoryStore

EVERYWHERE = (*BOTH, "memory")
AnyStore = SqlStore | MemoryStore


@pytest.fixture(params=EVERYWHERE)
def kept_in(request: pytest.FixtureRequest) -> str:
    """Which of them this test runs on."""
    return str(request.param)


@pytest.fixture
def url_behind(kept_in: str, request: pytest.FixtureRequest) -> str:
    """A migrated database: the store's own, or the one that shows what is in memory."""
    return str(request.getfixturevalue("postgres_url" if kept_in == "postgresql" else "clean_sqlite_url"))


def engine_behind(store: AnyStore, url: str) -> Engine | Mirror:
    """A look behind the store's ports."""
    behind = writers(url).engine()
    return Mirror(store.tables, behind) if isinstance(store, MemoryStore) else behind


def pages_of(store: AnyStore, url: str, *, clock: Clock) -> SqlPages:
    """What operators see of a store."""
    if isinstance(store, MemoryStore):
        return MirroredPages(store.tables, url, clock=clock)
    return SqlPages(url, clock=clock)
