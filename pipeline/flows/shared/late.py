"""Late approvals: a review that is open long after its escalation opens a case, once, and closes it when it is done.

No flow asks for it: every plan of every flow is looked through where flows are bound to their words, and leaves a
fact on the line of the review's own case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import escalation, follow_ups, matrix, reviews
from pipeline.flows.shared.values import minute
from pipeline.flows.shared.writing import BY_US
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Agreed, FollowUp, Link, Plan, ReviewRow, Snapshots, Verdict, Wake
from pipeline.words import BusinessKey, JsonValue, ReviewState, Side, WakeReason

CASES = "operational_case"
"""The flow whose lines the facts are for."""
REPORTED = "late_cases"
"""Agreed: the tasks whose reviews have become cases and are still open."""
_NEVER = datetime.max.replace(tzinfo=UTC)
_SETTLED = frozenset({Verdict.DELIVER, Verdict.IGNORE})


def case_key(task_id: str) -> BusinessKey:
    """The line of the case that a review's task may become."""
    return BusinessKey(f"signoff:late_approval:{task_id}")


def with_cases(
    plan: Plan, event: Event, snapshots: Snapshots, link: Link, words: FlowWords, *, after: timedelta
) -> Plan:
    """The plan with facts for the cases of reviews that are late or done, and with the time of the next look.

    after: how long a review must be open after its escalation. A plan that changes nothing is left alone.
    """
    if plan.verdict not in _SETTLED:
        return plan
    now = max((snapshot.read_at for snapshot in snapshots.values()), default=event.time)
    rows, waiting = _rows(plan, link), _waiting(plan, link)
    known = _reported(link)
    late = [row for row in waiting if row.task_id not in known and _late_at(row, after) <= now]
    done = [task_id for task_id in known if task_id not in {row.task_id for row in waiting}]
    told = (
        *(_late(row, link, words) for row in late),
        *(_done(task_id, rows, words) for task_id in done),
    )
    reported = [*(task_id for task_id in known if task_id not in done), *(row.task_id for row in late)]
    coming = [_late_at(row, after) for row in waiting if row.task_id not in reported]
    planned = plan.changes.wake.at if plan.changes.wake else _to_come(event, link)
    changed = _with_wake(plan, link, planned, min(coming) + escalation.GRACE if coming else None)
    return _with_reported(changed, told, reported, known, now)


# ---- which reviews -------------------------------------------------------------------------------------------------


def _rows(plan: Plan, link: Link) -> dict[tuple[int, str, str], ReviewRow]:
    """All reviews, as they are once the plan is done."""
    return {(row.revision, row.stakeholder, row.task_id): row for row in (*link.reviews, *plan.changes.reviews)}


def _waiting(plan: Plan, link: Link) -> list[ReviewRow]:
    """Reviews of live processes that are open although their leads were told."""
    processes = {row.revision: row for row in (*link.processes, *plan.changes.processes)}
    living = {revision for revision, row in processes.items() if row.is_live}
    return [
        row
        for row in _rows(plan, link).values()
        if row.state is ReviewState.OPEN and row.task_id and row.escalated_at and row.revision in living
    ]


def _late_at(row: ReviewRow, after: timedelta) -> datetime:
    return (row.escalated_at + after) if row.escalated_at else _NEVER


def _reported(link: Link) -> tuple[str, ...]:
    known = link.agreed_value(REPORTED)
    return tuple(str(task_id) for task_id in known) if isinstance(known, list) else ()


# ---- what becomes of the plan --------------------------------------------------------------------------------------


def _to_come(event: Event, link: Link) -> datetime | None:
    """When the link is woken as things are; a time that has just woken it comes no more."""
    is_past = (
        link.wake_at is not None and event.type == facts.DUE and event.data.get("due") == link.wake_at.isoformat()
    )
    return None if is_past else link.wake_at


def _with_wake(plan: Plan, link: Link, planned: datetime | None, at: datetime | None) -> Plan:
    """The plan that wakes the link in time, whatever else it waits for; a sooner look finds the later one again."""
    if at is None or (planned is not None and planned <= at):
        return plan
    wake = Wake(at=at, reason=WakeReason.LATE_CASE)
    is_set = (link.wake_at, link.wake_reason) == (wake.at, wake.reason)
    return replace(plan, changes=replace(plan.changes, wake=None if is_set else wake))


def _with_reported(
    plan: Plan, told: tuple[FollowUp, ...], reported: Sequence[str], known: Sequence[str], now: datetime
) -> Plan:
    if list(reported) == list(known):
        return plan
    value: JsonValue = [*reported]
    agreed = {REPORTED: Agreed(value=value, owner=Side.OPENTEXT, written_by=BY_US, at=now)}
    changes = replace(plan.changes, agreed={**plan.changes.agreed, **agreed})
    return replace(plan, changes=changes, follow_ups=(*plan.follow_ups, *told))


def _late(row: ReviewRow, link: Link, words: FlowWords) -> FollowUp:
    title = reviews.title_of(row.stakeholder, words)
    due = f"was due {minute(row.due_at)} UTC" if row.due_at else "is overdue"
    told = f", its lead was told {minute(row.escalated_at)} UTC" if row.escalated_at else ""
    data: dict[str, JsonValue] = {
        "title": title,
        "item": link.item_key,
        "what": f"{title} of {link.item_key}, revision {row.revision}, {due}{told}, and is still open.",
    }
    return follow_ups.to_item(CASES, case_key(row.task_id), facts.REVIEW_LATE, side=Side.APRIMO, data=data)


def _done(task_id: str, rows: dict[tuple[int, str, str], ReviewRow], words: FlowWords) -> FollowUp:
    data: dict[str, JsonValue] = {"what": _how(task_id, rows.values(), words)}
    return follow_ups.to_item(CASES, case_key(task_id), facts.REVIEW_DONE, side=Side.APRIMO, data=data)


def _how(task_id: str, rows: Iterable[ReviewRow], words: FlowWords) -> str:
    row = next((each for each in rows if each.task_id == task_id), None)
    if row is None:
        return "the review is not needed any more."
    title = reviews.title_of(row.stakeholder, words)
    if row.state is ReviewState.DECIDED:
        by = f" by {row.by}" if row.by else ""
        return f"{title} has answered{by}: {matrix.decision(row, words)}."
    return f"{title} is not needed any more."
