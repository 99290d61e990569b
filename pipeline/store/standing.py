"""Where lines stand: what the head of each is up to, why it does not go on, and how much waits behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from pipeline.store.claims import closed_gate, is_gated
from pipeline.store.page import Page
from pipeline.store.tables import EVENT_IS_OPEN, dead_letters, events, holds, lines
from pipeline.words import BusinessKey, EventId

UNDER_WAY = "under way"
SHOWN = 20
"""Lines shown at most, those with most behind their heads first."""

_head = events.alias("head")
_letter = dead_letters.alias("letter")
_later = events.alias("later")


@dataclass(frozen=True, kw_only=True)
class HeldUp(Page):
    """A line whose head does not go on now while others wait behind it. stands: why not."""

    flow: str
    subject: BusinessKey
    line_key: str
    head_id: EventId
    stands: str
    since: datetime
    ready_at: datetime | None
    behind: int


def joined(found: FromClause) -> FromClause:
    """Lines, with their heads and the letters that hold those."""
    at_head = and_(_head.c.line_key == lines.c.key, _head.c.position == lines.c.head, holds("head", EVENT_IS_OPEN))
    is_open = and_(_letter.c.event_id == _head.c.id, holds("letter", "state = 'open'"))
    return found.outerjoin(_head, at_head).outerjoin(_letter, is_open)


def columns(now: datetime) -> tuple[ColumnElement[Any], ...]:
    """What `stands` and the pages need of joined lines, each under its label."""
    behind = (
        select(func.count())
        .select_from(_later)
        .where(_later.c.line_key == lines.c.key, _later.c.position > lines.c.head, holds("later", EVENT_IS_OPEN))
        .scalar_subquery()
    )
    return (
        _head.c.id.label("head_id"),
        _letter.c.code.label("dead_code"),
        closed_gate(now).label("gate"),
        behind.label("behind"),
        lines.c.leased_until,
        lines.c.ready_at,
        lines.c.wait_reason,
    )


def stands(row: Mapping[Any, Any], now: datetime) -> str:
    """Why the head of a line does not go on: dead, waiting, behind a gate, under way; "" where it may go on now."""
    if row["dead_code"] is not None:
        return f"dead {row['dead_code']}"
    if row["leased_until"] is not None and row["leased_until"] > now:
        return UNDER_WAY
    if row["ready_at"] is not None and row["ready_at"] > now:
        return row["wait_reason"] or "waiting"
    return f"gate {row['gate']}" if row["gate"] is not None else ""


def read_held_up(conn: Connection, now: datetime) -> list[HeldUp]:
    """Lines whose heads are dead, wait or stand before a closed gate, and what waits behind them; most first."""
    stays = or_(lines.c.ready_at.is_(None), lines.c.ready_at > now, is_gated(now))
    is_free = or_(lines.c.leased_until.is_(None), lines.c.leased_until <= now)
    found = (
        select(lines.c.flow, lines.c.key, _head.c.subject, _head.c.accepted_at, *columns(now))
        .select_from(joined(lines))
        .where(lines.c.head < lines.c.tail, stays, is_free, _head.c.id.is_not(None))
        .order_by((lines.c.tail - lines.c.head).desc(), lines.c.key)
        .limit(SHOWN)
    )
    return [
        HeldUp(
            flow=row["flow"],
            subject=row["subject"],
            line_key=row["key"],
            head_id=row["head_id"],
            stands=stands(row, now),
            since=row["accepted_at"],
            ready_at=row["ready_at"],
            behind=row["behind"],
        )
        for row in conn.execute(found).mappings()
        if row["behind"]
    ]
