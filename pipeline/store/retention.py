"""What goes in time, as data: a row a class, each with what is emptied, when, and what must never go with it.

Keys, hashes, states and times stay, so that a notice that comes again is known again, no effect is planned twice, and
a timeline can still be read. Nothing goes that an open event, an open letter or an unknown delivery needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from pipeline.ports import Payload, Phase
from pipeline.store import tables
from pipeline.store.tables import (
    DELIVERY_HOLDS_ITS_KEY,
    DELIVERY_IS_OPEN,
    attempts,
    dead_letters,
    deliveries,
    differences,
    events,
    holds,
    notices,
    orders,
    receipts,
    replay_items,
    replay_plans,
    runs,
    ticks,
    uploads,
)
from pipeline.words import DeliveryState, EventState, ReceiptVerdict, ReplayState

IsOver = Callable[[datetime], ColumnElement[bool]]
"""What must hold of a row besides its age; takes the moment before which it must have held already."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Columns of another table that go with the rows of a class. of: its column that names the class's first key."""

    of: Column[str]
    empties: Mapping[str, object]
    where: ColumnElement[bool]


@dataclass(frozen=True, kw_only=True)
class Retained:
    """A class of payload. since: when a row was over. has: the predicate of the index that finds what is left.

    empties: the columns and what they hold afterwards; none of them: whole rows go.
    """

    table: Table
    since: Column[datetime]
    reason: str
    has: str = ""
    empties: Mapping[str, object] = field(default_factory=dict)
    where: tuple[ColumnElement[bool], ...] = ()
    is_over: IsOver | None = None
    parts: tuple[Part, ...] = ()


def prune(conn: Connection, payload: Payload, *, before: datetime, limit: int) -> int:
    """Let go of a class's oldest rows that were over before then; returns how many rows of its own table."""
    kept = RETAINED[payload]
    keys = conn.execute(_over(kept, before, limit)).all()
    if not keys:
        return 0
    for part in kept.parts:
        going = update(part.of.table).where(part.of.in_([key[0] for key in keys]), part.where)
        conn.execute(going.values(part.empties))
    is_going = _is_any(kept.table, keys)
    if kept.empties:
        conn.execute(update(kept.table).where(is_going).values(kept.empties))
    else:
        conn.execute(delete(kept.table).where(is_going))
    return len(keys)


def _over(kept: Retained, before: datetime, limit: int) -> Any:  # noqa: ANN401 - A select.
    found = select(*kept.table.primary_key).where(kept.since < before, *kept.where)
    if kept.has:
        found = found.where(holds(kept.table.name, kept.has))
    if kept.is_over is not None:
        found = found.where(kept.is_over(before))
    # Whoever works on a row right now keeps it: it goes in the next run.
    return found.order_by(kept.since).limit(limit).with_for_update(of=kept.table, skip_locked=True)


def _is_any(table: Table, keys: Sequence[Row[Any]]) -> ColumnElement[bool]:
    columns = list(table.primary_key)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_([tuple(key) for key in keys])


# ---- what must hold besides ----------------------------------------------------------------------------------------


def _no_event_needs_it(before: datetime) -> ColumnElement[bool]:
    """A receipt names the first of the events that it brought; the others of other flows bear the same key."""
    named, same = events.alias("named"), events.alias("same")
    needing = or_(same.c.ended_at.is_(None), same.c.ended_at >= before)
    of_receipt = named.join(same, same.c.dedupe_key == named.c.dedupe_key)
    return ~exists().select_from(of_receipt).where(named.c.id == receipts.c.event_id, needing)


def _nothing_is_under_way(_: datetime) -> ColumnElement[bool]:
    """An unknown delivery outlives its event: its way on is a look-up, which needs what was to be written."""
    return ~exists().where(deliveries.c.event_id == events.c.id, holds("deliveries", DELIVERY_IS_OPEN))


def _its_event_is_over(before: datetime) -> ColumnElement[bool]:
    """The letter of an open event shows every attempt as it was."""
    of_attempt = and_(deliveries.c.id == attempts.c.delivery_id, ~holds("deliveries", DELIVERY_IS_OPEN))
    of_event = deliveries.join(events, events.c.id == deliveries.c.event_id)
    return exists().select_from(of_event).where(of_attempt, events.c.ended_at < before)


def _its_event_is_not_open(_: datetime) -> ColumnElement[bool]:
    """An event that was replayed and died again is still somebody's work."""
    return exists().where(events.c.id == dead_letters.c.event_id, events.c.ended_at.is_not(None))


def _is_not_the_newest(_: datetime) -> ColumnElement[bool]:
    """The newest slot tells from where a job makes up for what it missed."""
    newest = ticks.alias("newest")
    of_job = select(func.max(newest.c.slot)).where(newest.c.job == ticks.c.job).scalar_subquery()
    return ticks.c.slot < of_job


