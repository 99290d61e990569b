"""What dies in a step, what it holds, and how it comes back."""

from __future__ import annotations

import pytest

from pipeline.errors import (
    PermanentError,
    StaleError,
    TransientError,
)
from pipeline.plan import Plan, deliver, ignore, refuse
from pipeline.ports import Hint, Store
from pipeline.replay import discard, replay
from pipeline.words import Step
from tests.support.engine_runs import FAST, end_process, plans, put, run, set_fields
from tests.support.fakes import World, look, make_world
from tests.support.states import States


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def test_a_permanent_failure_makes_a_dead_letter_that_holds_its_line(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "no such field", status=400))

    run(world, put(world, look()))
    run(world, put(world, look()))

    assert states.events() == ["dead", "accepted"]
    assert states.letters() == [("refused_by_vendor", "open")]
    assert world.waker.dead == [states.event_ids()[0]]
    assert world.aprimo.effects == []


def test_a_dead_line_delays_no_other(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "no such field", status=400))

    run(world, put(world, look("aprimo:activity:1")))
    run(world, put(world, look("aprimo:activity:2")))

    assert states.events() == ["dead", "delivered"]


@pytest.mark.parametrize("is_resume", [True, False])
def test_a_replayed_dead_letter_is_carried_and_what_waited_goes_on(
    world: World, states: States, *, is_resume: bool
) -> None:
    world.flow.plans = plans(end_process(), set_fields())
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "no such field", status=400))
    run(world, put(world, look()))
    run(world, put(world, look()))
    world.flow.plans = lambda event, *_: (
        deliver(end_process(), set_fields()) if event.id == states.event_ids()[0] else ignore("unchanged")
    )

    closed = replay(states.letter_ids(), is_resume=is_resume, by="op", note="mended", ports=world.ports)
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)

    assert [letter.is_done for letter in closed] == [True]
    # A new plan's read covers the look behind it; a resumed plan reads nothing.
    assert states.events() == ["delivered", "ignored" if is_resume else "superseded"]
    assert [kind for kind, _ in world.opentext.effects] == ["ot.end_process"]
    assert len(world.aprimo.effects) == 1


def test_a_letter_is_replayed_once_however_many_ask(world: World, states: States) -> None:
    world.flow.plans = lambda *_: refuse("plan_failed", "no")
    run(world, put(world, look()))
    letters = states.letter_ids()

    first = replay(letters, is_resume=False, by="one", note="", ports=world.ports)
    second = replay(letters, is_resume=False, by="two", note="", ports=world.ports)

    assert [first[0].is_done, second[0].is_done] == [True, False]


def test_a_discarded_letter_lets_its_line_go_on(world: World, states: States) -> None:
    world.flow.plans = lambda *_: refuse("plan_failed", "no")
    run(world, put(world, look()))
    run(world, put(world, look()))
    world.flow.plans = lambda *_: ignore("unchanged")

    discard(states.letter_ids(), by="op", note="not wanted", ports=world.ports)
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)

    assert states.events() == ["ignored", "ignored"]
    assert states.letters() == [("plan_failed", "discarded")]


def test_a_fault_in_the_rules_is_that_events_and_no_others(world: World, states: States) -> None:
    def plan(event: object, *_: object) -> Plan:
        if getattr(event, "subject", "") == "aprimo:activity:1":
            raise KeyError("state")
        return deliver(set_fields(2))

    world.flow.plans = plan

    run(world, put(world, look("aprimo:activity:1"), look("aprimo:activity:2")))

    assert states.events() == ["dead", "delivered"]
    assert states.letters() == [("plan_failed", "open")]


def test_tries_that_are_spent_make_a_dead_letter(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.extend([lambda: TransientError("busy", wait_s=0.0)] * 3)

    run(world, put(world, look()))

    assert states.letters() == [("tries_spent", "open")]
    assert len(world.aprimo.calls) == 4  # One read, three sends.


def test_a_failing_read_waits_and_then_dies(world: World, states: States) -> None:
    world.aprimo.reads.extend([TransientError("busy", wait_s=0.0)] * 3)

    run(world, put(world, look()))

    assert states.letters() == [("read_failed", "open")]


def test_a_plan_that_stays_stale_needs_a_person(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.extend([lambda: StaleError("moving")] * 3)

    run(world, put(world, look()))

    assert states.letters() == [("stale", "open")]


def test_a_head_whose_worker_died_three_times_is_poison(world: World, states: States) -> None:
    put(world, look())
    states.crash(times=3)

    run(world, [Hint(step=Step.TRANSFORM, lane="standard.aprimo", event_ids=tuple(states.event_ids()))])

    assert states.letters() == [("poison", "open")]
