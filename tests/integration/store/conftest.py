"""The store's tests run on both databases, under a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.store import SqlPages, SqlStore
from tests.support.databases import any_database_url, postgres, postgres_url, sqlite_template, sqlite_url

__all__ = ["any_database_url", "postgres", "postgres_url", "sqlite_template", "sqlite_url"]

START = datetime(2026, 1, 12, 9, 0, 0, 123456, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> datetime:
        """Move on; returns the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now


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
