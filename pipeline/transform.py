"""Transform: claim the heads of lines, read what they tell us to look at, let the flow plan, store the plan.

Two commits: the claim, and the plan with everything it covers. Between them nothing is locked. A line whose
read fails waits by itself; a line whose lease is gone drops out; the others of the batch never notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline import intake, steps
from pipeline.commands import Cause
from pipeline.errors import LeaseLostError, MisconfiguredError, PermanentError, PipelineError, TransientError
from pipeline.events import Event
from pipeline.plan import Link, LinkChanges, Plan, Snapshot, Verdict, Want, refuse
from pipeline.ports import (
    AuditEntry,
    Bounds,
    Claim,
    Delivery,
    EventMove,
    Gate,
    Ports,
    Release,
    StoredPlan,
    Tx,
)
from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    EventState,
    GateKind,
    LineKey,
    ProcessState,
    Side,
    Step,
    WaitReason,
    lane,
    most_urgent,
    urgency_of_lane,
)


@dataclass(kw_only=True)
class _Member:
    """One line of the batch on its way through the step."""

    claim: Claim
    events: tuple[Event, ...]
    link: Link
    wants: tuple[Want, ...] = ()
    covered: tuple[Event, ...] = ()
    failure: PipelineError | None = None
    plan: Plan | None = None

    @property
    def head(self) -> Event:
        return self.events[0]


@dataclass(kw_only=True)
class _Batch:
    members: list[_Member] = field(default_factory=list)
    poisoned: list[_Member] = field(default_factory=list)


def transform(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Plan what is due of a batch; safe to run twice. Returns the ids to carry on this lane."""
    began = ports.monotonic()
    onward = steps.Onward(lane=lane_name)
    batch = ports.store.run(lambda tx: _claim(tx, event_ids, lane_name, ports))
    if batch.members or batch.poisoned:
        _decide(batch.members, _bounds(lane_name, began, ports), ports)
        onward = ports.store.run(lambda tx: _record(tx, batch, lane_name, ports))
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


def _member(claim: Claim, events: tuple[Event, ...], links: dict[tuple[str, BusinessKey], Link]) -> _Member:
    subject = events[0].subject
    link = links.get((claim.flow, subject)) or Link(id=None, flow=claim.flow, business_key=subject)
    return _Member(claim=claim, events=events, link=link)


# ---- outside any transaction ---------------------------------------------------------------------------------------


def _bounds(lane_name: str, began: float, ports: Ports) -> Bounds:
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=urgency_of_lane(lane_name),
    )


def _decide(members: Sequence[_Member], bounds: Bounds, ports: Ports) -> None:
    for member in members:
        _choose(member, ports)
    snapshots = _read(members, bounds, ports)
    for member in members:
        _plan(member, snapshots, ports)


def _choose(member: _Member, ports: Ports) -> None:
    """What to read for the head, and which later looks that read covers."""
    flow = ports.flows[member.claim.flow]
    member.wants = flow.wants(member.head, member.link)
    member.covered = tuple(
        event
        for event in member.events[1:]
        if event.kind is EventKind.LOOK
        and event.state is EventState.ACCEPTED
        and (wants := flow.wants(event, member.link))
        and set(wants) <= set(member.wants)
    )


def _read(members: Sequence[_Member], bounds: Bounds, ports: Ports) -> dict[Want, Snapshot | PipelineError]:
    by_side: dict[Side, list[Want]] = {}
    for want in dict.fromkeys(want for member in members for want in member.wants):
        by_side.setdefault(want.side, []).append(want)
    read: dict[Want, Snapshot | PipelineError] = {}
    for side, wants in by_side.items():
        read.update(ports.vendors[side].read(wants, bounds))
    return read


def _plan(member: _Member, read: dict[Want, Snapshot | PipelineError], ports: Ports) -> None:
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


# ---- commit 2 ----------------------------------------------------------------------------------------------------


