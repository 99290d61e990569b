"""A pause holds a flow or a vendor: nothing is lost, nothing is spent, and what is under way ends."""

from __future__ import annotations

import pytest

from pipeline.carry import carry
from pipeline.pauses import pause, resume
from pipeline.plan import Want, ignore
from pipeline.ports import Store
from pipeline.sweep import sweep
from pipeline.words import EventId, Side
from tests.support.engine_runs import FAST, end_process, plans, put, run, set_fields
from tests.support.fakes import FLOW, World, look, make_world
from tests.support.states import States

FLOW_GATE, APRIMO_GATE, OPENTEXT_GATE = f"flow:{FLOW}", "vendor:aprimo", "vendor:opentext"


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def close(world: World, scope: str) -> None:
    pause(scope, until=None, reason="month end", by="anna", store=world.store)


def go_on(world: World, scope: str) -> None:
    """A person opens the gate; the next sweep finds what it held, and it is worked off."""
    assert resume(scope, by="anna", store=world.store)
    sweep(world.ports)
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)


@pytest.mark.parametrize("scope", [FLOW_GATE, APRIMO_GATE])
def test_what_is_paused_is_accepted_and_waits_until_a_person_opens_the_gate(
    world: World, states: States, scope: str
) -> None:
    world.flow.plans = plans(set_fields())
    close(world, scope)

    run(world, put(world, look("aprimo:activity:1"), look("aprimo:activity:2")))
    assert (states.events(), world.aprimo.calls, states.attempts()) == (["accepted"] * 2, [], 0)

    go_on(world, scope)

    assert states.events() == ["delivered"] * 2
    assert len(world.aprimo.effects) == 2


def test_a_pause_of_one_vendor_leaves_the_other_alone(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    close(world, OPENTEXT_GATE)

    run(world, put(world, look()))

    assert states.events() == ["delivered"]
    assert world.opentext.calls == []


def test_a_line_claimed_before_the_pause_finishes_its_running_call_only(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields(1), set_fields(2))

    def answer_after_the_pause_began() -> object:
        close(world, APRIMO_GATE)
        return None

    world.aprimo.answers.append(answer_after_the_pause_began)

    run(world, put(world, look()))
    assert states.deliveries() == ["done", "planned"]
    assert (len(world.aprimo.effects), states.attempts()) == (1, 1)

    go_on(world, APRIMO_GATE)

    assert states.events() == ["delivered"]
    assert (len(world.aprimo.effects), states.attempts()) == (2, 2)


def test_what_was_carried_before_the_pause_is_settled_during_it(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())

    def answer_after_the_pause_began() -> object:
        close(world, APRIMO_GATE)
        return None

    world.aprimo.answers.append(answer_after_the_pause_began)

    run(world, put(world, look()))

    assert states.events() == ["delivered"]


def test_a_plan_whose_next_call_goes_to_a_paused_vendor_waits_in_carry(world: World, states: States) -> None:
    world.flow.plans = plans(end_process(), set_fields())
    close(world, OPENTEXT_GATE)

    run(world, put(world, look()))
    assert (states.events(), states.attempts()) == (["planned"], 0)

    go_on(world, OPENTEXT_GATE)

    assert states.events() == ["delivered"]


def test_a_look_that_reads_a_paused_vendor_too_waits_and_spends_nothing(world: World, states: States) -> None:
    """Its event is Aprimo's, and its flow wants to see both sides: it waits for the one that is paused."""
    both = tuple(Want(flow=FLOW, side=side, kind="thing", object_id="1") for side in (Side.OPENTEXT, Side.APRIMO))
    world.flow.wants = lambda *_: both  # type: ignore[method-assign] # a flow that reads both sides
    world.flow.plans = lambda *_: ignore("unchanged")
    close(world, OPENTEXT_GATE)

    for _ in range(FAST.retry.tries + 1):
        run(world, put(world, look()))
    assert (set(states.events()), world.opentext.calls, world.aprimo.calls) == ({"accepted"}, [], ["read 1"])

    go_on(world, OPENTEXT_GATE)

    assert set(states.events()) == {"ignored", "superseded"}


def test_a_line_that_waits_for_its_turn_keeps_waiting_when_a_pause_ends(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.wait = 40.0
    run(world, put(world, look()))
    close(world, APRIMO_GATE)

    go_on(world, APRIMO_GATE)

    assert states.waits() == ["vendor_wait"]


def test_a_message_that_comes_during_a_pause_starts_nothing(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    hints = put(world, look())
    close(world, FLOW_GATE)

    run(world, hints * 3)

    assert carry([EventId("ev-none")], lane_name="standard.aprimo", ports=world.ports) == []
    assert (states.events(), states.attempts()) == (["accepted"], 0)


def test_nobody_resumes_what_is_not_paused(world: World) -> None:
    assert not resume(FLOW_GATE, by="anna", store=world.store)


def test_pauses_are_on_the_record(world: World, states: States) -> None:
    close(world, FLOW_GATE)
    resume(FLOW_GATE, by="bert", store=world.store)
    resume(FLOW_GATE, by="bert", store=world.store)

    assert states.audit() == [("anna", "pause.begun", FLOW_GATE), ("bert", "pause.ended", FLOW_GATE)]
