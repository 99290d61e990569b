"""Flow 6: whole lives of a content package, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pipeline.commands import AddToCollection, Command, RemoveFromCollection
from pipeline.flows import facts
from pipeline.plan import Verdict
from pipeline.words import EndedBy, ProcessState, Side
from tests.support.agreeing import untold
from tests.support.lives import FlowLives
from tests.support.publication_world import World
from tests.support.publications import HERO, TEASER, V1

RECORDS = st.sampled_from((HERO, TEASER))
STATES = ("draft", "submitted", "withdrawn", "")
HAND_SET = (
    "in_approval",
    "approved",
    "released",
    "rejected",
    "changes_requested",
    "withheld",
    "taken_back",
    "cancelled",
)
ANSWERS = ("approved", "approved", "approved", "rejected", "changes_requested", "noted")
MEANWHILE = (
    "nothing",
    "a version",
    "withdrawn",
    "submitted again",
    "not approved any more",
    "another list",
    "on hold",
)


def up_for_release() -> World:
    world = World()
    world.put("submitted")
    world.look(Side.APRIMO)
    return world


def test_an_approved_package_is_released_to_the_end() -> None:
    world = up_for_release()

    world.all_approve()
    world.look(Side.OPENTEXT)

    assert (world.values["state"], world.released()) == ("released", {HERO, TEASER})
    assert world.collections == {"Web team": {HERO, TEASER}}


def test_all_records_come_into_a_collection_in_one_call_and_leave_it_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = up_for_release()
    world.meanwhile = [lambda: told(world, "withdrawn"), lambda: None]
    sent: list[Command] = []
    for name in ("do_add_to_collection", "do_remove_from_collection"):
        monkeypatch.setattr(world, name, sent.append)

    world.all_approve()
    world.look(Side.OPENTEXT)

    assert sent == [
        AddToCollection(collection="Web team", record_ids=(HERO, TEASER)),
        RemoveFromCollection(collection="Web team", record_ids=(HERO, TEASER)),
    ]


def test_a_package_that_is_withdrawn_while_its_records_go_out_is_taken_back() -> None:
    world = up_for_release()
    world.meanwhile = [lambda: told(world, "withdrawn"), lambda: None]

    world.all_approve()
    world.look(Side.OPENTEXT)

    assert (world.values["state"], world.released()) == ("withdrawn", set())
    assert world.values["guard"] == "The package was set to withdrawn by hand."
    assert world.collections == {"Web team": set()}


def test_a_package_that_is_made_ready_again_while_its_records_go_out_is_taken_back_and_approved_anew() -> None:
    world = up_for_release()
    world.meanwhile = [lambda: told(world, "submitted"), lambda: None]

    world.all_approve()
    world.look(Side.OPENTEXT)

    assert (world.values["state"], world.released()) == ("in_approval", set())
    assert [each.ended_at is None for each in world.processes.values()] == [False, True]


def test_records_that_were_changed_on_the_list_after_the_approval_are_not_released() -> None:
    world = up_for_release()
    world.edit(release_on=(world.now + timedelta(days=1)).isoformat())
    world.look(Side.APRIMO)
    world.all_approve()
    world.look(Side.OPENTEXT)
    world.edit(records=[TEASER])
    world.look(Side.APRIMO)

    world.now += timedelta(days=2)
    world.its_date_comes()

    assert (world.values["state"], world.released()) == ("withheld", set())
    assert world.values["guard"] == "Changed since the approval: records."


def test_a_package_that_was_taken_back_on_hold_never_reads_as_approved_again() -> None:
    world = up_for_release()
    world.meanwhile = [lambda: told(world, ""), lambda: None]
    world.all_approve()
    world.look(Side.OPENTEXT)

    told(world, "in_approval")

    assert (world.values["state"], world.released()) == ("taken_back", set())


def test_a_process_that_a_person_starts_for_a_draft_takes_the_package_into_approval() -> None:
    world = World()

    world.look(Side.OPENTEXT, data={"instance_id": world.begin_there()})

    assert world.values["state"] == "in_approval"
    live = world.live()
    assert live is not None
    assert live.variables["records"] == [{"recordId": each, "fileVersionId": V1} for each in (HERO, TEASER)]

    world.all_approve()
    world.look(Side.OPENTEXT)
    assert (world.values["state"], world.released()) == ("released", {HERO, TEASER})


@pytest.mark.parametrize("state", ["approved", "released", "rejected", "in_approval"])
def test_a_restart_begins_a_new_revision_wherever_a_hand_has_put_a_package_in_approval(state: str) -> None:
    world = up_for_release()
    world.put(state)

    world.look(Side.APRIMO, facts.RESTART)

    assert world.values["state"] == "in_approval"
    assert [each.ended_at is None for each in world.processes.values()] == [False, True]


def test_a_restart_that_was_given_up_once_the_process_was_ended_is_made_good() -> None:
    world = up_for_release()
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)
    world.put("in_approval")

    world.settle_down()

    assert world.values["state"] == "in_approval"
    assert [each.ended_at is None for each in world.processes.values()] == [False, True]


@pytest.mark.parametrize("state", ["released", "approved", "rejected", "changes_requested"])
def test_a_hand_that_sets_a_state_where_we_ended_the_process_is_put_right_before_anything_begins(state: str) -> None:
    world = up_for_release()
    ended = [replace(row, state=ProcessState.ENDED, ended_by=EndedBy.US) for row in world.link.processes]
    world.link = replace(world.link, processes=tuple(ended))
    world.delete_process()

    told(world, state)

    assert world.values["state"] == "in_approval"
    assert len(world.processes) == 1


def test_an_outcome_that_is_not_clear_begins_nothing() -> None:
    world = up_for_release()
    world.end_early()
    world.now += timedelta(hours=1)

    world.settle_down()

    assert (world.values["state"], len(world.processes)) == ("in_approval", 1)
    assert "decision_unknown" in [notice.code for plan in world.plans for notice in plan.changes.notices]


def test_a_package_that_a_hand_approves_twice_is_left_to_a_person_and_releases_nothing() -> None:
    world = up_for_release()
    told(world, "approved")

    told(world, "approved")

    assert [each.code for each in world.plans[-1].changes.notices] == ["edited_on_wrong_side:state"]
    assert (world.values["state"], world.released()) == ("approved", set())


def told(world: World, state: str) -> None:
    """Somebody puts the package into a state, and we are told."""
    world.put(state)
    world.look(Side.APRIMO)


class Lives(FlowLives):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(is_out=st.booleans())
    def it_is_ready(self, *, is_out: bool) -> None:
        """And was released before, or never."""
        told(self.world, "submitted")
        if is_out:
            self.world.all_approve()
            self.world.look(Side.OPENTEXT)
            told(self.world, "submitted")

    @rule(state=st.sampled_from((*STATES, *HAND_SET)), is_told=st.booleans())
    def someone_sets_a_state(self, state: str, *, is_told: bool) -> None:
        self.world.put(state)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(is_told=st.booleans())
    def someone_makes_it_ready(self, *, is_told: bool) -> None:
        self.world.put("submitted")
        self.told(Side.APRIMO, is_told=is_told)

    @rule(record_id=RECORDS)
    def someone_uploads(self, record_id: str) -> None:
        self.world.upload(record_id)

    @rule(record_id=RECORDS, said=st.sampled_from(("Approved", "Approved", "In review")))
    def someone_reviews_a_record(self, record_id: str, said: str) -> None:
        self.world.review(record_id, said)

    @rule(name=st.sampled_from(("description", "remark", "matrix", "message", "guard")), is_told=st.booleans())
    def someone_edits(self, name: str, *, is_told: bool) -> None:
        self.world.edit(**{name: f"Text {self.world.count}"})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        records=st.sampled_from(([HERO], [TEASER], [HERO, TEASER])),
        channels=st.sampled_from((["Web"], ["Web", "Print"], [])),
        is_told=st.booleans(),
    )
    def someone_edits_the_list(self, records: list[str], channels: list[str], *, is_told: bool) -> None:
        self.world.edit(records=list(records), channels=list(channels))
        self.told(Side.APRIMO, is_told=is_told)

    @rule(hours=st.sampled_from((None, -1, 2, 50)), is_told=st.booleans())
    def someone_sets_a_date(self, hours: int | None, *, is_told: bool) -> None:
        date = "" if hours is None else (self.world.now + timedelta(hours=hours)).isoformat()
        self.world.edit(release_on=date)
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(place=st.integers(min_value=0, max_value=2), answer=st.sampled_from(ANSWERS), is_told=st.booleans())
    def someone_decides(self, place: int, answer: str, *, is_told: bool) -> None:
        waiting = self.world.waiting()
        self.world.decide(waiting[place % len(waiting)], answer)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(first=st.sampled_from(MEANWHILE), then=st.sampled_from(MEANWHILE), racing=st.sampled_from(MEANWHILE[:2]))
    def all_approve(self, first: str, then: str, racing: str) -> None:
        """And while the records are released, somebody does something."""
        self.world.all_approve()
        self.world.meanwhile = [lambda: self._does(then), lambda: self._does(first)]
        self.world.racing = [lambda: self._does(racing)]
        self.world.look(Side.OPENTEXT)
        self.world.meanwhile, self.world.racing = [], []

    @precondition(lambda self: not self.world.live())
    @rule()
    def someone_begins_it_in_opentext(self) -> None:
        self.world.look(Side.OPENTEXT, data={"instance_id": self.world.begin_there()})

    @rule()
    def someone_comments(self) -> None:
        self.world.comment("Hm")

    @rule()
    def the_timetable_tells_us(self) -> None:
        self.world.its_date_comes()

    @invariant()
    def at_most_one_process_lives(self) -> None:
        known = {row.instance_id for row in self.world.link.processes}
        running = [each for each in self.world.processes.values() if each.ended_at is None]
        assert sum(each.instance_id in known or bool(each.variables["signoffEffect"]) for each in running) <= 1
        assert sum(row.is_live for row in self.world.link.processes) <= 1

    @invariant()
    def everything_said_arrives_at_most_once(self) -> None:
        for each in self.world.processes.values():
            carried = Counter(said.text for said in each.comments if "[sg-" in said.text)
            assert max(carried.values(), default=1) == 1

    def _does(self, what: str) -> None:
        match what:
            case "a version":
                self.world.upload()
            case "withdrawn":
                self.world.put("withdrawn")
                self.world.look(Side.APRIMO)
            case "submitted again":
                self.world.put("submitted")
                self.world.look(Side.APRIMO)
            case "not approved any more":
                self.world.review(TEASER, "In review")
            case "another list":
                self.world.edit(records=[TEASER])
                self.world.look(Side.APRIMO)
            case "on hold":
                self.world.put("")
                self.world.look(Side.APRIMO)

    def teardown(self) -> None:
        """At rest nothing more is written, what is out was released to the end, what is approved waits for a date."""
        self.world.settle_down()
        self.world.its_date_comes()
        self.world.settle_down()
        before = len(self.world.sent)
        self.world.look(Side.APRIMO)
        self.world.look(Side.OPENTEXT)
        assert len(self.world.sent) == before
        assert untold(self.world) == ()
        assert all(self.world.finished & {revision for revision, _ in each} for each in self.world.out.values())
        assert ("released", "Taken back") not in [self.world.stands(each)[:2] for each in self.world.records]
        is_refused = self.world.plans[-2].verdict is Verdict.REFUSE
        state, live = self.world.values["state"], self.world.link.live_process()
        is_known = self.world.link.state not in {"unknown", "decision_waits"}
        if state == self.world.link.agreed_value("state") == "approved":
            assert self.world.link.wake_at is not None
        if state == "submitted" and is_known and not is_refused:
            assert live is not None
        left = {each.field for plan in self.world.plans[-2:] for each in plan.changes.differences}
        if live is not None and "state" not in left:
            assert state not in {"draft", "withdrawn", "approved", "released"}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
