"""Read models for operators: what came in and what became of it, without waiting for a writer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from pipeline.plan import CommentRow, ProcessRow, ReviewRow
from pipeline.ports import Anchor
from pipeline.ports.told import Told
from pipeline.store import anchors, engine, link_rows, people, serial, tables
from pipeline.store.anchors import ChainCheck
from pipeline.store.letter_groups import LetterGroup, read_groups
from pipeline.store.notices import NoticeLine, read_notices
from pipeline.store.page import Page, reading
from pipeline.store.people import PersonLine
from pipeline.store.runs import Runs, read_runs
from pipeline.store.status import Status, read_status
from pipeline.store.stopped import StoppedField, read_stopped
from pipeline.store.store import Clock, database_now
from pipeline.store.tables import events, lines
from pipeline.store.timeline import EventSummary, Timeline, event_summaries, read_timeline, summary
from pipeline.store.told import told_since, written_since
from pipeline.store.traffic import Traffic, read_traffic
from pipeline.words import BusinessKey, EventId, JsonValue, LinkId


@dataclass(frozen=True, kw_only=True)
class LinkPage(Page):
    """An item, its processes and reviews, and where its line stands.

    values: what both systems agreed on, by field. is_held: an open dead letter holds the line.
    """

    flow: str
    business_key: BusinessKey
    state: str
    revision: int
    values: dict[str, JsonValue]
    processes: tuple[ProcessRow, ...]
    reviews: tuple[ReviewRow, ...]
    comments: tuple[CommentRow, ...]
    wake_at: datetime | None
    wake_reason: str | None
    step: str
    vendor: str
    waiting: int
    """Events that are not through yet."""
    ready_at: datetime | None
    wait_reason: str | None
    is_held: bool


class SqlPages:
    """What operators see. Safe to share between threads and to carry over a fork.

    clock: another clock than the database's, for simulations.
    """

    def __init__(self, database_url: str, *, clock: Clock | None = None) -> None:
        self._engines = engine.readers(database_url)
        self._clock = clock

    def event_list(
        self, *, flow: str = "", state: str = "", subject: str = "", limit: int = 100
    ) -> list[EventSummary]:
        """Events by filter, newest first. state `open` is every state but the final ones."""
        with reading(self._engines) as conn:
            now = self._now(conn)
            found = event_summaries(now).order_by(events.c.accepted_at.desc(), events.c.id.desc()).limit(limit)
            if flow:
                found = found.where(events.c.flow == flow)
            if subject:
                found = found.where(events.c.subject == subject)
            if state:
                is_open = tables.holds("events", tables.EVENT_IS_OPEN)
                found = found.where(is_open if state == "open" else events.c.state == state)
            return [summary(row, now) for row in conn.execute(found).mappings()]

    def event_timeline(self, event_id: EventId) -> Timeline | None:
        """Everything that happened to an event so far, and what happens next; None when there is no such event."""
        with reading(self._engines) as conn:
            return read_timeline(conn, event_id, self._now(conn))

    def status(self) -> Status:
        """What is open, waiting and dead, per flow and per vendor, and what holds it up."""
        with reading(self._engines) as conn:
            return read_status(conn, self._now(conn))

    def stopped_fields(self) -> list[StoppedField]:
        """Fields that a loop has stopped, until a person lets them be written again."""
        with reading(self._engines) as conn:
            return read_stopped(conn)

    def letter_groups(self) -> list[LetterGroup]:
        """Open dead letters by cause, the largest group first."""
        with reading(self._engines) as conn:
            return read_groups(conn)

    def links(self, flow: str, *, limit: int = 200) -> list[LinkPage]:
        """The flow's items with their processes and reviews, by business key."""
        with reading(self._engines) as conn:
            return _read_links(conn, flow, limit)

    def notice_list(self, *, is_seen_too: bool = False, limit: int = 100) -> list[NoticeLine]:
        """What people were told and have not seen, newest first; or all of it."""
        with reading(self._engines) as conn:
            return read_notices(conn, is_seen_too=is_seen_too, limit=limit)

    def told_since(self, since: datetime, sources: Collection[str]) -> Iterator[Told]:
        """The events of these sources that were accepted since then, oldest first, as they are read."""
        with reading(self._engines) as conn:
            yield from told_since(conn, since, sources)

    def written_since(self, since: datetime, source: str) -> Iterator[Told]:
        """Our own writes that were begun since then and are done, as if the source had told of them."""
        with reading(self._engines) as conn:
            yield from written_since(conn, since, source)

    def people_list(self, *, is_unresolved_only: bool = False, limit: int = 100) -> list[PersonLine]:
        """Who is who in both systems; those nobody could match first."""
        with reading(self._engines) as conn:
            return people.lines(conn, is_unresolved_only=is_unresolved_only, limit=limit)

    def audit_check(self, told: Sequence[Anchor] = ()) -> ChainCheck:
        """The whole audit chain, held against our anchors and those that were kept elsewhere."""
        with reading(self._engines) as conn:
            return anchors.check(conn, told)

    def job_runs(self, jobs: Sequence[str]) -> Runs:
        """The newest run of each job of the timetable, and the last one that failed."""
        with reading(self._engines) as conn:
            return read_runs(conn, jobs, self._now(conn))

    def traffic(self) -> dict[str, Traffic]:
        """What each flow came to, in events and attempts."""
        with reading(self._engines) as conn:
            return read_traffic(conn)

    def dispose(self) -> None:
        """Close this process's connections; the next reading opens new ones."""
        self._engines.dispose()

    def _now(self, conn: Connection) -> datetime:
        return self._clock() if self._clock else database_now(conn)


def _read_links(conn: Connection, flow: str, limit: int) -> list[LinkPage]:
    waiting = (
        select(func.count())
        .select_from(events)
        .where(events.c.line_key == lines.c.key, tables.holds("events", tables.EVENT_IS_OPEN))
        .scalar_subquery()
    )
    found = (
        select(
            tables.links,
            lines.c.step,
            lines.c.vendor,
            lines.c.ready_at,
            lines.c.wait_reason,
            func.coalesce(waiting, 0).label("waiting"),
            # At rest with something open: only a dead letter does that.
            ((lines.c.head <= lines.c.tail) & lines.c.ready_at.is_(None)).label("is_held"),
        )
        .select_from(tables.links)
        # A link's id is the key of its item's line (comments have a line of their own).
        .outerjoin(lines, lines.c.key == tables.links.c.id)
        .where(tables.links.c.flow == flow)
        .order_by(tables.links.c.business_key)
        .limit(limit)
    )
    rows = conn.execute(found).mappings().all()
    parts = link_rows.read_parts(conn, [LinkId(row["id"]) for row in rows]) if rows else link_rows.Parts()
    return [
        LinkPage(
            flow=row["flow"],
            business_key=row["business_key"],
            state=row["state"],
            revision=row["revision"],
            values={name: agreed.value for name, agreed in serial.load_agreed(row["agreed"]).items()},
            processes=parts.processes.get(row["id"], ()),
            reviews=parts.reviews.get(row["id"], ()),
            comments=parts.comments.get(row["id"], ()),
            wake_at=row["wake_at"],
            wake_reason=row["wake_reason"],
            step=row["step"] or "",
            vendor=row["vendor"] or "",
            waiting=row["waiting"],
            ready_at=row["ready_at"],
            wait_reason=row["wait_reason"],
            is_held=bool(row["is_held"]),
        )
        for row in rows
    ]
