"""The completeness certificate: each change that a source shows, who told us of it, and how that ended.

The sources are asked anew, and what they show is held against the events that we stored. A notice only says "look",
so whatever made us look at or after the change has told of it; the first one that did counts. What we wrote ourselves
and nobody told us of is known from the write, and what comparisons have read since then and left alone from their
runs. What others do with the same systems is none of our business: objects
of other kinds are not asked for, and audit rows of other process models are counted and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from pipeline.feeds import AprimoFeed, AuditRow, OpenTextFeed
from pipeline.ports import Bounds
from pipeline.ports.told import Told
from pipeline.routes import Routes, process_key_of
from pipeline.words import Side

TASKS = "task"
STREAMS = ("process", TASKS)
"""Audit streams that are asked, as by the pollers."""
WHOLE_SECONDS = timedelta(seconds=1)
"""A change's time may be cut off to the second where a notice's is not, and the other way round."""


CLOCK_SKEW = timedelta(seconds=5)
"""How far a vendor's clock may be from ours, by which a change is held against a write of ours."""


class Learned(StrEnum):
    """How we learned of a change first."""

    NOTICE = "notice"
    POLL = "poll"
    RECONCILIATION = "reconciliation"
    OURS = "ours"
    NOBODY = "nobody"


LEARNED_FROM: Mapping[str, Learned] = {
    "aprimo.pm.webhook": Learned.NOTICE,
    "aprimo.dam.rule": Learned.NOTICE,
    "opentext.callback": Learned.NOTICE,
    "aprimo.pm.poll": Learned.POLL,
    "aprimo.pm.list": Learned.POLL,
    "aprimo.dam.poll": Learned.POLL,
    "opentext.audit": Learned.POLL,
    "opentext.list": Learned.POLL,
    "signoff.reconciliation": Learned.RECONCILIATION,
}
"""Source of an event -> how it was learned; our own facts tell of no change."""
WRITE = "signoff.write"
"""As the source of what we wrote ourselves."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change as its source shows it. what: the kind of object, or the audit row's type; type_id: of an object."""

    side: Side
    what: str
    object_id: str
    at: datetime
    type_id: int | str | None = None


Compared: TypeAlias = Callable[[Change], tuple[str, ...]]
"""What the comparisons of its flows came to that have read a change which nobody told of; none where one has not."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What we know of a change. told: the events that were first to tell of it, one a flow; empty: nobody told.

    compared: what comparisons came to that have read it since, where nothing told of it.
    """

    change: Change
    learned: Learned
    told: tuple[Told, ...] = ()
    compared: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[str, ...]:
        """How each of the events stands or ended, with its reason; else what the comparisons came to."""
        ends = (f"{each.state}: {each.reason}" if each.reason else str(each.state) for each in self.told)
        return (*ends, *(f"compared: {each}" for each in self.compared))


