"""The migrations make exactly the tables the code works with, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from pipeline.store import engine, migrate
from pipeline.store.tables import metadata
from tests.support.databases import Postgres

POSTGRES_SCHEMA = """
    select 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, ''), is_identity
      from information_schema.columns where table_schema = 'public' and table_name <> 'alembic_version'
    union all
    select 'index', tablename, indexname, indexdef, '', '', ''
      from pg_indexes where schemaname = 'public' and tablename <> 'alembic_version'
    union all
    select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
      from pg_constraint where connamespace = 'public'::regnamespace and conrelid::regclass::text <> 'alembic_version'
"""
SQLITE_SCHEMA = """
    select type, tbl_name, name, sql from sqlite_master
     where tbl_name <> 'alembic_version' and tbl_name <> 'sqlite_sequence'
"""


def _schema(conn: Connection) -> list[tuple[str, ...]]:
    query = SQLITE_SCHEMA if conn.dialect.name == "sqlite" else POSTGRES_SCHEMA
    return sorted(tuple(_spelled_alike(str(cell)) for cell in row) for row in conn.execute(text(query)))


def _spelled_alike(cell: str) -> str:
    """Without line breaks, and a table's constraints in one order."""
    parts = " ".join(cell.split()).split(", CONSTRAINT ")
    return ", ".join(sorted(part.rstrip(" )") for part in parts)) if len(parts) > 1 else parts[0]


def _two_empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, str]:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'one.sqlite3'}", f"sqlite:///{tmp_path / 'two.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty_database(), server.empty_database()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_migrated_schema_is_the_one_of_the_metadata(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    migrated_url, created_url = _two_empty(kind, tmp_path, request)
    migrate(migrated_url)
    migrated, created = engine.writer(migrated_url), engine.writer(created_url)

    with migrated.begin() as left, created.begin() as right:
        metadata.create_all(right)
        assert _schema(left) == _schema(right)
        differences = compare_metadata(MigrationContext.configure(left, opts={"compare_type": True}), metadata)

    migrated.dispose()
    created.dispose()
    assert differences == []


def test_migrating_again_changes_nothing(any_database_url: str) -> None:
    writing = engine.writer(any_database_url)
    with writing.begin() as conn:
        before = _schema(conn)

    migrate(any_database_url)

    with writing.begin() as conn:
        assert _schema(conn) == before
    writing.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_roles_that_start_together_migrate_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url, _ = _two_empty(kind, tmp_path, request)
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrate(url)
        except BaseException as error:  # noqa: BLE001 - Whatever it is, the test shows it.
            errors.append(error)

    roles = [threading.Thread(target=start) for _ in range(3)]
    for role in roles:
        role.start()
    for role in roles:
        role.join(timeout=30)

    assert errors == []
    writing = engine.writer(url)
    with writing.begin() as conn:
        assert conn.execute(text("select version_num from alembic_version")).scalars().all() == ["0001"]
    writing.dispose()


def test_many_that_open_a_new_sqlite_file_at_once_all_get_in(tmp_path: Path) -> None:
    """SQLite asks no busy handler where several make a file a WAL one at the same moment."""
    errors: list[BaseException] = []

    def open_file(number: int, together: threading.Barrier) -> None:
        opening = engine.writer(f"sqlite:///{tmp_path}/{number}.sqlite3")
        together.wait()
        try:
            opening.connect().close()
        except BaseException as error:  # noqa: BLE001 - Whatever it is, the test shows it.
            errors.append(error)
        opening.dispose()

    for number in range(20):
        together = threading.Barrier(6)
        roles = [threading.Thread(target=open_file, args=(number, together)) for _ in range(6)]
        for role in roles:
            role.start()
        for role in roles:
            role.join(timeout=30)

    assert errors == []


def test_a_url_of_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="SQLite and PostgreSQL are supported"):
        engine.writer("mysql://localhost/signoff")


def test_a_database_in_memory_is_refused_because_processes_could_not_share_it() -> None:
    with pytest.raises(ValueError, match="names no file"):
        engine.writer("sqlite://")
