"""How the whole stands: per flow and per vendor what is open, what waits and why, what is dead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from pipeline.ports import Gate, Person
from pipeline.store import people
from pipeline.store.claims import is_gated
from pipeline.store.holds import HoldLine, read_hold_lines
from pipeline.store.ledger import closed_gates
from pipeline.store.notices import NoticeLine, read_about_no_item
from pipeline.store.page import Page
from pipeline.store.standing import HeldUp, read_held_up
from pipeline.store.stopped import StoppedField, read_stopped
from pipeline.store.tables import (
    EVENT_IS_OPEN,
    dead_letters,
    differences,
    events,
    holds,
    lines,
    links,
    notices,
    processes,
    reviews,
)
from pipeline.words import ReviewState

ALARMS = 20
READY, RUNNING, WAITING, GATED, HELD = "ready", "running", "waiting", "gated", "held"


@dataclass(frozen=True, kw_only=True)
class Waiting(Page):
    """Lines that wait for the same reason, and when the first of them is tried next."""

    reason: str
    lines: int
    next_at: datetime


@dataclass(frozen=True, kw_only=True)
class Part(Page):
    """A flow or a vendor. open and dead count events; ready, running, gated, held and waiting count lines.

    gated: due, but a pause or a breaker holds the line. held: a dead letter does. oldest_open_s: the age of the
    oldest open event.
    """

    name: str
    open: int = 0
    dead: int = 0
    oldest_open_s: int | None = None
    ready: int = 0
    running: int = 0
    gated: int = 0
    held: int = 0
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AtReview(Page):
    """What of a flow lies with its reviewers: processes that run, their open reviews, and when the first is due."""

    flow: str
    processes: int
    reviews: int
    first_due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Status(Page):
    """Everything an operator looks at first."""

    at: datetime
    flows: tuple[Part, ...]
    vendors: tuple[Part, ...]
    gates: tuple[Gate, ...]
    notices_unseen: int
    unresolved_people: tuple[Person, ...]
    at_review: tuple[AtReview, ...] = ()
    held_up: tuple[HeldUp, ...] = ()
    stopped: tuple[StoppedField, ...] = ()
    hold_waits: tuple[HoldLine, ...] = ()
    differences_open: int = 0
    """Where both systems do not agree, as reconciliation or a flow found it."""
    alarms: tuple[NoticeLine, ...] = ()
    """Notices nobody has seen that are about no item, but about a source or the whole."""


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """Lines of one flow and vendor that stand alike."""

    flow: str
    vendor: str
    stand: str
    wait_reason: str
    count: int
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class _Open:
    """Open events of one flow and vendor."""

    flow: str
    vendor: str
    count: int
    dead: int
    oldest_at: datetime


def read_status(conn: Connection, now: datetime) -> Status:
    """How things stand now."""
    standing, opened = _lines(conn, now), _open(conn)
    unseen = select(func.count()).select_from(notices).where(holds("notices", "seen_at is null"))
    differing = select(func.count()).select_from(differences).where(holds("differences", "state <> 'closed'"))
    return Status(
        at=now,
        flows=_parts(standing, opened, now, lambda row: row.flow),
        vendors=_parts(standing, opened, now, lambda row: row.vendor),
        gates=tuple(closed_gates(conn, now)),
        notices_unseen=conn.execute(unseen).scalar_one(),
        unresolved_people=tuple(people.unresolved(conn)),
        at_review=tuple(_at_review(conn)),
        held_up=tuple(read_held_up(conn, now)),
        stopped=tuple(read_stopped(conn)),
        hold_waits=tuple(read_hold_lines(conn)),
        differences_open=conn.execute(differing).scalar_one(),
        alarms=tuple(read_about_no_item(conn, limit=ALARMS)),
    )


def _lines(conn: Connection, now: datetime) -> list[_Lines]:
    stand = case(
        (lines.c.leased_until > now, RUNNING),
        (lines.c.ready_at.is_(None), HELD),
        (lines.c.ready_at > now, WAITING),
        (is_gated(now), GATED),
        else_=READY,
    )
    # In a query of its own: two expressions with parameters are never the same to a `group by`.
    each = (
        select(
            lines.c.flow,
            lines.c.vendor,
            stand.label("stand"),
            func.coalesce(lines.c.wait_reason, "").label("wait_reason"),
            lines.c.ready_at,
        )
        .where(lines.c.head <= lines.c.tail)
        .subquery()
    )
    alike = (each.c.flow, each.c.vendor, each.c.stand, each.c.wait_reason)
    found = select(*alike, func.count().label("count"), func.min(each.c.ready_at).label("next_at")).group_by(*alike)
    return [_Lines(**row) for row in conn.execute(found).mappings()]


def _open(conn: Connection) -> list[_Open]:
    found = (
        select(
            lines.c.flow,
            lines.c.vendor,
            func.count().label("count"),
            func.count(dead_letters.c.id).label("dead"),
            func.min(events.c.accepted_at).label("oldest_at"),
        )
        .select_from(events)
        .join(lines, lines.c.key == events.c.line_key)
        .outerjoin(
            dead_letters,
            and_(dead_letters.c.event_id == events.c.id, holds("dead_letters", "state = 'open'")),
        )
        .where(holds("events", EVENT_IS_OPEN))
        .group_by(lines.c.flow, lines.c.vendor)
    )
    return [_Open(**row) for row in conn.execute(found).mappings()]


def _at_review(conn: Connection) -> list[AtReview]:
    is_open_in_it = and_(
        reviews.c.link_id == processes.c.link_id,
        reviews.c.revision == processes.c.revision,
        reviews.c.state == ReviewState.OPEN,
    )
    found = (
        select(
            links.c.flow,
            # A link has one process at a time that has not ended.
            func.count(processes.c.link_id.distinct()).label("processes"),
            func.count(reviews.c.task_id).label("reviews"),
            func.min(reviews.c.due_at).label("first_due_at"),
        )
        .select_from(processes)
        .join(links, links.c.id == processes.c.link_id)
        .outerjoin(reviews, is_open_in_it)
        .where(holds("processes", "state <> 'ended'"))
        .group_by(links.c.flow)
        .order_by(links.c.flow)
    )
    return [AtReview(**row) for row in conn.execute(found).mappings()]


def _parts(
    standing: Sequence[_Lines], opened: Sequence[_Open], now: datetime, name_of: Callable[[_Lines | _Open], str]
) -> tuple[Part, ...]:
    names = sorted({name_of(row) for row in standing} | {name_of(row) for row in opened})
    return tuple(
        _part(
            name,
            [row for row in standing if name_of(row) == name],
            [row for row in opened if name_of(row) == name],
            now,
        )
        for name in names
    )


def _part(name: str, standing: Sequence[_Lines], opened: Sequence[_Open], now: datetime) -> Part:
    counts = dict.fromkeys((READY, RUNNING, GATED, HELD), 0)
    for row in standing:
        if row.stand in counts:
            counts[row.stand] += row.count
    return Part(
        name=name,
        open=sum(row.count for row in opened),
        dead=sum(row.dead for row in opened),
        oldest_open_s=max((int((now - row.oldest_at).total_seconds()) for row in opened), default=None),
        waiting=_waiting([row for row in standing if row.stand == WAITING]),
        ready=counts[READY],
        running=counts[RUNNING],
        gated=counts[GATED],
        held=counts[HELD],
    )


def _waiting(rows: Sequence[_Lines]) -> tuple[Waiting, ...]:
    by_reason: dict[str, list[tuple[int, datetime]]] = {}
    for row in rows:
        if row.next_at is not None:
            by_reason.setdefault(row.wait_reason, []).append((row.count, row.next_at))
    return tuple(
        Waiting(reason=reason, lines=sum(count for count, _ in found), next_at=min(at for _, at in found))
        for reason, found in sorted(by_reason.items())
    )
