"""Lines keep an item's events in order and belong to one worker at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.ports import Claim, HeldWake, LineNow, Release, Store, TailMove
from pipeline.words import Side, Step, Urgency, WaitReason
from tests.support.store_rows import FLOW, LANE, START, Clock, add, claimed, line_of, new_event, release, take


def _line(store: Store, number: int) -> LineNow:
    with store.begin() as tx:
        return tx.lines.touch({line_of(number): FLOW})[line_of(number)]


def test_a_touched_line_that_is_new_is_idle(store: Store) -> None:
    assert _line(store, 1) == LineNow(
        key=line_of(1),
        head=1,
        tail=0,
        ready_at=None,
        wait_reason=None,
        is_leased=False,
        kicked_at=None,
        urgency=Urgency.STANDARD,
    )
    assert _line(store, 1).is_idle


def test_touching_nothing_gives_nothing(store: Store) -> None:
    with store.begin() as tx:
        assert tx.lines.touch({}) == {}


def test_an_event_starts_an_idle_line(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1, urgency=Urgency.EXPRESS)])

    line = _line(store, 1)
    assert (line.head, line.tail, line.ready_at, line.urgency) == (1, 1, START, Urgency.EXPRESS)
    assert not line.is_idle


def test_a_further_event_lengthens_a_line_and_leaves_when_it_is_due(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)], ready_at=START + timedelta(seconds=40))
    clock.pass_s(5)
    with store.begin() as tx:
        add(tx, [new_event(1, notice="2")])

    line = _line(store, 1)
    assert (line.head, line.tail, line.ready_at) == (1, 2, START + timedelta(seconds=40))


def test_a_more_urgent_event_makes_a_waiting_line_more_urgent(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.lines.move_tails([TailMove(key=line_of(1), tail=1, urgency=Urgency.EXPRESS)])

        assert [claim.key for claim in take(tx, lane="express.aprimo")] == [line_of(1)]


def test_a_kick_pulls_a_line_forward_and_the_sweeper_hints_at_it(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)], ready_at=START + timedelta(minutes=10))
    now = clock.pass_s(5)
    with store.begin() as tx:
        tx.lines.touch({line_of(1): FLOW})
        tx.lines.move_tails([TailMove(key=line_of(1), tail=2, urgency=Urgency.STANDARD, kick=True)])
        hinted = tx.lines.due(limit=10, rehint_after_s=30)

    line = _line(store, 1)
    assert (line.tail, line.ready_at, line.kicked_at) == (2, now, now)
    assert [due.key for due in hinted] == [line_of(1)]


def test_a_claim_says_everything_about_its_line(store: Store) -> None:
    assert claimed(store, 1) == [
        Claim(
            key=line_of(1),
            flow=FLOW,
            token=1,
            head=1,
            tail=1,
            crashes=0,
            failures=0,
            urgency=Urgency.STANDARD,
            is_taken_over=False,
            leased_until=START + timedelta(seconds=90),
        )
    ]
    assert _line(store, 1).is_leased


def test_the_fence_lets_the_holder_write_and_tells_the_tail_of_now(store: Store) -> None:
    claims = claimed(store, 1)
    with store.begin() as tx:
        add(tx, [new_event(1, notice="2")])

        assert tx.lines.fence(claims) == {line_of(1): 2}


def test_the_fence_drops_a_line_that_another_took_over_and_keeps_its_neighbour(store: Store, clock: Clock) -> None:
    first, second = claimed(store, 1, 2)
    clock.pass_s(91)
    with store.begin() as tx:
        taken = take(tx, "ev-1-1")

    with store.begin() as tx:
        assert tx.lines.fence([first, second]) == {line_of(2): 1}
        assert tx.lines.fence(taken) == {line_of(1): 1}


def test_the_fence_lets_a_late_holder_write_while_nobody_took_the_line_over(store: Store, clock: Clock) -> None:
    claims = claimed(store, 1)
    clock.pass_s(1000)
    with store.begin() as tx:
        assert tx.lines.fence(claims) == {line_of(1): 1}


def test_the_fence_refuses_a_lease_that_was_ended(store: Store) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim, ready_at=tx.now)])

    with store.begin() as tx:
        assert tx.lines.fence([claim]) == {}


def test_a_release_leaves_the_line_as_the_step_says(store: Store) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release(
            [
                Release(
                    key=claim.key,
                    token=claim.token,
                    step=Step.CARRY,
                    lane="standard.opentext",
                    vendor=Side.OPENTEXT,
                    route="process-instances",
                    ready_at=START + timedelta(seconds=7),
                    wait_reason=WaitReason.BACKOFF,
                    failures=3,
                )
            ]
        )

    line = _line(store, 1)
    assert (line.ready_at, line.wait_reason, line.is_leased) == (
        START + timedelta(seconds=7),
        WaitReason.BACKOFF,
        False,
    )


def test_a_released_line_is_claimed_at_its_next_step_with_its_count_of_failed_reads(
    store: Store, clock: Clock
) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release(
            [
                Release(
                    key=claim.key,
                    token=claim.token,
                    step=Step.CARRY,
                    lane="standard.opentext",
                    vendor=Side.OPENTEXT,
                    ready_at=START + timedelta(seconds=7),
                    failures=3,
                )
            ]
        )
    clock.pass_s(7)
    with store.begin() as tx:
        assert take(tx, "ev-1-1") == []
        (again,) = take(tx, step=Step.CARRY, lane="standard.opentext")

    assert (again.key, again.token, again.failures, again.is_taken_over) == (line_of(1), 2, 3, False)


def test_a_released_head_moves_the_line_on(store: Store) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim, head=2)])

    assert _line(store, 1).is_idle


def test_a_release_never_makes_a_busy_line_less_urgent(store: Store) -> None:
    """An express event that came while the line was held must not be lost from sight."""
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.touch({line_of(1): FLOW})
        tx.lines.move_tails([TailMove(key=line_of(1), tail=2, urgency=Urgency.EXPRESS)])
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim, side=Side.OPENTEXT, step=Step.CARRY, ready_at=tx.now)])

        (again,) = take(tx, step=Step.CARRY, lane="express.opentext")
    assert again.urgency is Urgency.EXPRESS


def test_a_line_that_starts_anew_is_as_urgent_as_its_event(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1, urgency=Urgency.EXPRESS)])
        (claim,) = take(tx, lane="express.aprimo")
        tx.lines.release([release(claim, head=2)])
        add(tx, [new_event(1, notice="2")])

    assert _line(store, 1).urgency is Urgency.STANDARD


def test_a_line_that_was_not_fenced_cannot_be_released(store: Store) -> None:
    (claim,) = claimed(store, 1)
    with pytest.raises(KeyError), store.begin() as tx:
        tx.lines.release([release(claim)])

    assert _line(store, 1).is_leased


def test_a_release_under_an_older_token_is_refused(store: Store, clock: Clock) -> None:
    (old,) = claimed(store, 1)
    clock.pass_s(91)
    with store.begin() as tx:
        take(tx, "ev-1-1")
        with pytest.raises(KeyError, match="token 2, not 1"):
            tx.lines.release([release(old)])


def test_a_held_line_goes_on_where_it_is_told(store: Store, clock: Clock) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        add(tx, [new_event(1, notice="2")])
        tx.lines.fence([claim])
        tx.lines.release([release(claim)])
    clock.pass_s(60)
    with store.begin() as tx:
        tx.lines.wake_held(
            [HeldWake(key=line_of(1), step=Step.CARRY, lane="bulk.opentext", vendor=Side.OPENTEXT, head=2)]
        )

        (again,) = take(tx, step=Step.CARRY, lane="bulk.opentext")
    assert (again.key, again.head, again.failures, again.urgency) == (line_of(1), 2, 0, Urgency.BULK)


def test_a_held_line_with_nothing_left_rests(store: Store) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim)])
        tx.lines.wake_held(
            [HeldWake(key=line_of(1), step=Step.TRANSFORM, lane=LANE, vendor=Side.APRIMO, head=2, is_ready=False)]
        )

    line = _line(store, 1)
    assert (line.is_idle, line.ready_at) == (True, None)
