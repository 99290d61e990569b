"""The guide's example: what is true of every life of a claim."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pipeline.flows import facts
from pipeline.words import Side
from tests.support.agreeing import untold
from tests.support.claim_check import World, added

STATES = ("draft", "submitted", "withdrawn", "approved", "")
ANSWERS = ("approved", "approved", "rejected", "rubber_stamped")


@pytest.fixture(autouse=True)
def _added() -> Iterator[None]:
    with added():
        yield


def submitted() -> World:
    world = World()
    world.put("submitted")
    world.look(Side.APRIMO)
    return world


def test_an_edit_that_races_the_approval_is_checked_anew() -> None:
    world = submitted()
    world.answer("approved")
    world.edit(claim="No sugar at all")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert world.values["state"] == "submitted"
    assert world.values["message"] == "In approval, revision 2"
    assert [each.ended_at is None for each in world.processes.values()] == [False, True]


def test_a_withdrawal_that_races_the_approval_wins() -> None:
    world = submitted()
    world.answer("approved")
    world.put("withdrawn")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["decision"]) == ("withdrawn", "")


def test_a_start_that_nobody_saw_to_the_end_is_not_made_twice() -> None:
    world = World()
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)

    world.settle_down()

    assert list(world.processes) == ["instance-1"]
    assert world.values["message"] == "In approval, revision 1"


def test_a_process_that_others_deleted_approves_nothing() -> None:
    world = submitted()
    world.delete_process("cleaned up")

    world.look(Side.OPENTEXT)

    assert (world.values["state"], world.values["decision"]) == ("cancelled", "cancelled")


def test_an_answer_that_the_file_does_not_name_approves_nothing() -> None:
    world = submitted()
    world.answer("rubber_stamped")

    world.look(Side.OPENTEXT)

    assert (world.values["state"], world.values["decision"]) == ("submitted", "unknown")


class Lives(RuleBasedStateMachine):
    """Anything in any order."""

    @initialize(is_submitted=st.booleans())
    def begin(self, is_submitted: bool) -> None:
        self.world = submitted() if is_submitted else World()

    @rule(state=st.sampled_from(STATES))
    def put(self, state: str) -> None:
        self.world.put(state)

    @rule(claim=st.sampled_from(("Half the sugar", "No sugar at all")))
    def edit(self, claim: str) -> None:
        self.world.edit(claim=claim)

    @rule(outcome=st.sampled_from(ANSWERS))
    def answer(self, outcome: str) -> None:
        self.world.answer(outcome)

    @rule()
    def delete(self) -> None:
        self.world.delete_process()

    @rule(side=st.sampled_from(Side))
    def look(self, side: Side) -> None:
        self.world.look(side)

    @rule(claim=st.sampled_from(("Half the sugar", "No sugar at all")))
    def edit_and_answer_at_once(self, claim: str) -> None:
        self.world.edit(claim=claim)
        self.world.answer("approved")

    @rule(after=st.integers(0, 2))
    def die(self, after: int) -> None:
        self.world.look_and_die(Side.APRIMO, after=after)

    @rule()
    def ask_for_a_restart(self) -> None:
        self.world.look(Side.APRIMO, facts.RESTART)

    @invariant()
    def nothing_is_approved_that_legal_did_not_approve(self) -> None:
        assert self.world.unfounded == []

    @invariant()
    def one_process_lives_at_most(self) -> None:
        assert sum(each.ended_at is None for each in self.world.processes.values()) <= 1

    def teardown(self) -> None:
        self.world.settle_down()
        assert untold(self.world) == ()
        assert self.world.live() is None or self.world.values["state"] not in {"draft", "withdrawn"}


def test_every_life_keeps_its_promises() -> None:
    run_state_machine_as_test(Lives, settings=settings(max_examples=50, stateful_step_count=15, deadline=None))
