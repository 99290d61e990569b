"""Watch: what the timetable finds due becomes a `due` fact on the item's line; the flow decides what that means."""

from __future__ import annotations

import json

from pipeline import intake, keys
from pipeline.events import NewEvent, Raw, Reading
from pipeline.ports import DueLink, Ports
from pipeline.words import EventKind, ReceiptVerdict, Side

JOB = "overdue"
MAX_LINKS = 5000
"""Links taken per run, the longest due first; a plan moves each on to its next time."""


def watch(ports: Ports) -> int:
    """Accept a `due` fact for every link whose time has come; returns how many were new."""
    due = ports.store.run(lambda tx: tx.links.due(limit=MAX_LINKS))
    if not due:
        return 0
    readings = [_reading(link, ports.new_id("tr")) for link in due]
    accepted = intake.accept(readings, store=ports.store, new_id=ports.new_id, limits=ports.limits)
    ports.waker.wake(accepted.hints)
    refused = [intake.not_storable(readings[index], why) for index, why in accepted.failed.items()]
    if refused:
        intake.accept(refused, store=ports.store, new_id=ports.new_id, limits=ports.limits)
    return accepted.stored


def _reading(link: DueLink, trace_id: str) -> Reading:
    at = link.wake_at.isoformat()
    event = NewEvent(
        flow=link.flow,
        source=f"timetable.{JOB}",
        type="signoff.due",
        kind=EventKind.FACT,
        side=Side.OPENTEXT,
        subject=link.business_key,
        line_key=keys.line_key(link.flow, link.business_key),
        dedupe_key=keys.timetable(JOB, link.flow, link.business_key, f"{link.wake_reason}:{at}"),
        time=link.wake_at,
        data={"reason": link.wake_reason, "due": at},
        trace_id=trace_id,
    )
    raw = Raw(
        source=f"timetable.{JOB}",
        headers={},
        body=json.dumps({"link": link.business_key, "due": at}).encode(),
        received_at=link.wake_at,
    )
    return Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=(event,))
