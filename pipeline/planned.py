"""Transform's second commit: what became of each line of the batch is stored, with everything it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline import failpoints, holds, intake, steps
from pipeline.commands import Cause
from pipeline.errors import (
    GateClosedError,
    LeaseLostError,
    MisconfiguredError,
    PermanentError,
    TransientError,
)
from pipeline.events import Event
from pipeline.failpoints import Point
from pipeline.plan import LinkChanges, Plan, Verdict
from pipeline.ports import AuditEntry, Claim, Delivery, EventMove, Ports, Release, StoredPlan, Tx
from pipeline.rounds import Inquiry
from pipeline.words import (
    DeliveryState,
    EventId,
    EventState,
    LineKey,
    ProcessState,
    Side,
    Step,
    WaitReason,
    lane,
    most_urgent,
)


@dataclass(kw_only=True)
class Member(Inquiry):
    """One line of the batch on its way through the step; its head, the lowest open event, is the one that is planned.

    covered: later looks that the read for the head makes needless.
    """

    claim: Claim
    events: tuple[Event, ...]
    covered: tuple[Event, ...] = ()


def record(members: Sequence[Member], tx: Tx, *, lane_name: str, ports: Ports) -> steps.Onward:
    """Store plans, waits and ends of a batch in one commit; returns what is handed on."""
    onward = steps.Onward(lane=lane_name)
    tails = tx.lines.fence([member.claim for member in members])
    ours = [member for member in members if member.claim.key in tails]
    _record_failures(tx, [member for member in ours if member.failure], onward, ports)
    planned = [(member, member.plan) for member in ours if member.plan and not member.failure]
    left = tx.deliveries.open_of([member.head.id for member, _ in planned if member.head.plan_number])
    kept = holds.take(tx, [_asking(member, plan, left) for member, plan in planned], onward, ports.limits)
    refused = [(member, plan) for member, plan in planned if plan.verdict is Verdict.REFUSE]
    steps.bury(tx, [_buried(member, plan.reason, plan.hint) for member, plan in refused], onward)
    standing = [(member, plan) for member, plan in planned if member.head.id not in kept.waiting]
    going = [(member, plan) for member, plan in standing if plan.verdict is not Verdict.REFUSE]
    _supersede_covered(tx, [member for member, _ in going])
    sending = [(m, p) for m, p in going if p.commands or _is_unknown(left.get(m.head.id, ()))]
    _record_deliveries(tx, sending, onward)
    sent = {member.head.id for member, _ in sending}
    _record_ends(tx, [(m, p) for m, p in going if m.head.id not in sent], tails, onward, ports)
    # Who was woken for a hold and has not taken it leaves it to the next one.
    offered = [hold for member in ours for hold in member.claim.wanted]
    onward.hints.extend(holds.pass_on(tx, [*kept.freed, *offered]))
    failpoints.hit(Point.TRANSFORM_IN_COMMIT, *_kinds(going))
    return onward


def _kinds(going: Sequence[tuple[Member, Plan]]) -> list[str]:
    return [command.KIND for _, plan in going for command in plan.commands]


def _asking(member: Member, plan: Plan, left: Mapping[EventId, tuple[Delivery, ...]]) -> holds.Asking:
    return holds.Asking(
        claim=member.claim,
        head=member.head,
        holds=plan.holds if plan.commands else (),
        left=left.get(member.head.id, ()),
        is_dead=plan.verdict is Verdict.REFUSE,
    )


def _is_unknown(left: Sequence[Delivery]) -> bool:
    """Whether an earlier plan left a delivery unknown: it is looked up, whatever the new plan wants."""
    return any(delivery.state is DeliveryState.UNKNOWN for delivery in left)


def _buried(member: Member, code: str, hint: str) -> steps.Buried:
    return steps.Buried(
        claim=member.claim,
        event_id=member.head.id,
        before=member.head.state,
        code=code,
        hint=hint,
        step=Step.TRANSFORM,
        side=member.head.side,
    )


def _record_failures(tx: Tx, members: Sequence[Member], onward: steps.Onward, ports: Ports) -> None:
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

    def take(self, member: Member) -> None:
        match member.failure:
            case LeaseLostError() | None:
                return  # Whoever holds the line now reads it again.
            case PermanentError() as error:
                self.dead.append(_buried(member, error.code, error.hint))
            case MisconfiguredError() as error:
                side = member.failed_side or member.head.side
                steps.close_gate(self.tx, side, error.code, error.hint, self.ports.limits)
                self._hold(member, side)
            case GateClosedError():
                self._hold(member, member.failed_side or member.head.side)
            case TransientError() as error:
                self._again(member, error)
            case error:
                self._again(member, TransientError(str(error)))

    def _again(self, member: Member, error: TransientError) -> None:
        retry = self.ports.limits.retry
        failures = member.claim.failures + (0 if error.is_outage else 1)
        if retry.is_spent(failures):
            self.dead.append(_buried(member, "read_failed", str(error)))
            return
        wait_s = retry.wait_s(failures, chance=self.ports.chance()) if error.wait_s is None else error.wait_s
        self._wait(member, wait_s, error.reason, failures)

    def _hold(self, member: Member, side: Side) -> None:
        """Due, and behind the gate of the vendor that is to be read: it goes on when that opens."""
        self.releases.append(
            steps.waiting(
                member.claim, step=Step.TRANSFORM, side=side, until=self.tx.now, failures=member.claim.failures
            )
        )

    def _wait(self, member: Member, wait_s: float, reason: WaitReason, failures: int) -> None:
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


def _supersede_covered(tx: Tx, members: Sequence[Member]) -> None:
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


def _record_deliveries(tx: Tx, members: Sequence[tuple[Member, Plan]], onward: steps.Onward) -> None:
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
    member: Member,
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
    tx: Tx, members: Sequence[tuple[Member, Plan]], tails: dict[LineKey, int], onward: steps.Onward, ports: Ports
) -> None:
    """Plans that send nothing: their link changes and final state are true at once."""
    if not members:
        return
    tx.links.apply([(m.claim.flow, m.head.subject, p.changes) for m, p in members])
    # What an earlier plan of theirs left unsent is not wanted any more.
    tx.deliveries.drop_open([m.head.id for m, _ in members if m.head.plan_number])
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