def _is_neither_first_nor_newest(_: datetime) -> ColumnElement[bool]:
    """Of the comparisons of a flow and kind that came to their end two are asked for.

    The newest tells from where the next one looks back, the first since when the flow is in use here.
    """
    ended = runs.alias("ended")
    of_flow = and_(ended.c.flow == runs.c.flow, ended.c.mode == runs.c.mode, ended.c.phase == Phase.OVER)
    newest, first = (
        select(each(ended.c.started_at)).where(of_flow).scalar_subquery() for each in (func.max, func.min)
    )
    return and_(runs.c.started_at < newest, or_(runs.c.phase != Phase.OVER, runs.c.started_at > first))


def _is_not_being_applied(_: datetime) -> ColumnElement[bool]:
    """A long plan is applied for hours, and needs its letters to the end."""
    applying = and_(replay_plans.c.hash == replay_items.c.plan_hash, replay_plans.c.state == ReplayState.APPLYING)
    return ~exists().where(applying)


def _delivered(key: Column[str]) -> IsOver:
    """Done, and everything that was to come of it too: nobody asks for it by its key again."""
    of_key = and_(
        deliveries.c.effect_key == key,
        holds("deliveries", DELIVERY_HOLDS_ITS_KEY),
        deliveries.c.state == DeliveryState.DONE,
    )
    of_event = deliveries.join(events, events.c.id == deliveries.c.event_id)
    found = exists().select_from(of_event).where(of_key, events.c.state == EventState.DELIVERED)
    return lambda _: found


# ---- the classes ---------------------------------------------------------------------------------------------------


def _bodies(verdict: ReceiptVerdict, reason: str) -> Retained:
    return Retained(
        table=receipts,
        since=receipts.c.received_at,
        reason=reason,
        has=tables.RECEIPT_HAS_BODY,
        empties={"body": None, "headers": {}},
        where=(receipts.c.verdict == verdict,),
        is_over=_no_event_needs_it,
    )


RETAINED: Mapping[Payload, Retained] = {
    Payload.HANDLED: _bodies(ReceiptVerdict.HANDLED, "What came in is asked for while its events are fresh."),
    Payload.IGNORED: _bodies(ReceiptVerdict.IGNORED, "It was none of our business."),
    Payload.REFUSED: _bodies(ReceiptVerdict.REFUSED, "It shows who knocked, and with what, until that is mended."),
    Payload.EVENTS: Retained(
        table=events,
        since=events.c.ended_at,
        reason="Values that were carried stand in both systems; here they are a copy.",
        has=tables.EVENT_HAS_PAYLOAD,
        empties={"data": {}, "plan": None},
        is_over=_nothing_is_under_way,
        parts=(
            Part(
                of=deliveries.c.event_id,
                empties={"values": {}, "expects": {}},
                where=~holds("deliveries", DELIVERY_IS_OPEN),
            ),
        ),
    ),
    Payload.ATTEMPTS: Retained(
        table=attempts,
        since=attempts.c.ended_at,
        reason="A vendor's words to a failed try may quote what was sent; outcome, status and code say enough.",
        has=tables.ATTEMPT_HAS_DETAIL,
        empties={"detail": ""},
        is_over=_its_event_is_over,
    ),
    Payload.LETTERS: Retained(
        table=dead_letters,
        since=dead_letters.c.closed_at,
        reason="As a vendor's words to an attempt; code, who closed it and why stay.",
        has=tables.LETTER_HAS_HINT,
        empties={"hint": ""},
        is_over=_its_event_is_not_open,
    ),
    Payload.NOTICES: Retained(
        table=notices,
        since=notices.c.seen_at,
        reason="It was read. The row stays, so that nobody is told the same again.",
        has=tables.NOTICE_HAS_TEXT,
        empties={"text": ""},
    ),
    Payload.TICKS: Retained(
        table=ticks,
        since=ticks.c.slot,
        reason="A job that runs every few seconds leaves a row each time.",
        where=(ticks.c.ended_at.is_not(None),),
        is_over=_is_not_the_newest,
    ),
    Payload.TRANSFERS: Retained(
        table=uploads,
        since=uploads.c.updated_at,
        reason="Where a file goes on is asked for only until it is there.",
        is_over=_delivered(uploads.c.key),
    ),
    Payload.ORDERS: Retained(
        table=orders,
        since=orders.c.updated_at,
        reason="An order's number is asked for only until its links are there.",
        is_over=_delivered(orders.c.key),
    ),
    Payload.REPLAYS: Retained(
        table=replay_items,
        since=replay_items.c.at,
        reason="The world has long moved; who replayed which letter by which plan stands with the letters.",
        is_over=_is_not_being_applied,
    ),
    Payload.RUNS: Retained(
        table=runs,
        since=runs.c.ended_at,
        reason="Both systems are compared every few minutes, and each comparison leaves a row.",
        is_over=_is_neither_first_nor_newest,
    ),
    Payload.DIFFERENCES: Retained(
        table=differences,
        since=differences.c.last_seen,
        reason="Both agree again, and people wrote the values. What a person took back is still compared with.",
        has=tables.DIFFERENCE_IS_CLOSED,
    ),
}
