"""Statements that SQLAlchemy spells per database, and rows that must all be hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, Update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.states import IllegalMoveError

Row = Mapping[str, Any]


def insert_into(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows `on conflict`."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def run_each(conn: Connection, statement: Update, rows: Sequence[Row]) -> int:
    """Run an update once per row of parameters, sent together; returns how many rows it hit. No rows: nothing."""
    return conn.execute(statement, [dict(row) for row in rows]).rowcount if rows else 0


def move_each(conn: Connection, statement: Update, rows: Sequence[Row], *, what: str) -> None:
    """As `run_each`, where every row must still be in the state its move starts from.

    Raises IllegalMoveError otherwise: the caller worked without the line's lease, or on an old reading.
    """
    hit = run_each(conn, statement, rows)
    if hit != len(rows):
        raise IllegalMoveError(f"{len(rows) - hit} of {len(rows)} {what} were not in the state they were to leave")


def add_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, sent together. No rows: nothing."""
    if rows:
        conn.execute(table.insert(), [dict(row) for row in rows])
