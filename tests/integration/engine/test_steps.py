"""The three steps over a real store: reads, plans, outcomes, waits, claims."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.carry import carry
from pipeline.commands import Cause, CreateObject
from pipeline.errors import (
    MisconfiguredError,
    PipelineError,
    StaleError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.plan import LinkChanges, MadeItem, Plan, Snapshot, Want, deliver, ignore
from pipeline.ports import Bounds, Hint, Store
from pipeline.rounds import READING_ROUNDS
from pipeline.settle import settle
from pipeline.sweep import sweep
from pipeline.transform import transform
from pipeline.words import BusinessKey, EventId, Step, WaitReason
from tests.support.engine_runs import FAST, end_process, plans, put, run, run_chain, set_fields
from tests.support.fakes import FLOW, FakeVendor, World, look, make_world
from tests.support.states import States


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def test_an_event_is_read_planned_carried_and_settled_in_one_chain(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())

    run(world, put(world, look()))

    assert states.events() == ["delivered"]
    assert [kind for kind, _ in world.aprimo.effects] == ["pm.set_fields"]


def test_a_plan_for_both_systems_goes_on_in_the_lane_of_each_target(world: World, states: States) -> None:
    world.flow.plans = plans(end_process(), set_fields())
    hints = put(world, look())

    run_chain(world, hints[0])

    assert [(hint.step, hint.lane) for hint in world.waker.hints] == [(Step.CARRY, "standard.opentext")]
    run(world, world.waker.hints)
    assert states.events() == ["delivered"]


def test_later_looks_that_the_read_covers_end_with_the_head(world: World, states: States) -> None:
    hints = put(world, look(), look(), look())

    run(world, hints)

    assert states.events() == ["ignored", "superseded", "superseded"]
    assert world.aprimo.calls == ["read 1"]


def test_the_looks_of_a_batch_are_read_in_one_call(world: World) -> None:
    hints = put(world, *[look(f"aprimo:activity:{number}") for number in range(20)])

    run(world, hints)

    assert world.aprimo.calls == ["read 20"]


def test_what_a_read_leads_to_is_read_in_the_next_round_and_nothing_twice(world: World, states: States) -> None:
    world.flow.more = {"aprimo:activity:1": ("aprimo:activity:2", "aprimo:activity:1"), "aprimo:activity:2": ()}
    world.flow.plans = lambda _event, snapshots, _link: ignore(f"read {len(snapshots)}")

    run(world, put(world, look("aprimo:activity:1"), look("aprimo:activity:3")))

    assert world.aprimo.calls == ["read 2", "read 1"]
    assert states.reasons() == ["read 2", "read 1"]


def test_who_does_not_read_the_other_vendor_has_gone_on_before_that_is_asked(world: World, states: States) -> None:
    world.flow.both = frozenset({"aprimo:activity:2"})
    world.flow.plans = plans(set_fields())
    hints = put(world, *[look(f"aprimo:activity:{number}") for number in (1, 2, 3)])
    seen: list[tuple[list[str], list[tuple[Step, int]]]] = []

    def slow(wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        seen.append((states.events(), [(hint.step, len(hint.event_ids)) for hint in world.waker.hints]))
        return FakeVendor.read(world.opentext, wants, bounds)

    world.opentext.read = slow  # type: ignore[method-assign]  # It is asked in the middle of the step.
    ids = transform(hints[0].event_ids, lane_name=hints[0].lane, ports=world.ports)

    assert seen == [(["planned", "accepted", "planned"], [(Step.CARRY, 2)])]
    assert (states.events(), ids) == (["planned"] * 3, [hints[0].event_ids[1]])
    assert (world.aprimo.calls, world.opentext.calls) == (["read 2", "read 1"], ["read 1"])


def test_where_enough_of_the_worker_waits_for_the_other_vendor_nobody_else_does(world: World, states: States) -> None:
    world.flow.both = frozenset({"aprimo:activity:2"})
    world.bulkhead.is_full = True
    hints = put(world, *[look(f"aprimo:activity:{number}") for number in (1, 2)])

    transform(hints[0].event_ids, lane_name=hints[0].lane, ports=world.ports)

    assert states.events() == ["ignored", "accepted"]
    assert (world.aprimo.calls, world.opentext.calls) == (["read 1"], [])
    world.bulkhead.is_full = False
    run(world, world.waker.hints)
    assert states.events() == ["ignored", "ignored"]
    assert (world.aprimo.calls, world.opentext.calls) == (["read 1", "read 1"], ["read 1"])


def test_what_only_a_read_shows_to_be_about_the_other_vendor_too_waits_alone_and_is_read_once(
    world: World, states: States
) -> None:
    """Its own vendor shows that there is a process to look at: the others of its batch go on before that is read."""
    world.flow.far = {"aprimo:activity:2": ("process",)}
    hints = put(world, *[look(f"aprimo:activity:{number}") for number in (1, 2)])
    seen: list[list[str]] = []

    def slow(wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        seen.append(states.events())
        return FakeVendor.read(world.opentext, wants, bounds)

    world.opentext.read = slow  # type: ignore[method-assign]  # It is asked in the middle of the step.
    transform(hints[0].event_ids, lane_name=hints[0].lane, ports=world.ports)

    assert seen == [["ignored", "accepted"]]
    assert states.events() == ["ignored", "ignored"]
    assert (world.aprimo.calls, world.opentext.calls) == (["read 2"], ["read 1"])


def test_a_flow_that_always_wants_more_is_a_dead_letter(world: World, states: States) -> None:
    chain = [f"aprimo:activity:{number}" for number in range(1, 9)]
    world.flow.more = {one: (other,) for one, other in itertools.pairwise(chain)}

    run(world, put(world, look("aprimo:activity:1"), look("aprimo:activity:20")))

    assert states.events() == ["dead", "ignored"]
    assert states.letters() == [("plan_failed", "open")]
    assert len(world.aprimo.calls) == READING_ROUNDS


def test_an_unknown_outcome_is_looked_up_and_not_sent_again(world: World, states: States) -> None:
    world.flow.plans = plans(end_process())

    def effect_then_silence() -> Exception:
        world.opentext.take_effect(end_process(), _key("end:i-1"))
        return UnknownOutcomeError("no answer")

    world.opentext.answers.append(effect_then_silence)

    run(world, put(world, look()))

    assert world.opentext.calls == ["send end:i-1", "look up end:i-1"]
    assert len(world.opentext.effects) == 1
    assert states.events() == ["delivered"]


def test_an_effect_that_did_not_take_place_is_sent_once_more_after_the_look_up(world: World) -> None:
    world.flow.plans = plans(end_process())
    world.opentext.answers.append(lambda: UnknownOutcomeError("no answer"))

    run(world, put(world, look()))

    assert world.opentext.calls == ["send end:i-1", "look up end:i-1", "send end:i-1"]
    assert len(world.opentext.effects) == 1


def test_a_throttled_call_waits_as_long_as_the_vendor_asked(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(
        lambda: TransientError("429", wait_s=45.0, is_outage=True, reason=WaitReason.VENDOR_WAIT, status=429)
    )

    began = datetime.now(UTC)
    run(world, put(world, look()))

    assert states.ready_in(45, since=began) == ["vendor_wait"]
    assert states.events() == ["planned"]
    assert world.aprimo.effects == []


def test_a_stale_plan_is_made_again_from_a_new_read(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))

    run(world, put(world, look()))

    assert states.events() == ["delivered"]
    assert [call.split()[0] for call in world.aprimo.calls] == ["read", "send", "read", "send"]


def test_what_a_stale_plan_left_unsent_is_not_sent_later(world: World, states: States) -> None:
    world.flow.plans = lambda *_: (
        deliver(set_fields(1), set_fields(2)) if len(world.flow.planned) == 1 else ignore("unchanged")
    )
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))

    run(world, put(world, look()))

    assert states.events() == ["ignored"]
    assert states.deliveries() == ["dropped", "dropped"]


def test_missing_rights_close_the_vendors_gate_and_spend_nothing(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(lambda: MisconfiguredError("forbidden", "right missing", status=403))

    run(world, put(world, look()))

    assert states.gates() == ["vendor:aprimo"]
    assert states.events() == ["planned"]
    assert transform(states.event_ids(), lane_name="standard.aprimo", ports=world.ports) == []


def test_a_command_that_is_done_is_not_sent_again_by_a_later_plan(world: World) -> None:
    world.flow.plans = plans(end_process())

    run(world, put(world, look()))
    run(world, put(world, look()))

    assert len(world.opentext.effects) == 1


def test_no_budget_makes_no_attempt(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.wait = 40.0
    began = datetime.now(UTC)

    run(world, put(world, look()))

    assert states.attempts() == 0
    assert states.ready_in(40, since=began) == ["vendor_wait"]


def test_duplicated_messages_change_nothing(world: World) -> None:
    world.flow.plans = plans(end_process(), set_fields())
    hints = put(world, look())

    run(world, hints * 5)

    assert len(world.opentext.effects) == 1
    assert len(world.aprimo.effects) == 1


def test_a_wiped_queue_fills_itself_from_sql(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    put(world, *[look(f"aprimo:activity:{number}") for number in range(7)])
    states.forget_hints()

    assert sweep(world.ports) == 7
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)

    assert states.events() == ["delivered"] * 7


def test_the_sweeper_leaves_a_full_queue_alone(world: World, states: States) -> None:
    put(world, look())
    states.forget_hints()
    world.waker.space = 0

    assert sweep(world.ports) == 0


def test_a_delivery_left_sending_by_a_dead_worker_is_looked_up_first(world: World, states: States) -> None:
    world.flow.plans = plans(end_process())
    hints = put(world, look())
    ids = transform(list(hints[0].event_ids), lane_name="standard.aprimo", ports=world.ports)
    world.waker.hints = []
    states.leave_sending()

    run(world, [Hint(step=Step.CARRY, lane="standard.opentext", event_ids=tuple(states.event_ids()))])

    assert ids == []
    assert world.opentext.calls == ["look up end:i-1", "send end:i-1"]


def test_what_is_told_of_an_object_that_a_plan_made_comes_to_the_plans_line(world: World, states: States) -> None:
    case = CreateObject(object_kind="generic_object_alpha", reference_field="extrAttr380", reference="c-1", fields={})
    effect = case.effect_key(Cause(event_id=EventId("any"), plan_number=1))
    made = MadeItem(kind="generic_object_alpha", effect=effect)
    world.flow.plans = lambda *_: deliver(case, changes=LinkChanges(made=made))
    run(world, put(world, look("opentext:process:p-1")))
    world.flow.plans = lambda *_: ignore("unchanged")

    run(world, put(world, look(f"aprimo:generic_object_alpha:ref-{effect}"), look("aprimo:generic_object_alpha:9")))

    assert states.lines() == [f"{FLOW}/aprimo:generic_object_alpha:9", f"{FLOW}/opentext:process:p-1"]
    with world.store.begin() as tx:
        (link,) = tx.links.of([(FLOW, BusinessKey("opentext:process:p-1"))]).values()
    assert link.item == f"aprimo:generic_object_alpha:ref-{effect}"


def test_settling_twice_changes_nothing(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    hints = put(world, look())
    ids = carry(
        transform(list(hints[0].event_ids), lane_name=hints[0].lane, ports=world.ports),
        lane_name=hints[0].lane,
        ports=world.ports,
    )

    settle(ids, lane_name=hints[0].lane, ports=world.ports)
    settle(ids, lane_name=hints[0].lane, ports=world.ports)

    assert states.events() == ["delivered"]


def test_a_worker_that_lost_its_lease_writes_nothing(world: World, states: States) -> None:
    other = replace(world.ports, me="worker-2")

    def slow_plan(*_: object) -> Plan:
        states.expire_leases()
        transform(states.event_ids(), lane_name="standard.aprimo", ports=other)
        return deliver(set_fields())

    world.flow.plans = lambda *_: slow_plan() if len(world.flow.planned) == 1 else ignore("unchanged")

    run(world, put(world, look()))

    assert states.events() == ["ignored"]
    assert world.aprimo.effects == []


def _key(text: str) -> EventId:
    return EventId(text)
