"""Upkeep in memory: done by the real statements, on a database that holds the same rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from pipeline.ports import Payload
from pipeline.store.tables import metadata
from pipeline.store.upkeep import SqlUpkeep
from tests.support.memory import mirror
from tests.support.memory.rows import Tables


class MemoryUpkeep:
    """The port `Upkeep` within one transaction, as far as rows are over: people are erased from databases only."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def prune(self, payload: Payload, *, before: datetime, limit: int) -> int:
        """Empty or delete rows of a class that were over before then."""
        engine = create_engine("sqlite://", poolclass=StaticPool)
        with engine.begin() as conn:
            metadata.create_all(conn)
            mirror.write(self._tables, conn)
            gone = SqlUpkeep(conn).prune(payload, before=before, limit=limit)
            mirror.read(self._tables, conn)
        engine.dispose()
        return gone
