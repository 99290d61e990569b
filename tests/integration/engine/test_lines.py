"""What a line does for its item: order, waits, and what may or may not hold it up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from pipeline.backoff import RetryPolicy
from pipeline.codes import CODES
from pipeline.commands import AddComment
from pipeline.errors import PermanentError, TransientError, UnknownOutcomeError
from pipeline.events import NewEvent
from pipeline.keys import is_notes, line_key
from pipeline.pauses import pause
from pipeline.plan import Plan, deliver, ignore, refuse
from pipeline.ports import Store
from pipeline.replay import discard, replay
from pipeline.sweep import sweep
from pipeline.words import EventKind, WaitReason
from tests.support.engine_runs import FAST, end_process, plans, put, run, set_fields
from tests.support.fakes import FLOW, World, look, make_world
from tests.support.states import States

ITEM = "aprimo:activity:1"
MENDED_AT_SOURCE = [code for code, known in CODES.items() if known.is_mended_at_source]
NOT_MENDED_AT_SOURCE = [code for code, known in CODES.items() if not known.is_mended_at_source]


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store, replace(FAST, kick_every_s=0.0, retry=RetryPolicy(tries=8, base_s=100.0, cap_s=900.0)))


@pytest.fixture
def quick(store: Store) -> World:
    return make_world(store, FAST)


def wait_of(world: World, states: States) -> tuple[str, datetime]:
    """What the line of a look waits for when its plan is carried, and until when."""
    world.flow.plans = plans(set_fields())
    run(world, put(world, look()))
    (wait,) = states.wait_ends()
    return wait


# ---- a new notice pulls a `backoff` wait forward, never a Retry-After, a gate or a budget wait ---------------------


def test_a_new_notice_pulls_a_backoff_wait_forward(world: World, states: States) -> None:
    world.aprimo.answers.append(lambda: TransientError("busy"))
    assert wait_of(world, states)[0] == "backoff"

    put(world, look())

    assert states.wait_ends() == []


def test_a_new_notice_pulls_no_retry_after_forward(world: World, states: States) -> None:
    throttled = TransientError("429", wait_s=50.0, is_outage=True, reason=WaitReason.VENDOR_WAIT, status=429)
    world.aprimo.answers.append(lambda: throttled)
    wait = wait_of(world, states)

    put(world, look())

    assert (wait[0], states.wait_ends()) == ("vendor_wait", [wait])


def test_a_new_notice_pulls_no_budget_wait_forward(world: World, states: States) -> None:
    world.aprimo.wait = 40.0
    wait = wait_of(world, states)

    put(world, look())

    assert (wait[0], states.wait_ends(), states.attempts()) == ("vendor_wait", [wait], 0)


def test_a_new_notice_pulls_no_look_up_forward(world: World, states: States) -> None:
    """Before its time a look-up that finds nothing proves nothing."""
    world.aprimo.answers.append(lambda: UnknownOutcomeError("no answer"))
    wait = wait_of(world, states)

    put(world, look())

    assert (wait[0], states.wait_ends()) == ("lookup", [wait])


def test_a_new_notice_opens_no_gate(world: World, states: States) -> None:
    world.flow.plans = plans(set_fields())
    pause("vendor:aprimo", until=None, reason="month end", by="anna", store=world.store)
    run(world, put(world, look()))

    run(world, put(world, look()))

    assert (states.events(), states.attempts(), sweep(world.ports)) == (["accepted"] * 2, 0, 0)


# ---- a dead remark never blocks a decision or a withdrawal ---------------------------------------------------------


def remark() -> NewEvent:
    """A remark on its item's notes line."""
    told = look(ITEM)
    return replace(told, line_key=line_key(FLOW, told.subject, is_notes=True))


def as_a_brief(event: object, *_: object) -> Plan:
    """A remark becomes a comment; a look at the item a decision that is written and a process that is ended."""
    if is_notes(getattr(event, "line_key", "")):
        return deliver(AddComment(instance_id="i-1", origin="aprimo", origin_id="7", text="Please hurry"))
    return deliver(set_fields(), end_process())


