"""What every value for operators' pages has in common, and how the pages read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import StoreAwayError
from pipeline.store import engine, faults, serial
from pipeline.words import JsonValue


@dataclass(frozen=True, kw_only=True)
class Page:
    """A value for the CLI and the web pages."""

    def to_json(self) -> JsonValue:
        """The value as JSON: times ISO 8601 in UTC, lengths of time in whole seconds."""
        return serial.dump(self)


@contextmanager
def reading(engines: engine.PerProcess) -> Iterator[Connection]:
    """A transaction that cannot write and waits for no writer. Raises StoreAwayError when SQL is away."""
    try:
        with engines.engine().connect() as conn, conn.begin():
            yield conn
    except SQLAlchemyError as error:
        if faults.is_away(error) or faults.is_conflict(error):
            raise StoreAwayError(f"SQL cannot be read: {faults.said(error)}") from error
        raise
