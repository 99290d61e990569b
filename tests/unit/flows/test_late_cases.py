"""Late approvals: which open reviews of a plan become cases, and when the next one is looked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.flows import facts
from pipeline.flows.shared.late import REPORTED, with_cases
from pipeline.plan import Link, LinkChanges, Plan, ReviewRow, Wake, ignore
from pipeline.words import ReviewState, Side, WakeReason
from tests.support.briefs import NOW, event, in_approval, words

AFTER, SECOND = timedelta(days=2), timedelta(seconds=1)


def late_link(*told: tuple[str, datetime], wake_at: datetime | None = None) -> Link:
    """A brief in approval of which some reviews are open although their leads were told then."""
    rows = tuple(
        ReviewRow(revision=1, stakeholder=key, state=ReviewState.OPEN, task_id=f"task-{key}", escalated_at=at)
        for key, at in told
    )
    reason = WakeReason.LATE_CASE if wake_at else None
    return replace(in_approval(), reviews=rows, wake_at=wake_at, wake_reason=reason)


def looked(link: Link, now: datetime, *, plan: Plan | None = None, **changes: object) -> Plan:
    """A plan that changes nothing, or another, once it was looked through."""
    head = event(Side.OPENTEXT, time=now, **changes)
    return with_cases(plan or ignore("unchanged"), head, {}, link, words(), after=AFTER)


def due(at: datetime) -> dict[str, object]:
    """The timetable's fact that a time has come."""
    return {"kind": facts.DUE, "data": {"reason": WakeReason.LATE_CASE, "due": at.isoformat()}}


def test_a_review_becomes_a_case_so_long_after_its_lead_was_told() -> None:
    link = late_link(("brand", NOW))

    assert looked(link, NOW + AFTER - SECOND).follow_ups == ()
    (told,) = looked(link, NOW + AFTER).follow_ups

    assert (told.type, told.line_key) == (facts.REVIEW_LATE, "operational_case/signoff:late_approval:task-brand")
    assert told.data["item"] == "aprimo:activity:5012"


def test_a_review_that_may_become_one_is_looked_at_in_time() -> None:
    plan = looked(late_link(("brand", NOW)), NOW)

    assert plan.changes.wake == Wake(at=NOW + AFTER + SECOND, reason=WakeReason.LATE_CASE)


def test_a_time_that_has_come_does_not_keep_the_next_review_from_being_looked_at() -> None:
    first = NOW + AFTER + SECOND
    link = late_link(("brand", NOW), ("legal", NOW + timedelta(hours=5)), wake_at=first)

    plan = looked(link, first, **due(first))

    assert [each.data["title"] for each in plan.follow_ups] == ["Brand"]
    assert plan.changes.wake == Wake(at=first + timedelta(hours=5), reason=WakeReason.LATE_CASE)
    assert plan.changes.agreed[REPORTED].value == ["task-brand"]


def test_a_time_that_is_yet_to_come_is_left() -> None:
    first = NOW + AFTER + SECOND
    link = late_link(("brand", NOW), ("legal", NOW + timedelta(hours=5)), wake_at=first)

    assert looked(link, first - SECOND * 2).changes == LinkChanges()


def test_a_look_that_the_plan_needs_sooner_stays() -> None:
    sooner = Wake(at=NOW + timedelta(hours=1), reason=WakeReason.REVIEW_DUE)
    plan = ignore("unchanged", changes=LinkChanges(wake=sooner))

    assert looked(late_link(("brand", NOW)), NOW, plan=plan).changes.wake == sooner
