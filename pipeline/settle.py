"""Settle: what was carried becomes true of the link, in one commit, and the line goes on.

Link, processes, reviews, comments, audit, follow-ups and the event's final state move together; a crash before
the commit means all of it is done again, from the same stored plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline import failpoints, holds, intake, steps
from pipeline.events import Event
from pipeline.failpoints import Point
from pipeline.keys import aprimo_key
from pipeline.plan import LinkChanges, ProcessRow
from pipeline.ports import AuditEntry, Claim, EventMove, Ports, StoredPlan, Tx
from pipeline.words import EffectKey, EventId, EventState, InstanceId, LineKey, ProcessState, Step, side_of_lane


@dataclass(frozen=True, kw_only=True)
class _Member:
    claim: Claim
    event: Event
    plan: StoredPlan


def settle(event_ids: Sequence[EventId], *, lane_name: str, ports: Ports) -> list[EventId]:
    """Record what is carried of a batch; safe to run twice. Returns nothing to hand on: the chain ends here."""
    claims = steps.claim(Step.SETTLE, event_ids, lane_name, ports)
    if not claims:
        return []
    side = side_of_lane(lane_name)
    poisoned = [claim for claim in claims if steps.is_poison(claim, ports.limits)]
    sound = [claim for claim in claims if claim not in poisoned]
    done, failed = steps.apart(sound, lambda some: ports.store.run(lambda tx: _settle(tx, some, lane_name, ports)))
    failpoints.hit(Point.SETTLE_AFTER_COMMIT)
    dead = [(claim, "poison", "Its worker died with it each time.") for claim in poisoned]
    dead += [(claim, "settle_failed", f"{type(error).__name__}: {error}") for claim, error in failed]
    onward = steps.Onward(lane=lane_name).join(done)
    for claim, code, hint in dead:
        onward.join([steps.bury_alone(claim, code, hint, step=Step.SETTLE, side=side, ports=ports)])
    onward.publish(ports)
    failpoints.hit(Point.SETTLE_BEFORE_ACK)
    return []


def _settle(tx: Tx, claims: Sequence[Claim], lane_name: str, ports: Ports) -> steps.Onward:
    onward = steps.Onward(lane=lane_name)
    tails = tx.lines.fence(claims)
    ours = [claim for claim in claims if claim.key in tails]
    events = tx.events.waiting(ours)
    plans = tx.events.plans([events[claim.key][0].id for claim in ours])
    members = [
        _Member(claim=claim, event=events[claim.key][0], plan=plans[events[claim.key][0].id]) for claim in ours
    ]
    _record(tx, members, tails, onward, ports)
    failpoints.hit(Point.SETTLE_IN_COMMIT)
    return onward


def _record(
    tx: Tx, members: Sequence[_Member], tails: dict[LineKey, int], onward: steps.Onward, ports: Ports
) -> None:
    if not members:
        return
    refs = tx.deliveries.refs([key for member in members for key in _started(member.plan.changes)])
    tx.links.apply([(m.claim.flow, m.event.subject, _with_refs(m.plan.changes, refs)) for m in members])
    tx.events.move([EventMove(id=m.event.id, before=m.event.state, after=EventState.DELIVERED) for m in members])
    freed = tx.holds.give_back([member.event.id for member in members])
    facts = [intake.fact(m.event, follow_up) for m in members for follow_up in m.plan.follow_ups]
    if facts:
        _, hints = intake.place(tx, facts, new_id=ports.new_id, limits=ports.limits)
        onward.hints.extend(hints)
    # Settle is the chain's last link: what the lines do next is a message of its own.
    steps.move_on(tx, [member.claim for member in members], tails, onward, next_step=Step.SETTLE)
    onward.hints.extend(holds.pass_on(tx, freed))
    tx.ledger.audit([AuditEntry(actor=steps.ACTOR, act="event.delivered", object=m.event.id) for m in members])


def _started(changes: LinkChanges) -> list[EffectKey]:
    made = [EffectKey(changes.made.effect)] if changes.made else []
    return [*made, *(EffectKey(row.started_effect) for row in changes.processes if _is_starting(row))]


def _is_starting(row: ProcessRow) -> bool:
    return row.state is ProcessState.STARTING and bool(row.started_effect)


def _with_refs(changes: LinkChanges, refs: dict[EffectKey, str]) -> LinkChanges:
    """What was made has the id that the vendor answered: processes run under theirs, an item is the link's."""
    rows = tuple(
        replace(row, state=ProcessState.RUNNING, instance_id=InstanceId(refs[EffectKey(row.started_effect)]))
        if _is_starting(row)
        else row
        for row in changes.processes
    )
    made = changes.made
    item = aprimo_key(made.kind, refs[EffectKey(made.effect)]) if made else changes.item
    return replace(changes, processes=rows, item=item)
