"""Events and their plans in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipeline.events import Event, NewEvent, Pin
from pipeline.plan import FollowUp, LinkChanges
from pipeline.ports import Claim, EventMove, StoredPlan
from pipeline.states import OPEN_EVENT_STATES, move_event
from pipeline.store import serial
from pipeline.words import EventId, EventKind, EventState, LineKey, Side, Urgency
from tests.support.memory.rows import Row, Tables, require


class MemoryEvents:
    """The port `Events` within one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._events = tables["events"]
        self._now = now

    def known(self, keys: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Which (dedupe key, flow) pairs are stored already."""
        return frozenset(
            key for key in keys if any(row["flow"] == key[1] for row in self._events.where("dedupe_key", key[0]))
        )

    def insert(self, events: Sequence[tuple[EventId, int, NewEvent]]) -> None:
        """Insert new events with id and position."""
        for event_id, position, event in events:
            self._events.insert(_new_row(event_id, position, event, self._now))

    def waiting(self, claims: Sequence[Claim]) -> dict[LineKey, tuple[Event, ...]]:
        """Per claimed line its open events from the head on, up to the tail the claim returned, in order."""
        found = {
            claim.key: tuple(
                _event(row) for row in self._open(claim.key) if claim.head <= row["position"] <= claim.tail
            )
            for claim in claims
        }
        return {key: events for key, events in found.items() if events}

    def move(self, moves: Sequence[EventMove]) -> None:
        """Change states; each move is checked against `states`, and each event must be in the state it leaves."""
        after_of = [move_event(move.before, move.after) for move in moves]
        rows = require([self._events.get(move.id) for move in moves], [move.before for move in moves], what="events")
        for move, after, row in zip(moves, after_of, rows, strict=True):
            self._events.change(
                row,
                state=after,
                reason=move.reason,
                superseded_by=move.superseded_by,
                ended_at=None if after in OPEN_EVENT_STATES else self._now,
                stale_count=0 if row["state"] == EventState.DEAD else row["stale_count"],
            )

    def store_plans(self, plans: Sequence[StoredPlan]) -> None:
        """Keep what settle needs; raises the event's plan_number."""
        for plan in plans:
            row = self._events.get(plan.event_id)
            if row is not None:
                stored = {"changes": serial.dump(plan.changes), "follow_ups": serial.dump(plan.follow_ups)}
                self._events.change(row, plan_number=plan.plan_number, plan=stored, planned_at=self._now)

    def plans(self, ids: Sequence[EventId]) -> dict[EventId, StoredPlan]:
        """The last plan of each event."""
        rows = [self._events.get(event_id) for event_id in ids]
        return {row["id"]: _plan(row) for row in rows if row and row["plan"] is not None}

    def count_stale(self, ids: Sequence[EventId]) -> None:
        """Add one to the stale count."""
        for row in filter(None, [self._events.get(event_id) for event_id in ids]):
            self._events.change(row, stale_count=row["stale_count"] + 1)

    def next_open(self, keys: Sequence[LineKey]) -> dict[LineKey, Event]:
        """Per line the lowest open event, absent where none is open."""
        found = {key: self._open(key) for key in keys}
        return {key: _event(rows[0]) for key, rows in found.items() if rows}

    def by_id(self, ids: Sequence[EventId]) -> dict[EventId, Event]:
        """Events by their ids, open or over; unknown ones are absent."""
        return {row["id"]: _event(row) for each in ids if (row := self._events.get(each)) is not None}

    def pin(self, event_id: EventId, pin: Pin | None) -> None:
        """Bind a dead event to what a person was shown, or to nothing."""
        row = self._events.get(event_id)
        if row is not None:
            self._events.change(row, pin=None if pin is None else serial.dump(pin))

    def _open(self, key: LineKey) -> list[Row]:
        rows = [row for row in self._events.where("line_key", key) if row["state"] in OPEN_EVENT_STATES]
        return sorted(rows, key=lambda row: int(row["position"]))


def _new_row(event_id: EventId, position: int, event: NewEvent, now: datetime) -> dict[str, Any]:
    return {
        "id": event_id,
        "flow": event.flow,
        "source": event.source,
        "type": event.type,
        "kind": event.kind,
        "side": event.side,
        "subject": event.subject,
        "line_key": event.line_key,
        "position": position,
        "dedupe_key": event.dedupe_key,
        "state": EventState.ACCEPTED,
        "time": event.time,
        "data": dict(event.data),
        "urgency": event.urgency,
        "trace_id": event.trace_id,
        "accepted_at": now,
    }


def _event(row: Row) -> Event:
    return Event(
        id=row["id"],
        flow=row["flow"],
        source=row["source"],
        type=row["type"],
        kind=EventKind(row["kind"]),
        side=Side(row["side"]),
        subject=row["subject"],
        line_key=row["line_key"],
        position=row["position"],
        state=EventState(row["state"]),
        time=row["time"],
        accepted_at=row["accepted_at"],
        data=row["data"],
        urgency=Urgency(row["urgency"]),
        trace_id=row["trace_id"],
        plan_number=row["plan_number"],
        stale_count=row["stale_count"],
        pin=serial.load(Pin, row["pin"]) if row["pin"] else None,
    )


def _plan(row: Row) -> StoredPlan:
    return StoredPlan(
        event_id=row["id"],
        plan_number=row["plan_number"],
        changes=serial.load(LinkChanges, row["plan"]["changes"]),
        follow_ups=tuple(serial.load(FollowUp, each) for each in row["plan"]["follow_ups"]),
    )
