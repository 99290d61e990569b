"""The store's tests run on both databases, under a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.store import SqlPages, SqlStore
from tests.support.databases import any_database_url, postgres, postgres_url, sqlite_template, sqlite_url
from tests.support.store_rows import Clock

__all__ = ["any_database_url", "postgres", "postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(any_database_url: str, clock: Clock) -> Iterator[SqlStore]:
    store = SqlStore(any_database_url, clock=clock)
    yield store
    store.dispose()


@pytest.fixture
def pages(any_database_url: str, clock: Clock) -> Iterator[SqlPages]:
    pages = SqlPages(any_database_url, clock=clock)
    yield pages
    pages.dispose()
