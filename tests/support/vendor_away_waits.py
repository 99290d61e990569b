"""How long steps that were ready waited for their call, read from the rows that the engine writes anyway.

A read is ready when its event was accepted and everything before it on its line had ended; when the plan was stored
bounds from above when the read left, for it holds the healthy vendor's answer too. A write is ready when the plan
was stored, or when the write before it had ended; its attempt's row says when it left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, Row, func, select

from pipeline.commands import KINDS
from pipeline.store.tables import attempts, deliveries, events, lines, reviews
from pipeline.words import ReviewState, Step


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Seconds that each step waited whose next call went to one vendor."""

    reads: Sequence[float] = field(default_factory=tuple)
    writes: Sequence[float] = field(default_factory=tuple)


def waits(reader: Engine, vendor: str, since: datetime, until: datetime) -> Waits:
    """The steps of a vendor that became ready in a span of time, and whose call has left."""
    ready = [(at, left) for at, left in _reads(reader, vendor) if since <= at < until]
    written = [(at, left) for at, left in _writes(reader, vendor) if since <= at < until]
    return Waits(
        reads=tuple((left - at).total_seconds() for at, left in ready),
        writes=tuple((left - at).total_seconds() for at, left in written),
    )


def share_below(found: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; 0 of none."""
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def lines_of(reader: Engine, vendor: str) -> int:
    """How many lines have a call to a vendor before them, or are about to make it."""
    next_call = select(func.count()).where(
        lines.c.vendor == vendor, lines.c.ready_at.is_not(None), lines.c.step != Step.SETTLE
    )
    with reader.connect() as connection:
        return int(connection.execute(next_call).scalar_one())


def undecided(reader: Engine, stakeholder: str) -> int:
    """How many reviews of a stakeholder are open, as far as we know."""
    open_ones = select(func.count()).where(reviews.c.stakeholder == stakeholder, reviews.c.state == ReviewState.OPEN)
    with reader.connect() as connection:
        return int(connection.execute(open_ones).scalar_one())


def _reads(reader: Engine, vendor: str) -> list[tuple[datetime, datetime]]:
    asked = select(events).order_by(events.c.line_key, events.c.position)
    with reader.connect() as connection:
        rows = connection.execute(asked).all()
    return [pair for _, each in groupby(rows, lambda row: row.line_key) for pair in _of_line(list(each), vendor)]


def _of_line(rows: Sequence[Row[Any]], vendor: str) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    free_at: datetime | None = None
    for row in rows:
        is_first_plan = row.plan_number <= 1 and row.stale_count == 0 and not row.superseded_by
        decided_at = row.planned_at or row.ended_at
        if row.side == vendor and is_first_plan and decided_at is not None:
            found.append((max(row.accepted_at, free_at or row.accepted_at), decided_at))
        if row.ended_at is None:
            break
        free_at = max(free_at or row.ended_at, row.ended_at)
    return found


def _writes(reader: Engine, vendor: str) -> list[tuple[datetime, datetime]]:
    asked = (
        select(
            deliveries.c.event_id,
            deliveries.c.plan_number,
            deliveries.c.kind,
            events.c.planned_at,
            events.c.plan_number.label("last_plan"),
            func.min(attempts.c.started_at).label("left_at"),
            func.max(attempts.c.ended_at).label("ended_at"),
        )
        .join_from(deliveries, events, events.c.id == deliveries.c.event_id)
        .join(attempts, attempts.c.delivery_id == deliveries.c.id)
        .group_by(*deliveries.c["id", "event_id", "plan_number", "ordinal", "kind"])
        .group_by(events.c.planned_at, events.c.plan_number)
        .order_by(deliveries.c.event_id, deliveries.c.plan_number, deliveries.c.ordinal)
    )
    with reader.connect() as connection:
        rows = connection.execute(asked).all()
    found: list[tuple[datetime, datetime]] = []
    for (_, number), each in groupby(rows, lambda row: (row.event_id, row.plan_number)):
        ready_at = None
        for row in each:
            ready_at = ready_at or (row.planned_at if number == row.last_plan else None)
            if ready_at is not None and vendor == KINDS[row.kind].SIDE:
                found.append((ready_at, row.left_at))
            ready_at = row.ended_at
    return found
