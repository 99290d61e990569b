"""Watch: what the timetable finds due becomes a `due` fact on the item's line; the flow decides what that means."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pipeline import intake, keys
from pipeline.events import NewEvent, Raw, Reading
from pipeline.ports import DueLink, Ports
from pipeline.words import EventKind, ReceiptVerdict, Side, WakeReason

MAX_LINKS = 5000
"""Links taken per run, the longest due first; a plan moves each on to its next time."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A job of the timetable, and the reasons it looks for; every reason has one watch."""

    job: str
    reasons: frozenset[WakeReason]


OVERDUE = Watch(job="overdue", reasons=frozenset({WakeReason.REVIEW_DUE}))
HISTORY = Watch(job="history", reasons=frozenset({WakeReason.HISTORY}))
SPEND = Watch(job="spend", reasons=frozenset({WakeReason.SPEND}))
EMBARGO = Watch(job="embargo", reasons=frozenset({WakeReason.EMBARGO}))
REVIEWS_DUE = Watch(job="reviews_due", reasons=frozenset({WakeReason.REVIEW_START}))
LATE_CASES = Watch(job="late_cases", reasons=frozenset({WakeReason.LATE_CASE}))
REMARKS = Watch(job="remarks", reasons=frozenset({WakeReason.REMARKS}))
WATCHES = (OVERDUE, HISTORY, SPEND, EMBARGO, REVIEWS_DUE, LATE_CASES, REMARKS)


def look(watch: Watch, ports: Ports) -> int:
    """Accept a `due` fact for every link whose time has come; returns how many were new."""
    due = ports.store.run(lambda tx: tx.links.due(watch.reasons, limit=MAX_LINKS))
    if not due:
        return 0
    readings = [_reading(link, watch.job, ports.new_id("tr")) for link in due]
    accepted = intake.accept(readings, store=ports.store, new_id=ports.new_id, limits=ports.limits)
    ports.waker.wake(accepted.hints)
    refused = [intake.not_storable(readings[index], why) for index, why in accepted.failed.items()]
    if refused:
        intake.accept(refused, store=ports.store, new_id=ports.new_id, limits=ports.limits)
    return accepted.stored


def _reading(link: DueLink, job: str, trace_id: str) -> Reading:
    at = link.wake_at.isoformat()
    event = NewEvent(
        flow=link.flow,
        source=f"timetable.{job}",
        type="signoff.due",
        kind=EventKind.FACT,
        side=Side.OPENTEXT,
        subject=link.business_key,
        line_key=keys.line_key(link.flow, link.business_key),
        dedupe_key=keys.timetable(job, link.flow, link.business_key, f"{link.wake_reason}:{at}"),
        time=link.wake_at,
        data={"reason": link.wake_reason, "due": at},
        trace_id=trace_id,
    )
    raw = Raw(
        source=f"timetable.{job}",
        headers={},
        body=json.dumps({"link": link.business_key, "due": at}).encode(),
        received_at=link.wake_at,
    )
    return Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=(event,))
