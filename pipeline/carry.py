"""Carry: send each planned delivery, in order; the attempt's row before the call, its outcome after it.

The calls of a batch run side by side in threads; every commit is made here, by the step's own thread, and
takes along whatever finished while the last one ran. Budget and breaker are asked before an attempt exists.
From `unknown` there is no way to a send but through a look-up that found nothing after the kind's `late` time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from pipeline import steps
from pipeline.events import Event
from pipeline.outcomes import Attempted, Ended, Next, judge, late
from pipeline.ports import (
    AuditEntry,
    Bounds,
    Claim,
    Delivery,
    EventMove,
    Gate,
    NewAttempt,
    NotThere,
    Ports,
    Release,
    Sent,
    Tx,
)
from pipeline.words import (
    DeliveryState,
    EventId,
    EventState,
    GateKind,
    LineKey,
    Purpose,
    Side,
    Step,
    WaitReason,
    lane,
    side_of_lane,
    urgency_of_lane,
)


@dataclass(kw_only=True)
class _Member:
    """One line of the batch: its head event and the deliveries that are still open."""

    claim: Claim
    event: Event
    deliveries: list[Delivery]

    @property
    def delivery(self) -> Delivery:
        return self.deliveries[0]


@dataclass(frozen=True, kw_only=True)
class _Pause:
    """How a member leaves the batch with work left: for which side, for how long, and why."""

    side: Side
    wait_s: float = 0.0
    reason: WaitReason | None = None


@dataclass(frozen=True, kw_only=True)
class _Call:
    """An attempt whose row is committed: the call may leave."""

    member: _Member
    attempted: Attempted


def carry(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Carry what is due of a batch; safe to run twice. Returns the ids to settle on this lane."""
    began = ports.monotonic()
    run = _Run(
        ports=ports,
        lane_name=lane_name,
        side=side_of_lane(lane_name),
        onward=steps.Onward(lane=lane_name),
        bounds=Bounds(
            no_call_after=began + ports.limits.no_new_call_after_s,
            lease_until=began + ports.limits.lease_s,
            urgency=urgency_of_lane(lane_name),
        ),
    )
    run.whole(event_ids)
    ports.waker.wake(run.onward.merged_hints(ports.limits.batch_lines))
    ports.waker.tell_dead(run.onward.dead)
    return run.onward.ids


