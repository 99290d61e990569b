"""Flow 1: what starts an approval, and what it starts with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.commands import SetFields, StartProcess
from pipeline.flows import campaign_brief, facts
from pipeline.keys import digest
from pipeline.plan import Notice, ProcessRow, Verdict, Wake
from pipeline.words import ProcessState, ReviewState
from tests.support.briefs import (
    INSTANCE,
    KEY,
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
    words,
)

MATRIX = lines(
    "Revision 1 · in approval · times in UTC",
    "Brand · waiting · due 2026-01-15 09:00",
    "Legal · waiting · due 2026-01-17 09:00",
    "Finance · waiting · due 2026-01-15 09:00",
    "Regional DACH · waiting · due 2026-01-17 09:00",
    "Regional Nordics · waiting · due 2026-01-17 09:00",
)
LATER = NOW + timedelta(hours=2)
EFFECT = f"start:campaign_brief:{KEY}:1"


def test_a_restart_of_our_own_does_not_end_what_a_look_between_has_begun() -> None:
    ours = event(kind=facts.RESTART, data={facts.OURS: True})

    link = in_approval()

    made = plan(link, shown(link), what=ours)

    assert made.commands == ()
    assert made.follow_ups == ()


def test_a_submitted_brief_starts_its_process_and_then_says_so() -> None:
    made = plan(no_link(), brief())

    assert made.commands == (
        StartProcess(
            flow="campaign_brief",
            process_key="campaignBrief",
            business_key=KEY,
            revision=1,
            name="Spring launch · revision 1",
            variables={
                "signoffEffect": EFFECT,
                "signoffItem": KEY,
                "signoffRevision": 1,
                "signoffCallback": "",
                "signoffToken": "",
                "briefName": "Spring launch",
                "briefDescription": "Outdoor and social",
                "budget": "12000.00",
                "currency": "EUR",
                "audience": "Families",
                "channels": "Outdoor; Social",
                "beginDate": "2026-03-01T00:00:00Z",
                "endDate": "2026-05-31T00:00:00Z",
                "requester": "requester.one@example.test",
                "aprimoLink": "https://sandbox.aprimo.example.test/#/activities/5012",
                "regions": ["DACH", "Nordics"],
                "brandGroup": "Brand",
                "legalGroup": "Legal",
                "financeGroup": "Finance",
                "regionalPrefix": "Regional ",
                "brandLeads": "Brand leads",
                "legalLeads": "Legal leads",
                "financeLeads": "Finance leads",
                "regionalLeads": "Regional leads",
                "brandDue": "2026-01-15T09:00:00Z",
                "legalDue": "2026-01-17T09:00:00Z",
                "financeDue": "2026-01-15T09:00:00Z",
                "regionalDue": "2026-01-17T09:00:00Z",
            },
            secret_variables=("signoffToken",),
        ),
        SetFields(
            object_kind="activity",
            object_id=5012,
            fields={
                "extrAttr301": KEY,
                "extrAttr306": MATRIX,
                "extrAttr308": "In approval, revision 1",
                "extrAttr311": "waiting",
                "extrAttr312": "waiting",
                "extrAttr313": "waiting",
            },
        ),
    )


def test_a_start_is_remembered_as_what_was_submitted() -> None:
    changes = plan(no_link(), brief()).changes

    material = {
        "name": "Spring launch",
        "budget": "12000",
        "currency": "EUR",
        "audience": "Families",
        "channels": ["Outdoor", "Social"],
        "regions": ["DACH", "Nordics"],
    }
    assert changes.revision == 1
    assert changes.state == "in_approval"
    assert changes.agreed["state"].value == "submitted"
    assert changes.agreed["submitted"].value is True
    assert changes.agreed["submitted_as"].value == digest(material)
    assert changes.agreed["budget"].value == "12000.00"
    assert changes.processes == (
        ProcessRow(
            revision=1,
            process_key="campaignBrief",
            state=ProcessState.STARTING,
            item_version=digest(material),
            started_effect=EFFECT,
        ),
    )


def test_a_start_that_is_planned_again_does_not_bring_back_what_was_decided_before_it() -> None:
    """Its process began, its write to Aprimo was refused; the revision before it was approved."""
    link = reviewed(in_approval(), process(*all_tasks("approved"), ended=LATER, at=LATER))
    again = shown(link, budget="61000.00", at=LATER)
    begun = replace(link, processes=(*link.processes, *plan(link, again).changes.processes))

    made = plan(begun, again)

    start, write = made.commands
    assert isinstance(start, StartProcess)
    assert start.revision == 2
    assert isinstance(write, SetFields)
    assert "activityStateId" not in write.fields


def test_every_expected_review_is_open_from_the_start() -> None:
    rows = plan(no_link(), brief()).changes.reviews

    assert [(row.stakeholder, row.state, row.due_at) for row in rows] == [
        ("brand", ReviewState.OPEN, NOW + timedelta(days=3)),
        ("legal", ReviewState.OPEN, NOW + timedelta(days=5)),
        ("finance", ReviewState.OPEN, NOW + timedelta(days=3)),
        ("regional:DACH", ReviewState.OPEN, NOW + timedelta(days=5)),
        ("regional:Nordics", ReviewState.OPEN, NOW + timedelta(days=5)),
    ]


def test_the_timetable_looks_again_just_after_the_earliest_due_time() -> None:
    wake = plan(no_link(), brief()).changes.wake

    assert wake == Wake(at=NOW + timedelta(days=3, seconds=1), reason="review_due")


def test_a_brief_without_regions_has_no_regional_review() -> None:
    made = plan(no_link(), brief(regions=[]))

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.variables["regions"] == []
    assert [row.stakeholder for row in made.changes.reviews] == ["brand", "legal", "finance"]


def test_a_region_named_twice_is_reviewed_once() -> None:
    made = plan(no_link(), brief(regions=["DACH", "DACH"]))

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.variables["regions"] == ["DACH"]


def test_missing_values_are_named_all_together_and_nothing_starts() -> None:
    made = plan(no_link(), brief(name=" ", budget="", owner=None))

    assert (made.verdict, made.reason) == (Verdict.REFUSE, "values_missing")
    assert made.hint == "Fill in: name, budget, owner."
    assert made.commands == ()


def test_a_budget_that_is_no_amount_starts_nothing() -> None:
    made = plan(no_link(), brief(budget="about 12k"))

    assert (made.verdict, made.reason) == (Verdict.REFUSE, "value_malformed")
    assert made.hint == "Not of its type: budget."


def test_a_draft_starts_nothing() -> None:
    made = plan(no_link(), brief("draft"))

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "not_submitted", ())


def test_another_activity_type_is_not_ours() -> None:
    made = plan(no_link(), brief(type_id=18))

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "not_ours")


def test_an_item_that_is_not_there_and_has_no_process_is_ignored() -> None:
    assert plan(no_link(), no_brief()).reason == "not_there"


def test_a_brief_decided_before_we_knew_it_is_left_alone() -> None:
    made = plan(no_link(), brief("in_production"))

    assert (made.reason, made.commands) == ("unchanged", ())


def test_a_state_the_words_do_not_name_starts_nothing_and_is_told() -> None:
    made = plan(no_link(), brief(""))

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "unknown_state")
    assert made.changes.notices == (
        Notice(
            code="unknown_state",
            text="The item is in state 8 (On hold), which the flow's file does not name.",
        ),
    )


def test_our_own_write_is_no_news() -> None:
    link = in_approval()

    made = plan(link, shown(link))

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "unchanged", ())


def test_the_first_look_at_a_started_process_writes_nothing() -> None:
    made = plan(in_approval(), process(*all_tasks()))

    assert (made.reason, made.commands) == ("unchanged", ())


def test_a_review_row_that_waited_for_its_task_gives_way_to_it() -> None:
    link = reviewed(in_approval(), process(*all_tasks()))

    assert [(row.stakeholder, row.task_id) for row in link.reviews] == [
        ("brand", "task-brand"),
        ("finance", "task-finance"),
        ("legal", "task-legal"),
        ("regional:DACH", "task-regional-DACH"),
        ("regional:Nordics", "task-regional-Nordics"),
    ]


def test_a_read_older_than_the_last_one_decides_nothing() -> None:
    link = in_approval()

    made = plan(link, brief("draft", version=(NOW - timedelta(minutes=1)).isoformat()))

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "older_version")


def test_a_start_whose_outcome_is_not_known_is_planned_with_the_same_effect() -> None:
    started = plan(no_link(), brief()).changes
    link = replace(no_link(), processes=started.processes)

    made = plan(link, brief())

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.variables["signoffEffect"] == EFFECT
    assert made.changes.revision == 1


def test_a_brief_changed_while_its_start_is_unknown_goes_back_to_draft() -> None:
    started = plan(no_link(), brief()).changes
    link = replace(no_link(), processes=started.processes)

    made = plan(link, brief(budget="90000.00"))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields["activityStateId"] == 1
    assert made.changes.processes[0].state is ProcessState.ENDED
    assert made.changes.revision == 1


def test_after_such_a_start_the_next_revision_is_a_new_one() -> None:
    started = plan(no_link(), brief()).changes
    link = replace(no_link(), processes=started.processes)
    link = applied(link, plan(link, brief(budget="90000.00")).changes)

    made = plan(link, shown(link, budget="90000.00"))

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.revision == 2


def test_a_restart_ends_the_old_process_before_anything_starts() -> None:
    link = in_approval()
    restart = event(kind=facts.RESTART)

    made = plan(link, shown(link), what=restart)

    assert [command.KIND for command in made.commands] == ["ot.end_process"]
    assert made.changes.processes[0].outcome == "superseded"
    assert [(each.type, each.line_key) for each in made.follow_ups] == [(facts.RESTART, f"campaign_brief/{KEY}")]


def test_a_restart_without_a_live_process_starts_a_new_revision() -> None:
    link = in_approval()
    restart = event(kind=facts.RESTART)
    ended = applied(link, plan(link, shown(link), what=restart).changes)

    made = plan(ended, shown(ended), what=restart)

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.revision == 2


def test_a_restart_of_a_draft_starts_nothing() -> None:
    made = plan(no_link(), brief("draft"), what=event(kind=facts.RESTART))

    assert (made.reason, made.commands) == ("not_submitted", ())


def test_an_owner_nobody_knows_in_opentext_is_left_empty_and_named_in_the_text() -> None:
    made = plan(no_link(), brief(owner={"id": 99, "email": "", "name": "Ghost"}))

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.variables["requester"] == ""
    assert start.name == "Spring launch · revision 1 · owner: Ghost"


def test_a_process_has_a_name_of_a_bearable_length() -> None:
    made = plan(no_link(), brief(name="N" * 400, owner={"id": 99, "email": "", "name": "G" * 400}))

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert len(start.name) == 250
    assert start.name.startswith("N" * 125 + " · revision 1 · owner: GGG")


@pytest.mark.parametrize("known_as", ["88", "requester.one@example.test"])
def test_an_override_names_the_requester(known_as: str) -> None:
    made = plan(no_link(), brief(), by=words(people={known_as: "one@partner.example.test"}))

    start = made.commands[0]
    assert isinstance(start, StartProcess)
    assert start.variables["requester"] == "one@partner.example.test"


def test_a_process_is_read_only_through_wants_of_its_instance() -> None:
    link = in_approval()

    (want,) = campaign_brief.wants(event(side=process().want.side), {}, link, words())

    assert (want.kind, want.object_id) == ("process", INSTANCE)
