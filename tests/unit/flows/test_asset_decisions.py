"""Flow 2: what is decided, of which version, and that nothing else is ever taken for an approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import AddCheck, Command, SetRecord, SetVariables, UpdateTask
from pipeline.flows import asset_review, facts
from pipeline.plan import Link, Notice, Plan, Snapshot, TaskRead
from pipeline.words import EndedBy, ProcessState, Side, Urgency
from tests.support.assets import (
    INSTANCE,
    RECORD,
    ROLES,
    V2,
    V3,
    after,
    asset,
    event,
    in_review,
    no_link,
    plan,
    process,
    reviews,
    shown,
    task,
    words,
)
from tests.support.briefs import NOW, lines

END = NOW + timedelta(hours=2)
MUCH_LATER = END + timedelta(hours=1)
ALL_APPROVED = process(*reviews("approved"), ended=END, at=END)


def write_of(made: Plan) -> SetRecord:
    (write,) = (command for command in made.commands if isinstance(command, SetRecord))
    return write


def checks_of(made: Plan) -> list[tuple[str, str, str]]:
    found = [command for command in made.commands if isinstance(command, AddCheck)]
    return [(each.check, each.outcome, each.file_version_id) for each in found]


def consolidated(outcome: str | None, *others: TaskRead, ended: bool = True, **variables: str) -> Snapshot:
    """Legal wants changes, the others approve; the consolidation has an answer, or none yet."""
    said = [task(key, "approved") for key in ROLES if key != "legal"]
    legal = task("legal", "changes_requested", comment="Claim 3 needs a source")
    last = task("consolidate", outcome, opened=NOW + timedelta(hours=1))
    at = END if ended else None
    return process(*said, legal, last, *others, ended=at, at=END, **variables)


# ---- reviews as they happen ----------------------------------------------------------------------------------------


def test_each_review_becomes_a_check_result_on_the_version_that_was_reviewed_with_its_comment() -> None:
    told = task("legal", "changes_requested", comment="Claim 3 needs a source")

    made = plan(in_review(), process(task("compliance"), told, task("product")))

    (check,) = (command for command in made.commands if isinstance(command, AddCheck))
    assert check == AddCheck(
        record_id=RECORD,
        file_version_id=V2,
        check="Legal check",
        outcome="fail",
        description=(
            "Legal: changes requested, legal.one@example.test, 2026-01-12 10:00 UTC. Claim 3 needs a source"
        ),
        origin="task:task-legal",
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("approved", "pass"),
        ("rejected", "fail"),
        ("changes_requested", "fail"),
        ("noted", "warning"),
        ("", "warning"),
    ],
)
def test_only_an_approval_passes(answer: str, outcome: str) -> None:
    made = plan(in_review(), process(*reviews(legal=answer)))

    assert checks_of(made) == [("Legal check", outcome, V2)]


def test_a_result_is_given_once() -> None:
    link = after(in_review(), process(*reviews(legal="approved")))

    made = plan(link, process(*reviews(legal="approved", product="approved")))

    assert checks_of(made) == [("Product check", "pass", V2)]


def test_marketers_see_who_is_holding_it() -> None:
    holding = task("product", by="product.two@example.test")

    made = plan(in_review(), process(task("compliance"), task("legal", "approved"), holding))

    assert str(write_of(made).fields["OpenTasks"]).splitlines() == [
        "Compliance · Compliance, nobody yet · due 2026-01-15 09:00",
        "Product · product.two@example.test · due 2026-01-15 09:00",
    ]
    assert "Legal · approved · legal.one@example.test · 2026-01-12 10:00" in str(
        write_of(made).fields["ReviewMatrix"]
    )


# ---- approved, of which version ------------------------------------------------------------------------------------


def test_three_approvals_approve_the_version() -> None:
    made = plan(in_review(), ALL_APPROVED)

    assert write_of(made).fields == {
        "ReviewState": "Approved",
        "ApprovalState": "Approved",
        "ApprovedVersion": V2,
        "ApprovedVersionNumber": "2",
        "ApprovedOn": "2026-01-12T11:00:00Z",
        "Approver": "compliance.one@example.test; legal.one@example.test; product.one@example.test",
        "Message": "Version 2: Approved, revision 1",
        "ReviewDue": "",
        "ReviewMatrix": lines(
            "Revision 1 · version 2 · approved · times in UTC",
            "Compliance · approved · compliance.one@example.test · 2026-01-12 10:00",
            "Legal · approved · legal.one@example.test · 2026-01-12 10:00",
            "Product · approved · product.one@example.test · 2026-01-12 10:00",
        ),
    }
    assert made.urgency is Urgency.EXPRESS


def test_an_approval_leaves_only_while_its_version_is_the_latest_and_the_claims_are_those_reviewed() -> None:
    assert write_of(plan(in_review(), ALL_APPROVED)).expects == {
        "ReviewState": "For review",
        "fileVersion": V2,
        "Claims": "Half the sugar",
    }


def test_a_decision_against_is_held_to_its_version_too() -> None:
    assert write_of(plan(in_review(), consolidated("rejected"))).expects == {
        "ReviewState": "For review",
        "fileVersion": V2,
    }


def test_an_approval_of_an_older_version_never_reads_as_approved_and_a_new_round_begins() -> None:
    link = in_review()

    made = plan(link, shown(link, latest=V3), ALL_APPROVED)

    fields = write_of(made).fields
    assert fields["ApprovalState"] == "Approved (older version)"
    assert (fields["ApprovedVersion"], fields["ApprovedVersionNumber"]) == (V2, "2")
    assert "ReviewState" not in fields
    assert fields["Message"] == ("Version 2: Approved, revision 1. Version 3 was not reviewed: a new round begins.")
    assert [each.type for each in made.follow_ups] == [facts.RESTART]
    assert checks_of(made) == [
        ("Compliance check", "pass", V2),
        ("Legal check", "pass", V2),
        ("Product check", "pass", V2),
    ]
    (row,) = made.changes.processes
    assert (row.state, row.ended_by, row.outcome) == (ProcessState.ENDED, EndedBy.THEM, "approved_older")
    assert [notice.code for notice in made.changes.notices] == ["approved_older_version"]


def too_late() -> Link:
    link = in_review()
    return after(link, shown(link, latest=V3), ALL_APPROVED)


@pytest.mark.parametrize("kind", [facts.RESTART, "aprimo.record.updated"])
def test_the_new_round_is_about_the_new_version_and_the_older_approval_stays_what_it_was(kind: str) -> None:
    made = plan(too_late(), shown(too_late(), latest=V3), what=event(kind=kind))

    assert made.commands[0].target() == f"process:{event().subject}"
    fields = write_of(made).fields
    assert "ApprovalState" not in fields
    assert "ApprovedVersion" not in fields
    assert too_late().agreed_value("approval") == "Approved (older version)"


def test_an_approval_of_other_claims_approves_nothing() -> None:
    link = in_review()

    made = plan(link, shown(link, claims="No sugar"), ALL_APPROVED)

    fields = write_of(made).fields
    assert {"ReviewState", "ApprovalState", "ApprovedVersion"}.isdisjoint(fields)
    assert [each.type for each in made.follow_ups] == [facts.RESTART]


def test_a_rejection_of_an_older_version_is_not_the_new_ones() -> None:
    link = in_review()

    made = plan(link, shown(link, latest=V3), consolidated("rejected"))

    assert {"ReviewState", "ApprovalState"}.isdisjoint(write_of(made).fields)
    assert [each.type for each in made.follow_ups] == [facts.RESTART]


def approved() -> Link:
    return after(in_review(), ALL_APPROVED)


def test_a_version_that_comes_after_the_approval_makes_it_that_of_an_older_version() -> None:
    link = approved()

    made = plan(link, shown(link, "approved", latest=V3))

    assert write_of(made).fields == {
        "ReviewState": "Approved (older version)",
        "ApprovalState": "Approved (older version)",
        "Message": "Version 2 was approved, version 3 was not reviewed. Put it up for review again.",
    }
    (notice,) = made.changes.notices
    assert (notice.code, notice.person) == ("approved_older_version", "Owner One")


def test_that_is_said_once() -> None:
    link = approved()
    link = after(link, shown(link, "approved", latest=V3))

    made = plan(link, shown(link, "approved_older", latest=V3))

    assert (made.reason, made.commands) == ("unchanged", ())


def test_a_new_round_about_the_approved_version_takes_the_approval_back() -> None:
    link = approved()

    fields = write_of(plan(link, shown(link, "submitted"))).fields

    assert (fields["ApprovalState"], fields["ApprovedVersion"], fields["Approver"]) == ("In review", "", "")


def test_an_approved_record_stays_approved() -> None:
    link = approved()

    assert plan(link, shown(link, "approved")).reason == "unchanged"


# ---- nothing else approves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("answer", ["rejected", "changes_requested", "noted", ""])
def test_without_the_approval_of_everybody_nothing_is_approved(role: str, answer: str) -> None:
    tasks = (*reviews("approved", **{role: answer}), task("consolidate", "approved"))

    made = plan(in_review(), process(*tasks, ended=END, at=MUCH_LATER))

    assert {"ReviewState", "ApprovalState", "ApprovedVersion"}.isdisjoint(write_of(made).fields)
    assert "decision_unknown" in {notice.code for notice in made.changes.notices}


@pytest.mark.parametrize("missing", ROLES)
def test_a_review_that_history_never_shows_approves_nothing(missing: str) -> None:
    tasks = tuple(each for each in reviews("approved") if each.definition_key != missing)

    made = plan(in_review(), process(*tasks, ended=END, at=MUCH_LATER))

    assert made.changes.state == "unknown"
    assert "ReviewState" not in write_of(made).fields


def test_history_that_lags_is_waited_for() -> None:
    made = plan(in_review(), process(*reviews("approved", legal=None), ended=END, at=END))

    assert (made.reason, made.commands) == ("not_yet", ())


def test_so_is_a_consolidation_that_history_does_not_show_yet() -> None:
    made = plan(in_review(), process(*reviews("approved", legal="rejected"), ended=END, at=END))

    assert (made.reason, made.commands) == ("not_yet", ())


def test_an_answer_that_nobody_named_is_told_with_its_word_and_its_place() -> None:
    made = plan(in_review(), process(*reviews(legal="noted")))

    assert made.changes.notices == (
        Notice(code="unknown_outcome:legal", text="Legal answered 'noted', which the flow's file does not name."),
    )


def test_a_process_that_others_cancel_is_cancelled_and_the_owner_is_told() -> None:
    made = plan(in_review(), process(*reviews(), ended=END, at=END, reason="cleaned up"))

    fields = write_of(made).fields
    assert (fields["ReviewState"], fields["ApprovalState"]) == ("Cancelled", "Cancelled")
    (notice,) = made.changes.notices
    assert (notice.code, notice.person) == ("cancelled_in_opentext", "Owner One")


def test_our_own_end_is_never_read_as_their_cancellation() -> None:
    ours = process(*reviews(), ended=END, at=END, reason="Withdrawn in Aprimo (Signoff)")

    assert plan(in_review(), ours).commands == ()


def test_an_approval_set_by_hand_is_put_back() -> None:
    link = in_review()

    made = plan(link, shown(link, "approved", approval="Approved"))

    assert write_of(made).fields == {"ReviewState": "For review", "ApprovalState": "In review"}


# ---- changes requested ---------------------------------------------------------------------------------------------


def test_the_consolidator_finds_the_collected_feedback() -> None:
    made = plan(in_review(), consolidated(None, ended=False))

    kept = [command for command in made.commands if isinstance(command, SetVariables)]
    assert kept == [
        SetVariables(instance_id=INSTANCE, variables={"feedback": "Legal: changes requested. Claim 3 needs a source"})
    ]


def test_what_the_consolidator_wrote_is_left_alone() -> None:
    made = plan(in_review(), consolidated(None, ended=False, feedback="My own words"))

    assert not [command for command in made.commands if isinstance(command, SetVariables)]


def test_the_feedback_grows_with_the_reviews() -> None:
    first = process(*reviews(legal="rejected"))
    link = after(in_review(), first)
    both = process(*reviews(legal="rejected", product="rejected"), feedback="Legal: rejected.")

    made = plan(link, both)

    (kept,) = (command for command in made.commands if isinstance(command, SetVariables))
    assert kept.variables == {"feedback": "Legal: rejected.\nProduct: rejected."}


def revision(description: str = "Feedback on file version 2:  In Aprimo: x") -> TaskRead:
    return task("creative_revision", opened=END, description=description)


def test_a_revision_that_opened_before_the_feedback_was_kept_is_told_of_it() -> None:
    made = plan(in_review(), consolidated("changes_requested", revision(), ended=False))

    told: list[Command] = [command for command in made.commands if isinstance(command, UpdateTask)]
    assert told == [
        UpdateTask(
            task_id="task-creative_revision",
            fields={"description": "Feedback on file version 2: Legal: changes requested. Claim 3 needs a source"},
            expects={"description": "Feedback on file version 2:  In Aprimo: x"},
        )
    ]


def test_a_revision_that_has_the_feedback_is_left_alone() -> None:
    said = "Feedback on file version 2: More light In Aprimo: x"

    made = plan(in_review(), consolidated("changes_requested", revision(said), ended=False, feedback="More light"))

    assert not [command for command in made.commands if isinstance(command, UpdateTask | SetVariables)]


def sent_back() -> Link:
    return after(in_review(), consolidated("changes_requested", revision(), ended=False))


def test_changes_are_shown_as_soon_as_they_are_requested_while_the_revision_is_open() -> None:
    made = plan(in_review(), consolidated("changes_requested", revision(), ended=False))

    write = write_of(made)
    assert (write.fields["ReviewState"], write.fields["ApprovalState"]) == ("Changes requested",) * 2
    assert write.expects == {"ReviewState": "For review", "fileVersion": V2}
    assert "Creative revision · Creative, nobody yet" in str(write.fields["OpenTasks"])
    (notice,) = (each for each in made.changes.notices if each.code == "changes_requested")
    assert notice.person == "Owner One"
    assert notice.text == (
        "Version 2: Changes requested by Legal (legal.one@example.test), revision 1: Claim 3 needs a source"
    )


def test_the_record_stays_where_it_is_until_the_next_version_comes() -> None:
    link = sent_back()

    made = plan(link, shown(link, "changes_requested"))

    assert (made.reason, made.commands) == ("unchanged", ())


def test_the_next_version_re_enters_review_by_itself() -> None:
    link = sent_back()
    ended = after(link, shown(link, "changes_requested", latest=V3))

    made = plan(ended, shown(ended, "changes_requested", latest=V3), what=event(kind=facts.RESTART))

    fields = write_of(made).fields
    assert (fields["ReviewState"], fields["ApprovalState"]) == ("For review", "In review")
    assert (made.changes.revision, made.changes.agreed["submitted_as"].value) == (2, V3)


def test_so_it_does_after_the_revision_was_called_done() -> None:
    done = consolidated("changes_requested", task("creative_revision", "done", opened=END))
    link = after(sent_back(), done)
    assert link.state == "changes_requested"
    assert plan(link, shown(link, "changes_requested")).commands == ()

    made = plan(link, shown(link, "changes_requested", latest=V3))

    assert made.changes.revision == 2


def test_a_record_that_is_put_up_again_as_it_is_gets_a_new_round() -> None:
    link = sent_back()

    made = plan(link, shown(link, "submitted"))

    assert [each.KIND for each in made.commands] == ["ot.end_process"]
    assert [each.type for each in made.follow_ups] == [facts.RESTART, facts.LAST_WORDS]


def test_what_was_decided_in_a_process_that_we_ended_still_reaches_its_version() -> None:
    link = in_review()
    link = after(link, shown(link, latest=V3))
    link = after(link, shown(link, latest=V3), what=event(kind=facts.RESTART), instance="instance-2")
    late = process(*reviews(product="rejected"), ended=END, at=END, reason="Superseded by a new revision (Signoff)")

    made = plan(link, late, what=event(Side.OPENTEXT, facts.LAST_WORDS, data={"instance_id": INSTANCE}))

    assert checks_of(made) == [("Product check", "fail", V2)]
    assert not [command for command in made.commands if isinstance(command, SetRecord)]


# ---- dates ---------------------------------------------------------------------------------------------------------


def test_a_date_typed_in_aprimo_moves_every_open_review() -> None:
    link = after(in_review(), process(*reviews(legal="approved")))

    made = plan(link, shown(link, due="2026-01-20T09:00:00Z"))

    moved = [command for command in made.commands if isinstance(command, UpdateTask)]
    assert [(each.task_id, each.fields, each.expects) for each in moved] == [
        ("task-compliance", {"dueDate": "2026-01-20T09:00:00Z"}, {"dueDate": "2026-01-15T09:00:00Z"}),
        ("task-product", {"dueDate": "2026-01-20T09:00:00Z"}, {"dueDate": "2026-01-15T09:00:00Z"}),
    ]
    assert "ReviewDue" not in write_of(made).fields


def test_the_tasks_are_read_for_it() -> None:
    link = in_review()
    typed = shown(link, due="2026-01-20T09:00:00Z")

    wanted = asset_review.wants(event(), {typed.want: typed}, link, words())

    assert [each.kind for each in wanted] == ["record", "process"]


def test_a_date_moved_in_opentext_is_shown_in_aprimo() -> None:
    link = after(in_review(), process(*reviews()))
    later = task("legal", due=NOW + timedelta(days=6))

    made = plan(link, process(task("compliance"), later, task("product")))

    assert write_of(made).fields["ReviewDue"] == "2026-01-18T09:00:00Z"


def test_where_both_moved_it_the_tasks_win() -> None:
    link = after(in_review(), process(*reviews()))
    later = tuple(replace(each, due_at=NOW + timedelta(days=6)) for each in reviews())

    made = plan(link, shown(link, due="2026-01-20T09:00:00Z"), process(*later))

    assert not [command for command in made.commands if isinstance(command, UpdateTask)]
    assert write_of(made).fields["ReviewDue"] == "2026-01-18T09:00:00Z"


def test_an_overdue_review_is_escalated_once() -> None:
    late = NOW + timedelta(days=4)
    link = after(in_review(), process(*reviews(), at=late))

    assert {row.escalated_at for row in link.reviews} == {late}
    assert plan(link, process(*reviews(), at=late + timedelta(hours=1))).commands == ()


def test_nothing_is_known_of_a_record_that_nobody_submitted() -> None:
    assert plan(no_link(), asset("draft")).reason == "not_submitted"
