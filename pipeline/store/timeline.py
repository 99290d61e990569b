"""The story of one event: received, verified, planned, each attempt, what comes next, how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, select

from pipeline.store import standing
from pipeline.store.holds import read_hold_lines
from pipeline.store.page import Page
from pipeline.store.tables import (
    EVENT_IS_OPEN,
    attempts,
    dead_letters,
    deliveries,
    events,
    holds,
    lines,
    receipts,
)
from pipeline.words import DeliveryId, EventId, LineKey


@dataclass(frozen=True, kw_only=True)
class EventSummary(Page):
    """An event in a list. ready_at and wait_reason are its line's: when and why the line is tried next.

    While it is open: head_id is the event at the head of its line, stands why that one does not go on ("" where it
    may), and behind how many wait behind that.
    """

    id: EventId
    flow: str
    source: str
    type: str
    subject: str
    line_key: LineKey
    position: int
    state: str
    reason: str
    superseded_by: EventId | None
    accepted_at: datetime
    ended_at: datetime | None
    ready_at: datetime | None
    wait_reason: str | None
    head_id: EventId | None = None
    stands: str = ""
    behind: int = 0

    @property
    def is_head(self) -> bool:
        """Whether it is what its line works on."""
        return self.head_id == self.id


@dataclass(frozen=True, kw_only=True)
class AttemptLine(Page):
    """One try at a delivery. outcome "" while it runs. wait_s: how long to wait before the next one."""

    number: int
    purpose: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    status: int | None
    code: str
    detail: str
    wait_s: int | None


@dataclass(frozen=True, kw_only=True)
class DeliveryLine(Page):
    """One command of the event's plans, with every try at it."""

    id: DeliveryId
    plan_number: int
    ordinal: int
    kind: str
    target: str
    effect_key: str
    state: str
    failures: int
    settled_after: datetime | None
    vendor_ref: str
    attempts: tuple[AttemptLine, ...]


@dataclass(frozen=True, kw_only=True)
class Moment(Page):
    """Something that happened, or will: `next try`."""

    at: datetime
    what: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Timeline(Page):
    """An event's whole story: its moments in order, its deliveries, and the first of what waits behind it."""

    event: EventSummary
    moments: tuple[Moment, ...]
    deliveries: tuple[DeliveryLine, ...]
    behind: tuple[EventSummary, ...] = ()


_SUMMARY = tuple(item.name for item in fields(EventSummary) if item.name not in {"head_id", "stands", "behind"})


def event_summaries(now: datetime) -> Select[Any]:
    """Events with what a list shows of their lines, to be filtered and ordered; `summary` reads a row."""
    return select(
        events.c.id,
        events.c.flow,
        events.c.source,
        events.c.type,
        events.c.subject,
        events.c.line_key,
        events.c.position,
        events.c.state,
        events.c.reason,
        events.c.superseded_by,
        events.c.accepted_at,
        events.c.ended_at,
        *standing.columns(now),
    ).select_from(standing.joined(events.join(lines, lines.c.key == events.c.line_key)))


def summary(row: RowMapping, now: datetime) -> EventSummary:
    """An event of a list."""
    values = {name: row[name] for name in _SUMMARY}
    if row["ended_at"] is not None:
        return EventSummary(**values)
    return EventSummary(**values, head_id=row["head_id"], stands=standing.stands(row, now), behind=row["behind"])


def read_timeline(conn: Connection, event_id: EventId, now: datetime) -> Timeline | None:
    """The story of the event, None when there is none."""
    row = conn.execute(event_summaries(now).where(events.c.id == event_id)).mappings().one_or_none()
    if row is None:
        return None
    event = summary(row, now)
    sent = _deliveries(conn, event_id)
    moments = [
        *_arrivals(conn, event),
        *_plans(conn, event_id),
        *_tries(sent),
        *_letters(conn, event_id),
        *_what_next(conn, event, now),
        *_end(event),
    ]
    return Timeline(
        event=event,
        moments=tuple(sorted(moments, key=lambda moment: moment.at)),
        deliveries=sent,
        behind=_behind(conn, event, now) if event.is_head else (),
    )


def _behind(conn: Connection, event: EventSummary, now: datetime) -> tuple[EventSummary, ...]:
    is_open = holds("events", EVENT_IS_OPEN)
    later = and_(events.c.line_key == event.line_key, events.c.position > event.position, is_open)
    found = event_summaries(now).where(later).order_by(events.c.position).limit(standing.SHOWN)
    return tuple(summary(row, now) for row in conn.execute(found).mappings())


