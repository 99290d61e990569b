"""What one member of a batch cannot do to the others, and what an unknown outcome may never lead to."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from console.letters import EVERY, LIMIT, find
from pipeline.carry import carry
from pipeline.commands import AddComment, EndProcess, SetFields
from pipeline.errors import PermanentError, TransientError, UnknownOutcomeError
from pipeline.events import NewEvent
from pipeline.plan import LinkChanges, Plan, deliver, ignore, refuse
from pipeline.ports import Store
from pipeline.replay import replay
from pipeline.transform import transform
from pipeline.words import Step
from tests.support.engine_runs import FAST, put, run
from tests.support.fakes import World, look, make_world
from tests.support.states import States


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def end(number: str) -> EndProcess:
    return EndProcess(instance_id=number, reason="withdrawn")


def looks(*subjects: str) -> list[NewEvent]:
    return [look(subject) for subject in subjects]


def test_an_outcome_that_cannot_be_recorded_dies_alone(world: World, states: States) -> None:
    # JSON has no place for this value, so the link's change cannot be stored.
    bad = LinkChanges(seen={"aprimo": object()})  # type: ignore[dict-item] # the point

    def plan(event: object, *_: object) -> Plan:
        is_bad = getattr(event, "subject", "") == "aprimo:activity:1"
        return deliver(end(getattr(event, "subject", "")), changes=bad if is_bad else LinkChanges())

    world.flow.plans = plan

    run(world, put(world, *looks("aprimo:activity:1", "aprimo:activity:2", "aprimo:activity:3")))

    assert states.events() == ["dead", "delivered", "delivered"]


def test_a_delivery_of_an_unknown_kind_dies_alone(world: World, states: States) -> None:
    world.flow.plans = lambda event, *_: deliver(end(event.subject))
    hints = put(world, *looks("aprimo:activity:1", "aprimo:activity:2"))
    transform(list(hints[0].event_ids), lane_name=hints[0].lane, ports=world.ports)
    hints, world.waker.hints = world.waker.hints, []
    states.rename_kind("aprimo:activity:1", "ot.from_the_future")

    run(world, hints)

    assert states.events() == ["dead", "delivered"]
    assert states.letters() == [("carry_failed", "open")]


def test_wants_that_raise_are_that_events_fault_alone(world: World, states: States) -> None:
    wants = world.flow.wants
    world.flow.wants = lambda event, snapshots, link: (  # type: ignore[method-assign] # a flow with a fault
        1 / 0 if event.subject == "aprimo:activity:1" else wants(event, snapshots, link)  # type: ignore[return-value]
    )

    run(world, put(world, *looks("aprimo:activity:1", "aprimo:activity:2")))

    assert states.events() == ["dead", "ignored"]
    assert states.letters() == [("plan_failed", "open")]


def test_a_line_that_goes_on_elsewhere_is_published_while_its_neighbour_still_calls(world: World) -> None:
    slow = threading.Event()

    def hold() -> object:
        slow.wait(10)
        return None

    world.flow.plans = lambda event, *_: (
        deliver(end("slow"))
        if event.subject == "aprimo:activity:1"
        else deliver(end("fast"), SetFields(object_kind="activity", object_id=2, fields={"a": "b"}))
    )
    hints = put(world, *looks("aprimo:activity:1", "aprimo:activity:2"))
    transform(list(hints[0].event_ids), lane_name=hints[0].lane, ports=world.ports)
    (hint,), world.waker.hints = world.waker.hints, []
    world.opentext.answers.append(hold)
    running = threading.Thread(
        target=carry, args=(list(hint.event_ids),), kwargs={"lane_name": hint.lane, "ports": world.ports}
    )
    running.start()
    deadline = time.monotonic() + 10
    while not world.waker.hints and time.monotonic() < deadline:
        time.sleep(0.01)
    published = [(found.step, found.lane) for found in world.waker.hints]
    slow.set()
    running.join()

    assert published == [(Step.CARRY, "standard.aprimo")]


def test_an_attempt_begins_only_when_a_thread_is_free_for_it(store: Store, states: States) -> None:
    world = make_world(store, replace(FAST, call_threads=1))
    world.flow.plans = lambda event, *_: deliver(end(event.subject))
    hints = put(world, *looks(*[f"aprimo:activity:{number}" for number in range(4)]))
    seen: list[int] = []

    def count() -> object:
        seen.append(states.attempts())
        return None

    world.opentext.answers.extend([count] * 4)

    run(world, hints)

    assert seen == [1, 2, 3, 4]


def test_the_late_time_of_an_unknown_call_counts_from_its_end(store: Store, states: States) -> None:
    world = make_world(store, replace(FAST, late_factor=1.0))
    world.flow.plans = lambda *_: deliver(
        AddComment(instance_id="i", origin="aprimo", origin_id="1", text="Please hurry")
    )

    def slow_silence() -> object:
        time.sleep(0.3)
        return UnknownOutcomeError("no answer")

    world.opentext.answers.append(slow_silence)
    hints = put(world, *looks("aprimo:activity:1"))
    ids = transform(list(hints[0].event_ids), lane_name=hints[0].lane, ports=world.ports)
    before = world.store.run(lambda tx: tx.now)
    carry(ids or states.event_ids(), lane_name="standard.opentext", ports=world.ports)

    (settled,) = states.settled_after()
    assert settled - before >= timedelta(seconds=AddComment.LATE_S + 0.3)


def test_an_unknown_delivery_is_looked_up_even_when_the_new_plan_sends_nothing(world: World, states: States) -> None:
    world.flow.plans = lambda *_: deliver(end("i-1"))
    world.opentext.answers.extend([lambda: UnknownOutcomeError("no answer"), lambda: UnknownOutcomeError("no")])
    world.opentext.look_up = _failing(world, 2)  # type: ignore[method-assign] # history is away for a while
    run(world, put(world, *looks("aprimo:activity:1")))
    assert states.events() == ["dead"]
    world.flow.plans = lambda *_: ignore("withdrawn")

    replay(states.letter_ids(), is_resume=False, by="op", note="", ports=world.ports)
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)

    assert states.events() == ["delivered"]
    assert states.deliveries() == ["dropped"]
    assert world.opentext.effects == []


def test_a_replay_gives_all_tries_back(world: World, states: States) -> None:
    world.flow.plans = lambda *_: deliver(end("i-1"))
    world.opentext.answers.extend([lambda: TransientError("busy", wait_s=0.0)] * 3)
    run(world, put(world, *looks("aprimo:activity:1")))
    world.opentext.answers.append(lambda: TransientError("busy", wait_s=0.0))

    replay(states.letter_ids(), is_resume=True, by="op", note="", ports=world.ports)
    hints, world.waker.hints = world.waker.hints, []
    run(world, hints)

    assert states.events() == ["delivered"]


def test_a_refusal_touches_no_neighbour(world: World, states: States) -> None:
    world.flow.plans = lambda event, *_: deliver(end(event.subject))
    world.opentext.answers.append(lambda: PermanentError("refused_by_vendor", "no", status=400))

    run(world, put(world, *looks(*[f"aprimo:activity:{number}" for number in range(3)])))

    assert sorted(states.events()) == ["dead", "delivered", "delivered"]


def test_an_act_on_all_letters_of_a_filter_finds_more_than_a_list_shows(world: World) -> None:
    world.flow.plans = lambda *_: refuse("plan_failed", "no")
    run(world, put(world, *looks(*[f"aprimo:activity:{number}" for number in range(LIMIT + 1)])))

    found = find(world.store, code="plan_failed", limit=EVERY)

    assert len(found) == LIMIT + 1


def _failing(world: World, times: int) -> object:
    real, left = world.opentext.look_up, [TransientError("history is away", wait_s=0.0)] * times

    def look_up(*args: object) -> object:
        if left:
            raise left.pop()
        return real(*args)  # type: ignore[arg-type] # handed on as it came

    return look_up
