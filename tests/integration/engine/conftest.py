"""A migrated SQLite store, and a look behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from pipeline.store import SqlStore, migrate
from tests.support.states import States


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'signoff.sqlite3'}"


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    migrate(database_url)
    store = SqlStore(database_url)
    yield store
    store.dispose()


@pytest.fixture
def states(database_url: str) -> Iterator[States]:
    engine = create_engine(database_url)
    yield States(engine)
    engine.dispose()
