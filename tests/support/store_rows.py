"""Work for the store's tests: events of campaign briefs, put onto lines as accept does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table

from pipeline.commands import Command, EndProcess, SetFields, StartProcess
from pipeline.events import NewEvent
from pipeline.ports import Claim, Release, Store, TailMove, Tx
from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    JsonValue,
    LineKey,
    Side,
    Step,
    Urgency,
    lane,
)

FLOW = "campaign_brief"
LANE = "standard.aprimo"
START = datetime(2026, 1, 12, 9, 0, 0, 123456, tzinfo=UTC)
SENT_AT = datetime(2026, 1, 12, 8, 59, 0, tzinfo=UTC)
ReadRows = Callable[[Table], list[Any]]
"""All rows of a table by its key, past every port."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> datetime:
        """Move on; returns the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now


def item(number: int) -> BusinessKey:
    """The business key of an activity."""
    return BusinessKey(f"aprimo:activity:{number}")


def line_of(number: int, flow: str = FLOW) -> LineKey:
    """The line of an activity."""
    return LineKey(f"{flow}/{item(number)}")


def new_event(
    number: int,
    *,
    notice: str = "1",
    flow: str = FLOW,
    side: Side = Side.APRIMO,
    kind: EventKind = EventKind.LOOK,
    urgency: Urgency = Urgency.STANDARD,
    data: Mapping[str, JsonValue] | None = None,
) -> NewEvent:
    """A notice about an activity; notice tells several about one apart."""
    return NewEvent(
        flow=flow,
        source="aprimo.pm.webhook",
        type="aprimo.activity.changed",
        kind=kind,
        side=side,
        subject=item(number),
        line_key=line_of(number, flow),
        dedupe_key=f"aprimo.pm.webhook:{flow}:{number}:{notice}",
        time=SENT_AT,
        data=data or {},
        urgency=urgency,
        trace_id=f"trace-{number}",
    )


def add(tx: Tx, events: Sequence[NewEvent], *, ready_at: datetime | None = None) -> list[EventId]:
    """Put events at the tails of their lines; idle lines start. Ids are `ev-<item>-<position>`."""
    lines = tx.lines.touch({event.line_key: event.flow for event in events})
    tails = {key: line.tail for key, line in lines.items()}
    rows, moves = [], {}
    for event in events:
        line = lines[event.line_key]
        tails[event.line_key] += 1
        position = tails[event.line_key]
        rows.append((EventId(f"ev-{event.subject.rpartition(':')[2]}-{position}"), position, event))
        moves[event.line_key] = TailMove(
            key=event.line_key,
            tail=position,
            urgency=event.urgency if line.is_idle else line.urgency,
            start=line.is_idle,
            ready_at=ready_at or tx.now,
            lane=lane(event.urgency, event.side),
            vendor=event.side,
        )
    tx.events.insert(rows)
    tx.lines.move_tails(list(moves.values()))
    return [event_id for event_id, _, _ in rows]


def take(
    tx: Tx, *hinted: EventId, step: Step = Step.TRANSFORM, lane: str = LANE, limit: int = 50, lease_s: float = 90.0
) -> list[Claim]:
    """Claim as a worker does it: one id comes alone, none or several fill the batch."""
    return tx.lines.claim(step, lane, hinted, me="worker-1", is_alone=len(hinted) == 1, limit=limit, lease_s=lease_s)


def release(
    claim: Claim,
    *,
    step: Step = Step.TRANSFORM,
    side: Side = Side.APRIMO,
    ready_at: datetime | None = None,
    head: int | None = None,
) -> Release:
    """The end of a lease; without ready_at the line rests."""
    return Release(
        key=claim.key,
        token=claim.token,
        step=step,
        lane=lane(claim.urgency, side),
        vendor=side,
        ready_at=ready_at,
        head=head,
    )


def claimed(store: Store, *numbers: int, step: Step = Step.TRANSFORM) -> list[Claim]:
    """One event on each activity's line, and the claims of those lines."""
    with store.begin() as tx:
        ids = add(tx, [new_event(number) for number in numbers])
        return take(tx, *ids, step=step)


def start_process(number: int, *, revision: int = 1) -> Command:
    """The start of a brief's process."""
    return StartProcess(
        flow=FLOW,
        process_key="campaignBrief",
        business_key=item(number),
        revision=revision,
        name=f"Brief {number}",
        variables={"budget": "12000.00", "regions": ["DACH"]},
    )


def end_process(instance_id: str) -> Command:
    """The end of a process."""
    return EndProcess(instance_id=instance_id, reason="withdrawn")


def set_fields(number: int, **fields: JsonValue) -> Command:
    """A write to an activity that is still submitted."""
    return SetFields(object_kind="activity", object_id=number, fields=fields, expects={"activityStateId": 2})
