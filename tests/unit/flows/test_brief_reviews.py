"""Flow 1: each review as it happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.commands import SetFields
from pipeline.plan import Notice, ReviewRow, Verdict
from pipeline.words import Decision, ProcessState, ReviewState
from tests.support.briefs import (
    NOW,
    all_tasks,
    ended_row,
    in_approval,
    lines,
    plan,
    process,
    reviewed,
    task,
)

DECIDED = (task("brand", "approved", comment="Looks  good\nto me"), *all_tasks()[1:])


def test_a_review_is_shown_with_who_when_and_why() -> None:
    made = plan(in_approval(), process(*DECIDED))

    assert made.commands == (
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={
                "extrAttr306": lines(
                    "Revision 1 · in approval · times in UTC",
                    "Brand · approved · brand.one@example.test · 2026-01-12 10:00 · Looks good to me",
                    "Legal · waiting · due 2026-01-17 09:00",
                    "Finance · waiting · due 2026-01-15 09:00",
                    "Regional DACH · waiting · due 2026-01-17 09:00",
                    "Regional Nordics · waiting · due 2026-01-17 09:00",
                ),
                "extrAttr309": "2026-01-12 10:00 · brand.one@example.test (OpenText): Looks  good\nto me",
                "extrAttr311": "approved",
            },
            expects={"activityStateId": 2},
        ),
    )


def test_a_review_is_kept_with_its_evidence() -> None:
    rows = plan(in_approval(), process(*DECIDED)).changes.reviews

    brand = next(row for row in rows if row.stakeholder == "brand")
    assert brand == ReviewRow(
        revision=1,
        stakeholder="brand",
        state=ReviewState.DECIDED,
        task_id="task-brand",
        opened_at=NOW,
        assignee="brand.one@example.test",
        due_at=NOW + timedelta(days=3),
        decision=Decision.APPROVED,
        outcome_raw="approved",
        by="brand.one@example.test",
        at=NOW + timedelta(hours=1),
        comment="Looks  good\nto me",
        item_version=ended_row(in_approval()).item_version,
        evidence="historic-task-instances/task-brand",
    )


def test_a_second_look_at_the_same_reviews_writes_nothing() -> None:
    link = reviewed(in_approval(), process(*DECIDED))

    made = plan(link, process(*DECIDED))

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "unchanged", ())
    assert made.changes.reviews == ()


def test_a_claim_changes_no_field() -> None:
    made = plan(in_approval(), process(task("brand", by="brand.one@example.test"), *all_tasks()[1:]))

    assert made.commands == ()
    assert made.changes.reviews[0].assignee == "brand.one@example.test"


def test_a_moved_due_date_is_followed() -> None:
    later = NOW + timedelta(days=9)
    moved = (task("brand", due=later), task("legal", due=later), task("finance", due=later))

    made = plan(in_approval(regions=[]), process(*moved))

    assert made.changes.wake is not None
    assert made.changes.wake.at == later + timedelta(seconds=1)
    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert "Brand · waiting · due 2026-01-21 09:00" in str(write.fields["extrAttr306"])


def test_an_answer_the_words_do_not_name_is_shown_and_told_but_never_an_approval() -> None:
    made = plan(in_approval(), process(task("brand", "rubber_stamped"), *all_tasks()[1:]))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields["extrAttr311"] == 'unknown ("rubber_stamped")'
    assert "activityStateId" not in write.fields
    assert made.changes.notices == (
        Notice(
            code="unknown_outcome:brand",
            text="Brand answered 'rubber_stamped', which the flow's file does not name.",
        ),
    )


def test_a_finished_task_without_an_answer_is_unknown() -> None:
    silent = replace(task("brand"), ended_at=NOW)

    made = plan(in_approval(), process(silent, *all_tasks()[1:]))

    assert made.changes.reviews[0].decision is Decision.UNKNOWN


def test_a_running_process_is_recorded_as_running() -> None:
    made = plan(in_approval(), process(*all_tasks()))

    (row,) = made.changes.processes
    assert row.state is ProcessState.RUNNING
    assert row.seen_hash != ""


def test_the_last_task_of_a_stakeholder_counts() -> None:
    again = replace(task("brand"), task_id="task-brand-2", opened_at=NOW + timedelta(hours=2))

    made = plan(in_approval(), process(task("brand", "rejected"), again, *all_tasks()[1:]))

    assert made.commands == ()
    assert [row.task_id for row in made.changes.reviews][:1] == ["task-brand"]


def test_a_long_comment_is_cut_in_the_matrix_and_whole_among_the_comments() -> None:
    said = "x" * 300

    made = plan(in_approval(), process(task("brand", "approved", comment=said), *all_tasks()[1:]))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert "x" * 199 + "…" in str(write.fields["extrAttr306"])
    assert said in str(write.fields["extrAttr309"])


def test_tasks_of_another_kind_are_no_reviews() -> None:
    made = plan(in_approval(), process(*all_tasks(), task("print_the_poster", "approved")))

    assert {row.stakeholder for row in made.changes.reviews} == {
        "brand",
        "legal",
        "finance",
        "regional:DACH",
        "regional:Nordics",
    }
