"""What a database error means for a transaction: do it again, SQL is away, or a fault of ours."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# PostgreSQL, appendix A: serialization failure, deadlock, lock not available.
CONFLICT_STATES = frozenset({"40001", "40P01", "55P03"})
UNIQUE_VIOLATION = "23505"
# Classes of the same table: connection, resources, operator intervention, system, and a read-only stand-by.
AWAY_CLASSES = frozenset({"08", "53", "57", "58"})
AWAY_STATES = frozenset({"25006"})
CONFLICT_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
AWAY_CODES = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})


def is_conflict(error: SQLAlchemyError) -> bool:
    """Whether another transaction was in the way: the same work may succeed now."""
    if not isinstance(error, DBAPIError):
        return False
    return _sqlstate(error) in CONFLICT_STATES or _sqlite_code(error) in CONFLICT_CODES


def is_race(error: SQLAlchemyError) -> bool:
    """Whether a row stands already that was not there to be read: under READ COMMITTED the next try sees it."""
    return isinstance(error, DBAPIError) and _sqlstate(error) == UNIQUE_VIOLATION


def is_lost(error: SQLAlchemyError) -> bool:
    """Whether the connection broke; the pool has dropped its other old ones too."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_away(error: SQLAlchemyError) -> bool:
    """Whether SQL cannot be reached or cannot take anything now."""
    if isinstance(error, PoolTimeoutError) or is_lost(error):
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code, state = _sqlite_code(error), _sqlstate(error)
    if code is not None:
        return code in AWAY_CODES
    return state is None or state[:2] in AWAY_CLASSES or state in AWAY_STATES


def said(error: SQLAlchemyError) -> str:
    """The database's own first words, without the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return next(iter(str(cause).splitlines()), type(error).__name__)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _sqlite_code(error: DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
