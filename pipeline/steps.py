"""What the three steps share: handing ids on, ending an event, moving a line on, burying a dead one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from pipeline import failpoints
from pipeline.errors import StoreAwayError
from pipeline.ports import AuditEntry, Claim, EventMove, Gate, Hint, Limits, NewLetter, Ports, Release, Tx
from pipeline.words import (
    DeliveryId,
    EventId,
    EventState,
    GateKind,
    LineKey,
    Side,
    Step,
    Urgency,
    WaitReason,
    lane,
)

ACTOR = "signoff"
_COUNTDOWN_SLACK_S = 0.05
M = TypeVar("M")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Buried:
    """An event that died in a step: where it stood and why."""

    claim: Claim
    event_id: EventId
    before: EventState
    code: str
    hint: str
    step: Step
    side: Side
    delivery_id: DeliveryId | None = None


@dataclass(kw_only=True)
class Onward:
    """Ids a step hands on: those of the chain's own lane, and hints for the others."""

    lane: str
    ids: list[EventId] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    dead: list[EventId] = field(default_factory=list)

    def join(self, others: Iterable[Onward]) -> Onward:
        """This one with what the others hand on besides."""
        for other in others:
            self.ids += other.ids
            self.hints += other.hints
            self.dead += other.dead
        return self

    def publish(self, ports: Ports) -> None:
        """Publish hints and the dead, after the commit that made them; ids stay for the chain."""
        ports.waker.wake(self.merged_hints(ports.limits.batch_lines))
        ports.waker.tell_dead(self.dead)
        self.hints, self.dead = [], []

    def copy(self) -> Onward:
        """One that a transaction may add to and throw away when it is made again."""
        return Onward(lane=self.lane, ids=[*self.ids], hints=[*self.hints], dead=[*self.dead])

    def add(self, step: Step, to_lane: str, event_id: EventId, *, next_step: Step) -> None:
        """Hand an id on: in this chain where the lane and the next link fit, else as a message of its own."""
        if to_lane == self.lane and step is next_step:
            self.ids.append(event_id)
        else:
            self.hints.append(Hint(step=step, lane=to_lane, event_ids=(event_id,)))

    def add_wait(self, step: Step, to_lane: str, event_id: EventId, wait_s: float, limits: Limits) -> None:
        """A countdown message for a short wait; a longer one is the sweeper's."""
        if wait_s <= limits.countdown_max_s:
            self.hints.append(Hint(step=step, lane=to_lane, event_ids=(event_id,), wait_s=wait_s))

    def merged_hints(self, batch: int) -> list[Hint]:
        """Hints of one step and lane in one message, up to the batch's size."""
        groups: dict[tuple[Step, str, float], list[EventId]] = {}
        for hint in self.hints:
            groups.setdefault((hint.step, hint.lane, _countdown(hint.wait_s)), []).extend(hint.event_ids)
        return [
            Hint(step=step, lane=name, event_ids=tuple(ids[start : start + batch]), wait_s=wait_s)
            for (step, name, wait_s), ids in groups.items()
            for start in range(0, len(ids), batch)
        ]


def waiting(
    claim: Claim,
    *,
    step: Step,
    side: Side,
    until: datetime,
    reason: WaitReason | None = None,
    failures: int = 0,
    route: str = "",
    has_hint: bool = False,
) -> Release:
    """A line that waits with its step unchanged."""
    return Release(
        key=claim.key,
        token=claim.token,
        step=step,
        lane=lane(claim.urgency, side),
        vendor=side,
        route=route,
        ready_at=until,
        wait_reason=reason,
        failures=failures,
        hinted=has_hint,
    )


def bury(tx: Tx, buried: Sequence[Buried], onward: Onward) -> None:
    """Make events dead, in one commit with their letters; their lines are held until a person or a newer look."""
    if not buried:
        return
    tx.events.move(
        [EventMove(id=item.event_id, before=item.before, after=EventState.DEAD, reason=item.code) for item in buried]
    )
    tx.letters.open(
        [
            NewLetter(event_id=item.event_id, delivery_id=item.delivery_id, code=item.code, hint=item.hint)
            for item in buried
        ]
    )
    tx.lines.release(
        [
            Release(
                key=item.claim.key,
                token=item.claim.token,
                step=item.step,
                lane=lane(item.claim.urgency, item.side),
                vendor=item.side,
            )
            for item in buried
        ]
    )
    tx.ledger.audit(
        [AuditEntry(actor=ACTOR, act="event.dead", object=item.event_id, after=item.code) for item in buried]
    )
    onward.dead.extend(item.event_id for item in buried)


