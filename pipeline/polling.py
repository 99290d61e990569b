"""Polling: read what each system says has changed, window by window, and accept it like any other notice.

A window is `[watermark - overlap, now - lag)`. Its pages are accepted one commit each; the watermark moves in the
commit of the last page, so a poll that dies half-way reads the window again, and known keys make that harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pipeline import intake, keys
from pipeline.errors import PipelineError
from pipeline.events import NewEvent, Raw, Reading
from pipeline.feeds import AprimoFeed, AuditRow, OpenTextFeed, Page, SeenInstance
from pipeline.ports import Bounds, Checkpoint, LiveProcess, Ports, Tx
from pipeline.routes import Routes, aprimo_looks, opentext_look, process_key_of
from pipeline.words import ReceiptVerdict, Urgency

LAG_S = 5.0
"""A source may still be writing rows of the last seconds."""
FIRST_LOOK_BACK_S = 86_400.0
"""Where a feed begins that was never read."""
STREAMS = ("process", "task")
"""Audit streams that are read: every step of ours is a task, so the activity stream tells nothing more."""
MAX_REREADS = 3
GONE = "gone"
"""What a process is seen as that is in no list of running ones."""


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What a poll did: rows read and events stored."""

    rows: int = 0
    stored: int = 0


def poll_aprimo(feed: AprimoFeed, routes: Routes, *, overlap_s: float, ports: Ports) -> Polled:
    """Read Aprimo's change lists from the watermark on; all of it within one step's time.

    A list that moved while it was paged is read again. A window that could not be read to its end is halved, so that
    a long absence is made up for piece by piece. Raises the errors of the vendor.
    """
    window = _window("aprimo.pm", overlap_s, ports)
    bounds = _bounds(ports)
    polled = Polled()
    try:
        for _ in range(MAX_REREADS):
            pages: list[Page] = []
            for page in feed.changed(window.since, window.until, bounds):
                pages.append(page)
                polled = _add(polled, _store(_aprimo_readings(page, routes, ports), None, ports))
            if _is_steady(pages):
                break
    except PipelineError:
        _store([], window.halved(), ports)
        raise
    return _add(polled, _store([], window.done(), ports))


def poll_opentext(feed: OpenTextFeed, routes: Routes, *, overlap_s: float, ports: Ports) -> Polled:
    """Read OpenText's audit logs from each stream's watermark on. Raises the errors of the vendor."""
    polled = Polled()
    bounds = _bounds(ports)
    for stream in STREAMS:
        window = _window(f"opentext.audit.{stream}", overlap_s, ports)
        for rows in feed.audit(stream, window.since, bounds):
            polled = _add(polled, _store(_audit_readings(rows, routes, ports), None, ports))
        polled = _add(polled, _store([], window.done(), ports))
    return polled


def poll_opentext_lists(feed: OpenTextFeed, routes: Routes, *, ports: Ports) -> Polled:
    """Find what audit rows do not tell (comments, edits, variables): compare list pages with what we saw last.

    A process that we hold as running and that is in no list any more is looked at too. Raises the vendor's errors.
    """
    polled = Polled()
    for process_key, flows in routes.by_process.items():
        known = ports.store.run(partial(_known, flows=flows))
        listed: set[str] = set()
        for page in feed.running(process_key, _bounds(ports)):
            listed |= {seen.instance_id for seen in page}
            polled = _add(polled, _store(_differing(page, known, process_key, routes, ports), None, ports))
        gone = [
            SeenInstance(instance_id=live.instance_id, business_key=live.business_key, seen_hash=GONE)
            for live in known.values()
            if live.instance_id not in listed
        ]
        polled = _add(polled, _store(_differing(gone, known, process_key, routes, ports), None, ports))
    return polled


# ---- windows -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Window:
    """What is read now: [since, until) of a feed; watermark is where it stands."""

    feed: str
    watermark: datetime
    since: datetime
    until: datetime

    def done(self) -> Checkpoint:
        """The checkpoint once the whole window is accepted."""
        return Checkpoint(feed=self.feed, watermark=self.until)

    def halved(self) -> Checkpoint:
        """The checkpoint that makes the next window end half-way, but not before the watermark has moved on."""
        ends = self.watermark + (self.until - self.watermark) / 2
        is_worth_it = ends - self.watermark > timedelta(seconds=LAG_S)
        return Checkpoint(feed=self.feed, watermark=self.watermark, window_until=ends if is_worth_it else None)


def _window(feed: str, overlap_s: float, ports: Ports) -> _Window:
    now, checkpoint = ports.store.run(lambda tx: (tx.now, tx.ledger.checkpoint(feed)))
    until = now - timedelta(seconds=LAG_S)
    if checkpoint is None:
        first = until - timedelta(seconds=FIRST_LOOK_BACK_S)
        return _Window(feed=feed, watermark=first, since=first, until=until)
    # A clock that was set back must not turn a window round.
    until = max(checkpoint.window_until or until, checkpoint.watermark)
    since = checkpoint.watermark - timedelta(seconds=overlap_s)
    return _Window(feed=feed, watermark=checkpoint.watermark, since=since, until=until)


