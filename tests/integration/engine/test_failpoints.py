"""The steps pass every failpoint: what is said of a crash at each of them is said of all there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline import failpoints
from pipeline.errors import PermanentError, UnknownOutcomeError
from pipeline.failpoints import Point
from pipeline.ports import Hint, Store
from pipeline.replay import replay
from pipeline.sweep import sweep
from pipeline.words import EventId, Step
from tests.support.engine_runs import FAST, plans, put, run, run_chain, set_fields
from tests.support.fakes import World, look, make_world
from tests.support.states import States

IN_A_CALL = {Point.SEND_DURING, Point.LOOK_UP_DURING}
"""Passed by the transport: tests/unit/transport/test_failpoints_of_calls.py."""


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


@pytest.fixture
def passed() -> Iterator[list[Point]]:
    seen: list[Point] = []
    disarm = failpoints.arm(lambda point, _: seen.append(point))
    yield seen
    disarm()


def test_an_event_that_meets_everything_passes_every_failpoint(
    world: World, states: States, passed: list[Point]
) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(lambda: UnknownOutcomeError("cut"))
    world.aprimo.answers.append(lambda: PermanentError("refused", "Mend it."))
    run(world, put(world, look()))
    replay(states.letter_ids(), is_resume=False, by="ops", note="mended", ports=world.ports)
    sweep(world.ports)
    run(world, world.waker.hints)

    assert states.events() == ["delivered"]
    assert set(Point) - set(passed) == IN_A_CALL


def test_steps_that_find_nothing_to_do_pass_only_their_claims(world: World, passed: list[Point]) -> None:
    run_chain(world, Hint(step=Step.TRANSFORM, lane="standard.aprimo", event_ids=(EventId("nobody"),)))

    assert passed == [Point.TRANSFORM_BEFORE_CLAIM, Point.CARRY_BEFORE_CLAIM, Point.SETTLE_BEFORE_CLAIM]
