"""Flow 1: the decision, and that nothing else is ever taken for an approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import ProjectVerb, SetFields
from pipeline.plan import Link, Notice, Plan, Verdict, Wake
from pipeline.words import EndedBy, ProcessState, ReviewState, Side, Urgency
from tests.support.briefs import (
    NOW,
    all_tasks,
    applied,
    brief,
    decided_at_once,
    ended_row,
    event,
    in_approval,
    lines,
    plan,
    process,
    reviewed,
    shown,
    task,
)

END = NOW + timedelta(hours=2)
LATER = END + timedelta(minutes=10)
"""When history has had all the time it may need."""
APPROVED = process(*all_tasks("approved"), ended=END, at=END)


def write_of(made: Plan) -> SetFields:
    (write,) = (command for command in made.commands if isinstance(command, SetFields))
    return write


def test_all_approved_moves_the_brief_on() -> None:
    made = plan(in_approval(), APPROVED)

    assert made.commands == (
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={
                "activityStateId": 3,
                "extrAttr306": lines(
                    "Revision 1 · approved · times in UTC",
                    "Brand · approved · brand.one@example.test · 2026-01-12 10:00",
                    "Legal · approved · legal.one@example.test · 2026-01-12 10:00",
                    "Finance · approved · finance.one@example.test · 2026-01-12 10:00",
                    "Regional DACH · approved · regional.one@example.test · 2026-01-12 10:00",
                    "Regional Nordics · approved · regional.one@example.test · 2026-01-12 10:00",
                ),
                "extrAttr307": "approved",
                "extrAttr308": "Approved, revision 1",
                "extrAttr311": "approved",
                "extrAttr312": "approved",
                "extrAttr313": "approved",
                "extrAttr315": "2026-01-12T11:00:00Z",
            },
            expects={
                "activityStateId": 2,
                "name": "Spring launch",
                "extrAttr302": "12000.00",
                "currencyCode": "EUR",
                "extrAttr303": "Families",
                "extrAttr304": ["Outdoor", "Social"],
                "extrAttr305": ["DACH", "Nordics"],
            },
        ),
    )


def test_a_decision_is_express() -> None:
    assert plan(in_approval(), APPROVED).urgency is Urgency.EXPRESS


def test_a_decision_ends_the_process_row_and_the_wake() -> None:
    changes = plan(in_approval(), APPROVED).changes

    (row,) = changes.processes
    assert (row.state, row.ended_by, row.outcome) == (ProcessState.ENDED, EndedBy.THEM, "approved")
    assert changes.wake == Wake(at=None)
    assert changes.state == "approved"
    assert changes.agreed["submitted"].value is False
    assert changes.agreed["state"].value == "in_production"


def test_the_project_of_an_approved_brief_starts_after_the_write() -> None:
    made = plan(in_approval(project="7001"), APPROVED)

    assert [command.KIND for command in made.commands] == ["pm.set_fields", "pm.project_verb"]
    assert made.commands[1] == ProjectVerb(verb="start", project_id=7001, revision=1)


@pytest.mark.parametrize("named", ["", "the spring project", "-7"])
def test_a_project_that_is_no_id_is_not_started(named: str) -> None:
    made = plan(in_approval(project=named), APPROVED)

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]


def test_a_rejection_ends_the_rest_as_not_needed() -> None:
    tasks = (
        task("brand", "approved"),
        task("legal", "rejected", comment="No licence for the music"),
        task("finance", gone="boundary event"),
        task("regional", gone="boundary event", part="DACH"),
        task("regional", gone="boundary event", part="Nordics"),
    )

    made = plan(in_approval(), process(*tasks, ended=END, at=END))

    write = write_of(made)
    assert write.fields["activityStateId"] == 4
    assert write.fields["extrAttr307"] == "rejected"
    assert write.fields["extrAttr308"] == (
        "Rejected by Legal (legal.one@example.test), revision 1: No licence for the music"
    )
    assert write.fields["extrAttr313"] == "not needed"
    assert str(write.fields["extrAttr306"]).splitlines()[2:] == [
        "Legal · rejected · legal.one@example.test · 2026-01-12 10:00 · No licence for the music",
        "Finance · not needed",
        "Regional DACH · not needed",
        "Regional Nordics · not needed",
    ]


def test_changes_requested_sends_it_back_to_the_requester() -> None:
    tasks = decided_at_once("changes_requested")

    made = plan(in_approval(), process(*tasks, ended=END, at=END))

    message = "Changes requested by Brand (brand.one@example.test), revision 1"
    assert write_of(made).fields["activityStateId"] == 5
    assert made.changes.agreed["submitted"].value is False
    assert made.changes.notices == (
        Notice(code="changes_requested", text=message, person="requester.one@example.test"),
    )


def test_a_resubmission_is_a_new_revision_and_the_old_one_stays_visible() -> None:
    tasks = decided_at_once("changes_requested")
    link = reviewed(in_approval(), process(*tasks, ended=END, at=END))

    made = plan(link, shown(link, "submitted", at=END + timedelta(hours=1)))

    assert [command.KIND for command in made.commands] == ["ot.start_process", "pm.set_fields"]
    assert made.changes.revision == 2
    lines = str(write_of(made).fields["extrAttr306"]).splitlines()
    assert lines[0] == "Revision 2 · in approval · times in UTC"
    assert lines[-1] == "Revision 1 · changes requested · Brand · 2026-01-12 10:00"


def test_the_look_after_a_decision_writes_nothing() -> None:
    link = reviewed(in_approval(), APPROVED)

    made = plan(link, shown(link, "in_production", at=END))

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "unchanged", ())


def test_the_first_decision_against_it_counts() -> None:
    tasks = (
        task("brand", "changes_requested", ended=NOW + timedelta(minutes=50)),
        task("legal", "rejected", ended=NOW + timedelta(minutes=40)),
        *all_tasks("approved")[2:],
    )

    made = plan(in_approval(), process(*tasks, ended=END, at=END))

    assert write_of(made).fields["extrAttr307"] == "rejected"


def is_unknown(made: Plan) -> bool:
    """Whether nothing was decided: no state written, and the operators told."""
    write = write_of(made)
    is_told = [notice.code for notice in made.changes.notices][:1] == ["decision_unknown"]
    return "activityStateId" not in write.fields and write.fields["extrAttr307"] == "unknown" and is_told


def test_an_end_without_the_approval_of_a_region_approves_nothing() -> None:
    made = plan(in_approval(), process(*all_tasks("approved")[:-1], ended=END, at=LATER))

    assert is_unknown(made)
    assert made.changes.agreed.keys().isdisjoint({"state", "submitted"})


def test_a_region_that_only_the_process_knows_must_approve_too() -> None:
    wider = process(*all_tasks("approved"), ended=END, at=LATER, variables={"regions": ["DACH", "Nordics", "UK"]})

    assert is_unknown(plan(in_approval(), wider))


def test_a_region_that_the_process_lost_must_still_approve() -> None:
    narrower = process(*all_tasks("approved")[:-1], ended=END, at=LATER, variables={"regions": ["DACH"]})

    assert is_unknown(plan(in_approval(), narrower))


def test_an_end_with_an_unknown_answer_approves_nothing() -> None:
    tasks = (task("brand", "rubber_stamped"), *all_tasks("approved")[1:])

    assert is_unknown(plan(in_approval(), process(*tasks, ended=END, at=LATER)))


def test_an_end_without_any_task_approves_nothing() -> None:
    assert is_unknown(plan(in_approval(), process(ended=END, at=LATER)))


def test_an_approval_whose_task_was_taken_away_is_none() -> None:
    taken = replace(task("brand", "approved"), delete_reason="deleted")

    assert is_unknown(plan(in_approval(), process(taken, *all_tasks("approved")[1:], ended=END, at=LATER)))


def test_after_an_unknown_decision_nothing_restarts_by_itself() -> None:
    link = reviewed(in_approval(), process(ended=END, at=LATER))

    made = plan(link, shown(link))

    assert (made.reason, made.commands) == ("unchanged", ())


def test_after_an_unknown_decision_a_changed_submission_is_a_new_revision() -> None:
    link = reviewed(in_approval(), process(ended=END, at=LATER))

    made = plan(link, shown(link, budget="9000.00"))

    assert [command.KIND for command in made.commands] == ["ot.start_process", "pm.set_fields"]


def test_a_process_deleted_by_others_cancels_the_brief_and_approves_nothing() -> None:
    link = reviewed(in_approval(), process(*all_tasks()))
    gone = tuple(replace(each, ended_at=END, delete_reason="wrong brief") for each in all_tasks())

    made = plan(link, process(*gone, ended=END, reason="wrong brief", at=END))

    write = write_of(made)
    message = "Cancelled in OpenText (wrong brief), revision 1. Nothing was approved."
    assert write.fields["activityStateId"] == 7
    assert write.fields["extrAttr307"] == "cancelled"
    assert write.fields["extrAttr308"] == message
    assert made.changes.notices == (
        Notice(code="cancelled_in_opentext", text=message, person="requester.one@example.test"),
    )
    assert {row.state for row in made.changes.reviews} == {ReviewState.NOT_NEEDED}


def test_a_deleted_process_is_cancelled_even_when_all_had_approved() -> None:
    made = plan(in_approval(), process(*all_tasks("approved"), ended=END, reason="cleaned up"))

    assert write_of(made).fields["activityStateId"] == 7


def test_an_approval_that_finds_the_brief_withdrawn_decides_nothing() -> None:
    made = both(in_approval(), "withdrawn")

    write = write_of(made)
    assert [command.KIND for command in made.commands] == ["pm.set_fields"]
    assert "activityStateId" not in write.fields
    assert write.fields["extrAttr308"] == "Withdrawn, the approval of revision 1 was ended"
    assert made.changes.processes[0].outcome == "withdrawn"


def test_an_approval_that_finds_the_budget_changed_goes_back_to_draft() -> None:
    made = both(in_approval(), "submitted", budget="90000.00")

    assert write_of(made).fields["activityStateId"] == 1
    assert made.changes.processes[0].outcome == "edited"


def test_an_approval_read_with_an_unchanged_brief_expects_its_state_and_what_was_read_of_it() -> None:
    assert write_of(both(in_approval(), "submitted")).expects == {
        "activityStateId": 2,
        "name": "Spring launch",
        "extrAttr302": "12000.00",
        "currencyCode": "EUR",
        "extrAttr303": "Families",
        "extrAttr304": ["Outdoor", "Social"],
        "extrAttr305": ["DACH", "Nordics"],
    }


def test_an_approval_overrules_a_decision_set_by_hand() -> None:
    write = write_of(both(in_approval(), "rejected"))

    assert write.fields["activityStateId"] == 3
    assert write.expects["activityStateId"] == 4


def test_a_decision_waits_while_the_brief_is_in_a_state_nobody_named() -> None:
    made = both(in_approval(), "")

    write = write_of(made)
    assert "activityStateId" not in write.fields
    assert "extrAttr307" not in write.fields
    assert made.changes.state == "decision_waits"
    assert made.changes.processes == ()


def test_the_decision_is_written_when_the_brief_is_submitted_again_as_it_was() -> None:
    link = applied(in_approval(), both(in_approval(), "").changes)

    made = both(link, "submitted", what_side=Side.APRIMO)

    assert write_of(made).fields["activityStateId"] == 3


def test_our_own_end_is_no_cancellation_of_theirs() -> None:
    ours = process(*all_tasks(), ended=END, reason="Withdrawn in Aprimo (Signoff)")

    made = plan(in_approval(), ours)

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "own_end", ())
    assert made.changes.processes[0].ended_by is EndedBy.US
    assert [(each.type, each.side) for each in made.follow_ups] == [("signoff.look", Side.APRIMO)]


def test_what_an_ended_process_still_tells_is_ignored() -> None:
    link = reviewed(in_approval(), APPROVED)

    made = plan(link, APPROVED)

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "older_process", ())


def test_the_row_of_a_decided_process_names_its_instance() -> None:
    assert ended_row(reviewed(in_approval(), APPROVED)).instance_id == "instance-1"


def both(link: Link, state: str, *, what_side: Side = Side.OPENTEXT, **values: str) -> Plan:
    """A plan with both sides read: all approved in OpenText, the brief in a state."""
    item = shown(link, state, at=END, **values) if state else replace(shown(link, at=END), values=brief("").values)
    return plan(link, item, APPROVED, what=event(what_side, stale_count=1))


def test_an_end_whose_history_is_not_whole_yet_decides_nothing_and_is_looked_at_again() -> None:
    made = plan(in_approval(), process(*all_tasks("approved")[:-1], ended=END, at=END))

    assert (made.reason, made.commands, made.changes.processes) == ("not_yet", (), ())
    assert made.changes.wake == Wake(at=END + timedelta(seconds=10), reason="history")


def test_a_rejection_does_not_wait_for_the_rest_of_its_history() -> None:
    rejected = (*all_tasks("rejected")[:1], *all_tasks()[1:])

    made = plan(in_approval(), process(*rejected, ended=END, at=END))

    assert made.changes.processes[0].outcome == "rejected"
