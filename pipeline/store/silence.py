"""What was heard of each source, and what other sources told that it did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.ports import ToldAlone
from pipeline.store.tables import events, receipts
from pipeline.words import EventState

LED_TO_SOMETHING = (EventState.PLANNED, EventState.CARRIED, EventState.DELIVERED, EventState.DEAD)
"""A change that was known already ends as ignored or superseded."""


def last_heard(conn: Connection, source: str) -> datetime | None:
    """When the source told something last, whatever it was."""
    newest = select(receipts.c.received_at).where(receipts.c.source == source).order_by(receipts.c.id.desc()).limit(1)
    heard: datetime | None = conn.execute(newest).scalar()
    return heard


def told_alone(conn: Connection, sources: Sequence[str], *, since: datetime, limit: int) -> ToldAlone | None:
    """What these sources told since then and nobody had told before: at most so many, None for nothing."""
    found = (
        select(events.c.source, events.c.accepted_at)
        .where(events.c.accepted_at > since, events.c.source.in_(sources), events.c.state.in_(LED_TO_SOMETHING))
        .order_by(events.c.accepted_at.desc())
        .limit(limit)
    )
    rows = conn.execute(found).all()
    return ToldAlone(source=rows[0].source, events=len(rows), first_at=rows[-1].accepted_at) if rows else None


def newest_bodies(conn: Connection, source: str, *, since: datetime, limit: int) -> list[bytes]:
    """What the source brought since then, the newest first; bodies that were pruned are not among them."""
    found = (
        select(receipts.c.body)
        .where(receipts.c.source == source, receipts.c.received_at > since, receipts.c.body.is_not(None))
        .order_by(receipts.c.id.desc())
        .limit(limit)
    )
    return [bytes(body) for body in conn.execute(found).scalars()]
