"""Flow 1: withdrawn, deleted, hidden, and processes that outlive their row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import EndProcess, SetFields
from pipeline.flows import campaign_brief
from pipeline.plan import Verdict, Wake
from pipeline.words import EndedBy, ProcessState, ReviewState, Side, Urgency
from tests.support.briefs import (
    INSTANCE,
    NOW,
    all_tasks,
    applied,
    brief,
    event,
    in_approval,
    lines,
    no_brief,
    no_link,
    plan,
    process,
    reviewed,
    shown,
    task,
    words,
)

DELETED = event(kind="aprimo.activity.deleted")


@pytest.mark.parametrize(("state", "state_id"), [("draft", 1), ("withdrawn", 6)])
def test_a_withdrawn_brief_ends_its_process_and_says_so_unless_it_was_submitted_again(
    state: str, state_id: int
) -> None:
    link = reviewed(in_approval(), process(task("brand", "approved"), *all_tasks()[1:]))

    made = plan(link, shown(link, state))

    assert made.commands == (
        EndProcess(instance_id=INSTANCE, reason="Withdrawn in Aprimo (Signoff)"),
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={
                "extrAttr306": lines(
                    "Revision 1 · withdrawn · times in UTC",
                    "Brand · approved · brand.one@example.test · 2026-01-12 10:00",
                    "Legal · withdrawn",
                    "Finance · withdrawn",
                    "Regional DACH · withdrawn",
                    "Regional Nordics · withdrawn",
                ),
                "extrAttr308": "Withdrawn, the approval of revision 1 was ended",
                "extrAttr312": "withdrawn",
                "extrAttr313": "withdrawn",
            },
            expects={"activityStateId": state_id},
        ),
    )
    assert made.urgency is Urgency.EXPRESS


def test_a_withdrawal_closes_row_reviews_and_wake() -> None:
    changes = plan(in_approval(), brief("withdrawn")).changes

    (row,) = changes.processes
    assert (row.state, row.ended_by, row.outcome) == (ProcessState.ENDED, EndedBy.US, "withdrawn")
    assert {each.state for each in changes.reviews} == {ReviewState.WITHDRAWN}
    assert changes.wake == Wake(at=None)
    assert changes.agreed["submitted"].value is False
    assert changes.agreed["state"].value == "withdrawn"


def test_a_withdrawn_brief_is_withdrawn_once() -> None:
    link = applied(in_approval(), plan(in_approval(), brief("withdrawn")).changes)

    made = plan(link, shown(link, "withdrawn"))

    assert (made.reason, made.commands) == ("not_submitted", ())


def test_a_withdrawn_brief_that_is_submitted_again_is_a_new_revision() -> None:
    link = applied(in_approval(), plan(in_approval(), brief("withdrawn")).changes)

    made = plan(link, shown(link))

    assert made.changes.revision == 2


def test_a_withdrawal_before_the_start_is_known_ends_the_row_only() -> None:
    link = replace(no_link(), processes=plan(no_link(), brief()).changes.processes)

    made = plan(link, brief("withdrawn"))

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]
    assert made.changes.processes[0].state is ProcessState.ENDED
    assert made.changes.processes[0].instance_id is None


def test_a_process_that_surfaces_under_a_row_we_ended_is_ended_too() -> None:
    link = replace(no_link(), processes=plan(no_link(), brief()).changes.processes)
    link = applied(link, plan(link, brief("withdrawn")).changes)

    made = plan(link, process(*all_tasks()), what=event(Side.OPENTEXT, data={"instance_id": INSTANCE}))

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Withdrawn (Signoff)"),)
    assert made.changes.processes[0].instance_id == INSTANCE


def test_such_a_process_that_is_over_is_left_alone() -> None:
    link = replace(no_link(), processes=plan(no_link(), brief()).changes.processes)
    link = applied(link, plan(link, brief("withdrawn")).changes)

    made = plan(link, process(ended=NOW), what=event(Side.OPENTEXT))

    assert (made.reason, made.commands) == ("older_process", ())


def test_a_start_that_was_never_settled_is_finished_at_the_next_look() -> None:
    link = replace(no_link(), processes=plan(no_link(), brief()).changes.processes)
    told = event(Side.OPENTEXT, data={"instance_id": INSTANCE})

    made = plan(link, brief(), process(*all_tasks()), what=told)

    assert len(campaign_brief.wants(told, {}, link, words())) == 2
    assert [command.KIND for command in made.commands] == ["ot.start_process", "pm.set_fields"]
    assert made.changes.revision == 1


def test_a_process_alone_never_settles_its_start() -> None:
    link = replace(no_link(), processes=plan(no_link(), brief()).changes.processes)

    assert plan(link, process(*all_tasks())).changes.processes == ()


def test_a_deleted_brief_ends_its_process_and_writes_nothing_in_aprimo() -> None:
    made = plan(in_approval(), no_brief(), what=DELETED)

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Deleted in Aprimo (Signoff)"),)
    assert made.changes.processes[0].outcome == "deleted"
    assert made.changes.state == "deleted"
    assert made.changes.wake == Wake(at=None)


def test_a_deleted_brief_without_a_process_is_ignored() -> None:
    made = plan(no_link(), no_brief(), what=DELETED)

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "not_there")


def test_a_delete_notice_for_a_brief_that_is_there_is_only_a_look() -> None:
    link = in_approval()

    made = plan(link, shown(link), what=DELETED)

    assert (made.reason, made.commands) == ("unchanged", ())


def test_a_deletion_before_the_start_is_known_ends_the_row_only() -> None:
    link = replace(no_link(), processes=plan(no_link(), brief()).changes.processes)

    made = plan(link, no_brief(), what=DELETED)

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "not_there", ())
    assert made.changes.processes[0].state is ProcessState.ENDED


def test_a_brief_that_vanished_without_a_word_needs_a_person() -> None:
    made = plan(in_approval(), no_brief())

    assert (made.verdict, made.reason) == (Verdict.REFUSE, "item_hidden_or_deleted")
    assert made.hint == "Aprimo does not show us aprimo:activity:5012 any more."


def test_a_process_that_vanished_without_a_word_needs_a_person() -> None:
    made = plan(in_approval(), replace(process(), is_absent=True, process=None))

    assert (made.verdict, made.reason) == (Verdict.REFUSE, "item_hidden_or_deleted")
    assert made.hint == "OpenText shows no process instance-1 any more."


def test_a_brief_that_became_another_kind_of_activity_ends_its_process() -> None:
    made = plan(in_approval(), brief(type_id=18))

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Not of this flow any more (Signoff)"),)


def test_a_withdrawal_after_the_process_ended_sends_no_end() -> None:
    link = in_approval()
    over = process(*all_tasks("approved"), ended=NOW + timedelta(hours=2))

    made = plan(link, shown(link, "withdrawn"), over, what=event(Side.OPENTEXT, stale_count=1))

    assert [command.KIND for command in made.commands] == ["pm.set_fields"]


def test_a_brief_on_hold_keeps_its_process() -> None:
    made = plan(in_approval(), brief(""))

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "unknown_state", ())


def test_reviews_are_still_shown_while_the_brief_is_on_hold() -> None:
    link = in_approval()
    held = replace(shown(link), values={**shown(link).values, "state": "", "state_id": 8, "state_name": "On hold"})

    made = plan(link, held, process(task("brand", "approved"), *all_tasks()[1:]), what=event(stale_count=1))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert sorted(write.fields) == ["extrAttr306", "extrAttr311"]
    assert write.expects == {"activityStateId": 8}


def test_a_look_at_nothing_is_ignored() -> None:
    assert campaign_brief.plan(event(Side.OPENTEXT), {}, no_link(), words()).reason == "no_live_process"
