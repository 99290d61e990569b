"""Polling: read what each system says has changed, window by window, and accept it like any other notice.

A window is `[watermark - overlap, now - lag)`. Its pages are accepted one commit each; the watermark moves in the
commit of the last page, so a poll that dies half-way reads the window again, and known keys make that harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from pipeline import intake, keys
from pipeline.events import NewEvent, Raw, Reading
from pipeline.feeds import AprimoFeed, AuditRow, OpenTextFeed, Page, SeenInstance
from pipeline.ports import Bounds, Checkpoint, Ports, Tx
from pipeline.routes import Routes, aprimo_looks, opentext_look, process_key_of
from pipeline.words import ReceiptVerdict, Urgency

LAG_S = 5.0
"""A source may still be writing rows of the last seconds."""
FIRST_LOOK_BACK_S = 86_400.0
"""Where a feed begins that was never read."""
STREAMS = ("process", "task")
"""Audit streams that are read: every step of ours is a task, so the activity stream tells nothing more."""
MAX_REREADS = 3


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What a poll did: rows read and events stored."""

    rows: int = 0
    stored: int = 0


def poll_aprimo(feed: AprimoFeed, routes: Routes, *, overlap_s: float, ports: Ports) -> Polled:
    """Read Aprimo's change lists from the watermark on."""
    name = "aprimo.pm"
    since, until = _window(name, overlap_s, ports)
    polled = Polled()
    for reread in range(MAX_REREADS):
        pages = list(feed.changed(since, until, _bounds(ports)))
        is_last = _is_steady(pages) or reread == MAX_REREADS - 1
        done = Checkpoint(feed=name, watermark=until) if is_last else None
        polled = _add(polled, _store_pages([_aprimo_readings(page, routes, ports) for page in pages], done, ports))
        if is_last:
            break
    return polled


def poll_opentext(feed: OpenTextFeed, routes: Routes, *, overlap_s: float, ports: Ports) -> Polled:
    """Read OpenText's audit logs from each stream's watermark on."""
    polled = Polled()
    for stream in STREAMS:
        name = f"opentext.audit.{stream}"
        since, until = _window(name, overlap_s, ports)
        pages = feed.audit(stream, since, _bounds(ports))
        readings = [_audit_readings(page, routes, ports) for page in pages]
        polled = _add(polled, _store_pages(readings, Checkpoint(feed=name, watermark=until), ports))
    return polled


def poll_opentext_lists(feed: OpenTextFeed, routes: Routes, *, ports: Ports) -> Polled:
    """Find what audit rows do not tell (comments, edits, variables): compare list pages with what we saw last."""
    polled = Polled()
    for process_key, flows in routes.by_process.items():
        known = ports.store.run(partial(_known, flows=flows))
        for page in feed.running(process_key, _bounds(ports)):
            readings = [
                _list_reading(seen, process_key, known[seen.instance_id], routes, ports)
                for seen in page
                if known.get(seen.instance_id, seen.seen_hash) != seen.seen_hash
            ]
            stored = _store_pages([readings], None, ports)
            polled = _add(polled, replace(stored, rows=len(page)))
    return polled


# ---- windows -----------------------------------------------------------------------------------------------------


def _window(feed: str, overlap_s: float, ports: Ports) -> tuple[datetime, datetime]:
    now, checkpoint = ports.store.run(lambda tx: (tx.now, tx.ledger.checkpoint(feed)))
    until = now - timedelta(seconds=LAG_S)
    if checkpoint is None:
        return until - timedelta(seconds=FIRST_LOOK_BACK_S), until
    # A clock that was set back must not turn a window round.
    return checkpoint.watermark - timedelta(seconds=overlap_s), max(until, checkpoint.watermark)


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


def _known(tx: Tx, flows: Sequence[str]) -> dict[str, str]:
    return {instance: seen for flow in flows for _, instance, seen in tx.links.live(flow)}


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


def _list_reading(seen: SeenInstance, process_key: str, known: str, routes: Routes, ports: Ports) -> Reading:
    at = ports.store.run(lambda tx: tx.now)
    events = opentext_look(
        routes,
        instance_id=seen.instance_id,
        process_key=process_key,
        business_key=seen.business_key,
        type="opentext.instance-differs",
        # From what to what: a change that is taken back is a second change.
        dedupe_key=keys.opentext_list(seen.instance_id, f"{known}>{seen.seen_hash}"),
        time=at,
        trace_id=ports.new_id("tr"),
    )
    return _reading("opentext.list", {"instance": seen.instance_id, "seen": seen.seen_hash}, events, at)


def _reading(source: str, row: Mapping[str, object], events: tuple[NewEvent, ...], at: datetime) -> Reading:
    body = json.dumps(row, default=str, sort_keys=True).encode()
    return Reading(
        raw=Raw(source=source, headers={}, body=body, received_at=at),
        verdict=ReceiptVerdict.HANDLED if events else ReceiptVerdict.IGNORED,
        reason="" if events else "not_ours",
        events=events,
        is_kept_when_known=False,
    )


# ---- commits -----------------------------------------------------------------------------------------------------


def _store_pages(pages: Sequence[Sequence[Reading]], done: Checkpoint | None, ports: Ports) -> Polled:
    """Accept page by page; the checkpoint goes with the last one."""
    last = len(pages) - 1
    stored = 0
    for index, readings in enumerate(pages or [()]):
        accepted = intake.accept(
            [reading for reading in readings if reading.events],
            store=ports.store,
            new_id=ports.new_id,
            limits=ports.limits,
            checkpoint=done if index >= last else None,
        )
        ports.waker.wake(accepted.hints)
        stored += accepted.stored
    return Polled(rows=sum(len(readings) for readings in pages), stored=stored)


def _add(one: Polled, other: Polled) -> Polled:
    return Polled(rows=one.rows + other.rows, stored=one.stored + other.stored)
