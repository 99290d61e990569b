"""Flow 2: what begins a review, what is carried, and what is read for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import EndProcess, SetRecord, SetVariables, StartProcess
from pipeline.flows import asset_review, facts
from pipeline.flows.shared import versions
from pipeline.plan import CommentRead, Link, Plan, Verdict, Wake, Want
from pipeline.words import EndedBy, ProcessState, ReviewState, Side, Urgency, WakeReason
from tests.support.assets import (
    FLOW,
    INSTANCE,
    ITEM_WANT,
    KEY,
    NOTES,
    RECORD,
    V2,
    V3,
    after,
    asset,
    event,
    file_version,
    in_review,
    no_link,
    plan,
    process,
    reviews,
    shown,
    words,
)
from tests.support.briefs import NOW, lines

PROCESS_WANT = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=INSTANCE)
SAID = CommentRead(origin_id="annotation:a1", author="Owner One", text="Darker?", at=NOW)


def start_of(made: Plan) -> StartProcess:
    (start,) = (command for command in made.commands if isinstance(command, StartProcess))
    return start


def write_of(made: Plan) -> SetRecord:
    (write,) = (command for command in made.commands if isinstance(command, SetRecord))
    return write


def test_a_record_that_comes_up_for_review_starts_a_process_about_its_latest_version() -> None:
    start = start_of(plan(no_link(), asset()))

    assert (start.process_key, start.business_key, start.revision) == ("assetReview", KEY, 1)
    carried = {
        "assetTitle": "Hero banner",
        "recordId": RECORD,
        "fileVersionId": V2,
        "fileVersionNumber": "2",
        "sha256": "hash-2",
        "previewLink": "https://preview.example.test/0a1b?signed",
        "campaign": "SPRING-26",
        "product": "Oat drink",
        "claims": "Half the sugar",
        "feedback": "",
    }
    assert carried.items() <= dict(start.variables).items()


def test_the_record_says_that_it_is_in_review_held_to_its_version() -> None:
    write = write_of(plan(no_link(), asset()))

    assert write.expects == {"ReviewState": "For review", "fileVersion": V2}
    assert write.fields == {
        "Case": KEY,
        "ReviewMatrix": lines(
            "Revision 1 · version 2 · in review · times in UTC",
            "Compliance · waiting · due 2026-01-15 09:00",
            "Legal · waiting · due 2026-01-15 09:00",
            "Product · waiting · due 2026-01-15 09:00",
        ),
        "ReviewDue": "2026-01-15T09:00:00Z",
        "ApprovalState": "In review",
        "Message": "Version 2: In review, revision 1",
    }


def test_the_preview_is_never_stored() -> None:
    link = in_review()

    assert "preview" not in repr((link.agreed, link.processes))


def test_all_that_is_missing_is_told_in_one_error() -> None:
    made = plan(no_link(), asset(latest="", name=" "))

    assert (made.verdict, made.reason) == (Verdict.REFUSE, "values_missing")
    assert made.hint == "Fill in: name, master file."


def test_a_record_in_review_begins_nothing_again() -> None:
    link = in_review()

    made = plan(link, shown(link), file_version())

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "unchanged", ())


@pytest.mark.parametrize("state", ["draft", "withdrawn", "approved", "rejected", "changes_requested", ""])
def test_a_record_that_is_not_up_for_review_begins_nothing(state: str) -> None:
    assert plan(no_link(), asset(state)).commands == ()


def test_a_record_of_another_content_type_is_left_alone() -> None:
    made = plan(no_link(), asset(type_id="LocalizedAsset"))

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "not_ours")


# ---- a new version midway ------------------------------------------------------------------------------------------


def test_a_new_version_ends_the_review_of_the_old_one_first() -> None:
    link = in_review()

    made = plan(link, shown(link, latest=V3))

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Superseded by a new revision (Signoff)"),)
    assert [each.type for each in made.follow_ups] == [facts.RESTART, facts.LAST_WORDS]
    (row,) = made.changes.processes
    assert (row.state, row.ended_by, row.outcome) == (ProcessState.ENDED, EndedBy.US, "superseded")
    assert {each.state for each in made.changes.reviews} == {ReviewState.WITHDRAWN}
    assert made.urgency is Urgency.EXPRESS


def superseded() -> Link:
    link = in_review()
    return after(link, shown(link, latest=V3))


def test_then_the_new_version_re_enters_review_as_a_new_revision() -> None:
    made = plan(superseded(), shown(superseded(), latest=V3), what=event(kind=facts.RESTART))

    start = start_of(made)
    assert (start.revision, start.variables["fileVersionId"]) == (2, V3)
    assert str(write_of(made).fields["ReviewMatrix"]).splitlines()[-1] == "Revision 1 · superseded"


def test_it_re_enters_review_even_if_our_own_fact_is_lost() -> None:
    made = plan(superseded(), shown(superseded(), latest=V3))

    assert start_of(made).revision == 2


def test_a_new_version_of_a_record_that_was_taken_back_meanwhile_starts_nothing() -> None:
    made = plan(superseded(), shown(superseded(), "withdrawn", latest=V3), what=event(kind=facts.RESTART))

    assert made.commands == ()


def test_a_material_edit_starts_the_review_again_of_the_same_version() -> None:
    link = in_review()
    ended = after(link, shown(link, claims="No sugar"))

    start = start_of(plan(ended, shown(ended, claims="No sugar"), what=event(kind=facts.RESTART)))

    assert (start.revision, start.variables["fileVersionId"], start.variables["claims"]) == (2, V2, "No sugar")


def test_any_other_edit_travels_into_the_running_process() -> None:
    link = in_review()

    made = plan(link, shown(link, product="Oat drink 1 l"))

    assert made.commands == (SetVariables(instance_id=INSTANCE, variables={"product": "Oat drink 1 l"}),)


def test_a_person_can_ask_for_a_new_round() -> None:
    link = in_review()

    made = plan(link, shown(link), what=event(kind=facts.RESTART))

    assert [each.KIND for each in made.commands] == ["ot.end_process"]


def test_a_start_that_is_not_settled_is_the_same_start_again() -> None:
    made = plan(no_link(), asset())
    link = replace(no_link(), processes=made.changes.processes)

    again = plan(link, asset())

    assert start_of(again).revision == 1


def test_a_version_that_came_before_the_start_was_settled_begins_its_own() -> None:
    made = plan(no_link(), asset())
    link = replace(no_link(), processes=made.changes.processes)

    again = plan(link, asset(latest=V3))

    assert (again.commands, [each.type for each in again.follow_ups]) == ((), [facts.RESTART])


# ---- withdrawn, deleted --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["withdrawn", "draft"])
def test_a_record_that_is_taken_back_ends_the_process_and_decides_nothing(state: str) -> None:
    link = in_review()

    made = plan(link, shown(link, state))

    assert made.commands[0] == EndProcess(instance_id=INSTANCE, reason="Withdrawn in Aprimo (Signoff)")
    fields = write_of(made).fields
    assert (fields["ApprovalState"], fields["Message"]) == (
        "",
        "Version 2: Withdrawn, the approval of revision 1 was ended",
    )
    assert "ReviewState" not in fields


def test_a_deleted_record_ends_its_process() -> None:
    gone = replace(asset(), is_absent=True, values={}, wire={})

    made = plan(in_review(), gone, what=event(kind="aprimo.record.deleted"))

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Deleted in Aprimo (Signoff)"),)


def test_a_state_nobody_named_decides_nothing_and_is_told() -> None:
    link = in_review()

    made = plan(link, shown(link, ""))

    assert (made.commands, made.reason) == ((), "unknown_state")
    assert [notice.code for notice in made.changes.notices] == ["unknown_state"]


# ---- what is read --------------------------------------------------------------------------------------------------


def test_where_a_review_begins_what_is_said_of_the_version_is_read_too() -> None:
    first = asset_review.wants(event(), {}, None, words())
    more = asset_review.wants(event(), {ITEM_WANT: asset()}, None, words())

    assert (first, more) == ((ITEM_WANT,), (ITEM_WANT, versions.want(FLOW, V2)))


def test_while_it_runs_a_look_at_aprimo_reads_the_record_only() -> None:
    link = in_review()

    assert asset_review.wants(event(), {ITEM_WANT: shown(link)}, link, words()) == (ITEM_WANT,)


def test_of_a_record_that_is_not_in_review_no_more_is_read() -> None:
    assert asset_review.wants(event(), {ITEM_WANT: asset("approved")}, None, words()) == (ITEM_WANT,)


def test_a_look_at_opentext_reads_the_process_only() -> None:
    assert asset_review.wants(event(Side.OPENTEXT), {}, in_review(), words()) == (PROCESS_WANT,)


def test_nothing_is_read_for_the_notes_line() -> None:
    assert asset_review.wants(event(line_key=NOTES), {}, in_review(), words()) == ()


def test_what_must_agree_is_said_in_the_flows_own_words() -> None:
    start = start_of(plan(no_link(), asset()))

    for each in asset_review.AGREES:
        assert each.states <= set(asset_review.STATES)
        assert each.equal.keys() <= words().fields.keys()
        assert set(each.equal.values()) <= start.variables.keys()


# ---- remarks -------------------------------------------------------------------------------------------------------

LISTEN = event(Side.OPENTEXT, facts.DUE, data={"reason": WakeReason.REMARKS})


def test_while_a_review_runs_the_timetable_looks_for_annotations() -> None:
    link = in_review()

    assert (link.wake_at, link.wake_reason) == (NOW + timedelta(minutes=10), WakeReason.REMARKS)
    assert asset_review.wants(LISTEN, {}, link, words()) == (versions.want(FLOW, V2),)


def test_an_annotation_travels_to_the_notes_line_and_the_next_look_is_set() -> None:
    later = NOW + timedelta(minutes=10)

    made = plan(in_review(), file_version(SAID, at=later), what=LISTEN)

    assert (made.verdict, made.reason, made.changes.wake) == (
        Verdict.IGNORE,
        "not_yet",
        Wake(at=later + timedelta(minutes=10), reason=WakeReason.REMARKS),
    )
    (fact,) = made.follow_ups
    assert (fact.line_key, fact.type, fact.data) == (
        NOTES,
        facts.COMMENT,
        {"remarks": [{"origin_id": "annotation:a1", "author": "Owner One", "text": "Darker?"}]},
    )


def test_an_overdue_review_comes_before_the_next_look_for_annotations() -> None:
    link, at = in_review(), NOW + timedelta(days=2, hours=23, minutes=55)

    made = plan(link, process(*reviews(), at=at))

    assert made.changes.wake == Wake(at=NOW + timedelta(days=3, seconds=1), reason=WakeReason.REVIEW_DUE)


def test_nobody_listens_once_no_process_lives() -> None:
    made = plan(no_link(), what=LISTEN)

    assert (made.reason, made.changes.wake) == ("no_live_process", Wake(at=None))


def test_remarks_typed_and_annotated_travel_together_at_the_start() -> None:
    made = plan(no_link(), asset(remark="Please hurry"), file_version(SAID))

    (fact,) = made.follow_ups
    told = fact.data["remarks"]
    assert isinstance(told, list)
    assert [each["text"] for each in told if isinstance(each, dict)] == ["Please hurry", "Darker?"]
