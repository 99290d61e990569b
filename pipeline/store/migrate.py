"""Brings a database to the schema this version works with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.errors import StoreAwayError
from pipeline.store import engine, faults

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 0x5167_6E55
"""The advisory lock under which PostgreSQL is upgraded, by one role at a time."""


def migrate(database_url: str) -> None:
    """Run the migrations that are not run yet, in one transaction; roles that start together wait for each other.

    Raises StoreAwayError where the database cannot be reached, opened or written.
    """
    # Every role imports the store, and only an upgrade needs Alembic, which takes a good part of a role's start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    upgrading = engine.writer(database_url)
    try:
        _try_to_connect(upgrading)
        with upgrading.begin() as conn:
            if conn.dialect.name == "postgresql":
                conn.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        if faults.is_away(error) or faults.is_conflict(error):
            raise _away(upgrading, error) from error
        raise
    finally:
        upgrading.dispose()


def _try_to_connect(upgrading: Engine) -> None:
    """Whatever a connection fails on is the database's own: a file that is none of SQLite's, a refused login."""
    try:
        upgrading.connect().close()
    except DBAPIError as error:
        raise _away(upgrading, error) from error


def _away(upgrading: Engine, error: SQLAlchemyError) -> StoreAwayError:
    return StoreAwayError(f"{upgrading.url.render_as_string()}: {faults.said(error)}.")
