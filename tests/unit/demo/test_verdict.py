"""The demo's verdict: what counts as agreement between both systems, and what does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.demo_reading import Comment, Seen
from console.demo_scenario import Story
from console.demo_verdict import as_json, decision_of, disagreements
from tests.support.demo_briefs import (
    NOON,
    a_brief,
    a_process,
    a_task,
    an_approved_brief,
    an_item,
    three_approvals,
)


def test_an_approved_brief_with_an_approved_process_agrees() -> None:
    assert disagreements(a_brief(), an_approved_brief()) == ()


def test_a_decision_that_opentext_did_not_make_is_told() -> None:
    tasks = (a_task("brand"), a_task("legal", "rejected", minute=6), a_task("finance"))
    seen = Seen(item=an_item(), processes=(a_process(*tasks),))

    assert "Aprimo shows 'approved', OpenText decided 'rejected'" in disagreements(a_brief(), seen)


def test_the_first_outcome_that_is_no_approval_decides() -> None:
    tasks = (
        a_task("brand"),
        a_task("finance", "rejected", minute=9),
        a_task("legal", "changes_requested", minute=6),
    )

    assert decision_of(Seen(item=an_item(), processes=(a_process(*tasks),))) == "changes_requested"


def test_a_review_that_was_cut_off_is_no_approval() -> None:
    tasks = (a_task("brand"), a_task("legal"), a_task("finance", "", delete_reason="process ended"))

    assert decision_of(Seen(item=an_item(), processes=(a_process(*tasks),))) == ""


def test_a_process_that_was_ended_from_outside_decided_nothing() -> None:
    process = a_process(*three_approvals(), delete_reason="Withdrawn by the requester.")

    assert decision_of(Seen(item=an_item(), processes=(process,))) == ""


def test_a_second_process_of_one_revision_is_told() -> None:
    process = a_process(*three_approvals())
    seen = Seen(item=an_item(), processes=(process, replace(process, id="process-2")))

    assert disagreements(a_brief(), seen) == ("OpenText has processes for the revisions [1, 1], not [1]",)


def test_a_process_that_still_runs_is_told() -> None:
    first = a_process(*three_approvals())
    seen = Seen(item=an_item(), processes=(replace(first, ended_at=None),))

    assert "the process of revision 1 is still live" in disagreements(a_brief(), seen)


def test_a_matrix_that_leaves_a_reviewer_out_is_told() -> None:
    seen = replace(an_approved_brief(), item=an_item(matrix=("Brand · approved · brand.one@example.test",)))

    assert disagreements(a_brief(), seen) == (
        "the matrix does not say that legal.one@example.test decided 'approved'",
        "the matrix does not say that finance.one@example.test decided 'approved'",
    )


def test_a_comment_that_came_twice_is_told() -> None:
    said = Comment(id="c1", author="legal.one@example.test", text="Mind the small print.")
    line = "2026-01-12 12:05 · legal.one@example.test (OpenText): Mind the small print."
    seen = Seen(
        item=an_item(comments=f"{line}\n{line}"), processes=(a_process(*three_approvals(), comments=(said,)),)
    )

    assert disagreements(a_brief(), seen) == (
        "the comment of legal.one@example.test stands 2 times in Aprimo, not 1",
    )


def test_the_same_words_said_twice_must_come_twice() -> None:
    said = tuple(Comment(id=id_, author="legal.one@example.test", text="Fine.") for id_ in ("c1", "c2"))
    line = "2026-01-12 12:05 · legal.one@example.test (OpenText): Fine."
    process = a_process(*three_approvals(), comments=said)

    twice = Seen(item=an_item(comments=f"{line}\n{line}"), processes=(process,))
    once = Seen(item=an_item(comments=line), processes=(process,))

    assert disagreements(a_brief(), twice) == ()
    assert disagreements(a_brief(), once) == (
        "the comment of legal.one@example.test stands 1 times in Aprimo, not 2",
    )


@pytest.mark.parametrize(("copies", "found"), [(1, ()), (2, ("the remark stands 2 times in OpenText, not 1",))])
def test_a_remark_stands_once_in_opentext(copies: int, found: tuple[str, ...]) -> None:
    carried = tuple(
        Comment(id=f"c{number}", author="signoff.integration@example.test", text="Page 2 is new. [sg-0123456789]")
        for number in range(copies)
    )
    seen = Seen(item=an_item(), processes=(a_process(*three_approvals(), comments=carried),))

    assert disagreements(a_brief(remark="Page 2 is new."), seen) == found


def test_a_comment_that_was_carried_there_is_not_expected_back() -> None:
    carried = Comment(id="c1", author="signoff.integration@example.test", text="Page 2 is new. [sg-0123456789]")
    seen = Seen(item=an_item(comments=""), processes=(a_process(*three_approvals(), comments=(carried,)),))

    assert disagreements(a_brief(remark="Page 2 is new."), seen) == ()


def test_a_project_that_was_not_started_is_told() -> None:
    seen = replace(an_approved_brief(), item=an_item(project="70", project_status="Not Started"))

    assert disagreements(a_brief(has_project=True), seen) == ("the project is 'Not Started', not started",)


def test_a_withdrawn_brief_agrees_with_a_process_that_was_ended_with_a_reason() -> None:
    tasks = (a_task("brand"), a_task("legal", "", delete_reason="Withdrawn."), a_task("finance"))
    item = an_item(state="Withdrawn", decision="", message="The approval was ended.")
    seen = Seen(item=item, processes=(a_process(*tasks, delete_reason="Withdrawn."),))

    assert disagreements(a_brief(Story.WITHDRAWN), seen) == ()


def test_a_withdrawn_brief_whose_process_ran_to_its_end_is_told() -> None:
    item = an_item(state="Withdrawn", decision="", message="The approval was ended.")
    seen = Seen(item=item, processes=(a_process(*three_approvals()),))

    assert disagreements(a_brief(Story.WITHDRAWN), seen) == (
        "Aprimo shows '', OpenText decided 'approved'",
        "the first process was not ended with a reason",
    )


def test_an_overdue_review_must_be_decided_after_its_lead_was_told() -> None:
    told_at = NOON + timedelta(minutes=4)
    lead = a_task("finance_lead", "", created_at=told_at, delete_reason="review decided")
    late = Seen(item=an_item(), processes=(a_process(*three_approvals(), lead),))
    early = Seen(
        item=an_item(),
        processes=(a_process(*three_approvals(), replace(lead, created_at=NOON + timedelta(minutes=6))),),
    )
    brief = a_brief(Story.ESCALATED, slow="finance")

    assert disagreements(brief, late) == ()
    assert disagreements(brief, early) == ("the overdue review was not decided after the lead was told",)


def test_an_overdue_review_whose_lead_was_never_told_is_told() -> None:
    brief = a_brief(Story.ESCALATED, slow="finance")

    assert disagreements(brief, an_approved_brief()) == ("the lead of finance got 0 tasks, not 1",)


def test_the_summary_of_a_brief_names_what_both_sides_answered() -> None:
    told = as_json(a_brief(), an_approved_brief())

    assert told["agree"] is True
    assert told["expected"] == "approved"
    assert told["aprimo"]["state"] == "In production"
    assert told["opentext"]["decision"] == "approved"
    assert told["opentext"]["processes"][0]["outcomes"]["legal"] == "approved by legal.one@example.test"