def _record(tx: Tx, batch: _Batch, lane_name: str, ports: Ports) -> steps.Onward:
    onward = steps.Onward(lane=lane_name)
    tails = tx.lines.fence([member.claim for member in (*batch.members, *batch.poisoned)])
    ours = [member for member in batch.members if member.claim.key in tails]
    poisoned = [member for member in batch.poisoned if member.claim.key in tails]
    _record_failures(tx, [member for member in ours if member.failure], onward, ports)
    planned = [(member, member.plan) for member in ours if member.plan]
    refused = [(member, plan) for member, plan in planned if plan.verdict is Verdict.REFUSE]
    steps.bury(tx, [_buried(member, plan.reason, plan.hint) for member, plan in refused], onward)
    steps.bury(tx, [_buried(member, "poison", "Its worker died with it each time.") for member in poisoned], onward)
    going = [(member, plan) for member, plan in planned if plan.verdict is not Verdict.REFUSE]
    _supersede_covered(tx, [member for member, _ in going])
    _record_deliveries(tx, [(m, p) for m, p in going if p.commands], onward)
    _record_ends(tx, [(m, p) for m, p in going if not p.commands], tails, onward, ports)
    return onward


def _buried(member: _Member, code: str, hint: str) -> steps.Buried:
    return steps.Buried(
        claim=member.claim,
        event_id=member.head.id,
        before=member.head.state,
        code=code,
        hint=hint,
        step=Step.TRANSFORM,
        side=member.head.side,
    )


def _record_failures(tx: Tx, members: Sequence[_Member], onward: steps.Onward, ports: Ports) -> None:
    failures = _Failures(tx=tx, onward=onward, ports=ports)
    for member in members:
        failures.take(member)
    steps.bury(tx, failures.dead, onward)
    tx.lines.release(failures.releases)


@dataclass(kw_only=True)
class _Failures:
    """Reads that failed: each line waits for the right thing, or its head dies."""

    tx: Tx
    onward: steps.Onward
    ports: Ports
    dead: list[steps.Buried] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)

    def take(self, member: _Member) -> None:
        match member.failure:
            case LeaseLostError() | None:
                return  # Whoever holds the line now reads it again.
            case PermanentError() as error:
                self.dead.append(_buried(member, error.code, error.hint))
            case MisconfiguredError() as error:
                _close_gate(self.tx, member, error, self.ports)
                self._wait(member, 0.0, WaitReason.VENDOR_WAIT, member.claim.failures)
            case TransientError() as error:
                self._again(member, error)
            case error:
                self._again(member, TransientError(str(error)))

    def _again(self, member: _Member, error: TransientError) -> None:
        retry = self.ports.limits.retry
        failures = member.claim.failures + (0 if error.is_outage else 1)
        if retry.is_spent(failures):
            self.dead.append(_buried(member, "read_failed", str(error)))
            return
        wait_s = retry.wait_s(failures, chance=self.ports.chance()) if error.wait_s is None else error.wait_s
        self._wait(member, wait_s, error.reason, failures)

    def _wait(self, member: _Member, wait_s: float, reason: WaitReason, failures: int) -> None:
        side, limits = member.head.side, self.ports.limits
        self.onward.add_wait(Step.TRANSFORM, lane(member.claim.urgency, side), member.head.id, wait_s, limits)
        self.releases.append(
            steps.waiting(
                member.claim,
                step=Step.TRANSFORM,
                side=side,
                until=steps.after(self.tx.now, wait_s),
                reason=reason,
                failures=failures,
                has_hint=wait_s <= limits.countdown_max_s,
            )
        )


def _close_gate(tx: Tx, member: _Member, error: MisconfiguredError, ports: Ports) -> None:
    side = next((want.side for want in member.wants), member.head.side)
    tx.ledger.close_gate(
        Gate(
            scope=f"vendor:{side}",
            kind=GateKind.BREAKER,
            until=steps.after(tx.now, ports.limits.gate_s),
            reason=f"{error.code}: {error.hint}",
            by=steps.ACTOR,
        )
    )