@dataclass(kw_only=True)
class Certificate:
    """What was found of a window. changes: how many, by side, what and how they were learned.

    ended: how the events ended that told of them. untold: the changes that no notice told of; gaps: those that
    nothing told of. unasked: kinds whose lists do not say when an object was changed. left_out: audit rows of process
    models that no flow runs, by the model's key, "" where the row names none.
    """

    since: datetime
    until: datetime
    changes: dict[tuple[Side, str, Learned], int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    untold: list[Learning] = field(default_factory=list)
    unasked: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def gaps(self) -> list[Learning]:
        """The changes that nothing told of."""
        return [each for each in self.untold if each.learned is Learned.NOBODY]

    def add(self, found: Learning) -> None:
        """One more change."""
        key = (found.change.side, found.change.what, found.learned)
        self.changes[key] = self.changes.get(key, 0) + 1
        for end in found.ends:
            self.ended[end] = self.ended.get(end, 0) + 1
        if found.learned not in {Learned.NOTICE, Learned.OURS}:
            self.untold.append(found)


class _Object(NamedTuple):
    side: Side
    object_id: str


def certify(
    since: datetime,
    until: datetime,
    told: Iterable[Told],
    *,
    routes: Routes,
    aprimo: AprimoFeed,
    opentext: OpenTextFeed,
    compared: Compared,
    bounds: Bounds,
) -> Certificate:
    """Ask both sources what changed in [since, until), and hold it against what we were told.

    told: every event that was accepted from `since` on, and every write of ours (`WRITE`): from when it was begun
    (accepted_at) to when it can have taken effect (time). Raises the errors of the vendors.
    """
    rows = list(_audited(since, until, opentext, bounds))
    ours = [row for row in rows if routes.flows_of_process(process_key_of(row.definition_id))]
    others = Counter(process_key_of(row.definition_id) for row in rows)
    others.subtract(process_key_of(row.definition_id) for row in ours)
    certificate = Certificate(
        since=since,
        until=until,
        unasked=tuple(aprimo.undated),
        left_out=dict(+others),
    )
    known = _by_object(told, {row.item_id: row.instance_id for row in ours if row.stream == TASKS})
    for change in dict.fromkeys((*_in_aprimo(since, until, aprimo, bounds), *map(_change, ours))):
        certificate.add(_or_compared(_learning(change, known), compared))
    return certificate


def _in_aprimo(since: datetime, until: datetime, feed: AprimoFeed, bounds: Bounds) -> Iterator[Change]:
    """The last change of each object in the window: Aprimo shows no other."""
    for kind in feed.dated:
        for page in feed.changed(kind, since, until, bounds):
            for item in page.items:
                yield Change(
                    side=Side.APRIMO,
                    what=kind,
                    object_id=str(item.object_id),
                    at=item.modified_at,
                    type_id=item.type_id,
                )


def _audited(since: datetime, until: datetime, feed: OpenTextFeed, bounds: Bounds) -> Iterator[AuditRow]:
    for stream in STREAMS:
        for rows in feed.audit(stream, since, bounds):
            yield from (row for row in rows if since <= row.at < until)


def _change(row: AuditRow) -> Change:
    return Change(side=Side.OPENTEXT, what=row.event_type, object_id=row.instance_id, at=row.at)


def _by_object(told: Iterable[Told], instances: Mapping[str, str]) -> dict[_Object, list[Told]]:
    """The events that tell of each object, the first accepted first; what we did to a task, of its instance."""
    found: dict[_Object, list[Told]] = {}
    for each in told:
        if each.source == WRITE:
            object_id = instances.get(each.object_id, each.object_id)
            found.setdefault(_Object(each.side, object_id), []).append(each)
        elif each.source in LEARNED_FROM:
            found.setdefault(_Object(each.side, each.object_id), []).append(each)
    for events in found.values():
        events.sort(key=lambda each: each.accepted_at)
    return found


def _learning(change: Change, known: Mapping[_Object, list[Told]]) -> Learning:
    """The first that told of it, and the events of the other flows that the same source made of it."""
    about = known.get(_Object(change.side, change.object_id), [])
    told = [each for each in about if each.source != WRITE and each.time >= change.at - WHOLE_SECONDS]
    if not told:
        written = [each for each in about if each.source == WRITE and _may_have_made(each, change)]
        learned = Learned.OURS if written else Learned.NOBODY
        return Learning(change=change, learned=learned, told=tuple(written[:1]))
    first = told[0]
    alike = {each.flow: each for each in reversed(told) if each.source == first.source}
    return Learning(change=change, learned=LEARNED_FROM[first.source], told=tuple(alike.values()))


def _or_compared(learning: Learning, compared: Compared) -> Learning:
    """What nobody told of, as a comparison has learned of it, if one has."""
    ends = compared(learning.change) if learning.learned is Learned.NOBODY else ()
    return replace(learning, learned=Learned.RECONCILIATION, compared=ends) if ends else learning


def _may_have_made(write: Told, change: Change) -> bool:
    """Whether a change lies within the time in which a write of ours can have taken effect, by another clock."""
    return write.accepted_at - CLOCK_SKEW <= change.at <= write.time + CLOCK_SKEW
