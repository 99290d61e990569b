"""The claim: one conditional update by which exactly one worker gets a line that is due.

Run twice in one commit, for the hinted lines and to fill the batch, so that late, doubled or lost messages
change nothing. On PostgreSQL rows that others hold locked are passed over; on SQLite the transaction already
has the write lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate
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


def take_hinted(
    conn: Connection, step: Step, event_ids: Sequence[EventId], lease: Lease, *, is_alone: bool, limit: int
) -> list[tuple[Claim, str]]:
    """Lease the lines of these events that are due for the step, those due longest first; each with its lane."""
    taking = _TAKE_ALONE if is_alone else _TAKE_HINTED
    return _take(conn, taking, lease, {"b_step": step, "b_ids": [*event_ids], "b_limit": limit})


def take_to_fill(conn: Connection, step: Step, lane: str, lease: Lease, *, limit: int) -> list[tuple[Claim, str]]:
    """Lease lines of the lane that are due for the step and that nobody holds."""
    return _take(conn, _TAKE_FILLS, lease, {"b_step": step, "b_lane": lane, "b_limit": limit})


def _take(
    conn: Connection, taking: ReturningUpdate[Any], lease: Lease, terms: Mapping[str, object]
) -> list[tuple[Claim, str]]:
    told = {"b_me": lease.me, "b_now": lease.now, "b_until": lease.until, **terms}
    rows = sorted(conn.execute(taking, told).all(), key=lambda row: (row.ready_at, row.key))
    return [(_claim(row, lease), row.lane) for row in rows]


def due(conn: Connection, now: datetime, *, limit: int, hinted_before: datetime) -> list[Due]:
    """Lines that are due, held by nobody alive and not hinted at since; marked as hinted at now.

    A hint from before a gate of theirs opened came to nothing, however fresh it is.
    """
    told = {"b_now": now, "b_limit": limit, "b_hinted_before": hinted_before}
    rows = sorted(conn.execute(_MARK_DUE, told).all(), key=lambda row: (row.ready_at, row.key))
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


def is_gated(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
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


# ---- the statements ------------------------------------------------------------------------------------------------
# Each is built once: building one takes longer than SQLite needs to run it.

_NOW: BindParameter[datetime] = bindparam("b_now")


def _due() -> Select[Any]:
    return (
        select(lines.c.key)
        .where(lines.c.ready_at <= _NOW, ~is_gated(_NOW))
        .order_by(lines.c.ready_at)
        .limit(bindparam("b_limit"))
        .with_for_update(of=lines, skip_locked=True)
    )


def _taking(which: ColumnElement[bool]) -> ReturningUpdate[Any]:
    # A common table expression runs once; as a plain sub-select a join could run it again and lock more than it may.
    due_first = _due().where(which).cte("due_first")
    return (
        update(lines)
        .where(lines.c.key.in_(select(due_first.c.key)))
        .values(
            leased_by=bindparam("b_me"),
            leased_until=bindparam("b_until"),
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


_IS_FREE = lines.c.leased_until.is_(None)
_IS_HINTED = and_(
    lines.c.key.in_(select(events.c.line_key).where(events.c.id.in_(bindparam("b_ids")))),
    # An expression, so that no planner reads the index of everything that is due instead of these few keys.
    lines.c.step.concat("") == bindparam("b_step"),
)
_TAKE_HINTED = _taking(and_(_IS_HINTED, _IS_FREE))
_TAKE_ALONE = _taking(and_(_IS_HINTED, or_(_IS_FREE, lines.c.leased_until < _NOW)))
"""Also a line whose lease ran out: if it brings its worker down again, no neighbour suffers."""
_TAKE_FILLS = _taking(and_(lines.c.step == bindparam("b_step"), lines.c.lane == bindparam("b_lane"), _IS_FREE))


def _marking() -> ReturningUpdate[Any]:
    opened = exists().where(_covers(gates.c.scope), gates.c.until <= _NOW, gates.c.until > lines.c.hinted_at)
    is_unhinted = or_(lines.c.hinted_at.is_(None), lines.c.hinted_at < bindparam("b_hinted_before"), opened)
    found = _due().where(is_unhinted, or_(_IS_FREE, lines.c.leased_until < _NOW)).cte("found")
    head = select(events.c.id).where(events.c.line_key == lines.c.key, events.c.position == lines.c.head)
    return (
        update(lines)
        .where(lines.c.key.in_(select(found.c.key)))
        .values(hinted_at=_NOW)
        .returning(
            lines.c.key,
            lines.c.step,
            lines.c.lane,
            lines.c.leased_until,
            lines.c.ready_at,
            head.scalar_subquery().label("event_id"),
        )
    )


_MARK_DUE = _marking()
