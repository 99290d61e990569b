"""Polling: read what each system says has changed, window by window, and accept it like any other notice.

Every kind of Aprimo object and every audit stream is a feed with a checkpoint of its own (see `windows`), so that one
that cannot be read holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from pipeline import keys
from pipeline.errors import PipelineError
from pipeline.events import NewEvent, Reading
from pipeline.feeds import AprimoFeed, AuditRow, ListedItem, OpenTextFeed, Page, SeenInstance
from pipeline.ports import Bounds, Checkpoint, LiveProcess, Ports, SeenRow, Tx
from pipeline.routes import Routes, aprimo_looks, opentext_look, process_key_of, source_of
from pipeline.windows import Polled, accept_page, added, bounds_of, reading_of, window_of

STREAMS = ("process", "task")
"""Audit streams that are read: every step of ours is a task, so the activity stream tells nothing more."""
MAX_REREADS = 3
GONE = "gone"
"""What a process is seen as that is in no list of running ones."""


def poll_aprimo(feed: AprimoFeed, routes: Routes, *, overlap_s: float, ports: Ports) -> Polled:
    """Read Aprimo's lists of every kind that a flow names, the longest unread first, all within one step's time.

    A kind that cannot be read waits for the next poll and holds up no other. Raises the first of the vendor's errors
    once all have had their turn.
    """
    bounds = bounds_of(ports)
    polled = Polled()
    failures: list[PipelineError] = []
    for kind in _longest_unread_first((*feed.dated, *feed.undated), ports):
        if ports.monotonic() >= bounds.no_call_after:
            break
        read = partial(_read_window, overlap_s=overlap_s) if kind in feed.dated else _compare_list
        try:
            polled = added(polled, read(kind, feed, routes, bounds, ports))
        except PipelineError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return polled


def poll_opentext(feed: OpenTextFeed, routes: Routes, *, overlap_s: float, ports: Ports) -> Polled:
    """Read OpenText's audit logs from each stream's watermark on. Raises the errors of the vendor."""
    polled = Polled()
    bounds = bounds_of(ports)
    for stream in STREAMS:
        window = window_of(f"opentext.audit.{stream}", overlap_s, ports)
        for rows in feed.audit(stream, window.since, bounds):
            polled = added(polled, accept_page(_audit_readings(rows, routes, ports), None, ports))
        polled = added(polled, accept_page([], window.done(), ports))
    return polled


def poll_opentext_lists(feed: OpenTextFeed, routes: Routes, *, ports: Ports) -> Polled:
    """Find what audit rows do not tell (comments, edits, variables): compare list pages with what we saw last.

    A process that we hold as running and that is in no list any more is looked at too. Raises the vendor's errors.
    """
    polled = Polled()
    for process_key, flows in routes.by_process.items():
        known = ports.store.run(partial(_known, flows=flows))
        listed: set[str] = set()
        for page in feed.running(process_key, bounds_of(ports)):
            listed |= {seen.instance_id for seen in page}
            polled = added(polled, accept_page(_differing(page, known, process_key, routes, ports), None, ports))
        gone = [
            SeenInstance(instance_id=live.instance_id, business_key=live.business_key, seen_hash=GONE)
            for live in known.values()
            if live.instance_id not in listed
        ]
        polled = added(polled, accept_page(_differing(gone, known, process_key, routes, ports), None, ports))
    return polled


# ---- kinds of Aprimo objects ---------------------------------------------------------------------------------------


def _longest_unread_first(kinds: Sequence[str], ports: Ports) -> list[str]:
    """So that one kind's long absence does not starve the others for ever."""
    known = ports.store.run(lambda tx: [tx.ledger.checkpoint(_feed_of(kind)) for kind in kinds])
    read_until = [checkpoint.watermark if checkpoint else _UNREAD for checkpoint in known]
    return [kind for _, kind in sorted(zip(read_until, kinds, strict=True))]


_UNREAD = datetime.min.replace(tzinfo=UTC)


def _feed_of(kind: str) -> str:
    return f"aprimo.{kind}"


