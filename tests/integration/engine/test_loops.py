"""A loop counter is kept with its link, shown to operators, and begun anew when a person says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.loops import release
from pipeline.plan import LinkChanges, Loop, deliver
from pipeline.ports import Store
from pipeline.words import BusinessKey
from tests.support.engine_runs import FAST, put, run, set_fields
from tests.support.fakes import FLOW, T0, World, look, make_world
from tests.support.states import States

KEY = BusinessKey("aprimo:activity:1")
MATRIX = Loop(field="matrix", written="0a", at=T0, rounds=3, over="1b")
STOPPED = Loop(field="state", written="2c", at=T0 + timedelta(seconds=1), rounds=3, over="3d", is_stopped=True)


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def loops_of(world: World) -> dict[str, Loop]:
    link = world.store.run(lambda tx: tx.links.of([(FLOW, KEY)]))[(FLOW, KEY)]
    return dict(link.loops)


def apply(world: World, **loops: Loop) -> None:
    world.store.run(lambda tx: tx.links.apply([(FLOW, KEY, LinkChanges(loops=loops))]))


def test_what_a_plan_remembers_of_its_writes_is_true_once_it_is_settled(world: World) -> None:
    world.flow.plans = lambda *_: deliver(set_fields(), changes=LinkChanges(loops={"a": MATRIX}))

    run(world, put(world, look()))

    assert loops_of(world) == {"a": MATRIX}


def test_counters_of_other_fields_stay(world: World) -> None:
    apply(world, a=MATRIX)
    apply(world, b=STOPPED)

    assert loops_of(world) == {"a": MATRIX, "b": STOPPED}


def test_a_person_lets_a_stopped_field_be_written_and_both_sides_are_looked_at(world: World, states: States) -> None:
    apply(world, a=MATRIX, b=STOPPED)

    released = release(FLOW, KEY, "", by="anna", ports=world.ports)
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)

    assert released == ("state",)
    assert loops_of(world)["a"] == MATRIX
    assert (loops_of(world)["b"].is_stopped, loops_of(world)["b"].rounds, loops_of(world)["b"].over) == (False, 0, "")
    assert states.audit()[0] == ("anna", "loop.released", f"{FLOW}/{KEY} state")
    assert world.flow.planned == states.event_ids()
    assert len(states.event_ids()) == 2


def test_only_the_named_field_is_released(world: World) -> None:
    apply(world, a=STOPPED, b=Loop(**{**vars(STOPPED), "field": "matrix"}))

    assert release(FLOW, KEY, "matrix", by="anna", ports=world.ports) == ("matrix",)
    assert [loop.field for loop in loops_of(world).values() if loop.is_stopped] == ["state"]


@pytest.mark.parametrize("key", [KEY, BusinessKey("aprimo:activity:404")])
def test_where_nothing_is_stopped_nothing_happens(world: World, states: States, key: BusinessKey) -> None:
    apply(world, a=MATRIX)

    assert release(FLOW, key, "", by="anna", ports=world.ports) == ()
    assert (states.event_ids(), states.audit()) == ([], [])
