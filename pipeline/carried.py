"""Carry's commits: outcomes become rows, and each line goes where its outcome sends it.

Nothing but the transaction is changed here, so that a commit which met a deadlock can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline import failpoints, steps
from pipeline.commands import Command
from pipeline.events import Event
from pipeline.failpoints import Point
from pipeline.outcomes import Attempted, Ended, Next, late
from pipeline.ports import (
    AuditEntry,
    Claim,
    Delivery,
    EventMove,
    NewAttempt,
    Ports,
    Release,
    Tx,
)
from pipeline.words import (
    DeliveryState,
    EventId,
    EventState,
    LineKey,
    Purpose,
    Side,
    Step,
    WaitReason,
    lane,
)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One line of the batch: its head event and the deliveries that are still open."""

    claim: Claim
    event: Event
    deliveries: tuple[Delivery, ...]

    @property
    def next_command(self) -> Command | None:
        """What the next call is for; None when all is done."""
        return self.deliveries[0].command if self.deliveries else None


@dataclass(frozen=True, kw_only=True)
class Call:
    """An attempt whose row is committed: the call may leave."""

    member: Member
    attempted: Attempted


def members(tx: Tx, claims: Sequence[Claim]) -> list[Member]:
    """The lines of these claims with their head events and what is still open of them."""
    ours = tx.lines.fence(claims)
    claims = [claim for claim in claims if claim.key in ours]
    events = tx.events.waiting(claims)
    heads = {claim.key: events[claim.key][0] for claim in claims}
    open_of = tx.deliveries.open_of([head.id for head in heads.values()])
    return [
        Member(claim=claim, event=(head := heads[claim.key]), deliveries=open_of.get(head.id, ())) for claim in claims
    ]


def record(
    tx: Tx,
    *,
    ready: Sequence[Member],
    outcomes: Mapping[LineKey, tuple[Call, Ended]],
    waits: Mapping[str, float],
    is_late: bool,
    side: Side,
    lane_name: str,
    ports: Ports,
) -> tuple[list[Call], steps.Onward]:
    """Write outcomes, send each line where it goes, and begin the attempts of the calls that may leave.

    waits: seconds that budget and breaker hold a route.
    """
    commit = _Commit(tx=tx, side=side, onward=steps.Onward(lane=lane_name), ports=ports)
    ours = tx.lines.fence([member.claim for member in ready])
    held = [member for member in ready if member.claim.key in ours]
    ended = [outcomes[member.claim.key] for member in held if member.claim.key in outcomes]
    tx.deliveries.end([outcome.row for _, outcome in ended if outcome.row])
    for call, outcome in ended:
        commit.follow(call, outcome)
    gone = {call.member.claim.key for call, outcome in ended if outcome.next is not Next.GO_ON}
    going = [member for member in held if member.claim.key not in gone]
    calls = commit.advance(going, waits, is_late=is_late)
    failpoints.hit(Point.CARRY_IN_COMMIT, *(call.attempted.delivery.kind for call in calls))
    return calls, commit.onward


@dataclass(frozen=True, kw_only=True)
class _Pause:
    """How a line is left with work on it: for which side, for how long, and why."""

    side: Side
    wait_s: float = 0.0
    reason: WaitReason | None = None


