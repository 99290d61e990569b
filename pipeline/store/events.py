"""Events and their plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, case, func, select, tuple_, update

from pipeline.events import Event, NewEvent, Pin
from pipeline.plan import FollowUp, LinkChanges
from pipeline.ports import Claim, EventMove, StoredPlan
from pipeline.states import OPEN_EVENT_STATES, move_event
from pipeline.store import serial, tables
from pipeline.store.statements import add_rows, move_each, run_each
from pipeline.store.tables import EVENT_IS_OPEN, events, holds, lines
from pipeline.words import EventId, EventKind, EventState, LineKey, Side, Urgency

_EVENT_COLUMNS = (
    events.c.id,
    events.c.flow,
    events.c.source,
    events.c.type,
    events.c.kind,
    events.c.side,
    events.c.subject,
    events.c.line_key,
    events.c.position,
    events.c.state,
    events.c.time,
    events.c.accepted_at,
    events.c.data,
    events.c.urgency,
    events.c.trace_id,
    events.c.plan_number,
    events.c.stale_count,
    events.c.pin,
)


class SqlEvents:
    """The port `Events` within one transaction."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def known(self, keys: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Which (dedupe key, flow) pairs are stored already."""
        if not keys:
            return frozenset()
        pair = tuple_(events.c.dedupe_key, events.c.flow)
        found = select(events.c.dedupe_key, events.c.flow).where(pair.in_(keys))
        return frozenset((row.dedupe_key, row.flow) for row in self._conn.execute(found))

    def insert(self, events: Sequence[tuple[EventId, int, NewEvent]]) -> None:
        """Insert new events with id and position."""
        add_rows(self._conn, tables.events, [_new_row(*item, self._now) for item in events])

    def waiting(self, claims: Sequence[Claim]) -> dict[LineKey, tuple[Event, ...]]:
        """Per claimed line its open events from the head on, up to the tail the claim returned, in order."""
        claimed = {claim.key: claim for claim in claims}
        if not claimed:
            return {}
        waiting: dict[LineKey, list[Event]] = {}
        for row in self._conn.execute(_OPEN_OF_LINES, {"b_keys": [*claimed]}).mappings():
            claim = claimed[row["line_key"]]
            if claim.head <= row["position"] <= claim.tail:
                waiting.setdefault(claim.key, []).append(_event(row))
        return {key: tuple(found) for key, found in waiting.items()}

    def move(self, moves: Sequence[EventMove]) -> None:
        """Change states; each move is checked against `states`, and each event must be in the state it leaves."""
        move_each(self._conn, _MOVE, [self._move_row(move) for move in moves], what="events")

    def store_plans(self, plans: Sequence[StoredPlan]) -> None:
        """Keep what settle needs; raises the event's plan_number."""
        run_each(self._conn, _STORE_PLAN, [_plan_row(plan) | {"b_planned_at": self._now} for plan in plans])

    def plans(self, ids: Sequence[EventId]) -> dict[EventId, StoredPlan]:
        """The last plan of each event."""
        if not ids:
            return {}
        found = select(events.c.id, events.c.plan_number, events.c.plan)
        rows = self._conn.execute(found.where(events.c.id.in_(ids), events.c.plan.is_not(None)))
        return {row.id: _plan(row.id, row.plan_number, row.plan) for row in rows}

    def count_stale(self, ids: Sequence[EventId]) -> None:
        """Add one to the stale count."""
        if ids:
            counted = update(events).where(events.c.id.in_(ids)).values(stale_count=events.c.stale_count + 1)
            self._conn.execute(counted)

    def by_id(self, ids: Sequence[EventId]) -> dict[EventId, Event]:
        """Events by their ids, open or over; unknown ones are absent."""
        if not ids:
            return {}
        found = select(*_EVENT_COLUMNS).where(events.c.id.in_(ids))
        return {row["id"]: _event(row) for row in self._conn.execute(found).mappings()}

    def pin(self, event_id: EventId, pin: Pin | None) -> None:
        """Bind a dead event to what a person was shown, or to nothing."""
        pinned = None if pin is None else serial.dump(pin)
        self._conn.execute(update(events).where(events.c.id == event_id).values(pin=pinned))

    def next_open(self, keys: Sequence[LineKey]) -> dict[LineKey, Event]:
        """Per line the lowest open event, absent where none is open."""
        if not keys:
            return {}
        rows = self._conn.execute(_NEXT_OPEN, {"b_keys": [*keys]}).mappings()
        return {row["line_key"]: _event(row) for row in rows}

    def _move_row(self, move: EventMove) -> dict[str, Any]:
        after = move_event(move.before, move.after)
        return {
            "b_id": move.id,
            "b_before": move.before,
            "b_after": after,
            "b_reason": move.reason,
            "b_superseded_by": move.superseded_by,
            "b_ended_at": None if after in OPEN_EVENT_STATES else self._now,
        }


_OPEN_OF_LINES = (
    select(*_EVENT_COLUMNS)
    .where(events.c.line_key.in_(bindparam("b_keys")), holds("events", EVENT_IS_OPEN))
    .order_by(events.c.line_key, events.c.position)
)

_OTHER = events.alias("other")
_NEXT_OPEN = (
    select(*_EVENT_COLUMNS)
    .select_from(lines)
    .join(
        events,
        and_(
            events.c.line_key == lines.c.key,
            events.c.position
            == select(func.min(_OTHER.c.position))
            .where(_OTHER.c.line_key == lines.c.key, holds("other", EVENT_IS_OPEN))
            .scalar_subquery(),
        ),
    )
    .where(lines.c.key.in_(bindparam("b_keys")))
)

_MOVE = (
    update(events)
    .where(events.c.id == bindparam("b_id"), events.c.state == bindparam("b_before"))
    .values(
        state=bindparam("b_after"),
        reason=bindparam("b_reason"),
        superseded_by=bindparam("b_superseded_by"),
        ended_at=bindparam("b_ended_at"),
        # A person's replay starts the count of stale plans anew.
        stale_count=case((events.c.state == EventState.DEAD, 0), else_=events.c.stale_count),
    )
)

_STORE_PLAN = (
    update(events)
    .where(events.c.id == bindparam("b_id"))
    .values(plan_number=bindparam("b_plan_number"), plan=bindparam("b_plan"), planned_at=bindparam("b_planned_at"))
)


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


def _event(row: RowMapping) -> Event:
    return Event(
        **{
            **row,
            "kind": EventKind(row["kind"]),
            "side": Side(row["side"]),
            "state": EventState(row["state"]),
            "urgency": Urgency(row["urgency"]),
            "pin": serial.load(Pin, row["pin"]) if row["pin"] else None,
        }
    )


def _plan_row(plan: StoredPlan) -> dict[str, Any]:
    stored = {"changes": serial.dump(plan.changes), "follow_ups": serial.dump(plan.follow_ups)}
    return {"b_id": plan.event_id, "b_plan_number": plan.plan_number, "b_plan": stored}


def _plan(event_id: EventId, plan_number: int, stored: Mapping[str, Any]) -> StoredPlan:
    return StoredPlan(
        event_id=event_id,
        plan_number=plan_number,
        changes=serial.load(LinkChanges, stored["changes"]),
        follow_ups=tuple(serial.load(FollowUp, row) for row in stored["follow_ups"]),
    )
