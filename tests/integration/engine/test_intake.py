"""Accept over a real store: positions, duplicates, groups that fail, waits that are pulled forward."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.backoff import RetryPolicy
from pipeline.events import NewEvent
from pipeline.intake import Accepted, accept
from pipeline.ports import Limits, Store
from pipeline.transform import transform
from pipeline.words import EventId, ReceiptVerdict, Side, Step, Urgency
from tasks.wiring import new_id
from tests.support.fakes import World, look, make_world, reading
from tests.support.states import States


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, Limits(batch_lines=3, retry=RetryPolicy(tries=8, base_s=100.0, cap_s=900.0)))


def put(world: World, *events: NewEvent) -> Accepted:
    return accept(
        [reading(event) for event in events],
        store=world.store,
        new_id=world.ports.new_id,
        limits=world.ports.limits,
    )


def test_a_duplicate_is_stored_once_within_a_group_and_after_it(world: World, states: States) -> None:
    first = put(world, look(key="a"), look(key="a"))
    second = put(world, look(key="a"))

    assert (first.stored, second.stored) == (1, 0)
    assert len(states.events()) == 1
    # A replayed input adds no receipt: a stranger with one captured body must not fill the disk.
    assert states.receipts() == 2


def test_events_of_a_line_get_the_positions_behind_its_tail(world: World, states: States) -> None:
    put(world, look(), look("aprimo:activity:2"))
    put(world, look())

    assert states.positions() == [1, 1, 2]


def test_only_the_event_that_starts_a_line_is_published(world: World, states: States) -> None:
    first = put(world, look(), look())
    second = put(world, look())

    assert [hint.event_ids for hint in first.hints] == [(states.event_ids()[0],)]
    assert second.hints == ()


def test_hints_are_grouped_by_lane_and_cut_at_the_batch(world: World) -> None:
    urgent = look("aprimo:activity:9", urgency=Urgency.EXPRESS)
    accepted = put(world, urgent, *[look(f"aprimo:activity:{number}") for number in range(4)])

    assert [(hint.step, hint.lane, len(hint.event_ids)) for hint in accepted.hints] == [
        (Step.TRANSFORM, "express.aprimo", 1),
        (Step.TRANSFORM, "standard.aprimo", 3),
        (Step.TRANSFORM, "standard.aprimo", 1),
    ]


def test_one_input_that_sql_refuses_does_not_take_its_group_along(world: World, states: States) -> None:
    # JSON has no place for this value, so its insert fails.
    bad = replace(look("aprimo:activity:2"), data={"x": object()})  # type: ignore[dict-item] # the point

    accepted = put(world, look("aprimo:activity:1"), bad, look("aprimo:activity:3"))

    assert (accepted.stored, list(accepted.failed)) == (2, [1])
    assert len(states.events()) == 2


def test_a_refused_input_is_kept_without_an_event(world: World, states: States) -> None:
    accept(
        [reading(verdict=ReceiptVerdict.REFUSED)],
        store=world.store,
        new_id=world.ports.new_id,
        limits=world.ports.limits,
    )

    assert (states.receipts(), states.events()) == (1, [])


def test_refused_inputs_are_kept_up_to_a_cap(world: World, states: States) -> None:
    limits = replace(world.ports.limits, refused_kept_max=2)
    for _ in range(5):
        accept([reading(verdict=ReceiptVerdict.REFUSED)], store=world.store, new_id=world.ports.new_id, limits=limits)

    assert states.receipts() == 2


def test_a_call_back_is_read_a_moment_later_because_it_comes_before_its_commit(world: World, states: States) -> None:
    event = replace(look(side=Side.OPENTEXT), settle_s=30.0)
    began = datetime.now(UTC)

    accepted = put(world, event)

    assert [hint.wait_s for hint in accepted.hints] == [30.0]
    assert states.ready_in(30, since=began) == [""]


def test_ids_of_events_sort_by_time() -> None:
    earlier, later = new_id("ev")[:15], new_id("ev")[:15]

    assert earlier <= later
    assert EventId(earlier).startswith("ev-")


def test_a_line_that_waits_is_not_claimed_before_its_time(world: World, states: States) -> None:
    put(world, replace(look(), settle_s=timedelta(hours=1).total_seconds()))

    assert transform(states.event_ids(), lane_name="standard.aprimo", ports=world.ports) == []
    assert world.aprimo.calls == []
