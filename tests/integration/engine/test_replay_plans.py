"""A replay plan does exactly what was shown: no changed item, nothing twice, at a pace, until it is stopped."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.commands import SetFields
from pipeline.errors import PermanentError, StaleError, UnknownOutcomeError
from pipeline.events import Event
from pipeline.plan import Link, Plan, Snapshots, deliver, refuse
from pipeline.ports import Letter, ReplayPlan, Store
from pipeline.replay import discard, replay
from pipeline.replay_items import DONE, FOUND, THERE, UNKNOWN
from pipeline.replay_plans import NOT_OPEN, make
from pipeline.replay_runs import apply, stop
from pipeline.replay_waits import Patience
from pipeline.steps import Onward
from pipeline.words import ReplayState
from tests.support.engine_runs import FAST, end_process, put, run, set_fields
from tests.support.fakes import T0, World, look, make_world
from tests.support.states import States
from tests.support.store_rows import Clock

AT = T0 + timedelta(hours=1)
QUICK = replace(FAST, replays_per_s=1000.0)


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, QUICK)


def writes(event: Event, snapshots: Snapshots, _: Link) -> Plan:
    """A flow that writes into an activity what the item shows, and when that was looked at."""
    (snapshot,) = snapshots.values()
    number = int(event.subject.rpartition(":")[2])
    fields = {"wanted": snapshot.values.get("wanted"), "looked": snapshot.read_at.isoformat()}
    return deliver(SetFields(object_kind="activity", object_id=number, fields=fields))


def item(number: int) -> str:
    return f"aprimo:activity:{number}"


def die(world: World, *numbers: int) -> None:
    """Items whose events are dead because a vendor refused the call."""
    world.flow.plans = writes
    world.aprimo.answers.extend([lambda: PermanentError("refused_by_vendor", "locked", status=400)] * len(numbers))
    run(world, put(world, *(look(item(number)) for number in numbers)))


def open_letters(world: World) -> list[Letter]:
    return world.store.run(lambda tx: tx.letters.find())


def patient(pause: Callable[[float], None] | None = None) -> Patience:
    """Somebody who waits, and is told of nothing; unless told otherwise no wait is worth the name."""
    return Patience(pause=pause or threading.Event().wait, tell=lambda *_: None)


def shown(
    world: World, *, is_resume: bool = False, at: datetime = AT, patience: Patience | None = None
) -> ReplayPlan:
    """A plan for all open letters."""
    return make(
        open_letters(world),
        is_resume=is_resume,
        by="anna",
        at=at,
        words={},
        ports=world.ports,
        patience=patience or patient(),
    )


def apply_all(
    world: World, plan: ReplayPlan, *, by: str = "anna", pause: Callable[[float], None] | None = None
) -> ReplayPlan:
    """Apply a plan; unless told otherwise it needs no wait worth the name."""
    applied = apply(plan.hash, by=by, words={}, ports=world.ports, patience=patient(pause))
    assert applied is not None
    return applied


def work_off(world: World) -> None:
    """What the replayed letters woke, as full batches."""
    onward = Onward(lane="", hints=world.waker.hints)
    world.waker.hints = []
    run(world, onward.merged_hints(QUICK.batch_lines), rounds=100)


def targets(world: World) -> list[str]:
    """The activities that were written, in the order of their numbers."""
    return sorted(key.rpartition(":")[2] for _, key in world.aprimo.effects)


def test_what_was_shown_is_carried_and_the_plan_keeps_who_replayed_what(world: World, states: States) -> None:
    die(world, 1, 2)

    plan = shown(world)
    applied = apply_all(world, plan, by="berta")
    work_off(world)

    assert [(each.verdict, [call.target for call in each.calls]) for each in plan.items] == [
        ("deliver", [each.subject.removeprefix("aprimo:")]) for each in plan.items
    ]
    assert (applied.state, applied.done_to, applied.refused) == (ReplayState.APPLIED, 2, {})
    assert states.events() == ["delivered", "delivered"]
    assert targets(world) == ["1", "2"]
    letters = world.store.run(lambda tx: tx.letters.find(state="replayed"))
    assert {(letter.closed_by, letter.note) for letter in letters} == {("berta", f"plan {plan.hash}")}


def test_making_a_plan_sends_nothing_and_wakes_nobody(world: World, states: States) -> None:
    die(world, 1)
    before = states.audit()

    shown(world)

    assert world.aprimo.effects == []
    assert world.waker.hints == []
    assert states.letters() == [("refused_by_vendor", "open")]
    assert states.audit() == before


def test_after_targets_changed_exactly_those_are_refused(world: World, states: States) -> None:
    """Object 2 is what the flow read, object 4 is only written; the others stay as they were."""
    die(world, 1, 2, 3, 4)
    plan = shown(world)
    world.aprimo.shown[item(2)] = {"wanted": "something else"}
    world.aprimo.shown["4"] = {"remark": "typed by a person meanwhile"}

    applied = apply_all(world, plan)
    work_off(world)

    ids = {each.subject: each.letter_id for each in plan.items}
    changed = {ids[item(2)]: f"thing {item(2)}", ids[item(4)]: "activity 4"}
    assert applied.refused == {each: f"Changed since it was shown: {what}." for each, what in changed.items()}
    assert targets(world) == ["1", "3"]
    assert states.events() == ["delivered", "dead", "delivered", "dead"]
    assert {letter.id for letter in open_letters(world)} == changed.keys()


def test_what_changes_after_the_last_look_is_found_by_the_worker(world: World, states: States) -> None:
    die(world, 1)
    plan = shown(world)
    apply_all(world, plan)
    world.aprimo.shown[item(1)] = {"wanted": "something else"}

    work_off(world)

    assert world.aprimo.effects == []
    assert states.letters() == [("refused_by_vendor", "replayed"), ("world_moved", "open")]
    assert states.events() == ["dead"]


def test_without_a_plan_a_letter_is_replayed_with_whatever_is_there_now(world: World, states: States) -> None:
    die(world, 1)
    apply_all(world, shown(world))
    world.aprimo.shown[item(1)] = {"wanted": "something else"}
    work_off(world)

    replay([letter.id for letter in open_letters(world)], is_resume=False, by="anna", note="", ports=world.ports)
    work_off(world)

    assert states.events() == ["delivered"]


def test_dates_come_out_as_they_were_shown(world: World, states: States) -> None:
    """The item is looked at later and later; what is planned from the clock is what was shown all the same."""
    die(world, 1)
    world.aprimo.now = T0 + timedelta(hours=2)
    plan = shown(world, at=AT)
    world.aprimo.now = T0 + timedelta(hours=3)

    apply_all(world, plan)
    work_off(world)

    assert states.events() == ["delivered"]
    assert states.values_of("activity:1")[-1]["fields"] == {"wanted": None, "looked": AT.isoformat()}


def test_a_resumed_letter_sends_what_was_planned_before(world: World, states: States) -> None:
    die(world, 1)
    world.flow.plans = lambda *_: deliver(set_fields(7))

    plan = shown(world, is_resume=True)
    applied = apply_all(world, plan)
    work_off(world)

    assert [(each.resumes, [call.target for call in each.calls]) for each in plan.items] == [(True, ["activity:1"])]
    assert applied.refused == {}
    assert targets(world) == ["1"]


def test_a_resumed_call_that_turns_out_stale_is_not_planned_anew(world: World, states: States) -> None:
    die(world, 1)
    apply_all(world, shown(world, is_resume=True))
    world.aprimo.answers.append(lambda: StaleError("moving"))

    work_off(world)

    assert world.aprimo.effects == []
    assert states.letters()[-1] == ("world_moved", "open")


def test_what_took_effect_before_is_shown_as_done_and_stays_done_once(world: World, states: States) -> None:
    world.flow.plans = lambda *_: deliver(end_process(), set_fields())
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "locked", status=400))
    run(world, put(world, look()))

    plan = shown(world)
    apply_all(world, plan)
    work_off(world)

    assert [call.note for call in plan.items[0].calls] == [DONE, ""]
    assert len(world.opentext.effects) == 1
    assert states.events() == ["delivered"]


def test_a_value_that_stands_there_already_is_shown_as_such(world: World) -> None:
    from tests.support.briefs import words  # noqa: PLC0415 - one test needs a flow's words

    world.flow.plans = lambda *_: deliver(set_fields())
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "locked", status=400))
    run(world, put(world, look()))
    world.aprimo.shown["1"] = {"state_id": 3}

    letters = open_letters(world)
    plan = make(
        letters,
        is_resume=True,
        by="anna",
        at=AT,
        words={letters[0].flow: words()},
        ports=world.ports,
        patience=patient(),
    )

    (call,) = plan.items[0].calls
    assert [(change.name, change.now, change.then) for change in call.changes] == [
        ("state", "in_production (3)", "in_production (3)")
    ]
    assert call.note == THERE


@pytest.mark.parametrize(("is_there", "note"), [(True, FOUND), (False, UNKNOWN)])
def test_of_a_call_whose_outcome_nobody_knows_it_is_shown_whether_it_took_effect(
    world: World, states: States, *, is_there: bool, note: str
) -> None:
    world.flow.plans = lambda *_: deliver(end_process())
    lost = [UnknownOutcomeError("no answer"), PermanentError("refused_by_vendor", "locked", status=400)]
    world.opentext.answers.append(lambda: lost[0])
    world.opentext.look_ups.append(lambda: lost[1])
    run(world, put(world, look()))
    if is_there:
        (event_id,) = states.event_ids()
        (delivery,) = world.store.run(lambda tx: tx.deliveries.open_of([event_id]))[event_id]
        world.opentext.take_effect(delivery.command, delivery.effect_key)

    plan = shown(world)
    apply_all(world, plan)
    work_off(world)

    assert [call.note for call in plan.items[0].calls] == [note]
    assert len(world.opentext.effects) == 1
    assert states.events() == ["delivered"]


def test_a_target_that_was_changed_since_the_letter_died_is_a_conflict(world: World) -> None:
    die(world, 1)
    assert shown(world).items[0].conflicts == ()

    world.aprimo.version = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    assert [each.partition(" was ")[0] for each in shown(world).items[0].conflicts] == [
        f"thing {item(1)}",
        "activity 1",
    ]


def test_what_would_die_again_or_can_never_be_read_is_left(world: World, states: States) -> None:
    die(world, 1, 2)
    world.flow.plans = lambda *_: refuse("values_missing", "Fill in: budget.")
    refused = shown(world)
    world.aprimo.reads.append(PermanentError("not_allowed", "HTTP 403", status=403))
    unread = shown(world)

    apply_all(world, refused)
    apply_all(world, unread)

    assert [(each.left, each.hint) for each in refused.items] == [("It would die again.", "Fill in: budget.")] * 2
    assert [each.left for each in unread.items] == ["It cannot be read: not_allowed: HTTP 403"] * 2
    assert [letter.state for letter in open_letters(world)] == ["open", "open"]
    assert states.events() == ["dead", "dead"]


def test_a_letter_that_is_no_longer_open_is_refused(world: World) -> None:
    die(world, 1, 2)
    plan = shown(world)
    first, second = plan.items
    discard([first.letter_id], by="carl", note="not wanted", ports=world.ports)

    applied = apply_all(world, plan)
    work_off(world)

    assert applied.refused == {first.letter_id: NOT_OPEN}
    assert targets(world) == [second.subject.rpartition(":")[2]]


def test_the_same_world_gives_the_same_plan_whoever_asks_and_whenever(world: World) -> None:
    world.flow.plans = lambda *_: deliver(set_fields())
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "locked", status=400))
    run(world, put(world, look()))

    assert shown(world).hash == shown(world, at=AT + timedelta(days=1)).hash


def test_letters_are_replayed_at_the_pace_of_the_settings(ticking: Store, clock: Clock) -> None:
    world = make_world(ticking, replace(FAST, replays_per_s=2.0))
    die(world, 1, 2, 3)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.now += timedelta(seconds=seconds)

    apply_all(world, shown(world), pause=pause)

    assert pauses == [0.5, 0.5]


def test_a_stopped_plan_replays_nothing_more_until_it_is_applied_again(ticking: Store, clock: Clock) -> None:
    world = make_world(ticking, replace(FAST, replays_per_s=2.0))
    die(world, 1, 2, 3)
    plan = shown(world)

    def stop_it(_: float) -> None:
        assert stop(plan.hash, by="berta", ports=world.ports)

    def pause(seconds: float) -> None:
        clock.now += timedelta(seconds=seconds)

    stopped = apply_all(world, plan, pause=stop_it)
    left = [letter.id for letter in open_letters(world)]
    gone_on = apply_all(world, plan, pause=pause)

    ids = [each.letter_id for each in plan.items]
    assert (stopped.state, stopped.done_to, left) == (ReplayState.STOPPED, 1, ids[1:])
    assert (gone_on.state, gone_on.done_to, open_letters(world)) == (ReplayState.APPLIED, 3, [])
    assert not stop(plan.hash, by="berta", ports=world.ports)


def test_there_is_no_plan_by_a_hash_that_nobody_was_told(world: World) -> None:
    assert apply("0" * 16, by="anna", words={}, ports=world.ports, patience=patient()) is None
    assert not stop("0" * 16, by="anna", ports=world.ports)


@pytest.mark.parametrize("letters", [50, pytest.param(500, marks=pytest.mark.long)])
def test_a_plan_applied_by_two_people_at_once_and_once_more_doubles_nothing(
    world: World, states: States, letters: int
) -> None:
    die(world, *range(letters))
    plan = shown(world)
    people = [threading.Thread(target=apply_all, args=(world, plan), kwargs={"by": by}) for by in ("anna", "berta")]

    for person in people:
        person.start()
    for person in people:
        person.join()
    again = apply_all(world, plan)
    work_off(world)

    assert (again.state, again.done_to, again.refused) == (ReplayState.APPLIED, letters, {})
    assert Counter(targets(world)) == Counter(str(number) for number in range(letters))
    assert Counter(states.events()) == {"delivered": letters}
    assert Counter(act for _, act, _ in states.audit())["dead_letter.replayed"] == letters