def _arrivals(conn: Connection, event: EventSummary) -> Iterator[Moment]:
    """What came in: one receipt brings the events of all flows that it concerns, and names the first of them."""
    key = select(events.c.dedupe_key).where(events.c.id == event.id).scalar_subquery()
    together = select(events.c.id).where(events.c.dedupe_key == key)
    found = select(receipts.c.received_at, receipts.c.source, receipts.c.verdict, receipts.c.reason)
    for row in conn.execute(found.where(receipts.c.event_id.in_(together)).order_by(receipts.c.id)):
        yield Moment(at=row.received_at, what="received", detail=f"from {row.source}")
        yield Moment(at=row.received_at, what="verified", detail=" ".join(filter(None, [row.verdict, row.reason])))
    yield Moment(at=event.accepted_at, what="accepted", detail=f"place {event.position} on {event.line_key}")


def _plans(conn: Connection, event_id: EventId) -> Iterator[Moment]:
    found = select(events.c.planned_at, events.c.plan_number, events.c.stale_count).where(events.c.id == event_id)
    row = conn.execute(found).one()
    if row.planned_at is not None:
        stale = f", {row.stale_count} stale before" if row.stale_count else ""
        yield Moment(at=row.planned_at, what="planned", detail=f"plan {row.plan_number}{stale}")


def _tries(sent: Sequence[DeliveryLine]) -> Iterator[Moment]:
    for delivery in sent:
        for attempt in delivery.attempts:
            what = "sent" if attempt.purpose == "send" else "looked up"
            answer = " ".join(filter(None, [attempt.outcome or "under way", str(attempt.status or ""), attempt.code]))
            yield Moment(at=attempt.started_at, what=what, detail=f"{delivery.kind} {delivery.target}: {answer}")


def _letters(conn: Connection, event_id: EventId) -> Iterator[Moment]:
    found = select(dead_letters).where(dead_letters.c.event_id == event_id).order_by(dead_letters.c.id)
    for row in conn.execute(found):
        yield Moment(at=row.opened_at, what="dead", detail=f"letter {row.id}, {row.code}: {row.hint}")
        if row.closed_at is not None:
            by = f"by {row.closed_by}" + (f": {row.note}" if row.note else "")
            yield Moment(at=row.closed_at, what=row.state, detail=by)


def _what_next(conn: Connection, event: EventSummary, now: datetime) -> Iterator[Moment]:
    """Of an open event at the head of its line: who works on it, or when it is tried next."""
    found = select(lines.c.head, lines.c.step, lines.c.leased_by, lines.c.leased_until)
    line = conn.execute(found.where(lines.c.key == event.line_key)).one()
    if event.ended_at is not None or line.head != event.position:
        return
    if line.leased_until is not None and line.leased_until > now:
        yield Moment(at=now, what="under way", detail=f"{line.step} at {line.leased_by}")
    elif event.ready_at is not None:
        waits = [event.wait_reason or line.step, *(line.told for line in read_hold_lines(conn, [event.line_key]))]
        yield Moment(at=max(event.ready_at, now), what="next try", detail="; ".join(waits))


def _end(event: EventSummary) -> Iterator[Moment]:
    if event.ended_at is not None:
        by = f"by {event.superseded_by}" if event.superseded_by else ""
        what = "settled" if event.state == "delivered" else event.state
        yield Moment(at=event.ended_at, what=what, detail=" ".join(filter(None, [event.reason, by])))


def _deliveries(conn: Connection, event_id: EventId) -> tuple[DeliveryLine, ...]:
    found = (
        select(deliveries)
        .where(deliveries.c.event_id == event_id)
        .order_by(deliveries.c.plan_number, deliveries.c.ordinal, deliveries.c.id)
    )
    rows = conn.execute(found).mappings().all()
    tries: dict[str, list[AttemptLine]] = {}
    of_them = select(attempts).where(attempts.c.delivery_id.in_([row["id"] for row in rows]))
    for row in conn.execute(of_them.order_by(attempts.c.delivery_id, attempts.c.number)).mappings():
        tries.setdefault(row["delivery_id"], []).append(_attempt(row))
    names = ("id", "plan_number", "ordinal", "kind", "target", "effect_key", "state", "failures", "settled_after")
    return tuple(
        DeliveryLine(
            **{name: row[name] for name in names},
            vendor_ref=row["vendor_ref"],
            attempts=tuple(tries.get(row["id"], ())),
        )
        for row in rows
    )


def _attempt(row: RowMapping) -> AttemptLine:
    return AttemptLine(
        number=row["number"],
        purpose=row["purpose"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        status=row["status"],
        code=row["code"],
        detail=row["detail"],
        wait_s=None if row["wait_s"] is None else math.ceil(row["wait_s"]),
    )