def _is_steady(pages: Sequence[Page]) -> bool:
    """Whether the list kept still while it was paged: otherwise rows may have slipped between two pages."""
    totals = {page.total for page in pages if page.total is not None}
    ids = [(item.kind, item.object_id) for page in pages for item in page.items]
    return len(totals) <= 1 and len(ids) == len(set(ids))


def _bounds(ports: Ports) -> Bounds:
    began = ports.monotonic()
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=Urgency.STANDARD,
    )


def _known(tx: Tx, flows: Sequence[str]) -> dict[str, LiveProcess]:
    return {live.instance_id: live for flow in flows for live in tx.links.live(flow)}


# ---- rows to readings ----------------------------------------------------------------------------------------------


def _aprimo_readings(page: Page, routes: Routes, ports: Ports) -> list[Reading]:
    return [
        _reading(
            f"aprimo.pm.poll/{item.kind}",
            item.row,
            aprimo_looks(
                routes,
                kind=item.kind,
                object_id=item.object_id,
                type=f"aprimo.{item.kind}.changed",
                dedupe_key=keys.pm_poll(item.kind, item.object_id, item.modified, item.row),
                time=item.modified_at,
                trace_id=ports.new_id("tr"),
            ),
            item.modified_at,
        )
        for item in page.items
    ]


def _audit_readings(rows: Sequence[AuditRow], routes: Routes, ports: Ports) -> list[Reading]:
    return [
        _reading(
            f"opentext.audit/{row.stream}",
            row.row,
            opentext_look(
                routes,
                instance_id=row.instance_id,
                process_key=process_key_of(row.definition_id),
                business_key=row.business_key,
                type=f"opentext.{row.event_type}",
                dedupe_key=keys.opentext_audit(row.stream, row.event_type, row.instance_id, row.item_id, row.time),
                time=row.at,
                trace_id=ports.new_id("tr"),
            ),
            row.at,
        )
        for row in rows
    ]


def _differing(
    page: Sequence[SeenInstance], known: Mapping[str, LiveProcess], process_key: str, routes: Routes, ports: Ports
) -> list[Reading]:
    at = ports.store.run(lambda tx: tx.now)
    return [
        _list_reading(seen, _differs(seen, live, process_key, routes, at=at, trace_id=ports.new_id("tr")), at)
        for seen in page
        if (live := known.get(seen.instance_id)) is not None and live.seen_hash != seen.seen_hash
    ]


def _differs(
    seen: SeenInstance, live: LiveProcess, process_key: str, routes: Routes, *, at: datetime, trace_id: str
) -> tuple[NewEvent, ...]:
    return opentext_look(
        routes,
        instance_id=seen.instance_id,
        process_key=process_key,
        business_key=seen.business_key,
        type="opentext.instance-differs",
        # From what to what, and since which settled look: a change that is taken back and made again is a new one.
        dedupe_key=keys.opentext_list(seen.instance_id, f"{live.seen_hash}>{seen.seen_hash}@{live.row_version}"),
        time=at,
        trace_id=trace_id,
    )


def _list_reading(seen: SeenInstance, events: tuple[NewEvent, ...], at: datetime) -> Reading:
    return _reading("opentext.list", {"instance": seen.instance_id, "seen": seen.seen_hash}, events, at)


def _reading(source: str, row: Mapping[str, object], events: tuple[NewEvent, ...], at: datetime) -> Reading:
    body = json.dumps(row, default=str, sort_keys=True).encode()
    return Reading(
        raw=Raw(source=source, headers={}, body=body, received_at=at),
        verdict=ReceiptVerdict.HANDLED if events else ReceiptVerdict.IGNORED,
        reason="" if events else "not_ours",
        events=events,
    )


# ---- commits -----------------------------------------------------------------------------------------------------


def _store(readings: Sequence[Reading], done: Checkpoint | None, ports: Ports) -> Polled:
    """Accept one page in one commit; the checkpoint, if any, goes with it.

    A row that SQL itself refuses is kept as refused, so that it neither vanishes nor stops its feed.
    """
    ours = [reading for reading in readings if reading.events]
    stored = 0
    if ours or done:
        accepted = intake.accept(
            ours, store=ports.store, new_id=ports.new_id, limits=ports.limits, checkpoint=None if ours else done
        )
        ports.waker.wake(accepted.hints)
        stored = accepted.stored
        refused = [intake.not_storable(ours[index], why) for index, why in accepted.failed.items()]
        if refused:
            intake.accept(refused, store=ports.store, new_id=ports.new_id, limits=ports.limits)
    return Polled(rows=len(readings), stored=stored)


def _add(one: Polled, other: Polled) -> Polled:
    return Polled(rows=one.rows + other.rows, stored=one.stored + other.stored)
