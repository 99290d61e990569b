"""Flow 1: a review past its due time reaches its lead, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.commands import SendMessage, SetFields
from pipeline.flows import facts
from pipeline.plan import Wake
from pipeline.words import EventKind, ReviewState, Side
from tests.support.briefs import (
    INSTANCE,
    NOW,
    all_tasks,
    event,
    in_approval,
    plan,
    process,
    reviewed,
    task,
    words,
)

LATE = NOW + timedelta(days=3, seconds=1)
DUE = replace(event(Side.OPENTEXT), type=facts.DUE, kind=EventKind.FACT)


def test_an_overdue_review_reaches_its_lead_and_stays_open() -> None:
    made = plan(in_approval(), process(task("brand"), *all_tasks("approved")[1:], at=LATE), what=DUE)

    assert made.commands[0] == SendMessage(
        instance_id=INSTANCE,
        activity_id="escalate_brand",
        message="escalate",
        marker="signoffEscalated_task-brand",
    )
    write = made.commands[1]
    assert isinstance(write, SetFields)
    assert write.fields["extrAttr311"] == "overdue, escalated to Brand leads"
    assert "Brand · overdue, escalated to Brand leads · due 2026-01-15 09:00" in str(write.fields["extrAttr306"])
    brand = made.changes.reviews[0]
    assert (brand.state, brand.escalated_at) == (ReviewState.OPEN, LATE)


def test_each_overdue_region_is_escalated_by_itself() -> None:
    due = NOW + timedelta(days=5)
    tasks = (*all_tasks("approved")[:3], *all_tasks()[3:])

    made = plan(in_approval(), process(*tasks, at=due), what=DUE)

    messages = [command for command in made.commands if isinstance(command, SendMessage)]
    assert [(each.marker, each.variables) for each in messages] == [
        ("signoffEscalated_task-regional-DACH", {"escalatedRegion": "DACH"}),
        ("signoffEscalated_task-regional-Nordics", {"escalatedRegion": "Nordics"}),
    ]


def test_a_review_is_escalated_once() -> None:
    overdue = process(*all_tasks(), at=LATE)
    link = reviewed(in_approval(), overdue)

    made = plan(link, overdue, what=DUE)

    assert (made.reason, made.commands) == ("not_yet", ())


def test_a_message_that_is_already_in_the_process_is_not_sent_again() -> None:
    marked = process(
        task("brand"),
        *all_tasks("approved")[1:],
        at=LATE,
        variables={"signoffEscalated_task-brand": "message:ev-0:instance-1:signoffEscalated_task-brand"},
    )

    made = plan(in_approval(), marked, what=DUE)

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]


def test_a_leads_task_is_no_review_and_shows_that_the_review_was_escalated() -> None:
    lead = replace(task("brand_lead"), opened_at=LATE)

    made = plan(in_approval(), process(*all_tasks(), lead, at=LATE - timedelta(seconds=30)))

    brand = next(row for row in made.changes.reviews if row.stakeholder == "brand")
    assert brand.escalated_at == LATE
    assert len(made.changes.reviews) == 5


def test_a_leads_task_of_one_region_says_nothing_of_another() -> None:
    lead = replace(task("regional_lead", part="DACH"), opened_at=LATE)

    made = plan(in_approval(), process(*all_tasks(), lead))

    escalated = {row.stakeholder for row in made.changes.reviews if row.escalated_at}
    assert escalated == {"regional:DACH"}


def test_nothing_is_overdue_before_its_time() -> None:
    early = process(*all_tasks(), at=LATE - timedelta(hours=1))

    made = plan(reviewed(in_approval(), early), early, what=DUE)

    assert (made.reason, made.commands) == ("not_yet", ())


def test_after_an_escalation_the_timetable_waits_for_the_next_one() -> None:
    made = plan(in_approval(), process(*all_tasks(), at=LATE), what=DUE)

    assert made.changes.wake == Wake(at=NOW + timedelta(days=5, seconds=1), reason="review_due")


def test_when_all_open_reviews_are_escalated_nothing_wakes_the_link() -> None:
    late = NOW + timedelta(days=6)

    made = plan(in_approval(), process(*all_tasks(), at=late), what=DUE)

    assert made.changes.wake == Wake(at=None)


def test_an_overdue_review_is_escalated_at_any_look() -> None:
    made = plan(in_approval(), process(*all_tasks(), at=LATE))

    markers = [command.marker for command in made.commands if isinstance(command, SendMessage)]
    assert markers == ["signoffEscalated_task-brand", "signoffEscalated_task-finance"]


def test_a_role_without_an_escalation_gets_no_message() -> None:
    known = words()
    silent = words(stakeholders=tuple(replace(each, escalation="") for each in known.stakeholders))

    made = plan(in_approval(by=silent), process(*all_tasks(), at=LATE), what=DUE, by=silent)

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]


def test_a_decided_review_is_never_escalated() -> None:
    late = NOW + timedelta(days=30)

    made = plan(in_approval(), process(*all_tasks("approved"), at=late), what=DUE)

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]
