"""Upkeep of the tables: what is over lets go of its payload, and people are erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from pipeline.identity import Eraser, Identity
from pipeline.ports import Payload, Swept
from pipeline.store import erasing, retention


class SqlUpkeep:
    """The port `Upkeep` within one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def prune(self, payload: Payload, *, before: datetime, limit: int) -> int:
        """Empty or delete rows of a class that were over before then, the oldest first; returns how many."""
        return retention.prune(self._conn, payload, before=before, limit=limit)

    def swept_tables(self) -> tuple[str, ...]:
        """The tables that could hold values of a person."""
        return erasing.swept_tables()

    def known_as(self, identity: Identity) -> Identity:
        """A person with what else the table of people knows of them."""
        return erasing.known_as(self._conn, identity)

    def look(self, table: str, eraser: Eraser, *, after: tuple[Any, ...] | None, limit: int) -> Swept:
        """What a page of a table has of the person; nothing is changed."""
        return erasing.look(self._conn, table, eraser, after=after, limit=limit)

    def erase(self, table: str, eraser: Eraser, *, after: tuple[Any, ...] | None, limit: int) -> Swept:
        """Replace what a page of a table has of the person, but for rows that are in use."""
        return erasing.erase(self._conn, table, eraser, after=after, limit=limit)

    def forget(self, identity: Identity) -> int:
        """Take a person out of the table of people; returns how many rows."""
        return erasing.forget(self._conn, identity)

    def erase_audit(self, eraser: Eraser) -> tuple[int, str]:
        """Erase a person from the audit log; returns how many entries, and how an entry must tell of it."""
        return erasing.erase_audit(self._conn, eraser)