@dataclass(kw_only=True)
class _Commit:
    """One transaction over the batch."""

    tx: Tx
    side: Side
    onward: steps.Onward
    ports: Ports

    def advance(self, going: Sequence[Member], waits: Mapping[str, float], *, is_late: bool) -> list[Call]:
        """Members with another call here get an attempt row; the others are handed on.

        Whoever held a line before its gate closed has finished the call under way, and begins no other.
        """
        left = self._wanted(going)
        closed = steps.closed_scopes(self.tx)
        calls = []
        for before in going:
            member = Member(claim=before.claim, event=before.event, deliveries=left.get(before.event.id, ()))
            command = member.next_command
            if command is None:
                self._carried(member)
            elif command.SIDE is not self.side or is_late:
                self._leave(member, _Pause(side=command.SIDE))
            elif (wait_s := waits.get(command.ROUTE, 0.0)) > self.ports.limits.budget_wait_max_s:
                self._leave(member, _Pause(side=self.side, wait_s=wait_s, reason=WaitReason.VENDOR_WAIT))
            elif closed & _scopes(member, command):
                self._release(member, Step.CARRY, _Pause(side=self.side))
            else:
                calls.append(Call(member=member, attempted=self._attempt(member.deliveries[0])))
        self.tx.deliveries.begin([self._row(call) for call in calls])
        return calls

    def _wanted(self, going: Sequence[Member]) -> dict[EventId, tuple[Delivery, ...]]:
        """What is open of these members; what an earlier plan left and nobody wants any more is dropped.

        Such a delivery was unknown, and its look-up found nothing: it must not be sent now.
        """
        left = self.tx.deliveries.open_of([member.event.id for member in going])
        plan_numbers = {member.event.id: member.event.plan_number for member in going}
        unwanted = {
            delivery.id
            for event_id, deliveries in left.items()
            for delivery in deliveries
            if delivery.plan_number < plan_numbers[event_id] and delivery.state is DeliveryState.PLANNED
        }
        self.tx.deliveries.drop(sorted(unwanted))
        return {
            event_id: tuple(delivery for delivery in deliveries if delivery.id not in unwanted)
            for event_id, deliveries in left.items()
        }

    def follow(self, call: Call, ended: Ended) -> None:
        """What an outcome means for its line."""
        member = call.member
        match ended.next:
            case Next.GO_ON:
                self._audit(call, ended)
            case Next.WAIT:
                wait_s = ended.wait_from(self.tx.now)
                self._leave(member, _Pause(side=self.side, wait_s=wait_s, reason=ended.wait_reason))
            case Next.GATE:
                steps.close_gate(self.tx, self.side, ended.code, ended.hint, self.ports.limits)
                self._leave(member, _Pause(side=self.side, reason=WaitReason.VENDOR_WAIT))
            case Next.REPLAN:
                self._replan(member)
            case Next.DIE:
                self._die(member, ended.code, ended.hint)
            case Next.DROP_OUT:
                pass  # The line is somebody else's; they find the delivery `sending` and look it up.

    def _attempt(self, delivery: Delivery) -> Attempted:
        purpose = Purpose.LOOK_UP if delivery.state is DeliveryState.UNKNOWN else Purpose.SEND
        return Attempted(delivery=delivery, purpose=purpose, number=delivery.attempts + 1, started_at=self.tx.now)

    def _row(self, call: Call) -> NewAttempt:
        attempted = call.attempted
        return NewAttempt(
            delivery_id=attempted.delivery.id,
            number=attempted.number,
            purpose=attempted.purpose,
            token=call.member.claim.token,
            late_s=late(attempted.delivery, self.ports.limits).total_seconds(),
        )

    # ---- where a line goes ---------------------------------------------------------------------------------------

    def _carried(self, member: Member) -> None:
        self.tx.events.move([EventMove(id=member.event.id, before=EventState.PLANNED, after=EventState.CARRIED)])
        self._release(member, Step.SETTLE, _Pause(side=self.side))
        to_lane = lane(member.claim.urgency, self.side)
        self.onward.add(Step.SETTLE, to_lane, member.event.id, next_step=Step.SETTLE)

    def _leave(self, member: Member, pause: _Pause) -> None:
        self._release(member, Step.CARRY, pause)
        to_lane = lane(member.claim.urgency, pause.side)
        self.onward.add_wait(Step.CARRY, to_lane, member.event.id, pause.wait_s, self.ports.limits)

    def _replan(self, member: Member) -> None:
        """What the plan expected is not true any more: read and plan again, a few times."""
        if member.event.stale_count + 1 >= self.ports.limits.stale_max:
            self._die(member, "stale", "The target kept changing under the plan.")
            return
        self.tx.events.count_stale([member.event.id])
        self.tx.events.move([EventMove(id=member.event.id, before=EventState.PLANNED, after=EventState.ACCEPTED)])
        side = member.event.side
        self._release(
            Member(claim=member.claim, event=member.event, deliveries=()), Step.TRANSFORM, _Pause(side=side)
        )
        to_lane = lane(member.claim.urgency, side)
        self.onward.add(Step.TRANSFORM, to_lane, member.event.id, next_step=Step.SETTLE)

    def _die(self, member: Member, code: str, hint: str) -> None:
        self.tx.deliveries.fail([delivery.id for delivery in member.deliveries])
        steps.bury(self.tx, [_buried(member, code, hint, self.side)], self.onward)

    def _release(self, member: Member, step: Step, pause: _Pause) -> None:
        self.tx.lines.release(
            [
                Release(
                    key=member.claim.key,
                    token=member.claim.token,
                    step=step,
                    lane=lane(member.claim.urgency, pause.side),
                    vendor=pause.side,
                    route=member.next_command.ROUTE if member.next_command else "",
                    ready_at=steps.after(self.tx.now, pause.wait_s),
                    wait_reason=pause.reason,
                    hinted=pause.wait_s <= self.ports.limits.countdown_max_s,
                )
            ]
        )

    def _audit(self, call: Call, ended: Ended) -> None:
        if not ended.is_effect or ended.row is None:
            return
        delivery = call.attempted.delivery
        entry = AuditEntry(
            actor=steps.ACTOR,
            act=f"delivery.{ended.row.outcome}",
            object=delivery.id,
            after=f"{delivery.kind} {delivery.target}",
        )
        self.tx.ledger.audit([entry])


def _scopes(member: Member, command: Command) -> set[str]:
    """The scopes of every gate that can hold this call."""
    side = command.SIDE
    return {f"flow:{member.claim.flow}", f"vendor:{side}", f"route:{side}.{command.ROUTE}"}


def _buried(member: Member, code: str, hint: str, side: Side) -> steps.Buried:
    return steps.Buried(
        claim=member.claim,
        event_id=member.event.id,
        before=EventState.PLANNED,
        code=code,
        hint=hint,
        step=Step.CARRY,
        side=side,
        delivery_id=member.deliveries[0].id if member.deliveries else None,
    )