def test_a_dead_remark_never_blocks_a_decision_or_a_withdrawal(quick: World, states: States) -> None:
    quick.flow.plans = as_a_brief
    quick.opentext.answers.append(lambda: PermanentError("refused_by_vendor", "too long", status=400))
    run(quick, put(quick, remark()))
    assert states.events() == ["dead"]

    run(quick, put(quick, look(ITEM)))

    assert states.events() == ["dead", "delivered"]
    assert [kind for kind, _ in (*quick.aprimo.effects, *quick.opentext.effects)] == [
        "pm.set_fields",
        "ot.end_process",
    ]


def test_a_dead_decision_does_not_block_a_remark_either(quick: World, states: States) -> None:
    quick.flow.plans = as_a_brief
    quick.aprimo.answers.append(lambda: PermanentError("refused_by_vendor", "no such field", status=400))
    run(quick, put(quick, look(ITEM)))

    run(quick, put(quick, remark()))

    assert states.events() == ["dead", "delivered"]


# ---- a newer look mends a dead event whose cause was mended at the source ------------------------------------------


def die_of_each(world: World, codes: list[str]) -> list[NewEvent]:
    """An item for each code, whose look died of it; gives a newer look at each."""
    items = {f"aprimo:activity:{number}": code for number, code in enumerate(codes, start=1)}
    world.flow.plans = lambda event, *_: refuse(items[event.subject], "budget")
    run(world, put(world, *map(look, items)))
    world.flow.plans = plans()
    return list(map(look, items))


def test_a_newer_look_mends_a_dead_event_whose_cause_was_mended_at_the_source(quick: World, states: States) -> None:
    newer = die_of_each(quick, MENDED_AT_SOURCE)

    run(quick, put(quick, *newer))

    assert states.events() == ["superseded"] * len(newer) + ["delivered"] * len(newer)
    assert sorted(states.letters()) == sorted((code, "overtaken") for code in MENDED_AT_SOURCE)


def test_a_newer_look_mends_nothing_that_needs_a_person(quick: World, states: States) -> None:
    newer = die_of_each(quick, NOT_MENDED_AT_SOURCE)

    run(quick, put(quick, *newer))

    assert states.events() == ["dead"] * len(newer) + ["accepted"] * len(newer)
    assert sorted(states.letters()) == sorted((code, "open") for code in NOT_MENDED_AT_SOURCE)


def test_a_newer_look_does_not_mend_an_event_whose_effect_is_unknown(quick: World, states: States) -> None:
    quick.flow.plans = plans(end_process())
    quick.opentext.answers.append(lambda: UnknownOutcomeError("no answer"))
    quick.opentext.look_up = _refused  # type: ignore[method-assign] # history is hidden from us
    run(quick, put(quick, look()))

    run(quick, put(quick, look()))

    assert (states.events(), states.deliveries()) == (["dead", "accepted"], ["unknown"])


# ---- one dead item delays no other; replay or discard releases it in order -----------------------------------------


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_a_dead_head_is_released_in_order(quick: World, states: States, act: str) -> None:
    """Facts, which no read covers, wait behind it one after another."""
    order: list[str] = []

    def plan(event: object, *_: object) -> Plan:
        order.append(str(getattr(event, "id", "")))
        return ignore("unchanged") if len(order) > 1 else refuse("plan_failed", "no")

    quick.flow.plans = plan
    run(quick, put(quick, *[look(ITEM, kind=EventKind.FACT) for _ in range(3)]))
    assert states.events() == ["dead", "accepted", "accepted"]

    if act == "replay":
        replay(states.letter_ids(), is_resume=False, by="op", note="", ports=quick.ports)
    else:
        discard(states.letter_ids(), by="op", note="", ports=quick.ports)
    hints, quick.waker.hints = quick.waker.hints, []
    run(quick, hints)

    first, second, third = states.event_ids()
    assert order == ([first, first, second, third] if act == "replay" else [first, second, third])
    assert states.events() == ["ignored"] * 3


def _refused(*_: object) -> object:
    raise PermanentError("instance_hidden", "no right", status=403)
