"""Receipts, checkpoints, ticks, gates, people, audit: rows that stand alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, or_, select, update

from pipeline.events import Reading
from pipeline.plan import Notice
from pipeline.ports import Anchor, AuditEntry, Checkpoint, Gate, Person, SeenRow, ToldAlone
from pipeline.store import anchors, chain, notices, people, silence, tables
from pipeline.store.statements import add_rows, insert_into
from pipeline.store.tables import TICK_IS_OPEN, checkpoints, gates, holds, receipts, seen_rows, ticks
from pipeline.words import EventId, GateKind, ReceiptVerdict

AUDIT_LOCK = 0x5167_6E6F
"""The advisory lock under which entries are appended to the chain, one transaction at a time."""


class SqlLedger:
    """The port `Ledger` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def keep_receipts(self, readings: Sequence[tuple[Reading, EventId | None]], *, refused_kept_max: int) -> None:
        """Store what came in; of refused ones at most so many rows are kept."""
        add_rows(self._conn, receipts, [_receipt(reading, event_id) for reading, event_id in readings])
        if not any(reading.verdict is ReceiptVerdict.REFUSED for reading, _ in readings):
            return
        is_refused = holds("receipts", "verdict = 'refused'")
        newest_too_old = (
            select(receipts.c.id)
            .where(is_refused)
            .order_by(receipts.c.id.desc())
            .offset(refused_kept_max)
            .limit(1)
            .scalar_subquery()
        )
        self._conn.execute(delete(receipts).where(is_refused, receipts.c.id <= newest_too_old))

    def checkpoint(self, feed: str) -> Checkpoint | None:
        """How far a feed was read."""
        found = select(checkpoints.c.feed, checkpoints.c.watermark, checkpoints.c.window_until)
        row = self._conn.execute(found.where(checkpoints.c.feed == feed)).mappings().one_or_none()
        return Checkpoint(**row) if row else None

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Insert or update."""
        insert = insert_into(self._conn, checkpoints).values(**vars(checkpoint), updated_at=self._now)
        newest = {name: insert.excluded[name] for name in ("watermark", "window_until", "updated_at")}
        self._conn.execute(insert.on_conflict_do_update(index_elements=["feed"], set_=newest))

    def seen_rows(self, feed: str, object_ids: Sequence[str]) -> list[SeenRow]:
        """What a feed's list showed last of these objects; one never seen is absent."""
        found = select(seen_rows.c.object_id, seen_rows.c.hash, seen_rows.c.changes)
        of_feed = found.where(seen_rows.c.feed == feed, seen_rows.c.object_id.in_(object_ids))
        return [SeenRow(**row) for row in self._conn.execute(of_feed).mappings()]

    def save_seen_rows(self, feed: str, rows: Sequence[SeenRow]) -> None:
        """Insert or update."""
        if not rows:
            return
        insert = insert_into(self._conn, seen_rows)
        newest = {name: insert.excluded[name] for name in ("hash", "changes")}
        statement = insert.on_conflict_do_update(index_elements=["feed", "object_id"], set_=newest)
        self._conn.execute(statement, [{"feed": feed, **vars(row)} for row in rows])

    def begin_tick(self, job: str, slot: datetime, by: str) -> bool:
        """Take a slot of a job; False when it was taken already."""
        insert = insert_into(self._conn, ticks).values(job=job, slot=slot, claimed_by=by, started_at=self._now)
        taken = insert.on_conflict_do_nothing(index_elements=["job", "slot"]).returning(ticks.c.slot)
        return self._conn.execute(taken).first() is not None

    def retake_tick(self, job: str, by: str, *, begun_before: datetime, oldest: datetime | None) -> datetime | None:
        """Take over a slot that was begun before and never ended: the first one from `oldest` on, None for none."""
        is_left = and_(holds("ticks", TICK_IS_OPEN), ticks.c.job == job, ticks.c.started_at < begun_before)
        left = select(ticks.c.slot).where(is_left).order_by(ticks.c.slot).limit(1).with_for_update(skip_locked=True)
        if oldest is not None:
            left = left.where(ticks.c.slot >= oldest)
        slot: datetime | None = self._conn.execute(left).scalar()
        if slot is not None:
            taken = update(ticks).where(ticks.c.job == job, ticks.c.slot == slot)
            self._conn.execute(taken.values(claimed_by=by, started_at=self._now))
        return slot

    def end_tick(self, job: str, slot: datetime, by: str, error: str) -> None:
        """Record how it ended, unless somebody else has taken it over; error "" is well."""
        of_slot = update(ticks).where(ticks.c.job == job, ticks.c.slot == slot, ticks.c.claimed_by == by)
        self._conn.execute(of_slot.values(ended_at=self._now, error=error))

    def last_tick(self, job: str) -> datetime | None:
        """The newest slot of a job that was begun."""
        newest: datetime | None = self._conn.execute(
            select(func.max(ticks.c.slot)).where(ticks.c.job == job)
        ).scalar()
        return newest

    def close_gate(self, gate: Gate) -> None:
        """Close a gate, or move its end."""
        insert = insert_into(self._conn, gates).values(**vars(gate))
        newest = {name: insert.excluded[name] for name in ("until", "reason", "by")}
        self._conn.execute(insert.on_conflict_do_update(index_elements=["scope", "kind"], set_=newest))

    def open_gate(self, scope: str, kind: GateKind) -> bool:
        """Open a gate now; False when it is not closed. Its row stays, and tells the sweeper whom it held."""
        is_closed = or_(gates.c.until.is_(None), gates.c.until > self._now)
        gate = update(gates).where(gates.c.scope == scope, gates.c.kind == kind, is_closed)
        return self._conn.execute(gate.values(until=self._now)).rowcount > 0

    def gates(self) -> list[Gate]:
        """Gates that are closed now."""
        return closed_gates(self._conn, self._now)

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append to the audit chain. Others wait with their entries until this transaction has ended."""
        if not entries:
            return
        row = self._last_entry()
        number, previous_hash = (row.number, row.hash) if row else (0, chain.START)
        linked = chain.link_up(
            entries, at=self._now, number=number, previous_hash=previous_hash, new_salt=chain.new_salt
        )
        add_rows(self._conn, tables.audit, [vars(item) for item in linked])

    def anchor(self) -> Anchor | None:
        """Write the chain's newest entry down; None where only the last anchor has come since, or nothing."""
        row = self._last_entry()
        if row is None or row.act == chain.ANCHORED:
            return None
        self.audit([anchors.write(self._conn, self._now, number=row.number, hash_=row.hash)])
        return Anchor(number=row.number, hash=row.hash, at=self._now)

    def _last_entry(self) -> Row[Any] | None:
        """The newest entry; nobody else adds one before this transaction has ended."""
        if self._conn.dialect.name == "postgresql":
            self._conn.execute(select(func.pg_advisory_xact_lock(AUDIT_LOCK)))
        last = select(tables.audit).order_by(tables.audit.c.number.desc()).limit(1)
        return self._conn.execute(last).one_or_none()

    def people(self, *, aprimo_users: Sequence[str] = (), opentext_users: Sequence[str] = ()) -> list[Person]:
        """Whom we know by these users of either system."""
        return people.known_by(self._conn, aprimo_users, opentext_users)

    def put_person(self, person: Person) -> None:
        """Keep how a person is known; what was known of either user before is replaced."""
        people.put(self._conn, person)

    def people_to_match(self, *, limit: int) -> list[Person]:
        """Who has no match, never looked for first, then the longest not looked for."""
        return people.to_match(self._conn, limit)

    def last_heard(self, source: str) -> datetime | None:
        """When the source told something last, whatever it was."""
        return silence.last_heard(self._conn, source)

    def told_alone(self, sources: Sequence[str], *, since: datetime, limit: int) -> ToldAlone | None:
        """What these sources told since then and nobody had told before: at most so many, None for nothing."""
        return silence.told_alone(self._conn, sources, since=since, limit=limit)

    def newest_bodies(self, source: str, *, since: datetime, limit: int) -> list[bytes]:
        """What the source brought since then, as it came, the newest first."""
        return silence.newest_bodies(self._conn, source, since=since, limit=limit)

    def tell_about(self, about: str, notice: Notice, *, revision: int) -> bool:
        """Tell people something that is about no item; False where they were told this revision of it already."""
        return notices.tell_about(self._conn, self._now, about, notice, revision=revision)

    def see_about(self, about: str, code: str) -> None:
        """Take back what people were told about something: it is not so any more."""
        notices.see_about(self._conn, self._now, about, code)

    def see_notices(self, notice_ids: Sequence[str]) -> list[str]:
        """Mark notices seen; returns the ids of those that were not seen before, in their order."""
        return notices.see(self._conn, self._now, notice_ids)


def closed_gates(conn: Connection, now: datetime) -> list[Gate]:
    """Gates that are closed at that moment."""
    rows = conn.execute(_CLOSED_GATES, {"b_now": now}).mappings()
    return [Gate(**{**row, "kind": GateKind(row["kind"])}) for row in rows]


_CLOSED_GATES = (
    select(gates)
    .where(or_(gates.c.until.is_(None), gates.c.until > bindparam("b_now")))
    .order_by(gates.c.scope, gates.c.kind)
)

REFUSED_BODY_MAX = 65_536
"""Bytes kept of a body that cannot be used; its hash is of all of it."""


def _receipt(reading: Reading, event_id: EventId | None) -> dict[str, Any]:
    is_refused = reading.verdict is ReceiptVerdict.REFUSED
    return {
        "source": reading.raw.source,
        "received_at": reading.raw.received_at,
        "verdict": reading.verdict,
        "reason": reading.reason,
        "headers": dict(reading.raw.headers),
        "body": reading.raw.body[:REFUSED_BODY_MAX] if is_refused else reading.raw.body,
        "body_sha256": hashlib.sha256(reading.raw.body).hexdigest(),
        "event_id": event_id,
    }
