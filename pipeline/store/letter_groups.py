"""Open dead letters by cause, for operators: what died of the same, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from pipeline.store.page import Page
from pipeline.store.tables import dead_letters, events, holds


@dataclass(frozen=True, kw_only=True)
class LetterGroup(Page):
    """The open letters of one code and flow. hint: one of theirs, for example."""

    code: str
    flow: str
    letters: int
    oldest_at: datetime
    newest_at: datetime
    hint: str


def read_groups(conn: Connection) -> list[LetterGroup]:
    """Every group, the largest first."""
    count = func.count().label("letters")
    found = (
        select(
            dead_letters.c.code,
            events.c.flow,
            count,
            func.min(dead_letters.c.opened_at).label("oldest_at"),
            func.max(dead_letters.c.opened_at).label("newest_at"),
            func.min(dead_letters.c.hint).label("hint"),
        )
        .select_from(dead_letters)
        .join(events, events.c.id == dead_letters.c.event_id)
        .where(holds("dead_letters", "state = 'open'"))
        .group_by(dead_letters.c.code, events.c.flow)
        .order_by(count.desc(), dead_letters.c.code, events.c.flow)
    )
    return [LetterGroup(**row) for row in conn.execute(found).mappings()]
