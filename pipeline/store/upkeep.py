"""Upkeep of the tables: what is over lets go of its payload."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from pipeline.ports import Payload
from pipeline.store import retention


class SqlUpkeep:
    """The port `Upkeep` within one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def prune(self, payload: Payload, *, before: datetime, limit: int) -> int:
        """Empty or delete rows of a class that were over before then, the oldest first; returns how many."""
        return retention.prune(self._conn, payload, before=before, limit=limit)
