"""The claim: one conditional update by which exactly one worker gets a line that is due.

Run twice in one commit, for the hinted lines and to fill the batch, so that late, doubled or lost messages
change nothing. On PostgreSQL rows that others hold locked are passed over; on SQLite the transaction already
has the write lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, ScalarSelect, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from pipeline.ports import Claim, Due
from pipeline.store import serial
from pipeline.store.tables import events, gates, lines
from pipeline.words import EventId, Step, urgency_of_lane


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who takes lines, when, and until when."""

    me: str
    now: datetime
    until: datetime


def hinted(step: Step, event_ids: Sequence[EventId], now: datetime, *, is_alone: bool) -> ColumnElement[bool]:
    """The lines of these events that are due for the step.

    One whose lease ran out only where its id came alone: if it brings its worker down again, no neighbour suffers.
    """
    keys = select(events.c.line_key).where(events.c.id.in_(event_ids))
    is_free = lines.c.leased_until.is_(None)
    # An expression, so that no planner reads the index of everything that is due instead of these few keys.
    is_step = lines.c.step.concat("") == step
    return and_(lines.c.key.in_(keys), is_step, or_(is_free, lines.c.leased_until < now) if is_alone else is_free)


def fills(step: Step, lane: str) -> ColumnElement[bool]:
    """Lines of the lane that nobody holds."""
    return and_(lines.c.step == step, lines.c.lane == lane, lines.c.leased_until.is_(None))


def take(conn: Connection, which: ColumnElement[bool], lease: Lease, limit: int) -> list[tuple[Claim, str]]:
    """Lease up to `limit` lines of this kind, those due longest first; each with its lane."""
    # A common table expression runs once; as a plain sub-select a join could run it again and lock more than `limit`.
    due_first = _due(lease.now).where(which).limit(limit).cte("due_first")
    claim = (
        update(lines)
        .where(lines.c.key.in_(select(due_first.c.key)))
        .values(
            leased_by=lease.me,
            leased_until=lease.until,
            token=lines.c.token + 1,
            crashes=case((lines.c.leased_until.is_(None), lines.c.crashes), else_=lines.c.crashes + 1),
        )
        .returning(
            lines.c.key,
            lines.c.flow,
            lines.c.token,
            lines.c.head,
            lines.c.tail,
            lines.c.crashes,
            lines.c.failures,
            lines.c.lane,
            lines.c.ready_at,
            lines.c.wanted,
        )
    )
    rows = sorted(conn.execute(claim).all(), key=lambda row: (row.ready_at, row.key))
    return [(_claim(row, lease), row.lane) for row in rows]


def due(conn: Connection, now: datetime, *, limit: int, hinted_before: datetime) -> list[Due]:
    """Lines that are due, held by nobody alive and not hinted at since; marked as hinted at now.

    A hint from before a gate of theirs opened came to nothing, however fresh it is.
    """
    opened = exists().where(_covers(gates.c.scope), gates.c.until <= now, gates.c.until > lines.c.hinted_at)
    is_unhinted = or_(lines.c.hinted_at.is_(None), lines.c.hinted_at < hinted_before, opened)
    is_unheld = or_(lines.c.leased_until.is_(None), lines.c.leased_until < now)
    found = _due(now).where(is_unhinted, is_unheld).limit(limit).cte("found")
    head = select(events.c.id).where(events.c.line_key == lines.c.key, events.c.position == lines.c.head)
    mark = (
        update(lines)
        .where(lines.c.key.in_(select(found.c.key)))
        .values(hinted_at=now)
        .returning(
            lines.c.key,
            lines.c.step,
            lines.c.lane,
            lines.c.leased_until,
            lines.c.ready_at,
            head.scalar_subquery().label("event_id"),
        )
    )
    rows = sorted(conn.execute(mark).all(), key=lambda row: (row.ready_at, row.key))
    return [
        Due(
            key=row.key,
            step=Step(row.step),
            lane=row.lane,
            event_id=row.event_id,
            is_expired=row.leased_until is not None,
        )
        for row in rows
    ]


def _due(now: datetime) -> Select[Any]:
    return (
        select(lines.c.key)
        .where(lines.c.ready_at <= now, ~is_gated(now))
        .order_by(lines.c.ready_at)
        .with_for_update(of=lines, skip_locked=True)
    )


def is_gated(now: datetime) -> ColumnElement[bool]:
    """Whether a gate that is closed at that moment holds the line."""
    return exists().where(_covers(gates.c.scope), or_(gates.c.until.is_(None), gates.c.until > now))


def closed_gate(now: datetime) -> ScalarSelect[Any]:
    """The scope of a gate that holds the line at that moment, null where none does."""
    is_closed = or_(gates.c.until.is_(None), gates.c.until > now)
    return select(func.min(gates.c.scope)).where(_covers(gates.c.scope), is_closed).scalar_subquery()


def _covers(scope: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a gate of this scope is the line's: its flow's, or one of the vendor and the route it calls next.

    Settle calls nobody: what was carried becomes true however the vendor is.
    """
    calls = scope.in_(("vendor:" + lines.c.vendor, "route:" + lines.c.vendor + "." + lines.c.route))
    return or_(scope == "flow:" + lines.c.flow, and_(lines.c.step != Step.SETTLE, calls))


def _claim(row: Row[Any], lease: Lease) -> Claim:
    return Claim(
        key=row.key,
        flow=row.flow,
        token=row.token,
        head=row.head,
        tail=row.tail,
        crashes=row.crashes,
        failures=row.failures,
        urgency=urgency_of_lane(row.lane),
        # Every release sets crashes to 0, so they are above it only where this claim ended another's lease.
        is_taken_over=row.crashes > 0,
        leased_until=lease.until,
        wanted=serial.load_holds(row.wanted),
    )
