"""What to read for an event, and what of it is ours: asked before anything is decided."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import follow_ups, remarks, reviews
from pipeline.flows.shared.case import Case, row_of
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.keys import process_key, split_aprimo_key
from pipeline.plan import Link, Plan, ProcessRow, Snapshot, Snapshots, Want, ignore
from pipeline.words import BusinessKey, ProcessState, Side

_PROVISIONAL = process_key("")
_BEGUN_BY_US = "signoff:"
_RECORD_ID = re.compile(r"[0-9a-f]{32}")
GONE = "not_there"
NOT_OURS = "not_ours"
OLDER = "older_process"
DECISION_WAITS = "decision_waits"
"""State of a link whose process has ended while the item stood where no decision can be written."""


def wants(event: Event, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The item for what Aprimo told, the process for what OpenText told or the timetable.

    Both, once a plan turned out stale, while a start is not settled, while a decision waits to be written, and before
    a person's wish for a restart ends a process, which may be over.
    """
    live = link.live_process() if link else None
    is_unsettled = live is not None and live.state is ProcessState.STARTING
    asks_process = event.side is Side.OPENTEXT or event.type == facts.DUE
    is_waiting = is_unsettled or (link is not None and link.state == DECISION_WAITS)
    asks_both = event.stale_count > 0 or is_waiting or facts.is_restart_asked(event)
    wanted = item_wanted(event, link, words) if asks_both or not asks_process else ()
    return (*wanted, *(process_wants(event, link, words) if asks_both or asks_process else ()))


def process_wants(event: Event, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The process that an event names, else the one that lives; none where there is none."""
    named = str(event.data.get("instance_id") or "")
    row = link.process_of(named) if link and named else None
    live = link.live_process() if link else None
    if row is not None and not row.is_live and event.type != facts.LAST_WORDS:
        # What an older process still tells changes nothing; the live one is read where both are asked for.
        named = ""
        live = live if event.side is Side.APRIMO else None
    instance_id = named or (live.instance_id if live else None)
    if not instance_id:
        return ()
    return (Want(flow=words.flow, side=Side.OPENTEXT, kind="process", object_id=instance_id),)


def is_provisional(link: Link) -> bool:
    """Whether the line is one for a process that nobody could place yet."""
    return link.business_key.startswith(_PROVISIONAL)


def begun_there(snapshots: Snapshots, link: Link, words: FlowWords) -> Link:
    """The link with a process that somebody started in OpenText as its live one, where that was read and is new.

    A link has one live process: while one of ours lives, another is left alone.
    """
    read = process_in(snapshots)
    process = read.process if read else None
    is_new = process is not None and process.process_key == words.process_key and row_of(process, link) is None
    if process is None or not is_new or link.live_process() is not None:
        return link
    row = ProcessRow(
        revision=max([link.revision, *(each.revision for each in link.processes)]) + 1,
        process_key=process.process_key,
        state=ProcessState.RUNNING,
        instance_id=process.instance_id,
    )
    return replace(link, processes=(*link.processes, row), revision=row.revision)


def place(event: Event, process: Snapshot | None, words: FlowWords) -> Plan:
    """Move an event from a provisional line to the line of the item that the process itself names."""
    read = process.process if process else None
    if read is None:
        return ignore(GONE)
    if read.process_key != words.process_key or not _is_line(read.business_key, words):
        return ignore(NOT_OURS)
    follow_up = follow_ups.to_item(
        words.flow,
        read.business_key,
        event.type,
        side=Side.OPENTEXT,
        data={**event.data, "instance_id": read.instance_id},
        urgency=event.urgency,
    )
    return ignore("moved", follow_ups=(follow_up,))


def stays(process: Snapshot | None, words: FlowWords) -> bool:
    """Whether a process on a provisional line stays there: it is of this flow's model and names no item of it."""
    read = process.process if process else None
    return read is not None and read.process_key == words.process_key and not _is_line(read.business_key, words)


def _is_line(key: BusinessKey, words: FlowWords) -> bool:
    """Whether a process's business key names the line that it belongs to: an item's, or that of work we began."""
    return is_item(key, words) or key.startswith(_BEGUN_BY_US)


def is_item(key: BusinessKey, words: FlowWords) -> bool:
    """Whether a business key names an object of a kind this flow works on."""
    try:
        kind, object_id, _ = split_aprimo_key(key)
    except ValueError:
        return False
    return kind in words.kinds() and is_id(kind, object_id)


def is_id(kind: str, object_id: str) -> bool:
    """Whether an id is one of the kind: the DAM's are 32 hex digits, PM's are numbers."""
    return bool(_RECORD_ID.fullmatch(object_id)) if kind == RECORD else object_id.isdecimal()


def item_in(snapshots: Snapshots, key: BusinessKey) -> Snapshot | None:
    """The item of a line, if it was read."""
    try:
        kind, object_id, _ = split_aprimo_key(key)
    except ValueError:
        return None
    return next(
        (
            snapshot
            for want, snapshot in snapshots.items()
            if (want.side, want.kind, want.object_id, want.role) == (Side.APRIMO, kind, object_id, "")
        ),
        None,
    )


def process_in(snapshots: Snapshots) -> Snapshot | None:
    """The process that was read, if one was."""
    return next((each for want, each in snapshots.items() if want.side is Side.OPENTEXT), None)


def gather(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Case:
    """The case of an event: what was read, as far as it is there and ours."""
    item, process = item_in(snapshots, link.item_key), process_in(snapshots)
    why_not_item = _why_not_item(item, link, words)
    why_not_process = _why_not_process(process, link)
    read = process.process if process else None
    live_read = None if why_not_process else read
    live = row_of(live_read, link) if live_read else link.live_process()
    revision = live.revision if live else link.revision
    heard = read if event.type == facts.LAST_WORDS and why_not_process == OLDER else live_read
    known = tuple(row for row in link.reviews if row.revision == revision)
    return Case(
        event=event,
        link=link,
        words=words,
        snapshots=snapshots,
        now=max((snapshot.read_at for snapshot in snapshots.values()), default=event.time),
        item=None if why_not_item else item,
        process=live_read,
        older=read if why_not_process == OLDER else None,
        live=live,
        rows=reviews.read_rows(live_read, live, known, words) if live_read and live else known,
        comments=remarks.with_read(link.comments, heard) if heard else link.comments,
        why_not_item=why_not_item,
        why_not_process=why_not_process,
    )


def _why_not_item(item: Snapshot | None, link: Link, words: FlowWords) -> str:
    if item is None:
        return "not_read"
    if item.is_absent:
        return GONE
    if words.type_ids and item.values.get("type_id") not in words.type_ids:
        return NOT_OURS
    seen = link.seen.get(Side.APRIMO, "")
    return "older_version" if item.version and seen and item.version < seen else ""


def _why_not_process(process: Snapshot | None, link: Link) -> str:
    if process is None:
        return "not_read" if link.live_process() else "no_live_process"
    if process.is_absent or process.process is None:
        return GONE
    row = row_of(process.process, link)
    if row is None:
        return NOT_OURS
    return "" if row.is_live else OLDER


def item_wanted(event: Event, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The item of the event's line, if it has one."""
    key = link.item_key if link else event.subject
    if not is_item(key, words):
        return ()
    kind, object_id, _ = split_aprimo_key(key)
    return (Want(flow=words.flow, side=Side.APRIMO, kind=kind, object_id=object_id),)
