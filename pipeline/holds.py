"""Holds in the steps' commits: whose plan may stand, who waits, and who goes on when something is given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pipeline import steps
from pipeline.events import Event
from pipeline.plan import Hold
from pipeline.ports import Claim, Delivery, Hint, HoldAnswer, HoldsWanted, HoldWait, Limits, Release, Taken, Tx
from pipeline.words import DeliveryState, EventId, Step, WaitReason, lane


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A line's head with a plan: what the plan wants to hold, and what an earlier one left open."""

    claim: Claim
    head: Event
    holds: tuple[Hold, ...]
    left: tuple[Delivery, ...] = ()
    is_dead: bool = False
    """Its plan gives it to a person: what it may still have to write stays held."""


@dataclass(kw_only=True)
class Kept:
    """Events whose line was released, because their plan cannot stand yet; and what was given back."""

    waiting: set[EventId] = field(default_factory=set)
    freed: tuple[Hold, ...] = ()


def take(tx: Tx, asking: Sequence[Asking], onward: steps.Onward, limits: Limits) -> Kept:
    """Ask for the holds of a batch's plans; who does not get them, or gets them too late, leaves the batch."""
    taken = tx.holds.take([_wanted(tx, item, limits) for item in asking])
    left = [item for item in asking if _leaves(item, taken)]
    tx.lines.release([_release(tx, item, taken, onward, limits) for item in left])
    return Kept(waiting={item.head.id for item in left}, freed=taken.freed)


def pass_on(tx: Tx, freed: Sequence[Hold]) -> list[Hint]:
    """Wake the lines that can have what they wait for, now that these are free; longest waiting first."""
    if not freed:
        return []
    waits = tx.lines.waiting_for_holds()
    holders = tx.holds.holders([hold for wait in waits for hold in wait.wanted])
    lucky = {wait.key: wait for wait in _next(waits, set(freed), holders)}
    woken = tx.lines.wake_waiting(sorted(lucky))
    return [
        Hint(step=Step.TRANSFORM, lane=wait.lane, event_ids=(wait.event_id,))
        for key, wait in lucky.items()
        if key in woken
    ]


def _next(waits: Sequence[HoldWait], freed: set[Hold], holders: Mapping[Hold, EventId]) -> list[HoldWait]:
    """Those who can all have what they want at once; a hold is promised to one of them."""
    promised = dict(holders)
    lucky = []
    for wait in waits:
        if freed.isdisjoint(wait.wanted) or any(
            promised.get(hold, wait.event_id) != wait.event_id for hold in wait.wanted
        ):
            continue
        promised |= dict.fromkeys(wait.wanted, wait.event_id)
        lucky.append(wait)
    return lucky


def _wanted(tx: Tx, item: Asking, limits: Limits) -> HoldsWanted:
    return HoldsWanted(
        event_id=item.head.id,
        flow=item.claim.flow,
        business_key=item.head.subject,
        holds=item.holds,
        # Nothing was read before the lease began.
        read_at=item.claim.leased_until - timedelta(seconds=limits.lease_s),
        keeps_own=bool(item.left) if item.is_dead else any(_may_act(delivery, tx) for delivery in item.left),
    )


def _may_act(delivery: Delivery, tx: Tx) -> bool:
    """Whether an unanswered call may still take effect."""
    is_settled = delivery.settled_after is not None and delivery.settled_after <= tx.now
    return delivery.state is DeliveryState.UNKNOWN and not is_settled


def _leaves(item: Asking, taken: Taken) -> bool:
    return taken.answers.get(item.head.id, HoldAnswer.TAKEN) is not HoldAnswer.TAKEN


def _release(tx: Tx, item: Asking, taken: Taken, onward: steps.Onward, limits: Limits) -> Release:
    """A line that waits for its holds; or, having them, reads again at once."""
    side, is_held = item.head.side, taken.answers[item.head.id] is HoldAnswer.HELD
    wait_s = limits.held_again_s if is_held else 0.0
    onward.add_wait(Step.TRANSFORM, lane(item.claim.urgency, side), item.head.id, wait_s, limits)
    waits = steps.waiting(
        item.claim,
        step=Step.TRANSFORM,
        side=side,
        until=steps.after(tx.now, wait_s),
        reason=WaitReason.HELD,
        has_hint=wait_s <= limits.countdown_max_s,
    )
    return replace(waits, wanted=item.holds) if is_held else replace(waits, wait_reason=None)
