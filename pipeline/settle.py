"""Settle: what was carried becomes true of the link, in one commit, and the line goes on.

Link, processes, reviews, comments, audit, follow-ups and the event's final state move together; a crash before
the commit means all of it is done again, from the same stored plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline import intake, steps
from pipeline.events import Event
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
    onward = ports.store.run(lambda tx: _settle(tx, event_ids, lane_name, ports))
    ports.waker.wake(onward.merged_hints(ports.limits.batch_lines))
    ports.waker.tell_dead(onward.dead)
    return []


def _settle(tx: Tx, event_ids: Sequence[EventId], lane_name: str, ports: Ports) -> steps.Onward:
    onward = steps.Onward(lane=lane_name)
    claims = tx.lines.claim(
        Step.SETTLE,
        lane_name,
        event_ids,
        me=ports.me,
        is_alone=len(event_ids) == 1,
        limit=ports.limits.batch_lines,
        lease_s=ports.limits.lease_s,
    )
    if not claims:
        return onward
    events = tx.events.waiting(claims)
    plans = tx.events.plans([events[claim.key][0].id for claim in claims])
    members = [
        _Member(claim=claim, event=events[claim.key][0], plan=plans[events[claim.key][0].id]) for claim in claims
    ]
    poisoned = [member for member in members if steps.is_poison(member.claim, ports.limits)]
    steps.bury(tx, [_buried(member, lane_name) for member in poisoned], onward)
    _record(tx, [member for member in members if member not in poisoned], onward, ports)
    return onward


def _buried(member: _Member, lane_name: str) -> steps.Buried:
    return steps.Buried(
        claim=member.claim,
        event_id=member.event.id,
        before=member.event.state,
        code="poison",
        hint="Its worker died with it each time.",
        step=Step.SETTLE,
        side=side_of_lane(lane_name),
    )


def _record(tx: Tx, members: Sequence[_Member], onward: steps.Onward, ports: Ports) -> None:
    if not members:
        return
    refs = tx.deliveries.refs([key for member in members for key in _started(member.plan.changes)])
    tx.links.apply([(m.claim.flow, m.event.subject, _with_instances(m.plan.changes, refs)) for m in members])
    tx.events.move([EventMove(id=m.event.id, before=m.event.state, after=EventState.DELIVERED) for m in members])
    tx.ledger.audit([AuditEntry(actor=steps.ACTOR, act="event.delivered", object=m.event.id) for m in members])
    facts = [intake.fact(m.event, follow_up) for m in members for follow_up in m.plan.follow_ups]
    if facts:
        _, hints = intake.place(tx, facts, new_id=ports.new_id, limits=ports.limits)
        onward.hints.extend(hints)
    tails: dict[LineKey, int] = tx.lines.fence([member.claim for member in members])
    # Settle is the chain's last link: what the lines do next is a message of its own.
    steps.move_on(tx, [member.claim for member in members], tails, onward, next_step=Step.SETTLE)


def _started(changes: LinkChanges) -> list[EffectKey]:
    return [EffectKey(row.started_effect) for row in changes.processes if _is_starting(row)]


def _is_starting(row: ProcessRow) -> bool:
    return row.state is ProcessState.STARTING and bool(row.started_effect)


def _with_instances(changes: LinkChanges, refs: dict[EffectKey, str]) -> LinkChanges:
    """Processes that were started are running now, under the instance id their start answered."""
    rows = tuple(
        replace(row, state=ProcessState.RUNNING, instance_id=InstanceId(refs[EffectKey(row.started_effect)]))
        if _is_starting(row)
        else row
        for row in changes.processes
    )
    return replace(changes, processes=rows)