@dataclass(kw_only=True)
class _Run:
    """One run of the step over one batch."""

    ports: Ports
    lane_name: str
    side: Side
    onward: steps.Onward
    bounds: Bounds
    finished: list[tuple[_Call, Ended]] = field(default_factory=list)

    def whole(self, event_ids: Sequence[EventId]) -> None:
        """Claim, then call and commit until no member has another call to make here."""
        members = self.ports.store.run(lambda tx: self._claim(tx, event_ids))
        if not members:
            return
        with ThreadPoolExecutor(self.ports.limits.call_threads, thread_name_prefix="call") as pool:
            calls: dict[Future[Ended], _Call] = {}
            ready = members
            while ready or calls:
                ready = self._commit_and_call(ready, calls, pool)

    def _commit_and_call(
        self, ready: list[_Member], calls: dict[Future[Ended], _Call], pool: ThreadPoolExecutor
    ) -> list[_Member]:
        """One commit for everything that finished and everything about to leave; returns who goes on next."""
        finished, self.finished = self.finished, []
        waits = {member.claim.key: self._wait_s(member) for member in ready if member.deliveries}
        leaving, onward = self.ports.store.run(lambda tx: self._record(tx, finished, ready, waits))
        self.onward = onward
        for call in leaving:
            calls[pool.submit(self._call, call)] = call
        if not calls:
            return []
        done, _ = wait(calls, return_when=FIRST_COMPLETED)
        self.finished = [(calls.pop(future), future.result()) for future in done]
        return [call.member for call, _ in self.finished]

    # ---- calls: in threads, outside any transaction ------------------------------------------------------------

    def _wait_s(self, member: _Member) -> float:
        command = member.delivery.command
        if command.SIDE is not self.side or self._is_late():
            return 0.0
        return self.ports.vendors[self.side].wait_s(command.ROUTE, self.bounds.urgency)

    def _is_late(self) -> bool:
        return self.ports.monotonic() >= self.bounds.no_call_after

    def _call(self, call: _Call) -> Ended:
        vendor, delivery = self.ports.vendors[self.side], call.attempted.delivery
        outcome: Sent | NotThere | Exception
        try:
            if call.attempted.purpose is Purpose.LOOK_UP:
                outcome = vendor.look_up(delivery.command, delivery.effect_key, self.bounds)
            else:
                outcome = vendor.send(delivery.command, delivery.effect_key, self.bounds)
        except Exception as error:  # noqa: BLE001 - The one broad catch guards a whole attempt, and it is recorded.
            outcome = error
        return judge(outcome, call.attempted, self.ports.limits, chance=self.ports.chance())

    # ---- commits -----------------------------------------------------------------------------------------------

    def _claim(self, tx: Tx, event_ids: Sequence[EventId]) -> list[_Member]:
        limits = self.ports.limits
        claims = tx.lines.claim(
            Step.CARRY,
            self.lane_name,
            event_ids,
            me=self.ports.me,
            is_alone=len(event_ids) == 1,
            limit=limits.batch_lines,
            lease_s=limits.lease_s,
        )
        if not claims:
            return []
        tx.deliveries.take_over(claims)
        events = tx.events.waiting(claims)
        heads = [events[claim.key][0] for claim in claims]
        deliveries = tx.deliveries.open_of([head.id for head in heads])
        members = [
            _Member(claim=claim, event=head, deliveries=list(deliveries.get(head.id, ())))
            for claim, head in zip(claims, heads, strict=True)
        ]
        self._bury_poison(tx, [member for member in members if steps.is_poison(member.claim, limits)])
        return [member for member in members if not steps.is_poison(member.claim, limits)]

    def _bury_poison(self, tx: Tx, members: Sequence[_Member]) -> None:
        tx.deliveries.fail([m.delivery.id for m in members if m.deliveries])
        steps.bury(
            tx,
            [self._buried(member, "poison", "Its worker died with it each time.") for member in members],
            self.onward,
        )

    def _record(
        self,
        tx: Tx,
        finished: Sequence[tuple[_Call, Ended]],
        ready: Sequence[_Member],
        waits: dict[LineKey, float],
    ) -> tuple[list[_Call], steps.Onward]:
        """Outcomes, then what follows from them; nothing outside tx changes, so that it can be run again."""
        onward = steps.Onward(
            lane=self.lane_name,
            ids=list(self.onward.ids),
            hints=list(self.onward.hints),
            dead=list(self.onward.dead),
        )
        ours = tx.lines.fence({m.claim.key: m.claim for m in ready}.values())
        kept = [(call, ended) for call, ended in finished if call.member.claim.key in ours]
        tx.deliveries.end([ended.row for _, ended in kept if ended.row])
        gone = {call.member.claim.key for call, ended in kept if ended.next is not Next.GO_ON}
        for call, ended in kept:
            self._follow(tx, call, ended, onward)
        going = [m for m in ready if m.claim.key in ours and m.claim.key not in gone]
        return self._advance(tx, going, waits, onward), onward

    def _advance(
        self,
        tx: Tx,
        members: Sequence[_Member],
        waits: dict[LineKey, float],
        onward: steps.Onward,
    ) -> list[_Call]:
        """Members with another call here get an attempt row; the others are handed on."""
        left = tx.deliveries.open_of([member.event.id for member in members])
        calls = []
        for member in members:
            member.deliveries = list(left.get(member.event.id, ()))
            wait_s = waits.get(member.claim.key, 0.0)
            if self._hands_on(tx, member, wait_s, onward):
                continue
            calls.append(_Call(member=member, attempted=self._attempt(member.delivery, tx)))
        tx.deliveries.begin([self._row(call) for call in calls])
        return calls

    def _attempt(self, delivery: Delivery, tx: Tx) -> Attempted:
        purpose = Purpose.LOOK_UP if delivery.state is DeliveryState.UNKNOWN else Purpose.SEND
        return Attempted(delivery=delivery, purpose=purpose, number=delivery.attempts + 1, started_at=tx.now)

    def _row(self, call: _Call) -> NewAttempt:
        attempted = call.attempted
        return NewAttempt(
            delivery_id=attempted.delivery.id,
            number=attempted.number,
            purpose=attempted.purpose,
            token=call.member.claim.token,
            late_s=late(attempted.delivery, self.ports.limits).total_seconds(),
        )

    def _hands_on(self, tx: Tx, member: _Member, wait_s: float, onward: steps.Onward) -> bool:
        """Whether the member leaves the batch now: all done, another target, no time, or no budget."""
        if not member.deliveries:
            self._carried(tx, member, onward)
            return True
        side = member.delivery.command.SIDE
        if side is not self.side or self._is_late():
            self._leave(tx, member, _Pause(side=side), onward)
            return True
        if wait_s > self.ports.limits.budget_wait_max_s:
            self._leave(tx, member, _Pause(side=side, wait_s=wait_s, reason=WaitReason.VENDOR_WAIT), onward)
            return True
        return False

    def _carried(self, tx: Tx, member: _Member, onward: steps.Onward) -> None:
        tx.events.move([EventMove(id=member.event.id, before=EventState.PLANNED, after=EventState.CARRIED)])
        to_lane = lane(member.claim.urgency, self.side)
        onward.add(Step.SETTLE, to_lane, member.event.id, next_step=Step.SETTLE)
        self._release(tx, member, Step.SETTLE, _Pause(side=self.side))

    def _leave(self, tx: Tx, member: _Member, pause: _Pause, onward: steps.Onward) -> None:
        to_lane = lane(member.claim.urgency, pause.side)
        onward.add_wait(Step.CARRY, to_lane, member.event.id, pause.wait_s, self.ports.limits)
        self._release(tx, member, Step.CARRY, pause)

    def _release(self, tx: Tx, member: _Member, step: Step, pause: _Pause) -> None:
        tx.lines.release(
            [
                Release(
                    key=member.claim.key,
                    token=member.claim.token,
                    step=step,
                    lane=lane(member.claim.urgency, pause.side),
                    vendor=pause.side,
                    route=member.delivery.command.ROUTE if member.deliveries else "",
                    ready_at=steps.after(tx.now, pause.wait_s),
                    wait_reason=pause.reason,
                    hinted=pause.wait_s <= self.ports.limits.countdown_max_s,
                )
            ]
        )

    # ---- what follows from an outcome ----------------------------------------------------------------------------

    def _follow(self, tx: Tx, call: _Call, ended: Ended, onward: steps.Onward) -> None:
        member = call.member
        match ended.next:
            case Next.GO_ON:
                self._audit(tx, call, ended)
            case Next.WAIT:
                pause = _Pause(side=self.side, wait_s=ended.wait_from(tx.now), reason=ended.wait_reason)
                self._leave(tx, member, pause, onward)
            case Next.GATE:
                self._close_gate(tx, ended)
                self._leave(tx, member, _Pause(side=self.side, reason=WaitReason.VENDOR_WAIT), onward)
            case Next.REPLAN:
                self._replan(tx, member, onward)
            case Next.DIE:
                tx.deliveries.fail([delivery.id for delivery in member.deliveries])
                steps.bury(tx, [self._buried(member, ended.code, ended.hint)], onward)
            case Next.DROP_OUT:
                pass  # The line is somebody else's; they find the delivery `sending` and look it up.

    def _replan(self, tx: Tx, member: _Member, onward: steps.Onward) -> None:
        """What the plan expected is not true any more: read and plan again, a few times."""
        if member.event.stale_count + 1 >= self.ports.limits.stale_max:
            tx.deliveries.fail([delivery.id for delivery in member.deliveries])
            steps.bury(tx, [self._buried(member, "stale", "The target kept changing under the plan.")], onward)
            return
        tx.events.count_stale([member.event.id])
        tx.events.move([EventMove(id=member.event.id, before=EventState.PLANNED, after=EventState.ACCEPTED)])
        side = member.event.side
        to_lane = lane(member.claim.urgency, side)
        onward.add(Step.TRANSFORM, to_lane, member.event.id, next_step=Step.SETTLE)
        self._release(tx, member, Step.TRANSFORM, _Pause(side=side))

    def _close_gate(self, tx: Tx, ended: Ended) -> None:
        tx.ledger.close_gate(
            Gate(
                scope=f"vendor:{self.side}",
                kind=GateKind.BREAKER,
                until=steps.after(tx.now, self.ports.limits.gate_s),
                reason=f"{ended.code}: {ended.hint}",
                by=steps.ACTOR,
            )
        )

    def _audit(self, tx: Tx, call: _Call, ended: Ended) -> None:
        if ended.is_effect:
            tx.ledger.audit(
                [
                    AuditEntry(
                        actor=steps.ACTOR,
                        act=f"delivery.{ended.row.outcome}" if ended.row else "delivery",
                        object=call.attempted.delivery.id,
                        after=f"{call.attempted.delivery.kind} {call.attempted.delivery.target}",
                    )
                ]
            )

    def _buried(self, member: _Member, code: str, hint: str) -> steps.Buried:
        return steps.Buried(
            claim=member.claim,
            event_id=member.event.id,
            before=EventState.PLANNED,
            code=code,
            hint=hint,
            step=Step.CARRY,
            side=self.side,
            delivery_id=member.delivery.id if member.deliveries else None,
        )
