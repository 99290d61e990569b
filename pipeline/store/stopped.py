"""Fields that are not written any more, because a loop went round too often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.store import serial
from pipeline.store.page import Page
from pipeline.store.tables import holds, links
from pipeline.words import BusinessKey

SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class StoppedField(Page):
    """A field of an item that waits for a person. written_at: when it was written last."""

    flow: str
    subject: BusinessKey
    field: str
    target: str
    rounds: int
    written_at: datetime


def read_stopped(conn: Connection) -> list[StoppedField]:
    """Every such field, by flow and item."""
    found = select(links.c.flow, links.c.business_key, links.c.loops).where(holds("links", "stopped > 0"))
    rows = conn.execute(found.order_by(links.c.flow, links.c.business_key).limit(SHOWN))
    return [
        StoppedField(
            flow=row.flow,
            subject=row.business_key,
            field=loop.field,
            target=key,
            rounds=loop.rounds,
            written_at=loop.at,
        )
        for row in rows
        for key, loop in sorted(serial.load_loops(row.loops).items())
        if loop.is_stopped
    ]
