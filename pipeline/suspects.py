"""Suspects: items of which a page gives reason to think that they differ are read in full, told why, and kept.

Lists lag, and links move on while they are read. So a difference counts only where both sides were read by
themselves, and where the item's link is still the one that they were compared with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from pipeline import preview, rounds, steps
from pipeline.differences import Explained, Known, Mismatch, Pair
from pipeline.errors import GateClosedError, PermanentError, PipelineError
from pipeline.flows.tenant import Policy
from pipeline.keys import digest
from pipeline.pages import dated
from pipeline.plan import Link, ProcessRead, Snapshot, Verdict, Want
from pipeline.ports import Bounds, Difference, Ports, Tx
from pipeline.rounds import Inquiry
from pipeline.words import BusinessKey, JsonValue, Side


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """An item that may differ. instances: processes that a list showed of it; tries: its own reads that failed."""

    key: BusinessKey
    instances: tuple[str, ...] = ()
    tries: int = 0


@dataclass(frozen=True, kw_only=True)
class Found:
    """A difference that was found, and as what it is kept; None in a run that keeps nothing."""

    key: BusinessKey
    explained: Explained
    kept: Difference | None = None


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What came of reading suspects.

    unread: items that cannot be read, with the code; waiting: those of which a read failed that may succeed later,
    with its failure. moved: items whose link moved on meanwhile: they are on their way. reads: objects that were
    asked for; process_reads: how many of them are processes, which take two calls.
    """

    found: tuple[Found, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, PipelineError] = field(default_factory=dict)
    moved: tuple[BusinessKey, ...] = ()
    reads: int = 0
    process_reads: int = 0


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Suspects as they are asked about, with what our tables say of their age.

    since: since when the flow is in use here. made: when items were made, as notices say. at: what time it is.
    """

    inquiries: list[Inquiry]
    since: datetime | None
    made: Mapping[BusinessKey, datetime]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A suspect as it was read, and in what its sides differ."""

    pair: Pair
    mismatches: tuple[Mismatch, ...]


def look_at(
    flow: str,
    suspects: Sequence[Suspect],
    *,
    run_id: str,
    is_kept: bool,
    bounds: Bounds,
    ports: Ports,
) -> Looked:
    """Read suspects in full, and keep what differs; what agrees now closes what stood open of it.

    Raises the vendors' errors where no item could be read for them; what one item's own read came to is in `unread`
    and `waiting`.
    """
    if not suspects:
        return Looked()
    asked = ports.store.run(partial(_ask, flow=flow, suspects=suspects))
    inquiries = asked.inquiries
    raise_if_closed(inquiries[0].closed_sides)
    rounds.ask(inquiries, ports)
    for inquiry, suspect in zip(inquiries, suspects, strict=True):
        inquiry.wants = tuple(dict.fromkeys((*inquiry.wants, *_also_wanted(inquiry, suspect, ports))))
    rounds.read_and_plan(inquiries, bounds, ports)
    unread, waiting = _unread(inquiries), _waiting(inquiries)
    if waiting and len(waiting) == len(inquiries):
        raise next(iter(waiting.values()))
    known = [inquiry for inquiry in inquiries if inquiry.head.subject not in {*unread, *waiting}]
    read = [_compared(inquiry, asked, ports) for inquiry in known]
    explain = partial(_explain, flow=flow, read=read, ports=ports)
    found, moved = ports.store.run(partial(_keep if is_kept else _show, explain=explain, flow=flow, run_id=run_id))
    return Looked(
        found=tuple(found),
        unread=unread,
        waiting=waiting,
        moved=tuple(moved),
        reads=len(wants := {want for inquiry in inquiries for want in inquiry.wants}),
        process_reads=sum(want.side is Side.OPENTEXT for want in wants),
    )


# ---- reading -------------------------------------------------------------------------------------------------------


def _ask(tx: Tx, flow: str, suspects: Sequence[Suspect]) -> _Asked:
    links = tx.links.of([(flow, each.key) for each in suspects])
    closed = steps.closed_sides(tx)
    inquiries = []
    for each in suspects:
        link = links.get((flow, each.key)) or Link(id=None, flow=flow, business_key=each.key)
        # As after a stale plan: both sides are read.
        head = replace(preview.look_of(flow, each.key, link, tx.now), stale_count=1)
        inquiries.append(Inquiry(head=head, link=link, closed_sides=closed))
    return _Asked(
        inquiries=inquiries,
        since=tx.differences.in_use_since(flow),
        made=tx.differences.told_made(flow, [each.key for each in suspects]),
        at=tx.now,
    )


def raise_if_closed(sides: Collection[Side]) -> None:
    """Raises GateClosedError where one of the vendors may not be called."""
    if sides:
        raise GateClosedError(f"The gate of {min(sides)} is closed: what is to be compared waits until it opens.")


def _also_wanted(inquiry: Inquiry, suspect: Suspect, ports: Ports) -> list[Want]:
    """What the flow does not ask for itself: the item, the process that we hold for alive, and those on the list."""
    live = inquiry.link.live_process()
    known = [live.instance_id] if live and live.instance_id else []
    wanted = [
        Want(flow=inquiry.link.flow, side=Side.OPENTEXT, kind="process", object_id=each)
        for each in dict.fromkeys([*known, *suspect.instances])
    ]
    item = _item_want(inquiry.link, ports)
    return [*wanted, item] if item else wanted


def _item_want(link: Link, ports: Ports) -> Want | None:
    return ports.flows[link.flow].item_want(link)


