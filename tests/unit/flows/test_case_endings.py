"""Flow 7: how a case ends, begins anew and waits, where something comes in between."""

from __future__ import annotations

from pipeline.commands import Assign
from pipeline.flows import facts
from pipeline.flows.shared.looking import DECISION_WAITS
from pipeline.plan import Plan, Verdict
from pipeline.words import Side
from tests.support.briefs import OWNER
from tests.support.case_world import BEGUN_THERE, KINDS, World, opened, opened_late, started

REQUESTER = OWNER["email"]


def codes(world: World) -> list[str]:
    """What people were told since the case began, in order."""
    return [notice.code for plan in world.plans for notice in plan.changes.notices]


def looked(world: World, side: Side, kind: str = "", **changes: object) -> Plan:
    """What is planned about a look."""
    count = len(world.plans)
    world.look(side, kind, **changes)
    return world.plans[count]


# ---- ends ----------------------------------------------------------------------------------------------------------


def test_an_end_of_ours_that_was_not_recorded_is_not_told_as_one_without_the_requesters_word() -> None:
    world = opened()
    world.put("closed")
    world.look_and_die(Side.APRIMO, after=1)
    assert world.live() is None

    world.settle_down()

    assert (world.values["state"], world.values["message"]) == ("closed", "Closed in Aprimo.")
    assert codes(world) == []


def test_a_process_that_ends_without_the_requesters_word_is_closed_once_its_history_has_come() -> None:
    world = opened()
    world.end_early()
    assert looked(world, Side.OPENTEXT).reason == "not_yet"

    world.now = world.now.replace(hour=12)
    world.look(Side.OPENTEXT)

    assert world.values["message"] == "Closed in OpenText without the requester's word."
    assert codes(world) == ["closed_unconfirmed"]


def test_a_late_approval_that_people_have_cancelled_stays_cancelled_when_its_review_is_done() -> None:
    world = opened_late()
    world.put("cancelled")
    world.look(Side.APRIMO)

    plan = looked(world, Side.APRIMO, facts.REVIEW_DONE, data={"what": "Brand has answered."})

    assert (plan.verdict, plan.reason) == (Verdict.IGNORE, "no_live_process")
    assert world.values["message"] == "Cancelled in Aprimo: the work on the case was ended."


def test_a_late_approval_whose_close_was_not_recorded_says_how_its_review_ended_all_the_same() -> None:
    world = opened_late()
    done = {"what": "Brand has answered."}
    world.look_and_die(Side.APRIMO, after=1, kind=facts.REVIEW_DONE, data=done)
    assert world.live() is None

    world.look(Side.APRIMO, facts.REVIEW_DONE, data=done)

    assert (world.values["state"], world.values["message"]) == ("closed", "Closed by itself: Brand has answered.")
    assert world.values["resolution"] == "Brand has answered."


# ---- begins anew ---------------------------------------------------------------------------------------------------


def test_a_restart_that_lacks_a_required_value_is_refused_before_anything_ends() -> None:
    world = opened()
    world.edit(name="")

    plan = looked(world, Side.APRIMO, facts.RESTART)

    assert (plan.verdict, plan.reason) == (Verdict.REFUSE, "values_missing")
    assert world.live() is not None


def test_a_case_whose_restart_was_cut_short_begins_anew_wherever_it_stood() -> None:
    world = opened(kind=KINDS["blocker"])
    world.look_and_die(Side.APRIMO, after=1, kind=facts.RESTART)
    assert (world.live(), world.values["state"]) == (None, "in_progress")

    world.settle_down()

    assert sorted(each.definition_key for each in world.waiting()) == ["agency", "procurement"]
    assert world.link.revision == 2


def test_a_start_that_was_cut_short_is_not_doubled() -> None:
    world = World()
    world.make()
    world.look_and_die(Side.APRIMO, after=1)

    world.settle_down()

    assert sorted(world.processes) == ["instance-1"]
    assert world.values["state"] == "open"


def test_a_start_that_was_cut_short_gives_way_to_what_the_case_says_by_then() -> None:
    world = World()
    world.make()
    world.look_and_die(Side.APRIMO, after=1)
    world.edit(kind=KINDS["blocker"])

    world.settle_down()

    assert sorted(each.definition_key for each in world.waiting()) == ["agency", "procurement"]
    assert world.processes["instance-1"].delete_reason == "Superseded by a new revision (Signoff)"
    assert world.values["state"] == "in_progress"


def test_a_cancellation_that_was_cut_short_is_not_put_back() -> None:
    world = opened(kind=KINDS["blocker"])
    world.put("cancelled")
    world.look_and_die(Side.APRIMO, after=1)
    assert world.live() is None

    world.settle_down()

    assert (world.values["state"], world.values["message"]) == (
        "cancelled",
        "Cancelled in Aprimo: the work on the case was ended.",
    )
    assert str(world.values["matrix"]).splitlines()[0].startswith("Revision 1 · cancelled")
    assert sorted(world.processes) == ["instance-1"]


# ---- waits ---------------------------------------------------------------------------------------------------------


def test_news_wait_while_the_case_stands_where_the_file_has_no_word() -> None:
    world = opened(kind=KINDS["missing asset"])
    world.put("")
    assert looked(world, Side.APRIMO).reason == "unknown_state"
    assert world.link.state == DECISION_WAITS

    world.do("marketing", "agency")
    world.do("resolution", outcome="resolved")
    assert world.values["state"] == ""
    assert world.candidates == []

    world.put("in_progress")
    world.look(Side.APRIMO)

    assert world.values["state"] == "resolved"
    assert world.link.state == "open"


def test_its_requester_may_answer_once_it_is_resolved() -> None:
    world = opened(kind=KINDS["missing asset"])
    world.do("marketing", "agency")

    world.do("resolution", outcome="resolved")
    world.settle_down()

    assert [each.user for each in world.sent if isinstance(each, Assign)] == [REQUESTER]
    assert world.candidates == [("confirm", REQUESTER)]
    assert codes(world) == ["resolved"]


# ---- began in OpenText ---------------------------------------------------------------------------------------------


def test_a_case_of_opentext_concerns_the_item_that_its_business_key_names_where_its_form_names_none() -> None:
    world = started(business_key="aprimo:activity:5012", subjectItem="")

    assert world.values["about"] == "aprimo:activity:5012"
    assert world.values["case"] == BEGUN_THERE


def test_a_case_of_opentext_that_names_nothing_is_left_alone() -> None:
    world = started(subjectItem="")

    assert world.sent == []
    assert codes(world) == []
