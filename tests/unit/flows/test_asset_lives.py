"""Flow 2: whole lives of an asset, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pipeline.plan import Verdict
from pipeline.words import Side
from tests.support.agreeing import found, untold
from tests.support.asset_world import World
from tests.support.lives import FlowLives

STATES = ("draft", "submitted", "withdrawn", "")
HAND_SET = ("approved", "approved_older", "rejected", "changes_requested", "cancelled")
ANSWERS = ("approved", "approved", "approved", "rejected", "changes_requested", "noted", "done")


def up_for_review() -> World:
    world = World()
    world.put("submitted")
    world.look(Side.APRIMO)
    return world


def test_a_version_is_approved_by_everybody() -> None:
    world = up_for_review()

    world.all_approve()
    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["approval"]) == ("approved", "Approved")
    assert world.values["approved_version"] == world.latest
    assert [each.outcome for each in world.results] == ["pass", "pass", "pass"]


def test_an_approval_is_not_put_back_onto_a_newer_version() -> None:
    world = up_for_review()
    world.all_approve()
    world.look(Side.OPENTEXT)
    world.settle_down()
    world.upload()
    world.put("rejected")

    world.look(Side.APRIMO)

    assert world.values["state"] == "approved_older"


def test_an_approval_that_a_newer_version_has_left_behind_agrees_with_the_process_that_gave_it() -> None:
    world = up_for_review()
    world.all_approve()
    world.settle_down()

    world.upload()
    world.settle_down()

    assert world.values["state"] == "approved_older"
    assert found(world) == ()


def test_a_version_that_races_the_approval_is_never_approved_by_it() -> None:
    world = up_for_review()
    first = world.latest
    world.all_approve()
    world.upload()

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["approval"]) == ("submitted", "Approved (older version)")
    assert world.values["approved_version"] == first
    live = world.live()
    assert live is not None
    assert live.variables["fileVersionId"] == world.latest

    world.all_approve()
    world.settle_down()
    assert (world.values["approval"], world.values["approved_version"]) == ("Approved", world.latest)


def test_changes_are_requested_made_and_approved() -> None:
    world = up_for_review()
    for task, answer in zip(world.waiting(), ("approved", "changes_requested", "approved"), strict=True):
        world.decide(task, answer, "Less text" if answer != "approved" else "")
    world.decide(world.waiting()[0], "changes_requested")
    world.look(Side.OPENTEXT)
    assert world.values["state"] == "changes_requested"
    assert "Less text" in world.waiting()[0].description

    world.upload()
    world.look(Side.APRIMO)
    assert world.values["state"] == "submitted"
    world.all_approve()
    world.settle_down()

    assert world.values["approved_version"] == world.latest
    assert str(world.values["matrix"]).splitlines()[-1].startswith("Revision 1 · superseded · Legal")


def test_a_withdrawal_that_races_the_approval_wins() -> None:
    world = up_for_review()
    world.all_approve()
    world.put("withdrawn")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["approved_version"]) == ("withdrawn", "")


def test_a_start_that_was_given_up_half_way_is_finished_by_the_next_look() -> None:
    world = World()
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)

    world.settle_down()

    assert list(world.processes) == ["instance-1"]
    assert world.values["message"] == "Version 1: In review, revision 1"


class Lives(FlowLives):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize()
    def it_is_up_for_review(self) -> None:
        self.world.put("submitted")
        self.world.look(Side.APRIMO)

    @rule(state=st.sampled_from((*STATES, *HAND_SET)), is_told=st.booleans())
    def someone_sets_a_state(self, state: str, *, is_told: bool) -> None:
        self.world.put(state)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(is_told=st.booleans())
    def someone_puts_it_up_for_review(self, *, is_told: bool) -> None:
        self.world.put("submitted")
        self.told(Side.APRIMO, is_told=is_told)

    @rule(is_told=st.booleans())
    def someone_uploads(self, *, is_told: bool) -> None:
        self.world.upload()
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("claims", "product", "remark", "matrix", "approval", "approved_version", "open_tasks")),
        value=st.sampled_from(("One", "Two", "Approved", "")),
        is_told=st.booleans(),
    )
    def someone_edits(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(day=st.integers(min_value=13, max_value=28), is_told=st.booleans())
    def someone_types_a_date(self, day: int, *, is_told: bool) -> None:
        self.world.edit(due=f"2026-01-{day}T09:00:00Z")
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(
        place=st.integers(min_value=0, max_value=2),
        answer=st.sampled_from(ANSWERS),
        said=st.sampled_from(("", "Why not")),
        is_told=st.booleans(),
    )
    def someone_decides(self, place: int, answer: str, said: str, *, is_told: bool) -> None:
        waiting = self.world.waiting()
        self.world.decide(waiting[place % len(waiting)], answer, said)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(
        meanwhile=st.sampled_from(("nothing", "a version", "withdrawn", "on hold", "claims")), is_told=st.booleans()
    )
    def all_approve(self, meanwhile: str, *, is_told: bool) -> None:
        self.world.all_approve()
        match meanwhile:
            case "a version":
                self.world.upload()
            case "withdrawn":
                self.world.put("withdrawn")
            case "on hold":
                self.world.put("")
            case "claims":
                self.world.edit(claims="Other claims")
        self.told(Side.OPENTEXT, is_told=is_told)

    @rule()
    def someone_comments(self) -> None:
        self.world.comment("Hm")

    @rule()
    def someone_annotates(self) -> None:
        self.world.annotate("Darker")

    @rule()
    def the_timetable_looks_for_remarks(self) -> None:
        self.world.listen()

    @invariant()
    def nothing_is_approved_but_the_latest_version_by_everybody(self) -> None:
        assert self.world.unfounded == []
        assert self.world.unfounded_passes() == []

    @invariant()
    def everything_said_arrives_at_most_once(self) -> None:
        carried = Counter(
            comment.text
            for each in self.world.processes.values()
            for comment in each.comments
            if "[sg-" in comment.text
        )
        told = Counter((each.file_version_id, each.origin) for each in self.world.results)
        assert max(carried.values(), default=1) == 1
        assert max(told.values(), default=1) == 1

    def teardown(self) -> None:
        """At rest nothing more is written, nothing reads as approved but what is, and a review has a live process."""
        self.world.settle_down()
        before = len(self.world.sent)
        self.world.look(Side.APRIMO)
        self.world.look(Side.OPENTEXT)
        assert len(self.world.sent) == before
        assert untold(self.world) == ()
        is_known = self.world.link.state not in {"unknown", "decision_waits"}
        is_whole = self.world.plans[-2].verdict is not Verdict.REFUSE
        if self.world.values["state"] == "submitted" and is_known and is_whole:
            live = self.world.live()
            assert live is not None
            assert live.variables["fileVersionId"] == self.world.latest
        if self.world.live() is not None:
            assert self.world.values["state"] not in {"draft", "withdrawn"}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