def bury_alone(claim: Claim, code: str, hint: str, *, step: Step, side: Side, ports: Ports) -> Onward:
    """Bury one line's head in a commit of its own: it, or what it needs, cannot even be worked on.

    What cannot be buried either keeps its lease, and is poison once that has run out often enough.
    """

    def work(tx: Tx) -> Onward:
        onward = Onward(lane=lane(claim.urgency, side))
        if not tx.lines.fence([claim]):
            return onward
        first = tx.events.next_open([claim.key])[claim.key]
        buried = Buried(
            claim=claim, event_id=first.id, before=first.state, code=code, hint=hint, step=step, side=side
        )
        tx.deliveries.fail_of([first.id])
        bury(tx, [buried], onward)
        return onward

    done, _ = apart([claim], lambda _: ports.store.run(work))
    return done[0] if done else Onward(lane=lane(claim.urgency, side))


def claim(step: Step, event_ids: Sequence[EventId], lane_name: str, ports: Ports) -> list[Claim]:
    """Lease what is due, in a commit of its own: a worker that dies with it is counted when the lease runs out."""

    def work(tx: Tx) -> list[Claim]:
        claims = tx.lines.claim(
            step,
            lane_name,
            event_ids,
            me=ports.me,
            is_alone=len(event_ids) == 1,
            limit=ports.limits.batch_lines,
            lease_s=ports.limits.lease_s,
        )
        if claims and step is Step.CARRY:
            # What another worker left `sending` is unknown from here on.
            tx.deliveries.take_over(claims)
        return claims

    failpoints.hit(failpoints.BEFORE_CLAIM[step])
    claims = ports.store.run(work)
    if claims:
        failpoints.hit(failpoints.AFTER_CLAIM[step])
    return claims


def apart(members: Sequence[M], work: Callable[[Sequence[M]], R]) -> tuple[list[R], list[tuple[M, Exception]]]:
    """Do the work for all of them at once; where that fails, for each alone, so that one touches no other.

    Returns what was done, and who failed alone with what. Raises StoreAwayError when SQL is away.
    """
    if not members:
        return [], []
    try:
        return [work(members)], []
    except StoreAwayError:
        raise
    except Exception as error:  # noqa: BLE001 - A member's fault of any kind must not hold its neighbours.
        if len(members) == 1:
            return [], [(members[0], error)]
    done: list[R] = []
    failed: list[tuple[M, Exception]] = []
    for member in members:
        parts, faults = apart([member], work)
        done += parts
        failed += faults
    return done, failed


def close_gate(tx: Tx, side: Side, code: str, hint: str, limits: Limits) -> None:
    """Every call to a vendor would fail: its lines are held for a while, and no attempt is spent."""
    tx.ledger.close_gate(
        Gate(
            scope=f"vendor:{side}",
            kind=GateKind.BREAKER,
            until=after(tx.now, limits.gate_s),
            reason=f"{code}: {hint}",
            by=ACTOR,
        )
    )


def closed_scopes(tx: Tx) -> frozenset[str]:
    """The scopes of all gates that are closed now."""
    return frozenset(gate.scope for gate in tx.ledger.gates())


def closed_sides(tx: Tx) -> frozenset[Side]:
    """The vendors that nobody may call now."""
    closed = closed_scopes(tx)
    return frozenset(side for side in Side if f"vendor:{side}" in closed)


def is_poison(claim: Claim, limits: Limits) -> bool:
    """Whether this line's head ended its worker too often."""
    return claim.crashes >= limits.crash_max


def move_on(tx: Tx, claims: Iterable[Claim], tails: dict[LineKey, int], onward: Onward, *, next_step: Step) -> None:
    """After events ended: each line's head is its lowest open event, due now; an empty line rests."""
    claims = list(claims)
    firsts = tx.events.next_open([claim.key for claim in claims])
    releases = []
    for claim in claims:
        first = firsts.get(claim.key)
        if first is None:
            releases.append(_rest(claim, tails[claim.key]))
            continue
        goes_to = lane(claim.urgency, first.side)
        releases.append(
            Release(
                key=claim.key,
                token=claim.token,
                step=Step.TRANSFORM,
                lane=goes_to,
                vendor=first.side,
                ready_at=tx.now,
                head=first.position,
                hinted=True,
            )
        )
        onward.add(Step.TRANSFORM, goes_to, first.id, next_step=next_step)
    tx.lines.release(releases)


def _rest(claim: Claim, tail: int) -> Release:
    return Release(
        key=claim.key,
        token=claim.token,
        step=Step.TRANSFORM,
        lane=lane(Urgency.STANDARD, Side.APRIMO),
        vendor=Side.APRIMO,
        head=tail + 1,
    )


def after(now: datetime, wait_s: float) -> datetime:
    """The moment that many seconds from now."""
    return now + timedelta(seconds=wait_s)


def _countdown(wait_s: float) -> float:
    """Waits in tenths of a second, so that they share messages, and never too short.

    A message that comes before its line is ready finds nothing, and the next one is the sweeper's.
    """
    return math.ceil(wait_s * 10) / 10 + _COUNTDOWN_SLACK_S if wait_s > 0 else 0.0
