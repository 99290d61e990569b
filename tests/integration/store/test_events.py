"""Events keep their place, their state and their plan."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.events import Event
from pipeline.plan import FollowUp, LinkChanges, Wake
from pipeline.ports import EventMove, Store, StoredPlan
from pipeline.states import IllegalMoveError
from pipeline.store import SqlPages
from pipeline.words import EventId, EventKind, EventState, Side, Urgency, WakeReason
from tests.support.store_rows import FLOW, SENT_AT, START, Clock, add, item, line_of, new_event, take

A, P, D = EventState.ACCEPTED, EventState.PLANNED, EventState.DEAD


def _move(event_id: str, before: EventState, after: EventState, reason: str = "") -> EventMove:
    return EventMove(id=EventId(event_id), before=before, after=after, reason=reason)


def test_a_stored_event_comes_back_as_it_was_told(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1, data={"modified": "2026-01-12", "fields": ["budget", None, 3, True]})])
        found = tx.events.waiting(take(tx))

    assert found == {
        line_of(1): (
            Event(
                id=EventId("ev-1-1"),
                flow=FLOW,
                source="aprimo.pm.webhook",
                type="aprimo.activity.changed",
                kind=EventKind.LOOK,
                side=Side.APRIMO,
                subject=item(1),
                line_key=line_of(1),
                position=1,
                state=A,
                time=SENT_AT,
                accepted_at=START,
                data={"modified": "2026-01-12", "fields": ["budget", None, 3, True]},
                urgency=Urgency.STANDARD,
                trace_id="trace-1",
            ),
        )
    }


def test_text_that_postgresql_refuses_is_kept_legible(store: Store) -> None:
    """A vendor's JSON may hold NUL or half a surrogate pair; that notice must not stop its group."""
    with store.begin() as tx:
        add(tx, [new_event(1, data={"na\x00me": "Sp\ud800ring \x00 sale \U0001f600"})])
        (event,) = tx.events.waiting(take(tx))[line_of(1)]

    assert event.data == {"na\ufffdme": "Sp\ufffdring \ufffd sale \U0001f600"}


def test_known_keys_are_told_per_flow(store: Store) -> None:
    one, other = new_event(1), new_event(1, flow="event_brief")
    with store.begin() as tx:
        add(tx, [one])

        asked = [(event.dedupe_key, event.flow) for event in (one, other)] + [(one.dedupe_key, "event_brief")]
        assert tx.events.known(asked) == {(one.dedupe_key, FLOW)}
        assert tx.events.known([]) == frozenset()


def test_a_place_on_a_line_is_taken_once(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.events.insert([(EventId("ev-other"), 1, new_event(1, notice="2"))])


def test_a_notice_is_stored_once_per_flow(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.events.insert([(EventId("ev-other"), 2, new_event(1))])


def test_what_waits_is_everything_open_up_to_the_claims_tail(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1, notice=str(notice)) for notice in range(4)] + [new_event(2)])
        tx.events.move([_move("ev-1-2", A, EventState.SUPERSEDED)])
        claims = take(tx)
        add(tx, [new_event(1, notice="too late")])

        waiting = tx.events.waiting(claims)
    assert {key: [event.position for event in events] for key, events in waiting.items()} == {
        line_of(1): [1, 3, 4],
        line_of(2): [1],
    }


def test_no_claims_have_nothing_waiting(store: Store) -> None:
    with store.begin() as tx:
        assert tx.events.waiting([]) == {}


def test_an_event_moves_and_keeps_why(store: Store, pages: SqlPages, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(1, notice="2")])
    ended_at = clock.pass_s(3)
    with store.begin() as tx:
        moved = EventMove(
            id=EventId("ev-1-2"),
            before=A,
            after=EventState.SUPERSEDED,
            reason="covered",
            superseded_by=EventId("ev-1-1"),
        )
        tx.events.move([_move("ev-1-1", A, P), moved])

    first, second = pages.event_list(subject=item(1))[::-1]
    assert (first.state, first.reason, first.ended_at) == ("planned", "", None)
    assert (second.state, second.reason, second.superseded_by, second.ended_at) == (
        "superseded",
        "covered",
        "ev-1-1",
        ended_at,
    )


def test_an_event_that_comes_back_has_not_ended(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.events.move([_move("ev-1-1", A, D, "values_missing")])
        tx.events.move([_move("ev-1-1", D, A, "replayed")])

    (event,) = pages.event_list()
    assert (event.state, event.ended_at) == ("accepted", None)


def test_an_illegal_move_is_refused(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
        with pytest.raises(IllegalMoveError, match="from accepted to carried"):
            tx.events.move([_move("ev-1-1", A, EventState.CARRIED)])


def test_an_event_that_is_elsewhere_is_not_moved_and_nothing_else_is(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2)])
    with pytest.raises(IllegalMoveError, match="1 of 2 events"), store.begin() as tx:
        tx.events.move([_move("ev-1-1", A, P), _move("ev-2-1", P, EventState.CARRIED)])

    assert {event.state for event in pages.event_list()} == {"accepted"}


def test_a_plan_comes_back_whole(store: Store) -> None:
    plan = StoredPlan(
        event_id=EventId("ev-1-1"),
        plan_number=2,
        changes=LinkChanges(
            state="in_approval", wake=Wake(at=START + timedelta(days=2), reason=WakeReason.REVIEW_DUE)
        ),
        follow_ups=(
            FollowUp(
                line_key=line_of(2),
                subject=item(2),
                flow=FLOW,
                type="signoff.comment",
                side=Side.OPENTEXT,
                data={"text": "bitte prüfen"},
                urgency=Urgency.EXPRESS,
            ),
        ),
    )
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2)])
        tx.events.store_plans([plan])
    with store.begin() as tx:
        assert tx.events.plans([EventId("ev-1-1"), EventId("ev-2-1")]) == {"ev-1-1": plan}
        assert tx.events.next_open([line_of(1)])[line_of(1)].plan_number == 2


def test_stale_plans_are_counted(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2)])
        for _ in range(2):
            tx.events.count_stale([EventId("ev-1-1")])
        tx.events.count_stale([])

        found = tx.events.next_open([line_of(1), line_of(2)])
    assert {key: event.stale_count for key, event in found.items()} == {line_of(1): 2, line_of(2): 0}


def test_the_next_open_event_is_the_lowest_one(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1, notice=str(notice)) for notice in range(3)] + [new_event(2)])
        tx.events.move([_move("ev-1-1", A, EventState.IGNORED), _move("ev-2-1", A, EventState.IGNORED)])

        found = tx.events.next_open([line_of(1), line_of(2), line_of(3)])
    assert {key: event.id for key, event in found.items()} == {line_of(1): "ev-1-2"}


def test_a_dead_event_is_still_the_next_open_one(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(1, notice="2")])
        tx.events.move([_move("ev-1-1", A, D)])

        assert tx.events.next_open([line_of(1)])[line_of(1)].state is D
