"""Transform: claim the heads of lines, read what they tell us to look at, let the flow plan, store the plan.

Two commits: the claim, and the plan with everything it covers. Between them nothing is locked. A line whose
read fails waits by itself; a line whose lease is gone drops out; the others of the batch never notice. Who wants to
read the other vendor too is planned in a commit of its own, after everybody else has gone on, and only a few
processes of a worker at once: that vendor may be slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pipeline import failpoints, pins, planned, rounds, steps
from pipeline.errors import TransientError
from pipeline.events import Event
from pipeline.failpoints import Point
from pipeline.plan import Link, Want
from pipeline.planned import Member
from pipeline.ports import (
    Bounds,
    Claim,
    Errand,
    Hint,
    Ports,
    Tx,
)
from pipeline.words import (
    BusinessKey,
    CallPurpose,
    EventId,
    EventKind,
    EventState,
    Side,
    Step,
    WaitReason,
    side_of_lane,
    urgency_of_lane,
)


def transform(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Plan what is due of a batch; safe to run twice. Returns the ids to carry on this lane."""
    began = ports.monotonic()
    onward = steps.Onward(lane=lane_name)
    claims = steps.claim(Step.TRANSFORM, event_ids, lane_name, ports)
    if not claims:
        return []
    poisoned = [claim for claim in claims if steps.is_poison(claim, ports.limits)]
    sound = [claim for claim in claims if claim not in poisoned]
    loaded, unloadable = steps.apart(sound, lambda some: ports.store.run(lambda tx: _load(tx, some)))
    members = [member for part in loaded for member in part]
    _choose(members, ports)
    side, bounds = side_of_lane(lane_name), _bounds(lane_name, began, ports)
    rounds.read_and_plan(members, bounds, ports, sides=(side,))
    far = [member for member in members if not member.is_over]
    recorded, unrecordable = _record([member for member in members if member.is_over], lane_name, ports)
    onward.join(recorded)
    if far:
        _hand_on(onward, ports)
        _read_far(far, bounds, ports)
        recorded, failed = _record(far, lane_name, ports)
        onward.join(recorded)
        unrecordable += failed
    dead = [(claim, "poison", "Its worker died with it each time.") for claim in poisoned]
    dead += [(claim, "plan_failed", f"{type(error).__name__}: {error}") for claim, error in unloadable]
    dead += [(member.claim, "plan_failed", f"{type(error).__name__}: {error}") for member, error in unrecordable]
    for claim, code, hint in dead:
        onward.join([steps.bury_alone(claim, code, hint, step=Step.TRANSFORM, side=side, ports=ports)])
    onward.publish(ports)
    failpoints.hit(Point.TRANSFORM_BEFORE_ACK)
    return onward.ids


# ---- what is known -------------------------------------------------------------------------------------------------


def _load(tx: Tx, claims: Sequence[Claim]) -> list[Member]:
    events = tx.events.waiting(claims)
    links = tx.links.of([(claim.flow, events[claim.key][0].subject) for claim in claims])
    sides = steps.closed_sides(tx)
    return [_member(claim, events[claim.key], links, sides) for claim in claims]


def _member(
    claim: Claim,
    events: tuple[Event, ...],
    links: dict[tuple[str, BusinessKey], Link],
    closed_sides: frozenset[Side],
) -> Member:
    subject = events[0].subject
    link = links.get((claim.flow, subject)) or Link(id=None, flow=claim.flow, business_key=subject)
    return Member(
        claim=claim,
        head=events[0],
        events=events,
        link=link,
        closed_sides=closed_sides,
        as_of=events[0].pin.at if events[0].pin else None,
    )


# ---- outside any transaction ---------------------------------------------------------------------------------------


def _bounds(lane_name: str, began: float, ports: Ports) -> Bounds:
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=urgency_of_lane(lane_name),
        errand=Errand(purpose=CallPurpose.READ),
    )


def _choose(members: Sequence[Member], ports: Ports) -> None:
    rounds.ask(members, ports)
    for member in members:
        if member.plan is None:
            rounds.guarded(member, partial(_cover, member, ports))


def _read_far(members: Sequence[Member], bounds: Bounds, ports: Ports) -> None:
    """Read the other vendor too, where that leaves a process of this worker free; else they all wait a moment."""
    with ports.bulkhead.place() as is_free:
        if is_free:
            rounds.read_and_plan(members, bounds, ports)
            return
    for member in members:
        member.failed_side = next(want.side for want in member.wants if want not in member.read)
        member.failure = TransientError(
            f"Enough of this worker waits for {member.failed_side} already.",
            wait_s=ports.limits.bulkhead_wait_s,
            is_outage=True,
            reason=WaitReason.VENDOR_WAIT,
        )


def _record(
    members: Sequence[Member], lane_name: str, ports: Ports
) -> tuple[list[steps.Onward], list[tuple[Member, Exception]]]:
    """Store plans and failures in one commit; what was handed on, and who could not be recorded."""
    if not members:
        return [], []
    for member in members:
        if member.plan is not None and member.head.pin is not None:
            member.plan = pins.held(member.plan, member.head.pin)
    failpoints.hit(Point.TRANSFORM_AFTER_READ)
    planning = partial(planned.record, lane_name=lane_name, ports=ports)
    done = steps.apart(members, lambda some: ports.store.run(lambda tx: planning(some, tx)))
    failpoints.hit(Point.TRANSFORM_AFTER_COMMIT)
    return done


def _hand_on(onward: steps.Onward, ports: Ports) -> None:
    """Publish what was planned so far: only the ids of the last commit may wait for the chain."""
    if onward.ids:
        onward.hints.append(Hint(step=Step.CARRY, lane=onward.lane, event_ids=tuple(onward.ids)))
        onward.ids = []
    onward.publish(ports)


def _cover(member: Member, ports: Ports) -> None:
    """Which later looks the read for the head covers."""
    flow = ports.flows[member.claim.flow]
    member.covered = tuple(
        event
        for event in member.events[1:]
        if event.kind is EventKind.LOOK
        and event.state is EventState.ACCEPTED
        and _is_covered(event, flow.wants(event, {}, member.link), member)
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
