"""Events by what they tell of, and our own writes, for the completeness certificate."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from pipeline import commands
from pipeline.flows import facts
from pipeline.keys import kind_of, split_aprimo_key
from pipeline.ports.told import Told
from pipeline.store.tables import attempts, deliveries, events, links, processes
from pipeline.words import BusinessKey, DeliveryState, EventId, EventState, Purpose, Side

BATCH = 1000
"""Rows that are fetched at a time."""


def told_since(conn: Connection, since: datetime, sources: Collection[str]) -> Iterator[Told]:
    """The events of these sources that were accepted since then; a heal tells of both sides of its item."""
    e = events.c
    columns = (e.id, e.flow, e.source, e.side, e.subject, e.time, e.accepted_at, e.state, e.reason, e.data)
    accepted = (e.accepted_at >= since, e.source.in_(sources))
    found = select(*columns).where(*accepted, e.type.not_in([facts.HEAL, facts.UNDO])).order_by(e.accepted_at)
    rows = conn.execution_options(yield_per=BATCH)
    for row in rows.execute(found).mappings():
        side = Side(row["side"])
        yield _told(row, side, _object_id(side, BusinessKey(row["subject"]), row["data"]))
    joined = events.outerjoin(links, (links.c.flow == e.flow) & (links.c.business_key == e.subject))
    joined = joined.outerjoin(processes, processes.c.link_id == links.c.id)
    healed = select(*columns, links.c.item, processes.c.instance_id).select_from(joined)
    for row in rows.execute(healed.where(*accepted, e.type == facts.HEAL)).mappings():
        yield _told(row, Side.APRIMO, _object_id(Side.APRIMO, BusinessKey(row["item"] or row["subject"]), {}))
        if row["instance_id"]:
            yield _told(row, Side.OPENTEXT, row["instance_id"])


def written_since(conn: Connection, since: datetime, source: str) -> Iterator[Told]:
    """Our own writes that were begun since then and are done, as if the source had told of each object they change.

    time: until when the write may have taken effect, which is its kind's `late` time after it ended.
    """
    d, a, e = deliveries.c, attempts.c, events.c
    of_delivery = (d.event_id, d.kind, d["values"], d.expects, d.undoes, d.vendor_ref)
    found = (
        select(*of_delivery, e.flow, e.state, e.reason, a.started_at, a.ended_at)
        .select_from(attempts.join(deliveries).join(events, e.id == d.event_id))
        .where(
            a.started_at >= since, a.purpose == Purpose.SEND, a.ended_at.is_not(None), d.state == DeliveryState.DONE
        )
    )
    for row in conn.execution_options(yield_per=BATCH).execute(found).mappings():
        command = commands.load(row["kind"], row["values"], expects=row["expects"], undoes=row["undoes"])
        for object_id in command.changed_ids(row["vendor_ref"]):
            yield Told(
                event_id=EventId(row["event_id"]),
                flow=row["flow"],
                source=source,
                side=command.SIDE,
                object_id=object_id,
                time=row["ended_at"] + timedelta(seconds=command.LATE_S),
                accepted_at=row["started_at"],
                state=EventState(row["state"]),
                reason=row["reason"],
            )


def _told(row: RowMapping, side: Side, object_id: str) -> Told:
    return Told(
        event_id=EventId(row["id"]),
        flow=row["flow"],
        source=row["source"],
        side=side,
        object_id=object_id,
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
