"""Waiting where a system cannot be read: how long, for whom it counts, and when one gives up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from pipeline.errors import GateClosedError, MisconfiguredError, PipelineError, TransientError
from pipeline.ports import Letter, Limits, ReplayItem
from pipeline.replay_items import left_out
from pipeline.replay_waits import GIVE_UP_S, LONGEST_S, Patience
from pipeline.words import BusinessKey, EventId, LetterState, LineKey
from tests.support.fakes import T0

LIMITS = Limits(batch_lines=50, replays_per_s=5.0)
BUDGET = TransientError("the rate budget is used up", wait_s=0.4, is_outage=True)
FAULT = TransientError("HTTP 500", status=500)


@dataclass(kw_only=True)
class Waiter:
    """Somebody who waits, and what he was told."""

    told: list[float] = field(default_factory=list)
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(pause=lambda _: None, tell=lambda _, wait_s: self.told.append(wait_s))

    def read(self, *seen: ReplayItem | PipelineError) -> list[str]:
        """The letters that were read, of so many that were asked for."""
        return sorted(self.patience.read_of(letters(len(seen)), seen, LIMITS))


def letters(many: int) -> Sequence[Letter]:
    return [
        Letter(
            id=str(number),
            event_id=EventId(f"ev-{number}"),
            flow="f",
            line_key=LineKey(f"f|{number}"),
            subject=BusinessKey(f"aprimo:activity:{number}"),
            delivery_id=None,
            code="tries_spent",
            hint="",
            state=LetterState.OPEN,
            opened_at=T0,
        )
        for number in range(1, many + 1)
    ]


def item(number: int = 1) -> ReplayItem:
    return replace(left_out(letters(number)[-1], ""), verdict="deliver")


def test_what_was_read_is_kept_and_the_rest_is_read_again_one_by_one() -> None:
    waiter = Waiter()
    assert waiter.patience.together(LIMITS) == 5

    assert waiter.read(item(1), BUDGET, item(3)) == ["1", "3"]
    assert (waiter.patience.together(LIMITS), waiter.patience.wait_s) == (1, 1.0)

    assert waiter.read(item()) == ["1"]
    assert (waiter.patience.together(LIMITS), waiter.patience.wait_s) == (5, 0.0)


def test_waits_grow_as_long_as_nothing_is_read_and_are_told_of_from_the_second_on() -> None:
    waiter = Waiter()

    waits = []
    for _ in range(7):
        assert waiter.read(GateClosedError("The gate of opentext is closed.")) == []
        waits.append(waiter.patience.wait_s)

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert waiter.told == waits[1:]


def test_a_wait_that_the_vendor_asked_for_is_kept() -> None:
    waiter = Waiter()

    waiter.read(TransientError("HTTP 429", wait_s=45.0, is_outage=True))

    assert waiter.patience.wait_s == 45.0


def test_one_gives_up_after_five_minutes_in_which_nothing_was_read_and_not_before() -> None:
    waiter = Waiter()
    waited = 0.0
    while waited < GIVE_UP_S:
        assert waiter.read(BUDGET) == []
        waited += waiter.patience.wait_s

    with pytest.raises(TransientError, match="rate budget"):
        waiter.read(BUDGET)
    assert (waited, max(waiter.told)) == (GIVE_UP_S, LONGEST_S)


def test_what_is_read_between_gives_new_patience() -> None:
    waiter = Waiter()
    for _ in range(5):
        waiter.read(BUDGET)

    waiter.read(item(1), BUDGET)

    assert (waiter.patience.wait_s, waiter.patience.waited_s) == (1.0, 1.0)


def test_credentials_that_are_refused_are_not_waited_for() -> None:
    with pytest.raises(MisconfiguredError):
        Waiter().read(MisconfiguredError("client_refused", "HTTP 401"))


def test_an_object_that_fails_alone_as_often_as_a_call_is_tried_is_left_out() -> None:
    waiter = Waiter()

    seen = [waiter.patience.read_of(letters(1), [FAULT], LIMITS) for _ in range(LIMITS.retry.tries)]

    assert seen[:-1] == [{}] * (LIMITS.retry.tries - 1)
    assert seen[-1]["1"].left == "It cannot be read, again and again: HTTP 500"
    assert (waiter.patience.together(LIMITS), waiter.patience.wait_s) == (5, 0.0)
