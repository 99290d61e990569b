"""Receipts, checkpoints, ticks, gates, people, audit in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline.events import Reading
from pipeline.plan import Met, Notice
from pipeline.ports import Anchor, AuditEntry, Checkpoint, Gate, Person, SeenRow, ToldAlone
from pipeline.store import chain, people
from pipeline.store.ledger import REFUSED_BODY_MAX
from pipeline.store.silence import LED_TO_SOMETHING
from pipeline.words import EventId, GateKind, ReceiptVerdict
from tests.support.memory.rows import Row, Tables


class MemoryLedger:
    """The port `Ledger` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._now = now

    def keep_receipts(self, readings: Sequence[tuple[Reading, EventId | None]], *, refused_kept_max: int) -> None:
        """Store what came in; of refused ones at most so many rows are kept."""
        receipts = self._tables["receipts"]
        for reading, event_id in readings:
            receipts.insert(_receipt(reading, event_id))
        if any(reading.verdict is ReceiptVerdict.REFUSED for reading, _ in readings):
            refused = [row for row in receipts if row["verdict"] == ReceiptVerdict.REFUSED]
            for row in refused[: max(0, len(refused) - refused_kept_max)]:
                receipts.delete(row)

    def checkpoint(self, feed: str) -> Checkpoint | None:
        """How far a feed was read."""
        row = self._tables["checkpoints"].get(feed)
        if row is None:
            return None
        return Checkpoint(feed=feed, watermark=row["watermark"], window_until=row["window_until"])

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Insert or update."""
        self._put("checkpoints", {**vars(checkpoint), "updated_at": self._now})

    def seen_rows(self, feed: str, object_ids: Sequence[str]) -> list[SeenRow]:
        """What a feed's list showed last of these objects; one never seen is absent."""
        rows = [self._tables["seen_rows"].get(feed, each) for each in object_ids]
        return [SeenRow(**{name: row[name] for name in ("object_id", "hash", "changes")}) for row in rows if row]

    def save_seen_rows(self, feed: str, rows: Sequence[SeenRow]) -> None:
        """Insert or update."""
        for row in rows:
            self._put("seen_rows", {"feed": feed, **vars(row)})

    def begin_tick(self, job: str, slot: datetime, by: str) -> bool:
        """Take a slot of a job; False when it was taken already."""
        if self._tables["ticks"].get(job, slot) is not None:
            return False
        self._tables["ticks"].insert({"job": job, "slot": slot, "claimed_by": by, "started_at": self._now})
        return True

    def retake_tick(self, job: str, by: str, *, begun_before: datetime, oldest: datetime | None) -> datetime | None:
        """Take over a slot that was begun before and never ended: the first one from `oldest` on, None for none."""
        left = [
            row
            for row in self._tables["ticks"].where("job", job)
            if row["ended_at"] is None
            and row["started_at"] < begun_before
            and (oldest is None or row["slot"] >= oldest)
        ]
        if not left:
            return None
        row = min(left, key=_slot)
        self._tables["ticks"].change(row, claimed_by=by, started_at=self._now)
        return _slot(row)

    def end_tick(self, job: str, slot: datetime, by: str, error: str) -> None:
        """Record how it ended, unless somebody else has taken it over; error "" is well."""
        row = self._tables["ticks"].get(job, slot)
        if row is not None and row["claimed_by"] == by:
            self._tables["ticks"].change(row, ended_at=self._now, error=error)

    def last_tick(self, job: str) -> datetime | None:
        """The newest slot of a job that was begun."""
        return max(map(_slot, self._tables["ticks"].where("job", job)), default=None)

    def close_gate(self, gate: Gate) -> None:
        """Close a gate, or move its end."""
        self._put("gates", vars(gate))

    def open_gate(self, scope: str, kind: GateKind) -> bool:
        """Open a gate now; False when it is not closed."""
        row = self._tables["gates"].get(scope, kind)
        if row is None or (row["until"] is not None and row["until"] <= self._now):
            return False
        self._tables["gates"].change(row, until=self._now)
        return True

    def gates(self) -> list[Gate]:
        """Gates that are closed now."""
        closed = [row for row in self._tables["gates"] if row["until"] is None or row["until"] > self._now]
        ordered = sorted(closed, key=lambda row: (row["scope"], row["kind"]))
        return [Gate(**{**row, "kind": GateKind(row["kind"])}) for row in ordered]

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append to the audit chain."""
        audit = self._tables["audit"]
        number = len(audit)
        last = audit.get(number)
        linked = chain.link_up(
            entries,
            at=self._now,
            number=number,
            previous_hash=last["hash"] if last else chain.START,
            new_salt=lambda: f"salt of {number + 1}",  # The same in every run of a seed.
        )
        for item in linked:
            audit.insert(vars(item))

    def anchor(self) -> Anchor | None:
        """Write the chain's newest entry down; None where only the last anchor has come since, or nothing."""
        last = self._tables["audit"].get(len(self._tables["audit"]))
        if last is None or last["act"] == chain.ANCHORED:
            return None
        self._tables["anchors"].insert({"number": last["number"], "hash": last["hash"], "at": self._now})
        self.audit(
            [AuditEntry(actor="signoff", act=chain.ANCHORED, object=str(last["number"]), after=str(last["hash"]))]
        )
        return Anchor(number=last["number"], hash=last["hash"], at=self._now)

    def people(self, *, aprimo_users: Sequence[str] = (), opentext_users: Sequence[str] = ()) -> list[Person]:
        """Whom we know by these users of either system."""
        return [_person(row) for row in self._same(aprimo_users, opentext_users)]

    def put_person(self, person: Person) -> None:
        """Keep how a person is known; what was known of either user before is replaced."""
        same = self._same([person.aprimo_user], [person.opentext_user])
        for row in same:
            self._tables["people"].delete(row)
        self._tables["people"].insert(vars(people.kept(person, [_person(row) for row in same])))

    def meet(self, found: Sequence[Met]) -> None:
        """Keep whom plans came across; who is known already stays as he is."""
        for met in found:
            person = people.as_person(met)
            known = [_person(row) for row in self._same([person.aprimo_user], [person.opentext_user])]
            news = people.of_met(met, known, self._now)
            if news is not None:
                self.put_person(news)

    def people_to_match(self, *, limit: int) -> list[Person]:
        """Who has no match, never looked for first, then the longest not looked for."""
        rows = [row for row in self._tables["people"] if None in (row["aprimo_user"], row["opentext_user"])]
        ordered = sorted(rows, key=lambda row: (row["checked_at"] is not None, row["checked_at"], row["id"]))
        return [_person(row) for row in ordered[:limit]]

    def last_heard(self, source: str) -> datetime | None:
        """When the source told something last, whatever it was."""
        rows = self._tables["receipts"].where("source", source)
        return max(rows, key=lambda row: int(row["id"]))["received_at"] if rows else None

    def told_alone(self, sources: Sequence[str], *, since: datetime, limit: int) -> ToldAlone | None:
        """What these sources told since then and nobody had told before: at most so many, None for nothing."""
        found = [
            row
            for source in sources
            for row in self._tables["events"].where("source", source)
            if row["accepted_at"] > since and row["state"] in LED_TO_SOMETHING
        ]
        newest = sorted(found, key=lambda row: str(row["accepted_at"]), reverse=True)[:limit]
        if not newest:
            return None
        return ToldAlone(source=newest[0]["source"], events=len(newest), first_at=newest[-1]["accepted_at"])

    def newest_bodies(self, source: str, *, since: datetime, limit: int) -> list[bytes]:
        """What the source brought since then, as it came, the newest first."""
        rows = [
            row
            for row in self._tables["receipts"].where("source", source)
            if row["received_at"] > since and row["body"] is not None
        ]
        return [row["body"] for row in sorted(rows, key=lambda row: -int(row["id"]))[:limit]]

    def tell_about(self, about: str, notice: Notice, *, revision: int) -> bool:
        """Tell people something that is about no item; False where they were told this revision of it already."""
        rows = self._tables["notices"].where("about", about)
        if any((row["code"], row["revision"]) == (notice.code, revision) for row in rows):
            return False
        self._tables["notices"].insert({"about": about, "revision": revision, "at": self._now, **vars(notice)})
        return True

    def see_about(self, about: str, code: str) -> None:
        """Take back what people were told about something: it is not so any more."""
        for row in self._tables["notices"].where("about", about):
            if row["code"] == code and row["seen_at"] is None:
                self._tables["notices"].change(row, seen_at=self._now)

    def see_notices(self, notice_ids: Sequence[str]) -> list[str]:
        """Mark notices seen; returns the ids of those that were not seen before, in their order."""
        numbers = sorted({int(each) for each in notice_ids if each.isascii() and each.isdecimal()})
        rows = [row for row in (self._tables["notices"].get(number) for number in numbers) if row]
        unseen = [row for row in rows if row["seen_at"] is None]
        for row in unseen:
            self._tables["notices"].change(row, seen_at=self._now)
        return [str(row["id"]) for row in unseen]

    def _put(self, table: str, values: Any) -> None:  # noqa: ANN401 - A row's values.
        known = self._tables[table].known(values)
        if known is None:
            self._tables[table].insert(values)
        else:
            self._tables[table].change(known, **values)

    def _same(self, aprimo_users: Sequence[str | None], opentext_users: Sequence[str | None]) -> list[Row]:
        return [
            row
            for row in self._tables["people"]
            if (row["aprimo_user"] is not None and row["aprimo_user"] in aprimo_users)
            or (row["opentext_user"] is not None and row["opentext_user"] in opentext_users)
        ]


def _slot(row: Row) -> datetime:
    slot: datetime = row["slot"]
    return slot


def _person(row: Row) -> Person:
    return Person(**{name: value for name, value in row.items() if name != "id"})


def _receipt(reading: Reading, event_id: EventId | None) -> dict[str, Any]:
    is_refused = reading.verdict is ReceiptVerdict.REFUSED
    body = reading.raw.body
    return {
        "source": reading.raw.source,
        "received_at": reading.raw.received_at,
        "verdict": reading.verdict,
        "reason": reading.reason,
        "headers": dict(reading.raw.headers),
        "body": body[:REFUSED_BODY_MAX] if is_refused else body,
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "event_id": event_id,
    }
