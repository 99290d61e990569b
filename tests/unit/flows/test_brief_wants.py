"""Flow 1: what is read for which event."""

from __future__ import annotations

from dataclasses import replace

from pipeline.flows import campaign_brief, facts
from pipeline.flows.shared import looking
from pipeline.keys import line_key, process_key
from pipeline.plan import FollowUp, Verdict, Want
from pipeline.words import BusinessKey, EndedBy, ProcessState, Side
from tests.support.briefs import (
    FLOW,
    INSTANCE,
    ITEM_WANT,
    KEY,
    LINE,
    all_tasks,
    brief,
    event,
    in_approval,
    no_link,
    plan,
    process,
    words,
)

PROCESS_WANT = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=INSTANCE)


def test_what_aprimo_tells_is_read_in_aprimo_only() -> None:
    assert campaign_brief.wants(event(), {}, in_approval(), words()) == (ITEM_WANT,)


def test_what_opentext_tells_is_read_in_opentext_only() -> None:
    assert campaign_brief.wants(event(Side.OPENTEXT), {}, in_approval(), words()) == (PROCESS_WANT,)


def test_a_due_fact_reads_the_process() -> None:
    assert campaign_brief.wants(event(kind=facts.DUE), {}, in_approval(), words()) == (PROCESS_WANT,)


def test_both_sides_are_read_once_a_plan_was_stale() -> None:
    stale = event(Side.OPENTEXT, stale_count=1)

    assert campaign_brief.wants(stale, {}, in_approval(), words()) == (ITEM_WANT, PROCESS_WANT)


def test_both_sides_are_read_while_a_decision_waits() -> None:
    link = replace(in_approval(), state=looking.DECISION_WAITS)

    assert campaign_brief.wants(event(), {}, link, words()) == (ITEM_WANT, PROCESS_WANT)


def test_nothing_is_read_for_a_process_that_is_over() -> None:
    (row,) = in_approval().processes
    link = replace(in_approval(), processes=(replace(row, state=ProcessState.ENDED, ended_by=EndedBy.US),))
    told = event(Side.OPENTEXT, data={"instance_id": INSTANCE})

    assert campaign_brief.wants(told, {}, link, words()) == ()
    assert campaign_brief.plan(told, {}, link, words()).reason == "no_live_process"


def test_nothing_is_read_of_an_item_that_opentext_tells_of_and_nobody_knows() -> None:
    assert campaign_brief.wants(event(Side.OPENTEXT), {}, None, words()) == ()


def test_nothing_is_read_in_aprimo_for_a_key_that_is_no_item() -> None:
    strange = event(subject=BusinessKey("signoff:case:1"))

    assert campaign_brief.wants(strange, {}, None, words()) == ()


def test_nothing_is_read_for_a_remark() -> None:
    remark = event(Side.OPENTEXT, facts.COMMENT, line_key=line_key(FLOW, KEY, is_notes=True))

    assert campaign_brief.wants(remark, {}, in_approval(), words()) == ()


def test_a_process_on_a_provisional_line_is_read_and_its_event_moved() -> None:
    subject = process_key(INSTANCE)
    told = event(
        Side.OPENTEXT,
        "opentext.process-start",
        subject=subject,
        line_key=line_key(FLOW, subject),
        data={"instance_id": INSTANCE, "more": "kept"},
    )
    link = replace(no_link(), business_key=subject)

    assert campaign_brief.wants(told, {}, None, words()) == (PROCESS_WANT,)
    made = plan(link, process(*all_tasks()), what=told)

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "moved", ())
    assert made.follow_ups == (
        FollowUp(
            line_key=LINE,
            subject=KEY,
            flow=FLOW,
            type="opentext.process-start",
            side=Side.OPENTEXT,
            data={"instance_id": INSTANCE, "more": "kept"},
        ),
    )


def test_a_process_that_names_no_item_of_ours_stays_not_ours() -> None:
    link = replace(no_link(), business_key=process_key(INSTANCE))

    made = plan(link, process(business_key=BusinessKey("erp:order:7")), what=event(Side.OPENTEXT))

    assert (made.reason, made.follow_ups) == ("not_ours", ())


def test_an_unplaced_process_that_is_gone_is_ignored() -> None:
    link = replace(no_link(), business_key=process_key(INSTANCE))
    gone = replace(process(), is_absent=True, process=None)

    assert plan(link, gone, what=event(Side.OPENTEXT)).reason == "not_there"


def test_a_foreign_process_under_our_business_key_is_not_ours() -> None:
    foreign = process(*all_tasks("approved"), instance="someone-elses", variables={"signoffEffect": "by hand"})

    made = plan(in_approval(), foreign)

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "not_ours", ())


def test_an_item_look_without_a_read_is_ignored() -> None:
    assert campaign_brief.plan(event(), {}, no_link(), words()).reason == "not_read"


def test_a_brief_and_its_process_are_read_into_one_plan() -> None:
    link = in_approval()
    made = plan(link, brief(description="New text"), process(*all_tasks()), what=event(Side.OPENTEXT, stale_count=1))

    assert [command.KIND for command in made.commands] == ["ot.set_variables", "pm.set_fields"]
