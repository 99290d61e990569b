"""Flow 1: whole lives of a brief, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from pipeline.differences import Cause, Known
from pipeline.flows import facts
from pipeline.plan import Verdict
from pipeline.words import Side
from tests.support.agreeing import pair_of, untold
from tests.support.brief_world import World
from tests.support.briefs import STATE_IDS
from tests.support.lives import FlowLives

STATES = ("draft", "submitted", "withdrawn", "")
HAND_SET = ("in_production", "rejected", "changes_requested", "cancelled")
REGIONS = st.lists(st.sampled_from(("DACH", "Nordics", "UK")), max_size=2, unique=True)
ANSWERS = ("approved", "approved", "approved", "rejected", "changes_requested", "rubber_stamped")


def submitted() -> World:
    world = World()
    world.put("submitted")
    world.look(Side.APRIMO)
    return world


def test_a_brief_is_approved_by_everybody_and_moves_on() -> None:
    world = submitted()
    world.edit(project="7001")
    world.settle_down()

    while world.waiting():
        world.decide(world.waiting()[0], "approved")
        world.look(Side.OPENTEXT)
    world.settle_down()

    assert world.values["state"] == "in_production"
    assert world.values["decision"] == "approved"
    assert world.written.count(("state", "in_production")) == 1
    assert world.written.count(("project", "start")) == 1


def test_a_brief_goes_back_comes_again_and_is_approved() -> None:
    world = submitted()
    world.decide(world.waiting()[1], "changes_requested", "Less text")
    world.settle_down()
    assert world.values["state"] == "changes_requested"

    world.edit(description="Less text")
    world.put("submitted")
    world.settle_down()
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.settle_down()

    assert world.values["state"] == "in_production"
    assert str(world.values["matrix"]).splitlines()[-1].startswith("Revision 1 · changes requested · Legal")
    assert sorted(world.processes) == ["instance-1", "instance-2"]


def test_a_withdrawal_that_races_the_approval_wins() -> None:
    world = submitted()
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.put("withdrawn")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert world.values["state"] == "withdrawn"
    assert ("state", "in_production") not in world.written


def test_an_edit_that_races_the_approval_needs_a_new_approval() -> None:
    world = submitted()
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.edit(budget="90000.00")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert world.values["state"] == "draft"
    assert world.values["decision"] == ""


def test_an_overdue_review_is_escalated_and_can_still_approve() -> None:
    world = submitted()
    world.now += timedelta(days=4)
    world.look(Side.OPENTEXT, facts.DUE)
    world.look(Side.OPENTEXT, facts.DUE)

    assert [command.KIND for command in world.sent].count("ot.send_message") == 5
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.settle_down()
    assert world.values["state"] == "in_production"


def test_a_hand_that_was_faster_than_the_end_of_a_start_is_put_back_and_never_agreed_on() -> None:
    world = World()
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)
    world.put("in_production")

    world.settle_down()
    assert world.values["state"] == "submitted"
    world.put("rejected")
    world.settle_down()

    assert world.values["state"] == "submitted"
    assert ("state", "in_production") not in world.written


def test_a_process_nobody_could_place_finds_its_brief() -> None:
    world = submitted()
    world.decide(world.waiting()[0], "approved")

    world.provisional("instance-1")

    assert "Brand · approved" in str(world.values["matrix"])


def test_a_restart_ends_the_old_process_and_starts_the_next() -> None:
    world = submitted()

    world.look(Side.APRIMO, facts.RESTART)
    world.settle_down()

    assert [each.ended_at is None for each in world.processes.values()] == [False, True]
    assert world.link.revision == 2


def test_a_restart_of_what_everybody_has_approved_unheard_writes_the_approval() -> None:
    world = submitted()
    while world.waiting():
        world.decide(world.waiting()[0], "approved")

    world.look(Side.APRIMO, facts.RESTART)

    assert (world.values["state"], list(world.processes)) == ("in_production", ["instance-1"])


def test_a_decision_reached_while_on_hold_is_written_when_the_brief_is_back() -> None:
    world = submitted()
    world.put("")
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.settle_down()
    assert ("state", "in_production") not in world.written

    world.put("submitted")
    world.settle_down()

    assert world.values["state"] == "in_production"


def test_an_edit_is_seen_even_where_somebody_set_a_decision_by_hand() -> None:
    world = submitted()
    world.put("in_production")
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.edit(budget="90000.00")

    world.look(Side.OPENTEXT)

    assert (world.values["state"], world.values["decision"]) == ("draft", "")


def test_a_start_that_was_given_up_half_way_is_finished_by_the_next_look() -> None:
    world = World()
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)

    world.settle_down()

    assert list(world.processes) == ["instance-1"]
    assert world.values["message"] == "In approval, revision 1"


def test_a_start_that_was_given_up_half_way_waits_for_a_word_where_the_brief_stands_nowhere() -> None:
    world = World()
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)
    world.put("")

    world.settle_down()

    pair = pair_of(world)
    (differing,) = world.flow.mismatches(pair)
    assert world.flow.explain(differing, pair, Known()).cause is Cause.WORD_UNKNOWN


def test_a_remark_goes_out_once_and_is_never_carried_back() -> None:
    world = submitted()
    world.edit(remark="Please hurry")
    world.settle_down()
    world.settle_down()

    assert [command.KIND for command in world.sent].count("ot.add_comment") == 1
    assert str(world.values["comments"]).count("Please hurry") == 1


class Lives(FlowLives):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(regions=REGIONS)
    def the_brief_is_submitted(self, regions: list[str]) -> None:
        self.world.edit(regions=[*regions])
        self.world.put("submitted")
        self.world.look(Side.APRIMO)

    @rule(state=st.sampled_from((*STATES, *HAND_SET)), is_told=st.booleans())
    def someone_sets_a_state(self, state: str, *, is_told: bool) -> None:
        self.world.put(state)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(is_told=st.booleans())
    def someone_submits(self, *, is_told: bool) -> None:
        self.world.put("submitted")
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("budget", "description", "remark", "matrix", "decision", "message", "project")),
        value=st.sampled_from(("1.00", "2.00", "")),
        is_told=st.booleans(),
    )
    def someone_edits(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(regions=REGIONS)
    def someone_changes_the_regions(self, regions: list[str]) -> None:
        self.world.edit(regions=[*regions])

    @precondition(lambda self: self.world.waiting())
    @rule(
        place=st.integers(min_value=0, max_value=4),
        answer=st.sampled_from(ANSWERS),
        said=st.sampled_from(("", "Why not")),
        is_told=st.booleans(),
    )
    def someone_decides(self, place: int, answer: str, said: str, *, is_told: bool) -> None:
        waiting = self.world.waiting()
        self.world.decide(waiting[place % len(waiting)], answer, said)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(meanwhile=st.sampled_from(("nothing", "taken back", "on hold", "edited")), is_told=st.booleans())
    def all_approve(self, meanwhile: str, *, is_told: bool) -> None:
        while self.world.waiting():
            self.world.decide(self.world.waiting()[0], "approved")
        match meanwhile:
            case "taken back":
                self.world.put("withdrawn")
            case "on hold":
                self.world.put("")
            case "edited":
                self.world.edit(budget="90000.00")
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(approvals=st.integers(min_value=0, max_value=4), is_told=st.booleans())
    def the_model_ends_early(self, approvals: int, *, is_told: bool) -> None:
        for task in self.world.waiting()[:approvals]:
            self.world.decide(task, "approved")
        self.world.end_early()
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule()
    def someone_comments(self) -> None:
        self.world.comment("Hm")

    def teardown(self) -> None:
        """At rest nothing more is written, and a submitted brief has a live process, or an outcome nobody knows."""
        self.world.settle_down()
        before = len(self.world.sent)
        self.world.look(Side.APRIMO)
        self.world.look(Side.OPENTEXT)
        assert len(self.world.sent) == before
        assert untold(self.world) == ()
        is_known = self.world.link.state not in {"unknown", "decision_waits"}
        is_whole = self.world.plans[-2].verdict is not Verdict.REFUSE
        if self.world.values["state"] == "submitted" and is_known and is_whole:
            assert self.world.live() is not None
        if self.world.live() is not None and self.world.values["state"] in STATE_IDS:
            assert self.world.values["state"] not in {"draft", "withdrawn"}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
