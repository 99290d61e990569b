"""Reading rounds: flows say what they want to read, it is read, and they are asked again until they want no more.

Nothing is claimed, stored or sent here. Several events go together, so that what they want is read by list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from pipeline.errors import GateClosedError, PermanentError, PipelineError
from pipeline.events import Event
from pipeline.plan import Link, Plan, Snapshot, Want, refuse
from pipeline.ports import Bounds, Ports
from pipeline.words import Side

READING_ROUNDS = 4
"""How often a flow may ask for more because of what it read: a package, then its records, then their reviews."""


@dataclass(kw_only=True)
class Inquiry:
    """An event on its way from what its flow wants to read to its plan, or to the read that failed.

    closed_sides: vendors behind a closed gate when it was loaded. failed_side: whose read is the failure. read: what
    was read so far of what it wants. snapshots: what was read, once the flow has planned with it. as_of: the moment
    that the flow takes for now; None: when it was read.
    """

    head: Event
    link: Link
    closed_sides: frozenset[Side] = frozenset()
    as_of: datetime | None = None
    wants: tuple[Want, ...] = ()
    read: dict[Want, Snapshot | PipelineError] = field(default_factory=dict)
    snapshots: Mapping[Want, Snapshot] = field(default_factory=dict)
    failed_side: Side | None = None
    failure: PipelineError | None = None
    plan: Plan | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has come to its plan or its failure."""
        return self.plan is not None or self.failure is not None


def ask(inquiries: Sequence[Inquiry], ports: Ports) -> None:
    """What to read for each, before anything is read."""
    for inquiry in inquiries:
        guarded(inquiry, partial(_choose, inquiry, ports))


def read_and_plan(
    inquiries: Sequence[Inquiry], bounds: Bounds, ports: Ports, *, sides: Collection[Side] = tuple(Side)
) -> None:
    """Read what is wanted, round by round, and let the flows plan; each ends with a plan or a failure.

    sides: who may be read now. Who wants to read others is not over, and keeps what was read for another call.
    """
    closed = frozenset(side for inquiry in inquiries for side in inquiry.closed_sides)
    read = {want: each for inquiry in inquiries for want, each in inquiry.read.items()}
    asking = [inquiry for inquiry in inquiries if inquiry.plan is None]
    for _ in range(READING_ROUNDS):
        asking = [inquiry for inquiry in asking if all(want.side in sides for want in _unread([inquiry], read))]
        read |= read_all(_unread(asking, read), closed, bounds, ports)
        for inquiry in asking:
            guarded(inquiry, partial(_choose_more, inquiry, read, ports))
        asking = [inquiry for inquiry in asking if _unread([inquiry], read) and inquiry.plan is None]
        if not asking:
            break
    for inquiry in asking:
        inquiry.plan = refuse("plan_failed", f"It wants to read more after {READING_ROUNDS} rounds.")
    for inquiry in inquiries:
        inquiry.read = {want: read[want] for want in inquiry.wants if want in read}
        if inquiry.plan is None and not _unread([inquiry], read):
            guarded(inquiry, partial(_plan, inquiry, read, ports))


def read_all(
    wants: Sequence[Want], closed: frozenset[Side], bounds: Bounds, ports: Ports
) -> dict[Want, Snapshot | PipelineError]:
    """Read objects of both sides; what is behind a closed gate is not asked for."""
    by_side: dict[Side, list[Want]] = {}
    for want in wants:
        by_side.setdefault(want.side, []).append(want)
    read: dict[Want, Snapshot | PipelineError] = {}
    for side, of_side in by_side.items():
        if side in closed:
            read.update(dict.fromkeys(of_side, GateClosedError(f"The gate of {side} is closed.")))
        else:
            read.update(ports.vendors[side].read(of_side, bounds))
    return read


def guarded(inquiry: Inquiry, rules: Callable[[], None]) -> None:
    """A fault in one flow's rules is that event's, and it is recorded."""
    try:
        rules()
    except PermanentError as error:
        inquiry.plan = refuse(error.code, error.hint)
    except Exception as error:  # noqa: BLE001 - Whatever it is, it must not hold the batch.
        inquiry.plan = refuse("plan_failed", f"{type(error).__name__}: {error}")


def _choose(inquiry: Inquiry, ports: Ports) -> None:
    inquiry.wants = ports.flows[inquiry.head.flow].wants(inquiry.head, {}, inquiry.link)


def _choose_more(inquiry: Inquiry, read: Mapping[Want, Snapshot | PipelineError], ports: Ports) -> None:
    """What else to read, now that this is known: nothing where a read failed."""
    snapshots = _snapshots(inquiry, read)
    if len(snapshots) < len(inquiry.wants):
        return
    more = ports.flows[inquiry.head.flow].wants(inquiry.head, snapshots, inquiry.link)
    inquiry.wants = tuple(dict.fromkeys((*inquiry.wants, *more)))


def _unread(inquiries: Sequence[Inquiry], read: Mapping[Want, Snapshot | PipelineError]) -> list[Want]:
    return list(dict.fromkeys(want for inquiry in inquiries for want in inquiry.wants if want not in read))


def _snapshots(inquiry: Inquiry, read: Mapping[Want, Snapshot | PipelineError]) -> dict[Want, Snapshot]:
    found = {want: each for want in inquiry.wants if isinstance(each := read.get(want), Snapshot)}
    as_of = inquiry.as_of
    return {want: replace(each, read_at=as_of) for want, each in found.items()} if as_of else found


def _plan(inquiry: Inquiry, read: Mapping[Want, Snapshot | PipelineError], ports: Ports) -> None:
    for want in inquiry.wants:
        outcome = read[want]
        if isinstance(outcome, PipelineError):
            inquiry.failed_side, inquiry.failure = want.side, outcome
            return
    inquiry.snapshots = _snapshots(inquiry, read)
    inquiry.plan = ports.flows[inquiry.head.flow].plan(inquiry.head, inquiry.snapshots, inquiry.link)
