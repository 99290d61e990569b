"""The state machines of events, deliveries and dead letters: every legal move, and no other.

A store writes a state only through `move_event` or `move_delivery`, so an illegal move is an error
in our code and never a row.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.words import DeliveryState as D
from pipeline.words import EventState as E
from pipeline.words import LetterState as L

OPEN_EVENT_STATES = frozenset({E.ACCEPTED, E.PLANNED, E.CARRIED, E.DEAD})
"""An event in one of these holds its place on the line."""

CLOSED_DELIVERY_STATES = frozenset({D.DONE, D.DROPPED})

EVENT_MOVES: Mapping[E, frozenset[E]] = {
    E.ACCEPTED: frozenset({E.PLANNED, E.DELIVERED, E.IGNORED, E.SUPERSEDED, E.DEAD}),
    E.PLANNED: frozenset({E.CARRIED, E.ACCEPTED, E.DEAD}),  # ACCEPTED: the plan turned out stale.
    E.CARRIED: frozenset({E.DELIVERED, E.DEAD}),
    E.DEAD: frozenset({E.ACCEPTED, E.PLANNED, E.IGNORED, E.SUPERSEDED}),
    E.DELIVERED: frozenset(),
    E.IGNORED: frozenset(),
    E.SUPERSEDED: frozenset(),
}

DELIVERY_MOVES: Mapping[D, frozenset[D]] = {
    D.PLANNED: frozenset({D.SENDING, D.FAILED, D.DROPPED}),
    D.SENDING: frozenset({D.DONE, D.PLANNED, D.UNKNOWN, D.FAILED}),
    D.UNKNOWN: frozenset({D.DONE, D.PLANNED, D.DROPPED}),  # DROPPED: by a person only, see `is_persons_move`.
    D.FAILED: frozenset({D.PLANNED, D.DROPPED}),  # PLANNED: a resume.
    D.DONE: frozenset(),
    D.DROPPED: frozenset(),
}

LETTER_MOVES: Mapping[L, frozenset[L]] = {
    L.OPEN: frozenset({L.REPLAYED, L.DISCARDED, L.OVERTAKEN}),
    L.REPLAYED: frozenset(),
    L.DISCARDED: frozenset(),
    L.OVERTAKEN: frozenset(),
}


class IllegalMoveError(Exception):
    """A state was to change in a way that no rule allows: an error in our code."""


def move_event(before: E, after: E) -> E:
    """The state after a legal move. Raises IllegalMoveError for any other."""
    if after not in EVENT_MOVES[before]:
        raise IllegalMoveError(f"an event cannot go from {before} to {after}")
    return after


def move_delivery(before: D, after: D, *, by_person: bool = False) -> D:
    """The state after a legal move. Raises IllegalMoveError for any other.

    An unknown delivery is dropped by a person only: nobody else can take that risk.
    """
    if after not in DELIVERY_MOVES[before] or (is_persons_move(before, after) and not by_person):
        raise IllegalMoveError(f"a delivery cannot go from {before} to {after}")
    return after


def is_persons_move(before: D, after: D) -> bool:
    """Whether only a person may make this move."""
    return before is D.UNKNOWN and after is D.DROPPED
