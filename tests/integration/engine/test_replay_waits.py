"""A replay plan while a system is away: it waits, and neither leaves a letter out nor refuses one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.errors import GateClosedError, MisconfiguredError, TransientError
from pipeline.plan import refuse
from pipeline.ports import ReplayPlan, Store
from pipeline.ports.replays import Replays
from pipeline.replay import replay_at_pace
from pipeline.replay_runs import stop
from pipeline.words import ReplayState
from tests.integration.engine.test_replay_plans import (
    QUICK,
    apply_all,
    die,
    item,
    open_letters,
    patient,
    shown,
    targets,
    work_off,
)
from tests.support.fakes import World, make_world
from tests.support.store_rows import Clock

BUDGET = TransientError("the rate budget is used up", wait_s=0.3, is_outage=True)
PASSING = [
    BUDGET,
    TransientError("HTTP 500", status=500),
    GateClosedError("The gate of aprimo is closed."),
]


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, QUICK)


def test_reads_that_fail_for_now_leave_no_letter_out_of_a_plan(world: World) -> None:
    die(world, 1, 2)
    whole = shown(world)
    world.aprimo.reads.extend(PASSING)
    pauses: list[float] = []

    plan = shown(world, patience=patient(pauses.append))

    assert (plan.hash, [each.left for each in plan.items]) == (whole.hash, ["", ""])
    assert pauses == [1.0, 2.0, 4.0]


def test_reads_that_fail_for_now_refuse_no_letter_of_a_plan(world: World) -> None:
    die(world, 1, 2)
    plan = shown(world)
    world.aprimo.reads.extend(PASSING)

    applied = apply_all(world, plan, pause=lambda _: None)
    work_off(world)

    assert (applied.state, applied.refused) == (ReplayState.APPLIED, {})
    assert targets(world) == ["1", "2"]


def test_what_was_changed_is_refused_all_the_same_once_it_can_be_read(world: World) -> None:
    die(world, 1, 2)
    plan = shown(world)
    world.aprimo.shown[item(1)] = {"wanted": "something else"}
    world.aprimo.reads.append(BUDGET)

    applied = apply_all(world, plan, pause=lambda _: None)

    changed = next(each.letter_id for each in plan.items if each.subject == item(1))
    assert applied.refused == {changed: f"Changed since it was shown: thing {item(1)}."}


def test_a_plan_that_waits_for_a_system_can_be_stopped_within_a_second(ticking: Store, clock: Clock) -> None:
    world = make_world(ticking, QUICK)
    die(world, 1, 2)
    plan = shown(world)
    world.aprimo.reads.append(TransientError("HTTP 429", wait_s=60.0, is_outage=True))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.now += timedelta(seconds=seconds)
        assert stop(plan.hash, by="berta", ports=world.ports)

    stopped = apply_all(world, plan, pause=pause)

    assert pauses == [1.0]
    assert (stopped.state, stopped.done_to, stopped.refused) == (ReplayState.STOPPED, 0, {})
    assert len(open_letters(world)) == 2


def test_where_a_system_stays_away_no_half_plan_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    die(world, 1, 2)
    world.aprimo.reads.extend([BUDGET] * 99)
    pauses: list[float] = []
    kept: list[ReplayPlan] = []
    monkeypatch.setattr(type(_replays(world)), "save", lambda _, plan: kept.append(plan))

    with pytest.raises(TransientError, match="rate budget"):
        shown(world, patience=patient(pauses.append))

    assert (sum(pauses), kept) == (300.0, [])
    world.aprimo.reads.clear()
    assert kept == [shown(world)]


def _replays(world: World) -> Replays:
    return world.store.run(lambda tx: tx.replays)


def test_a_letter_that_was_left_out_is_not_read_again_and_waited_for(world: World) -> None:
    die(world, 1, 2)
    world.flow.plans = lambda *_: refuse("values_missing", "Fill in: budget.")
    plan = shown(world)
    world.aprimo.reads.append(BUDGET)

    applied = apply_all(world, plan)

    assert set(applied.refused.values()) == {"It would die again."}
    assert list(world.aprimo.reads) == [BUDGET]


def test_without_a_plan_letters_go_at_the_same_pace(world: World) -> None:
    die(world, 1, 2, 3)
    ids = [letter.id for letter in open_letters(world)]
    pauses: list[float] = []

    closed = replay_at_pace(
        [*ids, "999"], is_resume=False, by="anna", note="", ports=world.ports, pause=pauses.append
    )

    assert [each.is_done for each in closed] == [True, True, True, False]
    assert pauses == [1 / QUICK.replays_per_s] * 3


def test_a_plan_that_gave_up_goes_on_where_it_stood(world: World) -> None:
    die(world, 1, 2)
    plan = shown(world)
    world.aprimo.reads.append(MisconfiguredError("client_refused", "HTTP 401"))

    with pytest.raises(MisconfiguredError):
        apply_all(world, plan)
    left = len(open_letters(world))
    applied = apply_all(world, plan)

    assert left == 2
    assert (applied.state, applied.done_to, applied.refused) == (ReplayState.APPLIED, 2, {})