def _unread(inquiries: Sequence[Inquiry]) -> dict[str, str]:
    """Items that cannot be read, and why."""
    unread: dict[str, str] = {}
    for inquiry in inquiries:
        if isinstance(inquiry.failure, PermanentError):
            unread[inquiry.head.subject] = inquiry.failure.code
        elif _is_refused(inquiry) and not _is_read(inquiry):
            unread[inquiry.head.subject] = inquiry.plan.reason if inquiry.plan else ""
    return unread


def _waiting(inquiries: Sequence[Inquiry]) -> dict[str, PipelineError]:
    """Items of which a read failed that may succeed later."""
    return {
        inquiry.head.subject: inquiry.failure
        for inquiry in inquiries
        if inquiry.failure is not None and not isinstance(inquiry.failure, PermanentError)
    }


def _is_refused(inquiry: Inquiry) -> bool:
    return inquiry.failure is None and inquiry.plan is not None and inquiry.plan.verdict is Verdict.REFUSE


def _is_read(inquiry: Inquiry) -> bool:
    """Whether all that is wanted was read: not where the flow's rules failed while they said what to read."""
    return bool(inquiry.snapshots) and len(inquiry.snapshots) == len(inquiry.wants)


def _compared(inquiry: Inquiry, asked: _Asked, ports: Ports) -> _Read:
    link, item = inquiry.link, _item_in(inquiry, ports)
    pair = Pair(
        flow=link.flow,
        business_key=link.business_key,
        link=link if link.id else None,
        item=dated(item, asked.made.get(link.business_key)) if item else None,
        processes=_processes_in(inquiry.snapshots, link),
        at=asked.at,
        in_use_since=asked.since,
    )
    return _Read(pair=pair, mismatches=ports.flows[link.flow].mismatches(pair))


def _item_in(inquiry: Inquiry, ports: Ports) -> Snapshot | None:
    """The item; of a part, the object of its own, in its own role."""
    want = _item_want(inquiry.link, ports)
    return inquiry.snapshots.get(want) if want else None


def _processes_in(read: Mapping[Want, Snapshot], link: Link) -> tuple[ProcessRead, ...]:
    """The processes of this item: those that bear its key, and those that are ours."""
    every = (each.process for each in read.values() if each.process is not None)
    return tuple(
        each
        for each in every
        if each.business_key == link.business_key or link.process_of(each.instance_id) is not None
    )


# ---- explaining and keeping ----------------------------------------------------------------------------------------


def _explain(
    tx: Tx, *, flow: str, read: Sequence[_Read], ports: Ports
) -> tuple[dict[BusinessKey, list[Explained]], list[BusinessKey]]:
    """Why the items differ whose links stand still, by item, nothing for one that agrees; and which moved on."""
    links = tx.links.of([(flow, each.pair.business_key) for each in read])
    moved = [
        each.pair.business_key for each in read if _has_moved(each.pair, links.get((flow, each.pair.business_key)))
    ]
    steady = [each for each in read if each.pair.business_key not in set(moved)]
    differing = [each.pair.business_key for each in steady if each.mismatches]
    known, undone = tx.differences.known(flow, differing), _undone(tx, flow, differing)
    port = ports.flows[flow]
    explained = {}
    for each in steady:
        key = each.pair.business_key
        told = replace(known.get(key, Known()), mapping_now=port.mapping_version)
        every = [port.explain(one, each.pair, told) for one in each.mismatches]
        explained[key] = [_unless_undone(one, key, undone) for one in every]
    return explained, moved


def _has_moved(pair: Pair, now: Link | None) -> bool:
    return (pair.link.row_version if pair.link else None) != (now.row_version if now else None)


def _undone(tx: Tx, flow: str, keys: Sequence[BusinessKey]) -> dict[tuple[BusinessKey, str, str], str]:
    """By item, field and values: the differences whose heal a person took back."""
    return {
        (each.business_key, each.field, digest([each.aprimo, each.opentext])): each.id
        for each in tx.differences.undone(flow, keys)
    }


def _unless_undone(
    explained: Explained, key: BusinessKey, undone: Mapping[tuple[BusinessKey, str, str], str]
) -> Explained:
    """What a person has taken back is not done again, as long as both sides show the same."""
    seen = explained.mismatch
    known = undone.get((key, seen.field, digest([seen.aprimo, seen.opentext])))
    if known is None:
        return explained
    evidence: dict[str, JsonValue] = {**explained.evidence, "undone": known}
    return replace(explained, policy=Policy.NEVER, evidence=evidence)


def _keep(
    tx: Tx, *, explain: partial[tuple[dict[BusinessKey, list[Explained]], list[BusinessKey]]], flow: str, run_id: str
) -> tuple[list[Found], list[BusinessKey]]:
    explained, moved = explain(tx)
    kept = {(each.business_key, each.field): each for each in tx.differences.keep(run_id, flow, explained)}
    return [
        Found(key=key, explained=each, kept=kept[key, each.mismatch.field])
        for key, every in explained.items()
        for each in every
    ], moved


def _show(
    tx: Tx, *, explain: partial[tuple[dict[BusinessKey, list[Explained]], list[BusinessKey]]], flow: str, run_id: str
) -> tuple[list[Found], list[BusinessKey]]:
    """As `_keep`, with nothing kept."""
    del flow, run_id
    explained, moved = explain(tx)
    return [Found(key=key, explained=each) for key, every in explained.items() for each in every], moved
