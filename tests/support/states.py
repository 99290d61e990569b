"""A look behind the store, for tests: states past every port, and the traces that crashed workers leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, insert, select, update

from pipeline.store.tables import (
    attempts,
    audit,
    dead_letters,
    deliveries,
    events,
    gates,
    held_objects,
    lines,
    links,
    notices,
    receipts,
)
from pipeline.words import EventId
from tests.support.memory.mirror import Mirror

CLOCKS_DIFFER = timedelta(milliseconds=20)
"""By how much a database's clock may be off this process's."""


@dataclass
class States:
    """What stands in the tables, past every port."""

    engine: Engine | Mirror

    def events(self) -> list[str]:
        """States of all events in the order they were accepted."""
        return self._all(select(events.c.state).order_by(events.c.id))

    def reasons(self) -> list[str]:
        """Why events ended, in the order they were accepted."""
        return self._all(select(events.c.reason).order_by(events.c.id))

    def event_ids(self) -> list[EventId]:
        return [EventId(each) for each in self._all(select(events.c.id).order_by(events.c.id))]

    def letters(self) -> list[tuple[str, str]]:
        with self.engine.connect() as conn:
            rows = conn.execute(select(dead_letters.c.code, dead_letters.c.state).order_by(dead_letters.c.id))
            return [(row.code, row.state) for row in rows]

    def notices(self) -> list[str]:
        """Codes of what people are told, oldest first."""
        return self._all(select(notices.c.code).order_by(notices.c.id))

    def writers(self, target: str) -> list[str]:
        """The lines that planned something for a target, each once, by name."""
        joined = deliveries.join(events, events.c.id == deliveries.c.event_id)
        found = select(events.c.line_key).select_from(joined).where(deliveries.c.target == target)
        return sorted(set(self._all(found)))

    def letter_ids(self) -> list[str]:
        return [str(each) for each in self._all(select(dead_letters.c.id).order_by(dead_letters.c.id))]

    def claimed(self, key_end: str) -> int:
        """How often the line was claimed whose key ends so."""
        with self.engine.connect() as conn:
            return int(conn.execute(select(lines.c.token).where(lines.c.key.endswith(key_end))).scalar_one())

    def waits(self) -> list[str]:
        """Why lines wait."""
        return [reason for reason, _ in self.wait_ends()]

    def ready_in(self, seconds: float, *, since: datetime) -> list[str]:
        """Wait reasons ("" for none) of lines that were told, at a moment since then, to be ready so much later."""
        soonest, latest = since - CLOCKS_DIFFER, datetime.now(UTC) + CLOCKS_DIFFER
        wait = timedelta(seconds=seconds)
        with self.engine.connect() as conn:
            rows = conn.execute(select(lines.c.wait_reason, lines.c.ready_at).where(lines.c.ready_at.is_not(None)))
            return [row.wait_reason or "" for row in rows if soonest <= row.ready_at - wait <= latest]

    def is_busy(self, *, within_s: float) -> bool:
        """Whether a line goes on by itself before long."""
        soon = datetime.now(UTC) + timedelta(seconds=within_s)
        with self.engine.connect() as conn:
            return conn.execute(select(func.count()).where(lines.c.ready_at <= soon)).scalar_one() > 0

    def holds(self) -> list[tuple[str, str, str]]:
        """Object, field set and holder of every hold that is taken."""
        taken = select(held_objects).where(held_objects.c.event_id.is_not(None))
        with self.engine.connect() as conn:
            return sorted((row.object, row.field_set, row.event_id) for row in conn.execute(taken))

    def gates(self) -> list[str]:
        return self._all(select(gates.c.scope).order_by(gates.c.scope))

    def audit(self) -> list[tuple[str, str, str]]:
        """Actor, act and object of every entry, in order."""
        with self.engine.connect() as conn:
            rows = conn.execute(select(audit.c.actor, audit.c.act, audit.c.object).order_by(audit.c.number))
            return [(row.actor, row.act, row.object) for row in rows]

    def attempts(self) -> int:
        with self.engine.connect() as conn:
            return conn.execute(select(func.count()).select_from(attempts)).scalar_one()

    def receipts(self) -> int:
        with self.engine.connect() as conn:
            return conn.execute(select(func.count()).select_from(receipts)).scalar_one()

    def lines(self) -> list[str]:
        return self._all(select(lines.c.key).order_by(lines.c.key))

    def deliveries(self) -> list[str]:
        return self._all(select(deliveries.c.state).order_by(deliveries.c.id))

    def values_of(self, target: str) -> list[dict[str, Any]]:
        """What was planned for a target, in the order it was planned."""
        found = select(deliveries.c["values"]).where(deliveries.c.target == target)
        with self.engine.connect() as conn:
            return list(conn.execute(found.order_by(deliveries.c.plan_number, deliveries.c.ordinal)).scalars())

    def settled_after(self) -> list[datetime]:
        with self.engine.connect() as conn:
            return list(conn.execute(select(deliveries.c.settled_after).order_by(deliveries.c.id)).scalars())

    def rename_kind(self, subject: str, kind: str) -> None:
        """As a delivery that a newer version had planned."""
        of_subject = select(events.c.id).where(events.c.subject == subject).scalar_subquery()
        self._write(update(deliveries).where(deliveries.c.event_id == of_subject).values(kind=kind))

    def positions(self) -> list[int]:
        with self.engine.connect() as conn:
            return list(conn.execute(select(events.c.position).order_by(events.c.id)).scalars())

    def wait_ends(self) -> list[tuple[str, datetime]]:
        """Wait reason and end of every line that waits."""
        now = datetime.now(UTC)
        with self.engine.connect() as conn:
            rows = conn.execute(select(lines.c.wait_reason, lines.c.ready_at).where(lines.c.ready_at > now))
            return [(row.wait_reason, row.ready_at) for row in rows]

    def types(self) -> list[str]:
        return self._all(select(events.c.type).order_by(events.c.id))

    def data(self) -> list[dict[str, str]]:
        """What the events carry, in the order they were accepted."""
        with self.engine.connect() as conn:
            return list(conn.execute(select(events.c.data).order_by(events.c.id)).scalars())

    def forget_hints(self) -> None:
        """As a wiped queue: nothing was published of late."""
        self._write(update(lines).values(hinted_at=None))

    def crash(self, *, times: int) -> None:
        """As workers that died: the lease ran out so many times."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        self._write(update(lines).values(crashes=times - 1, leased_by="gone", leased_until=past))

    def be_ready(self) -> None:
        """Every wait is over."""
        self._write(update(lines).where(lines.c.ready_at.is_not(None)).values(ready_at=datetime.now(UTC)))

    def come_due(self) -> None:
        """As if the time had come at which the timetable is to look at a link."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        self._write(update(links).where(links.c.wake_at.is_not(None)).values(wake_at=past))

    def expire_leases(self) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        self._write(update(lines).where(lines.c.leased_until.is_not(None)).values(leased_until=past))

    def leave_sending(self) -> None:
        """As a worker that died in mid-call."""
        now = datetime.now(UTC)
        with self.engine.begin() as conn:
            for row in conn.execute(select(deliveries.c.id)).all():
                conn.execute(
                    insert(attempts).values(delivery_id=row.id, number=1, token=1, purpose="send", started_at=now)
                )
        self._write(update(deliveries).values(state="sending", settled_after=now))
        self._write(update(lines).values(leased_by="gone", leased_until=now - timedelta(seconds=1)))

    def _all(self, statement: object) -> list[str]:
        with self.engine.connect() as conn:
            return list(conn.execute(statement).scalars())  # type: ignore[call-overload] # any select of one column

    def _write(self, statement: object) -> None:
        with self.engine.begin() as conn:
            conn.execute(statement)  # type: ignore[call-overload] # any update
