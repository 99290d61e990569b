"""Events by what they tell of, and our own writes, for the completeness certificate."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from pipeline.commands import KINDS, StartProcess
from pipeline.keys import kind_of, split_aprimo_key
from pipeline.ports.told import Told
from pipeline.store.tables import attempts, deliveries, events
from pipeline.words import BusinessKey, DeliveryState, EventId, EventState, Purpose, Side

BATCH = 1000
"""Rows that are fetched at a time."""


def told_since(conn: Connection, since: datetime, sources: Collection[str]) -> Iterator[Told]:
    """The events of these sources that were accepted since then, oldest first."""
    e = events.c
    columns = (e.id, e.flow, e.source, e.side, e.subject, e.time, e.accepted_at, e.state, e.reason, e.data)
    found = select(*columns).where(e.accepted_at >= since, e.source.in_(sources)).order_by(e.accepted_at)
    for row in conn.execution_options(yield_per=BATCH).execute(found).mappings():
        yield _told(row)


def written_since(conn: Connection, since: datetime, source: str) -> Iterator[Told]:
    """Our own writes that were begun since then and are done, as if the source had told of them when they ended."""
    d, a, e = deliveries.c, attempts.c, events.c
    columns = (d.event_id, d.kind, d.target, d.vendor_ref, e.flow, e.state, e.reason, a.started_at, a.ended_at)
    found = (
        select(*columns)
        .select_from(attempts.join(deliveries).join(events, e.id == d.event_id))
        .where(
            a.started_at >= since, a.purpose == Purpose.SEND, a.ended_at.is_not(None), d.state == DeliveryState.DONE
        )
    )
    for row in conn.execution_options(yield_per=BATCH).execute(found).mappings():
        yield Told(
            event_id=EventId(row["event_id"]),
            flow=row["flow"],
            source=source,
            side=KINDS[row["kind"]].SIDE,
            object_id=row["vendor_ref"] if row["kind"] == StartProcess.KIND else row["target"].rpartition(":")[2],
            time=row["ended_at"],
            accepted_at=row["started_at"],
            state=EventState(row["state"]),
            reason=row["reason"],
        )


def _told(row: RowMapping) -> Told:
    side = Side(row["side"])
    return Told(
        event_id=EventId(row["id"]),
        flow=row["flow"],
        source=row["source"],
        side=side,
        object_id=_object_id(side, BusinessKey(row["subject"]), row["data"]),
        time=row["time"],
        accepted_at=row["accepted_at"],
        state=EventState(row["state"]),
        reason=row["reason"],
    )


def _object_id(side: Side, subject: BusinessKey, data: Mapping[str, Any]) -> str:
    """What it names; where its data were pruned, what its line is about."""
    named = data.get("object_id" if side is Side.APRIMO else "instance_id")
    if named is not None:
        return str(named)
    return (
        split_aprimo_key(subject)[1] if side is Side.APRIMO and kind_of(subject) else str(subject).rpartition(":")[2]
    )
