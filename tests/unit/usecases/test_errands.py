"""What the use cases say that their calls are made for."""

from __future__ import annotations

import pytest

from pipeline.errors import UnknownOutcomeError
from pipeline.ports import Errand
from pipeline.words import CallPurpose
from tests.support.engine_runs import FAST, plans, put, run, set_fields
from tests.support.fakes import FLOW, World, look, make_world
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock

READ = Errand(purpose=CallPurpose.READ)
SEND = Errand(purpose=CallPurpose.SEND, flow=FLOW)
LOOK_UP = Errand(purpose=CallPurpose.LOOK_UP, flow=FLOW)


@pytest.fixture
def world() -> World:
    made = make_world(MemoryStore(Clock()), FAST)
    made.flow.plans = plans(set_fields())
    return made


def test_an_event_causes_reads_and_sends_of_its_flow(world: World) -> None:
    """Which flow a read is for its want says; a batch is read for several."""
    run(world, put(world, look()))

    assert world.aprimo.errands == [READ, SEND]


def test_a_look_up_is_told_from_a_send(world: World) -> None:
    world.aprimo.answers.append(lambda: UnknownOutcomeError("no answer"))

    run(world, put(world, look()))

    assert world.aprimo.errands == [READ, SEND, LOOK_UP, SEND]