def _read_window(
    kind: str, feed: AprimoFeed, routes: Routes, bounds: Bounds, ports: Ports, *, overlap_s: float
) -> Polled:
    """Read one kind's change list from its watermark on.

    A list that moved while it was paged is read again. A window that could not be read to its end is halved, so that
    a long absence is made up for piece by piece.
    """
    window = window_of(_feed_of(kind), overlap_s, ports)
    polled = Polled()
    try:
        for _ in range(MAX_REREADS):
            pages: list[Page] = []
            for page in feed.changed(kind, window.since, window.until, bounds):
                pages.append(page)
                polled = added(polled, accept_page(_changed_readings(page, routes, ports), None, ports))
            if _is_steady(pages):
                break
    except PipelineError:
        accept_page([], window.halved(), ports)
        raise
    return added(polled, accept_page([], window.done(), ports))


def _compare_list(kind: str, feed: AprimoFeed, routes: Routes, bounds: Bounds, ports: Ports) -> Polled:
    """Page through all objects of a kind whose rows do not say when they changed, and compare with the last look.

    What was seen is kept after the page's commit: a poll that dies between the two tells the same once more, under
    the same key.
    """
    polled = Polled()
    feed_name = _feed_of(kind)
    for items in feed.listed(kind, bounds):
        ids = [str(item.object_id) for item in items]
        known = ports.store.run(partial(_seen_rows, feed=feed_name, ids=ids))
        differing = [item for item in items if known.get(str(item.object_id), _NEVER).hash != item.row_hash]
        polled = added(polled, accept_page(_listed_readings(differing, known, routes, ports), None, ports))
        polled = added(polled, Polled(rows=len(items) - len(differing)))
        ports.store.run(partial(_keep_seen, feed=feed_name, items=differing, known=known))
    now = ports.store.run(lambda tx: tx.now)
    return added(polled, accept_page([], Checkpoint(feed=feed_name, watermark=now), ports))


_NEVER = SeenRow(object_id="", hash="", changes=0)


def _seen_rows(tx: Tx, feed: str, ids: Sequence[str]) -> dict[str, SeenRow]:
    return {row.object_id: row for row in tx.ledger.seen_rows(feed, ids)}


def _keep_seen(tx: Tx, feed: str, items: Sequence[ListedItem], known: Mapping[str, SeenRow]) -> None:
    rows = [
        SeenRow(object_id=object_id, hash=item.row_hash, changes=known.get(object_id, _NEVER).changes + 1)
        for item in items
        for object_id in [str(item.object_id)]
    ]
    tx.ledger.save_seen_rows(feed, rows)


def _is_steady(pages: Sequence[Page]) -> bool:
    """Whether the list kept still while it was paged: otherwise rows may have slipped between two pages."""
    totals = {page.total for page in pages if page.total is not None}
    ids = [(item.kind, item.object_id) for page in pages for item in page.items]
    return len(totals) <= 1 and len(ids) == len(set(ids))


# ---- processes of OpenText -----------------------------------------------------------------------------------------


def _known(tx: Tx, flows: Sequence[str]) -> dict[str, LiveProcess]:
    return {live.instance_id: live for flow in flows for live in tx.links.live(flow)}


# ---- rows to readings ----------------------------------------------------------------------------------------------


def _changed_readings(page: Page, routes: Routes, ports: Ports) -> list[Reading]:
    return [
        reading_of(
            f"{source_of(item.dedupe_key)}/{item.kind}",
            item.row,
            aprimo_looks(
                routes,
                kind=item.kind,
                object_id=item.object_id,
                type=f"aprimo.{item.kind}.changed",
                dedupe_key=item.dedupe_key,
                time=item.modified_at,
                trace_id=ports.new_id("tr"),
            ),
            item.modified_at,
        )
        for item in page.items
    ]


def _listed_readings(
    items: Sequence[ListedItem], known: Mapping[str, SeenRow], routes: Routes, ports: Ports
) -> list[Reading]:
    at = ports.store.run(lambda tx: tx.now)
    return [
        reading_of(
            f"aprimo.pm.list/{item.kind}",
            item.row,
            aprimo_looks(
                routes,
                kind=item.kind,
                object_id=item.object_id,
                type=f"aprimo.{item.kind}.changed",
                dedupe_key=keys.pm_list(
                    item.kind, item.object_id, known.get(str(item.object_id), _NEVER).changes, item.row_hash
                ),
                time=at,
                trace_id=ports.new_id("tr"),
            ),
            at,
        )
        for item in items
    ]


def _audit_readings(rows: Sequence[AuditRow], routes: Routes, ports: Ports) -> list[Reading]:
    return [
        reading_of(
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
    return reading_of("opentext.list", {"instance": seen.instance_id, "seen": seen.seen_hash}, events, at)
