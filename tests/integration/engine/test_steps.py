"""The three steps over a real store: claims, outcomes, dead letters, replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.backoff import RetryPolicy
from pipeline.carry import carry
from pipeline.commands import Command, EndProcess, SetFields
from pipeline.errors import (
    MisconfiguredError,
    PermanentError,
    StaleError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.intake import accept
from pipeline.plan import Plan, deliver, ignore, refuse
from pipeline.ports import Hint, Limits, Store
from pipeline.replay import discard, replay
from pipeline.settle import settle
from pipeline.sweep import sweep
from pipeline.transform import transform
from pipeline.words import EventId, Step, WaitReason
from tests.support.fakes import World, look, make_world, reading
from tests.support.states import States

FAST = Limits(late_factor=0.0, retry=RetryPolicy(tries=3, base_s=0.001, cap_s=0.001))


def end_process(number: int = 1) -> EndProcess:
    return EndProcess(instance_id=f"i-{number}", reason="withdrawn")


def set_fields(number: int = 1) -> SetFields:
    return SetFields(object_kind="activity", object_id=number, fields={"activityStateId": 3})


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def plans(*commands: Command) -> Callable[..., Plan]:
    return lambda *_: deliver(*commands)


def put(world: World, *events: object) -> list[Hint]:
    """Accept events and take the hints that would be published."""
    accepted = accept(
        [reading(event) for event in events],  # type: ignore[arg-type] # the helper's callers pass NewEvents
        store=world.store,
        new_id=world.ports.new_id,
        limits=world.ports.limits,
    )
    return list(accepted.hints)


def run(world: World, hints: list[Hint], *, rounds: int = 30) -> None:
    """Work hints off as Celery would, until nothing is published any more; waits are over at once."""
    queue = list(hints)
    for _ in range(rounds):
        if not queue:
            return
        hint = queue.pop(0)
        run_chain(world, hint)
        queue += world.waker.hints
        world.waker.hints = []
    raise AssertionError(f"still busy after {rounds} messages: {queue}")


def run_chain(world: World, hint: Hint) -> None:
    ids = list(hint.event_ids)
    if hint.step is Step.TRANSFORM:
        ids = transform(ids, lane_name=hint.lane, ports=world.ports)
    if hint.step is not Step.SETTLE:
        ids = carry(ids, lane_name=hint.lane, ports=world.ports)
    settle(ids, lane_name=hint.lane, ports=world.ports)


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


def test_a_newer_look_overtakes_a_dead_event_that_was_mended_at_its_source(world: World, states: States) -> None:
    world.flow.plans = lambda *_: refuse("values_missing", "budget")
    run(world, put(world, look()))
    world.flow.plans = plans(set_fields())

    run(world, put(world, look()))

    assert states.events() == ["superseded", "delivered"]
    assert states.letters() == [("values_missing", "overtaken")]


def test_a_fault_in_the_rules_is_that_events_and_no_others(world: World, states: States) -> None:
    def plan(event: object, *_: object) -> Plan:
        if getattr(event, "subject", "") == "aprimo:activity:1":
            raise KeyError("state")
        return deliver(set_fields(2))

    world.flow.plans = plan

    run(world, put(world, look("aprimo:activity:1"), look("aprimo:activity:2")))

    assert states.events() == ["dead", "delivered"]
    assert states.letters() == [("plan_failed", "open")]


def test_a_throttled_call_waits_as_long_as_the_vendor_asked(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(
        lambda: TransientError("429", wait_s=45.0, is_outage=True, reason=WaitReason.VENDOR_WAIT, status=429)
    )

    run(world, put(world, look()))

    assert states.waits() == [("vendor_wait", 45)]
    assert states.events() == ["planned"]
    assert world.aprimo.effects == []


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


def test_a_stale_plan_is_made_again_from_a_new_read(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))

    run(world, put(world, look()))

    assert states.events() == ["delivered"]
    assert [call.split()[0] for call in world.aprimo.calls] == ["read", "send", "read", "send"]


def test_a_plan_that_stays_stale_needs_a_person(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    world.aprimo.answers.extend([lambda: StaleError("moving")] * 3)

    run(world, put(world, look()))

    assert states.letters() == [("stale", "open")]


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

    run(world, put(world, look()))

    assert states.attempts() == 0
    assert states.waits() == [("vendor_wait", 40)]


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


def test_a_head_whose_worker_died_three_times_is_poison(world: World, states: States) -> None:
    put(world, look())
    states.crash(times=3)

    run(world, [Hint(step=Step.TRANSFORM, lane="standard.aprimo", event_ids=tuple(states.event_ids()))])

    assert states.letters() == [("poison", "open")]


def test_a_delivery_left_sending_by_a_dead_worker_is_looked_up_first(world: World, states: States) -> None:
    world.flow.plans = plans(end_process())
    hints = put(world, look())
    ids = transform(list(hints[0].event_ids), lane_name="standard.aprimo", ports=world.ports)
    world.waker.hints = []
    states.leave_sending()

    run(world, [Hint(step=Step.CARRY, lane="standard.opentext", event_ids=tuple(states.event_ids()))])

    assert ids == []
    assert world.opentext.calls == ["look up end:i-1", "send end:i-1"]


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
