"""Transform: claim the heads of lines, read what they tell us to look at, let the flow plan, store the plan.

Two commits: the claim, and the plan with everything it covers. Between them nothing is locked. A line whose
read fails waits by itself; a line whose lease is gone drops out; the others of the batch never notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline import planned, steps
from pipeline.errors import PermanentError, PipelineError
from pipeline.events import Event
from pipeline.plan import Link, Snapshot, Want, refuse
from pipeline.planned import Member
from pipeline.ports import (
    Bounds,
    Claim,
    Ports,
    Tx,
)
from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    EventState,
    Side,
    Step,
    urgency_of_lane,
)


@dataclass(kw_only=True)
class _Batch:
    members: list[Member] = field(default_factory=list)
    poisoned: list[Member] = field(default_factory=list)


def transform(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Plan what is due of a batch; safe to run twice. Returns the ids to carry on this lane."""
    began = ports.monotonic()
    onward = steps.Onward(lane=lane_name)
    batch = ports.store.run(lambda tx: _claim(tx, event_ids, lane_name, ports))
    if batch.members or batch.poisoned:
        _decide(batch.members, _bounds(lane_name, began, ports), ports)
        onward = ports.store.run(
            partial(planned.record, batch.members, batch.poisoned, lane_name=lane_name, ports=ports)
        )
    ports.waker.wake(onward.merged_hints(ports.limits.batch_lines))
    ports.waker.tell_dead(onward.dead)
    return onward.ids


# ---- commit 1 ----------------------------------------------------------------------------------------------------


def _claim(tx: Tx, event_ids: Sequence[EventId], lane_name: str, ports: Ports) -> _Batch:
    claims = tx.lines.claim(
        Step.TRANSFORM,
        lane_name,
        event_ids,
        me=ports.me,
        is_alone=len(event_ids) == 1,
        limit=ports.limits.batch_lines,
        lease_s=ports.limits.lease_s,
    )
    events = tx.events.waiting(claims)
    links = tx.links.of([(claim.flow, events[claim.key][0].subject) for claim in claims])
    batch = _Batch()
    for claim in claims:
        member = _member(claim, events[claim.key], links)
        (batch.poisoned if steps.is_poison(claim, ports.limits) else batch.members).append(member)
    return batch


def _member(claim: Claim, events: tuple[Event, ...], links: dict[tuple[str, BusinessKey], Link]) -> Member:
    subject = events[0].subject
    link = links.get((claim.flow, subject)) or Link(id=None, flow=claim.flow, business_key=subject)
    return Member(claim=claim, events=events, link=link)


# ---- outside any transaction ---------------------------------------------------------------------------------------


def _bounds(lane_name: str, began: float, ports: Ports) -> Bounds:
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=urgency_of_lane(lane_name),
    )


def _decide(members: Sequence[Member], bounds: Bounds, ports: Ports) -> None:
    for member in members:
        _choose(member, ports)
    snapshots = _read(members, bounds, ports)
    for member in members:
        _plan(member, snapshots, ports)


def _choose(member: Member, ports: Ports) -> None:
    """What to read for the head, and which later looks that read covers."""
    flow = ports.flows[member.claim.flow]
    member.wants = flow.wants(member.head, member.link)
    member.covered = tuple(
        event
        for event in member.events[1:]
        if event.kind is EventKind.LOOK
        and event.state is EventState.ACCEPTED
        and _is_covered(event, flow.wants(event, member.link), member)
    )


def _is_covered(event: Event, wants: tuple[Want, ...], member: Member) -> bool:
    """Whether the head's read contains what this look would read.

    Looks that read nothing (a process that is over for us) say the same when they are about the same instance.
    """
    if wants:
        return set(wants) <= set(member.wants)
    head = member.head
    is_same = (event.side, event.data.get("instance_id")) == (head.side, head.data.get("instance_id"))
    return not member.wants and head.kind is EventKind.LOOK and is_same


def _read(members: Sequence[Member], bounds: Bounds, ports: Ports) -> dict[Want, Snapshot | PipelineError]:
    by_side: dict[Side, list[Want]] = {}
    for want in dict.fromkeys(want for member in members for want in member.wants):
        by_side.setdefault(want.side, []).append(want)
    read: dict[Want, Snapshot | PipelineError] = {}
    for side, wants in by_side.items():
        read.update(ports.vendors[side].read(wants, bounds))
    return read


def _plan(member: Member, read: dict[Want, Snapshot | PipelineError], ports: Ports) -> None:
    outcomes = [read[want] for want in member.wants]
    failure = next((outcome for outcome in outcomes if isinstance(outcome, PipelineError)), None)
    if failure is not None:
        member.failure = failure
        return
    snapshots = {outcome.want.side: outcome for outcome in outcomes if isinstance(outcome, Snapshot)}
    try:
        member.plan = ports.flows[member.claim.flow].plan(member.head, snapshots, member.link)
    except PermanentError as error:
        member.plan = refuse(error.code, error.hint)
    except Exception as error:  # noqa: BLE001 - A fault in one flow's rules is that event's, and it is recorded.
        member.plan = refuse("plan_failed", f"{type(error).__name__}: {error}")
