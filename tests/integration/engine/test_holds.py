"""Two flows' lines and one object: the second waits for the first, and goes on as soon as that has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.commands import Command, ProjectVerb
from pipeline.errors import PermanentError, StaleError, TransientError, UnknownOutcomeError
from pipeline.events import NewEvent
from pipeline.plan import Hold, Plan, deliver, ignore, refuse
from pipeline.ports import Hint, Store
from pipeline.replay import discard, replay
from pipeline.transform import transform
from pipeline.words import EventId, EventKind, Step
from tests.support.engine_runs import FAST, put, run, run_chain, set_fields
from tests.support.fakes import World, look, make_world
from tests.support.states import States
from tests.support.stores import AnyStore, pages_of

RECORD = Hold(object="dam:record:5f3a", field_set="release")
OTHER = Hold(object="dam:record:77b0", field_set="release")
FIRST, SECOND = "aprimo:activity:1", "aprimo:activity:2"


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, FAST)


def _holding(*holds: Hold, command: Command | None = None) -> Callable[..., Plan]:
    return lambda event, *_: deliver(command or set_fields(int(event.subject[-1])), holds=holds)


def _plan_only(world: World, event: NewEvent) -> list[EventId]:
    """The first step alone, as of a worker that dies once its plan is committed."""
    return _first_step(world, put(world, event))


def _first_step(world: World, hints: list[Hint]) -> list[EventId]:
    return transform(list(hints[0].event_ids), lane_name=hints[0].lane, ports=world.ports)


def _published(world: World) -> list[Hint]:
    hints, world.waker.hints = world.waker.hints, []
    return hints


def _carried_on(world: World, ids: list[EventId]) -> None:
    run_chain(world, Hint(step=Step.CARRY, lane="standard.aprimo", event_ids=tuple(ids)))


def test_a_line_waits_for_what_another_holds_and_sends_nothing(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    _plan_only(world, look(FIRST))

    _plan_only(world, look(SECOND))

    assert states.events() == ["planned", "accepted"]
    assert states.waits() == ["held"]
    assert states.deliveries() == ["planned"]
    assert world.aprimo.effects == []
    assert states.holds() == [("dam:record:5f3a", "release", states.event_ids()[0])]


def test_a_line_that_waits_is_woken_when_the_hold_is_given_back(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    ids = _plan_only(world, look(FIRST))
    _plan_only(world, look(SECOND))
    _published(world)

    _carried_on(world, ids)

    hints = _published(world)
    assert hints == [Hint(step=Step.TRANSFORM, lane="standard.aprimo", event_ids=(states.event_ids()[1],))]
    run(world, hints)
    assert states.events() == ["delivered", "delivered"]
    assert states.holds() == []
    assert world.aprimo.calls == [
        "read 1",
        "read 1",
        f"send {_key(states, 0, 1)}",
        "read 1",
        f"send {_key(states, 1, 2)}",
    ]


def test_of_two_lines_in_one_batch_the_second_waits_for_the_first(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)

    run(world, put(world, look(FIRST), look(SECOND)))

    assert states.events() == ["delivered", "delivered"]
    assert states.holds() == []


def test_lines_that_hold_different_objects_do_not_wait(world: World, states: States) -> None:
    world.flow.plans = lambda event, *_: _holding(RECORD if event.subject == FIRST else OTHER)(event)

    _plan_only(world, look(FIRST))
    _plan_only(world, look(SECOND))

    assert states.events() == ["planned", "planned"]
    assert states.waits() == []


def test_two_lines_that_each_want_two_objects_both_come_through(world: World, states: States) -> None:
    world.flow.plans = lambda event, *_: _holding(*((RECORD, OTHER) if event.subject == FIRST else (OTHER, RECORD)))(
        event
    )
    ids = _plan_only(world, look(FIRST))
    _plan_only(world, look(SECOND))
    assert states.events() == ["planned", "accepted"]

    _carried_on(world, ids)
    run(world, _published(world))

    assert states.events() == ["delivered", "delivered"]


def test_a_plan_that_sends_nothing_holds_nothing(world: World, states: States) -> None:
    world.flow.plans = lambda *_: replace(ignore("unchanged"), holds=(RECORD,))

    run(world, put(world, look(FIRST)))

    assert states.events() == ["ignored"]
    assert states.holds() == []


def test_what_was_read_before_the_hold_was_given_back_is_read_again(world: World, states: States) -> None:
    """The other line wrote the object after this one had read it."""
    ids: list[EventId] = []

    def plan(event: object, *_: object) -> Plan:
        if len(world.flow.planned) == 2:
            _carried_on(world, ids)
        return _holding(RECORD)(event)

    world.flow.plans = plan
    ids += _plan_only(world, look(FIRST))

    _plan_only(world, look(SECOND))

    assert states.events() == ["delivered", "accepted"]
    assert states.holds() == [("dam:record:5f3a", "release", states.event_ids()[1])]
    assert states.waits() == []
    run(world, _published(world))
    assert states.events() == ["delivered", "delivered"]
    assert [call.split()[0] for call in world.aprimo.calls] == ["read", "read", "send", "read", "send"]


def test_a_plan_that_is_made_again_keeps_its_holds(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))
    (hint,) = put(world, look(FIRST))

    run_chain(world, hint)

    assert states.events() == ["accepted"]
    assert len(states.holds()) == 1
    run(world, _published(world))
    assert states.events() == ["delivered"]
    assert states.holds() == []


def test_a_new_plan_gives_back_what_it_does_not_want_any_more(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))
    run_chain(world, put(world, look(FIRST))[0])
    again = _published(world)
    _plan_only(world, look(SECOND))
    assert states.waits() == ["held"]
    world.flow.plans = lambda event, *_: ignore("unchanged") if event.subject == FIRST else _holding(RECORD)(event)

    run(world, again)

    assert states.events() == ["ignored", "delivered"]
    assert states.holds() == []


def test_who_was_woken_and_does_not_want_the_hold_any_more_leaves_it_to_the_next(
    world: World, states: States
) -> None:
    world.flow.plans = _holding(RECORD)
    ids = _plan_only(world, look(FIRST))
    _plan_only(world, look(SECOND))
    _plan_only(world, look("aprimo:activity:3"))
    _published(world)
    _carried_on(world, ids)
    hints = _published(world)
    assert [hint.event_ids for hint in hints] == [(states.event_ids()[1],)]
    world.flow.plans = lambda event, *_: ignore("unchanged") if event.subject == SECOND else _holding(RECORD)(event)

    run(world, hints)

    assert states.events() == ["delivered", "ignored", "delivered"]


def test_a_plan_made_again_that_must_wait_gives_back_what_it_had(world: World, states: States) -> None:
    """Else two of them could wait for each other."""
    world.flow.plans = lambda event, *_: _holding(OTHER if event.subject == SECOND else RECORD)(event)
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))
    run_chain(world, put(world, look(FIRST))[0])
    again = _published(world)
    ids = _plan_only(world, look(SECOND))
    world.flow.plans = _holding(RECORD, OTHER)

    _first_step(world, again)

    assert states.holds() == [("dam:record:77b0", "release", states.event_ids()[1])]
    _carried_on(world, ids)
    run(world, _published(world))
    assert states.events() == ["delivered", "delivered"]
    assert states.holds() == []


def test_a_dead_letter_keeps_its_holds_until_it_is_discarded(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "no such field", status=400))
    run(world, put(world, look(FIRST)))
    _plan_only(world, look(SECOND))
    _published(world)
    assert states.events() == ["dead", "accepted"]

    discard(states.letter_ids(), by="op", note="let go", ports=world.ports)

    run(world, _published(world))
    assert states.events() == ["ignored", "delivered"]
    assert states.holds() == []


@pytest.mark.parametrize("is_resume", [True, False])
def test_a_replayed_dead_letter_gives_its_holds_back_in_the_end(
    world: World, states: States, *, is_resume: bool
) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "no such field", status=400))
    run(world, put(world, look(FIRST)))
    _plan_only(world, look(SECOND))
    _published(world)

    replay(states.letter_ids(), is_resume=is_resume, by="op", note="mended", ports=world.ports)

    assert len(states.holds()) == 1
    run(world, _published(world))
    assert states.events() == ["delivered", "delivered"]
    assert states.holds() == []


def test_a_newer_look_that_overtakes_a_dead_letter_frees_its_holds(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: PermanentError("values_missing", "budget", status=400))
    run(world, put(world, look(FIRST)))
    _plan_only(world, look(SECOND))
    _published(world)
    world.flow.plans = lambda event, *_: ignore("unchanged") if event.subject == FIRST else _holding(RECORD)(event)

    run(world, put(world, look(FIRST)))

    assert states.events() == ["superseded", "delivered", "ignored"]
    assert states.holds() == []


def test_an_event_that_dies_with_nothing_to_send_holds_nothing(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: StaleError("withdrawn meanwhile"))
    run_chain(world, put(world, look(FIRST))[0])
    again = _published(world)
    world.flow.plans = lambda *_: refuse("values_missing", "budget")

    run(world, again)

    # What its first plan left unsent may still be sent by a person's resume.
    assert states.events() == ["dead"]
    assert len(states.holds()) == 1
    discard(states.letter_ids(), by="op", note="let go", ports=world.ports)
    assert states.holds() == []


def test_while_a_call_may_still_take_effect_its_object_stays_held(store: Store, states: States) -> None:
    """A person has the event planned anew, and the new plan must wait for another object."""
    world = make_world(store, replace(FAST, late_factor=1.0))
    start = ProjectVerb(verb="start", project_id=9, revision=1)
    world.flow.plans = lambda event, *_: _holding(RECORD, command=start)(event)
    world.aprimo.answers.append(lambda: UnknownOutcomeError("no answer"))
    run_chain(world, put(world, look(FIRST))[0])
    states.be_ready()
    states.crash(times=3)
    _carried_on(world, states.event_ids())
    assert (states.events(), states.deliveries()) == (["dead"], ["unknown"])
    world.flow.plans = _holding(OTHER)
    _plan_only(world, look(SECOND))
    world.flow.plans = _holding(RECORD, OTHER)
    _published(world)

    replay(states.letter_ids(), is_resume=False, by="op", note="", ports=world.ports)
    _first_step(world, _published(world))

    assert states.waits() == ["held"]
    assert states.holds() == [
        ("dam:record:5f3a", "release", states.event_ids()[0]),
        ("dam:record:77b0", "release", states.event_ids()[1]),
    ]


def test_a_retry_of_a_call_keeps_its_holds(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    world.aprimo.answers.append(lambda: TransientError("503", wait_s=450.0, is_outage=True))

    run(world, put(world, look(FIRST)))

    assert states.waits() == ["backoff"]
    assert len(states.holds()) == 1


def test_a_notice_does_not_pull_a_line_forward_that_waits_for_a_hold(world: World, states: States) -> None:
    world.flow.plans = _holding(RECORD)
    _plan_only(world, look(FIRST))
    _plan_only(world, look(SECOND))

    assert put(world, look(SECOND, kind=EventKind.LOOK)) == []
    assert states.waits() == ["held"]


def test_operators_see_who_holds_what_a_line_waits_for(
    world: World, states: States, store: AnyStore, url_behind: str
) -> None:
    world.flow.plans = _holding(RECORD)
    _plan_only(world, look(FIRST))
    _plan_only(world, look(SECOND))
    holder, waiter = states.event_ids()
    pages = pages_of(store, url_behind, clock=lambda: datetime.now(UTC))

    (line,) = pages.status().hold_waits
    timeline = pages.event_timeline(waiter)
    pages.dispose()

    assert (line.line_key, line.object, line.field_set) == ("test_flow/aprimo:activity:2", *RECORD.__dict__.values())
    assert (line.held_by, line.held_for) == (holder, "test_flow/aprimo:activity:1")
    assert timeline is not None
    assert timeline.moments[-1].what == "next try"
    assert timeline.moments[-1].detail == (
        f"held; dam:record:5f3a release, held by {holder} of test_flow/aprimo:activity:1"
    )


def _key(states: States, index: int, item: int) -> str:
    (command,) = [set_fields(item)]
    return f"fields:{states.event_ids()[index]}:1:activity:{command.object_id}"
