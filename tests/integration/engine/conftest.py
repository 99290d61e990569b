"""A migrated store on each database, and a look behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.store import SqlStore
from pipeline.store.engine import writer
from tests.support.databases import any_database_url, postgres, postgres_url, sqlite_template, sqlite_url
from tests.support.states import States

__all__ = ["any_database_url", "postgres", "postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture
def store(any_database_url: str) -> Iterator[SqlStore]:
    store = SqlStore(any_database_url)
    yield store
    store.dispose()


@pytest.fixture
def states(any_database_url: str) -> Iterator[States]:
    engine = writer(any_database_url)
    yield States(engine)
    engine.dispose()
