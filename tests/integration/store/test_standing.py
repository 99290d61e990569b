"""Operators see why a line's head does not go on, and what waits behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.ports import Claim, EventMove, Gate, NewLetter, Release, Store, Tx
from pipeline.store import SqlPages
from pipeline.store.standing import HeldUp
from pipeline.words import EventId, EventState, GateKind, WaitReason
from tests.support.store_rows import FLOW, START, Clock, add, item, line_of, new_event, release, take

ONE, TWO, THREE = (EventId(f"ev-1-{position}") for position in (1, 2, 3))


def queued(tx: Tx) -> Claim:
    """Three events of one item, the first of them claimed."""
    add(tx, [new_event(1, notice=str(notice)) for notice in range(3)])
    (claim,) = take(tx, ONE)
    return claim


def wait(tx: Tx, claim: Claim) -> None:
    waiting = release(claim, ready_at=START + timedelta(seconds=30))
    tx.lines.release([Release(**{**vars(waiting), "wait_reason": WaitReason.VENDOR_WAIT})])


def die(tx: Tx, claim: Claim) -> None:
    tx.events.move([EventMove(id=ONE, before=EventState.ACCEPTED, after=EventState.DEAD, reason="poison")])
    tx.letters.open([NewLetter(event_id=ONE, delivery_id=None, code="poison", hint="")])
    tx.lines.release([release(claim)])


def gate(tx: Tx, claim: Claim) -> None:
    tx.ledger.close_gate(Gate(scope="vendor:aprimo", kind=GateKind.PAUSE, until=None, reason="month end", by="anna"))
    tx.lines.release([release(claim, ready_at=tx.now)])


def go_on(tx: Tx, claim: Claim) -> None:
    tx.lines.release([release(claim, ready_at=tx.now)])


def work_on(_: Tx, __: Claim) -> None:
    """The claim is held."""


@pytest.mark.parametrize(
    ("then", "stands", "is_held_up"),
    [
        (wait, "vendor_wait", True),
        (die, "dead poison", True),
        (gate, "gate vendor:aprimo", True),
        (work_on, "under way", False),
        (go_on, "", False),
    ],
)
def test_every_event_of_a_line_tells_how_its_head_stands_and_how_many_wait_behind_that(
    store: Store, pages: SqlPages, then: object, stands: str, *, is_held_up: bool
) -> None:
    with store.begin() as tx:
        then(tx, queued(tx))  # type: ignore[operator] # one of the five above

    listed = {event.id: (event.head_id, event.stands, event.behind) for event in pages.event_list()}
    assert listed == dict.fromkeys((ONE, TWO, THREE), (ONE, stands, 2))
    assert [(line.line_key, line.stands) for line in pages.status().held_up] == (
        [(line_of(1), stands)] if is_held_up else []
    )


@pytest.mark.parametrize(
    ("until", "stands"),
    [
        ({"vendor:aprimo": 5}, ""),
        ({"vendor:aprimo": 6}, "gate vendor:aprimo"),
        ({"vendor:aprimo": 6, "flow:campaign_brief": 6}, "gate flow:campaign_brief"),
        ({"vendor:aprimo": 6, "flow:campaign_brief": 5}, "gate vendor:aprimo"),
    ],
)
def test_of_the_gates_that_are_still_closed_after_five_seconds_one_is_named(
    store: Store, pages: SqlPages, clock: Clock, until: dict[str, int], stands: str
) -> None:
    with store.begin() as tx:
        claim = queued(tx)
        for scope, seconds in until.items():
            opens_at = START + timedelta(seconds=seconds)
            tx.ledger.close_gate(Gate(scope=scope, kind=GateKind.PAUSE, until=opens_at, reason="", by="anna"))
        tx.lines.release([release(claim, ready_at=tx.now)])
    clock.pass_s(5)

    assert {event.stands for event in pages.event_list()} == {stands}


def test_what_is_under_way_says_at_which_worker(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        queued(tx)

    timeline = pages.event_timeline(ONE)

    assert timeline is not None
    assert [each.detail for each in timeline.moments if each.what == "under way"] == ["transform at worker-1"]


def test_a_timeline_shows_what_waits_behind_its_event(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        die(tx, queued(tx))

    head, behind = pages.event_timeline(ONE), pages.event_timeline(TWO)

    assert head is not None
    assert behind is not None
    assert [event.id for event in head.behind] == [TWO, THREE]
    assert (behind.event.head_id, behind.event.stands, behind.behind) == (ONE, "dead poison", ())


def test_the_status_shows_the_lines_with_most_behind_their_heads_first(
    store: Store, pages: SqlPages, clock: Clock
) -> None:
    with store.begin() as tx:
        die(tx, queued(tx))
        add(tx, [new_event(2, notice=str(notice)) for notice in range(4)])
        add(tx, [new_event(3)])
        second, third = take(tx, EventId("ev-2-1"), EventId("ev-3-1"), limit=2)
        wait(tx, second)
        wait(tx, third)
    clock.pass_s(7)

    assert pages.status().held_up == (
        HeldUp(
            flow=FLOW,
            subject=item(2),
            line_key=line_of(2),
            head_id=EventId("ev-2-1"),
            stands="vendor_wait",
            since=START,
            ready_at=START + timedelta(seconds=30),
            behind=3,
        ),
        HeldUp(
            flow=FLOW,
            subject=item(1),
            line_key=line_of(1),
            head_id=ONE,
            stands="dead poison",
            since=START,
            ready_at=None,
            behind=2,
        ),
    )


def test_an_event_that_ended_has_no_head_and_nothing_behind_it(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        claim = queued(tx)
        tx.events.move([EventMove(id=ONE, before=EventState.ACCEPTED, after=EventState.IGNORED, reason="unchanged")])
        tx.lines.release([release(claim, ready_at=tx.now, head=2)])

    (ended,) = pages.event_list(state="ignored")
    assert (ended.head_id, ended.stands, ended.behind) == (None, "", 0)
    assert {(event.head_id, event.behind) for event in pages.event_list(state="open")} == {(TWO, 1)}