def _supersede_covered(tx: Tx, members: Sequence[_Member]) -> None:
    tx.events.move(
        [
            EventMove(
                id=event.id,
                before=event.state,
                after=EventState.SUPERSEDED,
                reason="covered",
                superseded_by=member.head.id,
            )
            for member in members
            for event in member.covered
        ]
    )


def _record_deliveries(tx: Tx, members: Sequence[tuple[_Member, Plan]], onward: steps.Onward) -> None:
    if not members:
        return
    causes = {m.head.id: Cause(event_id=m.head.id, plan_number=m.head.plan_number + 1) for m, _ in members}
    tx.events.store_plans([_stored(m.head, causes[m.head.id], p) for m, p in members])
    tx.links.begin_processes([(m.claim.flow, m.head.subject, p.changes) for m, p in members if _starts(p.changes)])
    tx.deliveries.plan([(causes[m.head.id], p.commands) for m, p in members])
    left = tx.deliveries.open_of([m.head.id for m, _ in members])
    tx.events.move([EventMove(id=m.head.id, before=m.head.state, after=EventState.PLANNED) for m, _ in members])
    # Everything was done already (a replay after the fact): only the outcome is left to record.
    done = [m for m, _ in members if not left.get(m.head.id)]
    tx.events.move([EventMove(id=m.head.id, before=EventState.PLANNED, after=EventState.CARRIED) for m in done])
    tx.lines.release([_release(tx, m, p, left, onward) for m, p in members])
    tx.ledger.audit(
        [
            AuditEntry(
                actor=steps.ACTOR,
                act="event.planned",
                object=m.head.id,
                after=[f"{command.KIND} {command.target()}" for command in p.commands],
            )
            for m, p in members
        ]
    )


def _release(
    tx: Tx,
    member: _Member,
    plan: Plan,
    left: dict[EventId, tuple[Delivery, ...]],
    onward: steps.Onward,
) -> Release:
    deliveries = left.get(member.head.id)
    side = deliveries[0].command.SIDE if deliveries else plan.commands[-1].SIDE
    step = Step.CARRY if deliveries else Step.SETTLE
    to_lane = lane(most_urgent(member.claim.urgency, plan.urgency), side)
    onward.add(step, to_lane, member.head.id, next_step=Step.CARRY)
    return Release(
        key=member.claim.key,
        token=member.claim.token,
        step=step,
        lane=to_lane,
        vendor=side,
        route=deliveries[0].command.ROUTE if deliveries else "",
        ready_at=tx.now,
        hinted=True,
    )


def _stored(head: Event, cause: Cause, plan: Plan) -> StoredPlan:
    return StoredPlan(
        event_id=head.id, plan_number=cause.plan_number, changes=plan.changes, follow_ups=plan.follow_ups
    )


def _starts(changes: LinkChanges) -> bool:
    return any(row.state is ProcessState.STARTING for row in changes.processes)


def _record_ends(
    tx: Tx, members: Sequence[tuple[_Member, Plan]], tails: dict[LineKey, int], onward: steps.Onward, ports: Ports
) -> None:
    """Plans that send nothing: their link changes and final state are true at once."""
    if not members:
        return
    tx.links.apply([(m.claim.flow, m.head.subject, p.changes) for m, p in members])
    tx.events.move(
        [EventMove(id=m.head.id, before=m.head.state, after=_final(p), reason=p.reason) for m, p in members]
    )
    facts = [intake.fact(m.head, follow_up) for m, p in members for follow_up in p.follow_ups]
    if facts:
        _, hints = intake.place(tx, facts, new_id=ports.new_id, limits=ports.limits)
        onward.hints.extend(hints)
    steps.move_on(tx, [m.claim for m, _ in members], tails, onward, next_step=Step.CARRY)


def _final(plan: Plan) -> EventState:
    match plan.verdict:
        case Verdict.IGNORE:
            return EventState.IGNORED
        case Verdict.SUPERSEDE:
            return EventState.SUPERSEDED
        case _:
            return EventState.DELIVERED
