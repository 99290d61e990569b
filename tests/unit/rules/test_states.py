"""The state machines, by property: what is reachable, what is final, and what only a person may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.states import (
    CLOSED_DELIVERY_STATES,
    DELIVERY_MOVES,
    EVENT_MOVES,
    LETTER_MOVES,
    OPEN_EVENT_STATES,
    IllegalMoveError,
    is_persons_move,
    move_delivery,
    move_event,
)
from pipeline.words import DeliveryState, EventState, LetterState

S = TypeVar("S")


def reachable(moves: Mapping[S, frozenset[S]], start: S) -> set[S]:
    found, edge = {start}, [start]
    while edge:
        new = moves[edge.pop()] - found
        found |= new
        edge += new
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("accepted", "planned delivered ignored superseded dead"),
        ("planned", "carried accepted dead"),
        ("carried", "delivered dead"),
        ("dead", "accepted planned ignored superseded"),
        ("delivered", ""),
        ("ignored", ""),
        ("superseded", ""),
    ],
)
def test_an_event_moves_as_the_pages_draw_it(before: str, after: str) -> None:
    assert EVENT_MOVES[EventState(before)] == {EventState(word) for word in after.split()}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("planned", "sending failed dropped"),
        ("sending", "done planned unknown failed"),
        ("unknown", "done planned dropped"),
        ("failed", "planned dropped"),
        ("done", ""),
        ("dropped", ""),
    ],
)
def test_a_delivery_moves_as_the_pages_draw_it(before: str, after: str) -> None:
    assert DELIVERY_MOVES[DeliveryState(before)] == {DeliveryState(word) for word in after.split()}


def test_a_person_alone_makes_one_move_and_no_other() -> None:
    persons = [
        (before, after) for before in DeliveryState for after in DeliveryState if is_persons_move(before, after)
    ]

    assert persons == [(DeliveryState.UNKNOWN, DeliveryState.DROPPED)]


def test_each_machine_speaks_of_every_state() -> None:
    assert set(EVENT_MOVES) == set(EventState)
    assert set(DELIVERY_MOVES) == set(DeliveryState)
    assert set(LETTER_MOVES) == set(LetterState)


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reachable(EVENT_MOVES, EventState.ACCEPTED) == set(EventState)
    assert reachable(DELIVERY_MOVES, DeliveryState.PLANNED) == set(DeliveryState)
    assert reachable(LETTER_MOVES, LetterState.OPEN) == set(LetterState)


@pytest.mark.parametrize("state", list(EventState))
def test_an_event_has_no_dead_end(state: EventState) -> None:
    final = set(EventState) - OPEN_EVENT_STATES

    assert reachable(EVENT_MOVES, state) & final


@pytest.mark.parametrize("state", list(DeliveryState))
def test_a_delivery_has_no_dead_end(state: DeliveryState) -> None:
    assert reachable(DELIVERY_MOVES, state) & CLOSED_DELIVERY_STATES


@pytest.mark.parametrize("state", sorted(set(EventState) - OPEN_EVENT_STATES))
def test_an_ended_event_never_moves_again(state: EventState) -> None:
    assert EVENT_MOVES[state] == frozenset()


@pytest.mark.parametrize("state", sorted(OPEN_EVENT_STATES - {EventState.DEAD}))
def test_every_open_event_can_die(state: EventState) -> None:
    assert EventState.DEAD in EVENT_MOVES[state]


def test_from_unknown_there_is_no_way_to_sending_but_through_a_look_up() -> None:
    assert DeliveryState.SENDING not in DELIVERY_MOVES[DeliveryState.UNKNOWN]


def test_only_a_planned_delivery_is_sent() -> None:
    sendable = {state for state, after in DELIVERY_MOVES.items() if DeliveryState.SENDING in after}

    assert sendable == {DeliveryState.PLANNED}


def test_a_done_delivery_is_never_sent_again() -> None:
    assert reachable(DELIVERY_MOVES, DeliveryState.DONE) == {DeliveryState.DONE}


def test_an_unknown_delivery_is_dropped_by_a_person_only() -> None:
    with pytest.raises(IllegalMoveError):
        move_delivery(DeliveryState.UNKNOWN, DeliveryState.DROPPED)

    moved = move_delivery(DeliveryState.UNKNOWN, DeliveryState.DROPPED, by_person=True)
    assert moved is DeliveryState.DROPPED


@given(st.lists(st.sampled_from(list(EventState)), max_size=30))
def test_an_event_goes_only_where_the_table_leads(wishes: list[EventState]) -> None:
    state = EventState.ACCEPTED
    for wish in wishes:
        if wish in EVENT_MOVES[state]:
            state = move_event(state, wish)
            assert state is wish
        else:
            with pytest.raises(IllegalMoveError, match=f"from {state} to {wish}"):
                move_event(state, wish)


@given(st.lists(st.tuples(st.sampled_from(list(DeliveryState)), st.booleans()), max_size=30))
def test_a_delivery_goes_only_where_the_table_leads(wishes: list[tuple[DeliveryState, bool]]) -> None:
    state = DeliveryState.PLANNED
    for wish, by_person in wishes:
        is_free = by_person or not is_persons_move(state, wish)
        if wish in DELIVERY_MOVES[state] and is_free:
            state = move_delivery(state, wish, by_person=by_person)
            assert state is wish
        else:
            with pytest.raises(IllegalMoveError, match=f"from {state} to {wish}"):
                move_delivery(state, wish, by_person=by_person)
