"""Transform: claim the heads of lines, read what they tell us to look at, let the flow plan, store the plan.

Two commits: the claim, and the plan with everything it covers. Between them nothing is locked. A line whose
read fails waits by itself; a line whose lease is gone drops out; the others of the batch never notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from pipeline import failpoints, planned, steps
from pipeline.errors import GateClosedError, PermanentError, PipelineError
from pipeline.events import Event
from pipeline.failpoints import Point
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
    side_of_lane,
    urgency_of_lane,
)

READING_ROUNDS = 4
"""How often a flow may ask for more because of what it read: a package, then its records, then their reviews."""


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
    _decide(members, _bounds(lane_name, began, ports), ports)
    failpoints.hit(Point.TRANSFORM_AFTER_READ)
    recorded, unrecordable = steps.apart(
        members, lambda some: ports.store.run(partial(planned.record, some, lane_name=lane_name, ports=ports))
    )
    onward.join(recorded)
    failpoints.hit(Point.TRANSFORM_AFTER_COMMIT)
    dead = [(claim, "poison", "Its worker died with it each time.") for claim in poisoned]
    dead += [(claim, "plan_failed", f"{type(error).__name__}: {error}") for claim, error in unloadable]
    dead += [(member.claim, "plan_failed", f"{type(error).__name__}: {error}") for member, error in unrecordable]
    side = side_of_lane(lane_name)
    for claim, code, hint in dead:
        onward.join([steps.bury_alone(claim, code, hint, step=Step.TRANSFORM, side=side, ports=ports)])
    onward.publish(ports)
    failpoints.hit(Point.TRANSFORM_BEFORE_ACK)
    return onward.ids


# ---- what is known -------------------------------------------------------------------------------------------------


def _load(tx: Tx, claims: Sequence[Claim]) -> list[Member]:
    events = tx.events.waiting(claims)
    links = tx.links.of([(claim.flow, events[claim.key][0].subject) for claim in claims])
    closed = steps.closed_scopes(tx)
    sides = frozenset(side for side in Side if f"vendor:{side}" in closed)
    return [_member(claim, events[claim.key], links, sides) for claim in claims]


def _member(
    claim: Claim,
    events: tuple[Event, ...],
    links: dict[tuple[str, BusinessKey], Link],
    closed_sides: frozenset[Side],
) -> Member:
    subject = events[0].subject
    link = links.get((claim.flow, subject)) or Link(id=None, flow=claim.flow, business_key=subject)
    return Member(claim=claim, events=events, link=link, closed_sides=closed_sides)


# ---- outside any transaction ---------------------------------------------------------------------------------------


def _bounds(lane_name: str, began: float, ports: Ports) -> Bounds:
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=urgency_of_lane(lane_name),
    )


def _decide(members: Sequence[Member], bounds: Bounds, ports: Ports) -> None:
    for member in members:
        _guarded(member, partial(_choose, member, ports))
    closed = frozenset(side for member in members for side in member.closed_sides)
    read: dict[Want, Snapshot | PipelineError] = {}
    asking = [member for member in members if member.plan is None]
    for _ in range(READING_ROUNDS):
        read |= _read(_unread(asking, read), closed, bounds, ports)
        for member in asking:
            _guarded(member, partial(_choose_more, member, read, ports))
        asking = [member for member in asking if _unread([member], read) and member.plan is None]
        if not asking:
            break
    for member in asking:
        member.plan = refuse("plan_failed", f"It wants to read more after {READING_ROUNDS} rounds.")
    for member in members:
        if member.plan is None:
            _guarded(member, partial(_plan, member, read, ports))


def _guarded(member: Member, rules: Callable[[], None]) -> None:
    """A fault in one flow's rules is that event's, and it is recorded."""
    try:
        rules()
    except PermanentError as error:
        member.plan = refuse(error.code, error.hint)
    except Exception as error:  # noqa: BLE001 - Whatever it is, it must not hold the batch.
        member.plan = refuse("plan_failed", f"{type(error).__name__}: {error}")


def _choose(member: Member, ports: Ports) -> None:
    """What to read for the head, and which later looks that read covers."""
    flow = ports.flows[member.claim.flow]
    member.wants = flow.wants(member.head, {}, member.link)
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


def _choose_more(member: Member, read: Mapping[Want, Snapshot | PipelineError], ports: Ports) -> None:
    """What else to read, now that this is known: nothing where a read failed."""
    snapshots = _snapshots(member, read)
    if len(snapshots) < len(member.wants):
        return
    more = ports.flows[member.claim.flow].wants(member.head, snapshots, member.link)
    member.wants = tuple(dict.fromkeys((*member.wants, *more)))


def _unread(members: Sequence[Member], read: Mapping[Want, Snapshot | PipelineError]) -> list[Want]:
    return list(dict.fromkeys(want for member in members for want in member.wants if want not in read))


def _snapshots(member: Member, read: Mapping[Want, Snapshot | PipelineError]) -> dict[Want, Snapshot]:
    return {want: found for want in member.wants if isinstance(found := read.get(want), Snapshot)}


def _read(
    wants: Sequence[Want], closed: frozenset[Side], bounds: Bounds, ports: Ports
) -> dict[Want, Snapshot | PipelineError]:
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


def _plan(member: Member, read: Mapping[Want, Snapshot | PipelineError], ports: Ports) -> None:
    for want in member.wants:
        outcome = read[want]
        if isinstance(outcome, PipelineError):
            member.failed_side, member.failure = want.side, outcome
            return
    member.plan = ports.flows[member.claim.flow].plan(member.head, _snapshots(member, read), member.link)
