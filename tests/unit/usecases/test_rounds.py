"""Reading rounds: nothing is read twice in one step, neither for one event nor for several of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from pipeline.events import Event
from pipeline.plan import Link, Plan, Snapshots, Want, ignore
from pipeline.ports import Bounds, Hint
from pipeline.transform import transform
from pipeline.words import EventId, Side, Step, WaitReason
from tests.support.engine_runs import put
from tests.support.fakes import FLOW, World, look, make_world
from tests.support.memory.store import MemoryStore
from tests.support.store_rows import Clock

ONE, TWO = "aprimo:activity:1", "aprimo:activity:2"


@pytest.fixture
def world() -> World:
    return make_world(MemoryStore(Clock()))


@pytest.fixture
def rounds(world: World, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What each call of `read` was asked for."""
    asked: list[list[str]] = []
    original = world.aprimo.read

    def read(wants: Sequence[Want], bounds: Bounds) -> object:
        asked.append([want.object_id for want in wants])
        return original(wants, bounds)

    monkeypatch.setattr(world.aprimo, "read", read)
    return asked


def plan_all(world: World, *hints: Hint) -> None:
    """Transform everything in one batch."""
    ids = [event_id for hint in hints for event_id in hint.event_ids]
    assert {hint.step for hint in hints} == {Step.TRANSFORM}
    transform(ids, lane_name=hints[0].lane, ports=world.ports)


def test_what_two_events_of_a_batch_want_is_read_once(world: World, rounds: list[list[str]]) -> None:
    world.flow.more = {ONE: ("master",), TWO: ("master",)}
    read: dict[EventId, list[str]] = {}

    def keep(event: Event, snapshots: Snapshots, _: Link) -> Plan:
        read[event.id] = [want.object_id for want in snapshots]
        return ignore("unchanged")

    world.flow.plans = keep

    plan_all(world, *put(world, look(ONE)), *put(world, look(TWO)))

    assert rounds == [[ONE, TWO], ["master"]]
    assert sorted(read.values()) == [[ONE, "master"], [TWO, "master"]]


def test_what_an_earlier_round_read_is_not_read_again(world: World, rounds: list[list[str]]) -> None:
    """A package leads to its records, and a record back to its package."""
    world.flow.more = {ONE: ("record",), "record": (ONE, "version")}

    plan_all(world, *put(world, look(ONE)))

    assert rounds == [[ONE], ["record"], ["version"]]


def test_a_line_that_finds_no_place_to_wait_for_the_other_vendor_waits_for_that_vendor_and_says_so(
    world: World, rounds: list[list[str]]
) -> None:
    world.flow.both = frozenset({ONE})
    world.bulkhead.is_full = True

    plan_all(world, *put(world, look(ONE)))

    (hint,) = world.waker.hints
    assert (hint.step, hint.wait_s >= world.ports.limits.bulkhead_wait_s, rounds) == (Step.TRANSFORM, True, [])
    (line,) = cast("MemoryStore", world.store).tables["lines"].where("wait_reason", WaitReason.VENDOR_WAIT)
    assert line["failures"] == 0


def test_a_want_that_a_flow_names_twice_is_read_once(
    world: World, rounds: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wants(event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        del event, snapshots, link
        return (Want(flow=FLOW, side=Side.APRIMO, kind="thing", object_id="5012"),) * 2

    monkeypatch.setattr(world.flow, "wants", wants)

    plan_all(world, *put(world, look(ONE)))

    assert rounds == [["5012"]]
