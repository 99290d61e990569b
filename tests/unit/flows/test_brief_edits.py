"""Flow 1: what happens to edits, those of Aprimo's fields and those on the wrong side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import EndProcess, SetFields, SetVariables
from pipeline.differences import Cause
from pipeline.flows.tenant import Policy
from pipeline.plan import FoundDifference, Link, Notice, Verdict, Wake
from pipeline.words import EndedBy, JsonValue, ProcessState, ReviewState, Urgency
from tests.support.briefs import (
    INSTANCE,
    NOW,
    all_tasks,
    applied,
    brief,
    in_approval,
    lines,
    no_link,
    plan,
    process,
    reviewed,
    shown,
    task,
    words,
)

LATER = NOW + timedelta(hours=2)


def test_a_material_edit_ends_the_process_and_sends_the_brief_back_to_draft() -> None:
    link = reviewed(in_approval(), process(task("brand", "approved"), *all_tasks()[1:]))

    made = plan(link, shown(link, budget="90000.00", regions=["DACH"]))

    message = "Edited while in approval (budget, regions): revision 1 was ended. Submit again for a new approval."
    assert made.commands == (
        EndProcess(instance_id=INSTANCE, reason="Edited in Aprimo: budget, regions (Signoff)"),
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={
                "activityStateId": 1,
                "extrAttr306": lines(
                    "Revision 1 · edited · times in UTC",
                    "Brand · approved · brand.one@example.test · 2026-01-12 10:00",
                    "Legal · withdrawn",
                    "Finance · withdrawn",
                    "Regional DACH · withdrawn",
                    "Regional Nordics · withdrawn",
                ),
                "extrAttr308": message,
                "extrAttr312": "withdrawn",
                "extrAttr313": "withdrawn",
            },
            expects={"activityStateId": 2},
        ),
    )
    assert made.urgency is Urgency.EXPRESS
    assert made.changes.notices == (
        Notice(code="edited_in_approval", text=message, person="requester.one@example.test"),
    )


def test_a_material_edit_closes_the_row_as_ended_by_us() -> None:
    changes = plan(in_approval(), brief(name="Summer launch")).changes

    (row,) = changes.processes
    assert (row.state, row.ended_by, row.outcome) == (ProcessState.ENDED, EndedBy.US, "edited")
    assert {each.state for each in changes.reviews} == {ReviewState.WITHDRAWN}
    assert changes.agreed["submitted"].value is False
    assert changes.agreed["state"].value == "draft"
    assert changes.wake == Wake(at=None)


def test_an_edited_brief_that_is_submitted_again_is_a_new_revision() -> None:
    link = applied(in_approval(), plan(in_approval(), brief(budget="90000.00")).changes)

    made = plan(link, shown(link, budget="90000.00"))

    assert [command.KIND for command in made.commands] == ["ot.start_process", "pm.set_fields"]
    assert made.changes.revision == 2


def test_an_immaterial_edit_travels_into_the_running_process() -> None:
    link = in_approval()

    made = plan(link, shown(link, description="Outdoor only", end="2026-06-30T00:00:00Z"))

    assert made.commands == (
        SetVariables(
            instance_id=INSTANCE,
            variables={"briefDescription": "Outdoor only", "endDate": "2026-06-30T00:00:00Z"},
        ),
    )
    assert made.changes.agreed["description"].value == "Outdoor only"


def test_an_immaterial_edit_travels_once() -> None:
    link = in_approval()
    edited = shown(link, description="Outdoor only")

    made = plan(applied(link, plan(link, edited).changes), edited)

    assert (made.reason, made.commands) == ("unchanged", ())


def test_an_edit_that_no_variable_carries_is_agreed_and_sends_nothing() -> None:
    link = in_approval()

    made = plan(link, shown(link, project="7001"))

    assert (made.verdict, made.commands) == (Verdict.IGNORE, ())
    assert made.changes.agreed["project"].value == "7001"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget", "12000"),
        ("regions", ["Nordics", "DACH"]),
        ("begin", "2026-03-01T01:00:00+01:00"),
        ("name", " Spring launch\r\n"),
        ("owner", {"id": 88, "email": "renamed@example.test", "name": "Married Name"}),
    ],
)
def test_another_rendering_of_the_same_value_is_no_edit(name: str, value: JsonValue) -> None:
    link = in_approval()

    made = plan(link, shown(link, **{name: value}))

    assert (made.reason, made.commands) == ("unchanged", ())


def test_an_edit_of_a_draft_is_nobodys_business() -> None:
    link = applied(in_approval(), plan(in_approval(), brief("draft")).changes)

    made = plan(link, shown(link, "draft", budget="1.00"))

    assert (made.reason, made.commands) == ("not_submitted", ())


# ---- on the wrong side ---------------------------------------------------------------------------------------------


def test_a_hand_edited_matrix_is_put_back_whole() -> None:
    link = in_approval()

    made = plan(link, shown(link, matrix="Legal said yes on the phone"))

    assert made.commands == (
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={"extrAttr306": link.agreed_value("matrix")},
            expects={"activityStateId": 2},
        ),
    )


def test_all_hand_edits_are_put_back_in_one_write() -> None:
    link = in_approval()

    made = plan(link, shown(link, matrix="x", decision="approved", message="All fine", brand_state="approved"))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields == {
        "extrAttr306": link.agreed_value("matrix"),
        "extrAttr307": "",
        "extrAttr308": "In approval, revision 1",
        "extrAttr311": "waiting",
    }


def test_the_same_hand_edit_again_goes_to_a_person() -> None:
    link = in_approval()
    edited = shown(link, matrix="cut o")
    link = applied(link, plan(link, edited).changes)

    made = plan(link, edited)

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "hand_edit_kept", ())
    (difference,) = made.changes.differences
    assert (difference.field, difference.theirs, difference.policy) == ("matrix", "cut o", Policy.AUTOMATIC)


def test_another_hand_edit_is_put_back_too() -> None:
    link = in_approval()
    link = applied(link, plan(link, shown(link, matrix="first")).changes)

    made = plan(link, shown(link, matrix="second"))

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]


def test_a_decision_set_by_hand_while_in_approval_is_put_back_to_submitted() -> None:
    link = in_approval()

    made = plan(link, shown(link, "in_production"))

    assert made.commands == (
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={"activityStateId": 2},
            expects={"activityStateId": 3},
        ),
    )
    assert made.changes.processes == ()


def test_a_decision_set_by_hand_is_only_proposed_to_be_put_back_where_the_policy_says_so() -> None:
    link = in_approval()

    made = plan(link, shown(link, "rejected"), by=words(policies={"state": Policy.PROPOSE}))

    assert (made.reason, made.commands) == ("hand_edit_kept", ())
    assert made.changes.differences == (
        FoundDifference(
            field="state", ours="submitted", theirs="rejected", cause="edited_in_aprimo", policy="propose"
        ),
    )
    assert [notice.code for notice in made.changes.notices] == ["edited_on_wrong_side:state"]


def test_a_hand_edit_that_is_never_put_back_is_told_and_nothing_more() -> None:
    link = in_approval()

    made = plan(link, shown(link, "rejected"), by=words(policies={"state": Policy.NEVER}))

    assert (made.reason, made.commands, made.changes.differences) == ("hand_edit_kept", (), ())
    assert made.changes.notices == (
        Notice(
            code="edited_on_wrong_side:state",
            text="The field state was edited in Aprimo, but OpenText owns it.",
        ),
    )


def test_a_rejected_brief_set_in_production_by_hand_is_put_back() -> None:
    tasks = (
        task("brand", "rejected"),
        *(replace(each, ended_at=each.opened_at, delete_reason="x") for each in all_tasks()[1:]),
    )
    link = reviewed(in_approval(), process(*tasks, ended=tasks[0].ended_at))

    made = plan(link, shown(link, "in_production"))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields == {"activityStateId": 4}


def approved() -> Link:
    """The link of a brief that everybody has approved."""
    return reviewed(in_approval(), process(*all_tasks("approved"), ended=LATER, at=LATER))


def test_an_approved_brief_that_is_rejected_by_hand_is_approved_again_only_as_it_was_submitted() -> None:
    link = approved()

    made = plan(link, shown(link, "rejected"))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert (write.fields, write.expects["extrAttr302"]) == ({"activityStateId": 3}, "12000.00")


def test_an_approval_is_not_put_back_onto_what_nobody_has_approved() -> None:
    link = approved()

    made = plan(link, shown(link, "rejected", budget="50000.00"))

    assert not any(isinstance(each, SetFields) and "activityStateId" in each.fields for each in made.commands)
    (difference,) = made.changes.differences
    assert (difference.field, difference.ours, difference.policy) == ("state", "in_production", "propose")
    (text,) = [notice.text for notice in made.changes.notices if notice.code.endswith(":state")]
    assert text.endswith("What was approved has changed since, so the approval is not put back.")


def test_what_a_robot_edited_is_put_back_or_not_as_the_file_says_of_robots() -> None:
    link = in_approval()
    robot: dict[str, JsonValue] = {"id": 77, "email": "robot@example.test"}
    by = words(automations=frozenset({"Robot@example.test"}), heals={Cause.EDITED_BY_AUTOMATION: Policy.PROPOSE})

    of_robot = plan(link, shown(link, matrix="Theirs", editor=robot), by=by)
    of_person = plan(link, shown(link, matrix="Theirs"), by=by)

    assert [(each.cause, each.policy) for each in of_robot.changes.differences] == [
        ("edited_by_automation", "propose")
    ]
    assert (of_robot.commands, len(of_person.commands)) == ((), 1)


def test_a_withdrawn_brief_set_in_production_by_hand_is_told_because_withdrawing_is_not_ours() -> None:
    link = applied(in_approval(), plan(in_approval(), brief("withdrawn")).changes)

    made = plan(link, shown(link, "in_production"))

    assert (made.reason, made.commands) == ("hand_edit_kept", ())
    assert [each.field for each in made.changes.differences] == ["state"]


def test_news_overwrites_a_hand_edit_without_a_word() -> None:
    link = in_approval()

    made = plan(
        link,
        shown(link, matrix="scribble"),
        process(task("brand", "approved"), *all_tasks()[1:]),
    )

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert "Brand · approved" in str(write.fields["extrAttr306"])
    assert made.changes.differences == ()


def test_what_stood_in_our_fields_before_the_first_submission_is_overwritten() -> None:
    made = plan(no_link(), brief(matrix="old notes", decision="approved"))

    write = made.commands[1]
    assert isinstance(write, SetFields)
    assert str(write.fields["extrAttr306"]).startswith("Revision 1")
    assert write.fields["extrAttr307"] == ""


def test_a_field_the_tenant_does_not_show_is_never_written() -> None:
    known = words()
    without = words(
        fields={name: word for name, word in known.fields.items() if name not in {"case", "legal_state", "comments"}},
        stakeholders=tuple(replace(each, state_field="") for each in known.stakeholders),
    )

    made = plan(no_link(), brief(), by=without)

    write = made.commands[1]
    assert isinstance(write, SetFields)
    assert sorted(write.fields) == ["extrAttr306", "extrAttr308"]
