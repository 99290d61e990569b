"""The claim gives a due line to one worker, whatever messages arrive, late, doubled or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.plan import Hold
from pipeline.ports import Due, Gate, Store
from pipeline.words import GateKind, Side, Step
from tests.support.store_rows import LANE, START, Clock, add, claimed, line_of, new_event, release, take


def _keys(*numbers: int) -> list[str]:
    return [line_of(number) for number in numbers]


def pause(scope: str, *, until: datetime | None = None) -> Gate:
    """A person's pause; without an end it waits for a person."""
    return Gate(scope=scope, kind=GateKind.PAUSE, until=until, reason="month end", by="ops")


def test_one_id_alone_claims_its_line_only(store: Store) -> None:
    with store.begin() as tx:
        ids = add(tx, [new_event(number) for number in (1, 2, 3)])

        assert [claim.key for claim in take(tx, ids[1])] == _keys(2)


def test_several_ids_are_claimed_first_and_the_batch_is_filled_from_the_lane(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(number) for number in (1, 2)])
    clock.pass_s(1)
    with store.begin() as tx:
        ids = add(tx, [new_event(number) for number in (8, 9)])

        assert [claim.key for claim in take(tx, *ids, limit=3)] == _keys(8, 9, 1)


def test_a_batch_is_filled_with_those_due_longest(store: Store) -> None:
    with store.begin() as tx:
        for number, age_s in ((1, 10), (2, 30), (3, 20)):
            add(tx, [new_event(number)], ready_at=START - timedelta(seconds=age_s))

        assert [claim.key for claim in take(tx, limit=2)] == _keys(2, 3)


def test_a_batch_comes_in_the_order_in_which_it_fell_due(store: Store) -> None:
    """Also where the rows lie otherwise; of those due at one time, by their keys."""
    with store.begin() as tx:
        for number, age_s in ((3, 10), (2, 20), (4, 20), (1, 20)):
            add(tx, [new_event(number)], ready_at=START - timedelta(seconds=age_s))

        assert [claim.key for claim in take(tx)] == _keys(1, 2, 4, 3)


def test_a_batch_is_filled_from_its_own_lane_only(store: Store) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2, side=Side.OPENTEXT)])

        assert [claim.key for claim in take(tx, lane="standard.opentext")] == _keys(2)


def test_a_doubled_message_claims_nothing(store: Store) -> None:
    claimed(store, 1)
    with store.begin() as tx:
        assert take(tx, "ev-1-1") == []


def test_a_late_message_of_an_earlier_step_claims_nothing(store: Store) -> None:
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim, step=Step.CARRY, ready_at=tx.now)])

        assert take(tx, "ev-1-1", step=Step.TRANSFORM) == []


def test_a_message_for_an_event_nobody_knows_claims_nothing(store: Store) -> None:
    with store.begin() as tx:
        assert take(tx, "ev-404-1") == []


def test_a_line_is_not_claimed_before_it_is_due(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)], ready_at=START + timedelta(seconds=2))
        assert take(tx, "ev-1-1") == []
        assert take(tx) == []
    clock.pass_s(2)
    with store.begin() as tx:
        assert [claim.key for claim in take(tx, "ev-1-1")] == _keys(1)


def test_a_line_whose_lease_ran_out_is_claimed_alone_as_a_crash(store: Store, clock: Clock) -> None:
    claimed(store, 1)
    clock.pass_s(91)
    with store.begin() as tx:
        (claim,) = take(tx, "ev-1-1")

    assert (claim.token, claim.crashes, claim.is_taken_over) == (2, 1, True)


def test_a_line_whose_lease_ran_out_never_comes_with_neighbours(store: Store, clock: Clock) -> None:
    claimed(store, 1, 2)
    clock.pass_s(91)
    with store.begin() as tx:
        assert take(tx, "ev-1-1", "ev-2-1") == []
        assert take(tx) == []


def test_a_lease_that_still_runs_is_nobody_elses(store: Store, clock: Clock) -> None:
    claimed(store, 1)
    clock.pass_s(90)
    with store.begin() as tx:
        assert take(tx, "ev-1-1") == []


def test_crashes_add_up_until_a_release_forgets_them(store: Store, clock: Clock) -> None:
    claimed(store, 1)
    counts = []
    for _ in range(3):
        clock.pass_s(91)
        with store.begin() as tx:
            (claim,) = take(tx, "ev-1-1")
            counts.append(claim.crashes)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim, ready_at=tx.now)])
        (again,) = take(tx, "ev-1-1")

    assert counts == [1, 2, 3]
    assert (again.crashes, again.is_taken_over) == (0, False)


def test_a_pause_of_the_flow_holds_its_lines_until_it_is_opened(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2, flow="event_brief")])
        tx.ledger.close_gate(
            Gate(scope="flow:campaign_brief", kind=GateKind.PAUSE, until=None, reason="stock-taking", by="ops")
        )
        assert [claim.key for claim in take(tx)] == ["event_brief/aprimo:activity:2"]
        assert take(tx, "ev-1-1") == []
    clock.pass_s(10_000)
    with store.begin() as tx:
        tx.ledger.open_gate("flow:campaign_brief", GateKind.PAUSE)
        assert [claim.key for claim in take(tx)] == _keys(1)


def test_a_breaker_holds_the_vendors_lines_until_its_time_is_over(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2, side=Side.OPENTEXT)])
        until = START + timedelta(seconds=30)
        tx.ledger.close_gate(
            Gate(scope="vendor:aprimo", kind=GateKind.BREAKER, until=until, reason="503", by="signoff")
        )
        assert take(tx) == []
        assert [claim.key for claim in take(tx, lane="standard.opentext")] == _keys(2)
    clock.pass_s(30)
    with store.begin() as tx:
        assert [claim.key for claim in take(tx)] == _keys(1)


def test_a_breaker_of_a_route_holds_the_lines_that_call_it_next(store: Store) -> None:
    claims = claimed(store, 1, 2)
    with store.begin() as tx:
        tx.lines.fence(claims)
        for claim, route in zip(claims, ("activities", "projects"), strict=True):
            ended = release(claim, step=Step.CARRY, ready_at=tx.now)
            tx.lines.release([type(ended)(**{**vars(ended), "route": route})])
        tx.ledger.close_gate(
            Gate(scope="route:aprimo.projects", kind=GateKind.BREAKER, until=None, reason="500", by="signoff")
        )

        assert [claim.key for claim in take(tx, step=Step.CARRY)] == _keys(1)


def test_a_vendors_gate_does_not_hold_what_only_waits_to_be_settled(store: Store) -> None:
    """What was carried becomes true of the link, however the vendor is; a pause of the flow holds that too."""
    (claim,) = claimed(store, 1)
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([release(claim, step=Step.SETTLE, ready_at=tx.now)])
        tx.ledger.close_gate(pause("vendor:aprimo"))
        tx.ledger.close_gate(pause("flow:campaign_brief"))
        assert take(tx, step=Step.SETTLE) == []
        tx.ledger.open_gate("flow:campaign_brief", GateKind.PAUSE)

        assert [claim.key for claim in take(tx, step=Step.SETTLE)] == _keys(1)


@pytest.mark.parametrize("scope", ["flow:campaign_brief", "vendor:aprimo"])
def test_the_sweeper_finds_what_a_gate_held_as_soon_as_it_opens(store: Store, clock: Clock, scope: str) -> None:
    """The line was hinted at a second ago, and the message came to nothing."""
    with store.begin() as tx:
        tx.ledger.close_gate(pause(scope, until=START + timedelta(seconds=2)))
        add(tx, [new_event(1), new_event(2, flow="event_brief", side=Side.OPENTEXT)])
    clock.pass_s(1)
    with store.begin() as tx:
        assert tx.lines.due(limit=10, rehint_after_s=30) == []
    clock.pass_s(1)
    with store.begin() as tx:
        assert [due.key for due in tx.lines.due(limit=10, rehint_after_s=30)] == _keys(1)
    clock.pass_s(1)
    with store.begin() as tx:
        assert tx.lines.due(limit=10, rehint_after_s=30) == []


def test_the_sweeper_finds_what_a_gate_held_that_a_person_opened(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        tx.ledger.close_gate(pause("vendor:aprimo"))
        add(tx, [new_event(1)])
    clock.pass_s(1)
    with store.begin() as tx:
        assert tx.ledger.open_gate("vendor:aprimo", GateKind.PAUSE)
        assert [due.key for due in tx.lines.due(limit=10, rehint_after_s=30)] == _keys(1)


def test_the_sweeper_finds_what_is_due_once_in_a_while(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
    clock.pass_s(29)
    with store.begin() as tx:
        assert tx.lines.due(limit=10, rehint_after_s=30) == []
    clock.pass_s(2)
    with store.begin() as tx:
        assert tx.lines.due(limit=10, rehint_after_s=30) == [
            Due(key=line_of(1), step=Step.TRANSFORM, lane=LANE, event_id="ev-1-1", is_expired=False)
        ]
        assert tx.lines.due(limit=10, rehint_after_s=30) == []


def test_the_sweeper_finds_them_in_the_order_in_which_they_fell_due(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        for number, age_s in ((3, 10), (2, 20), (4, 20), (1, 20)):
            add(tx, [new_event(number)], ready_at=START - timedelta(seconds=age_s))
    clock.pass_s(31)
    with store.begin() as tx:
        assert [due.key for due in tx.lines.due(limit=9, rehint_after_s=30)] == _keys(1, 2, 4, 3)


def test_the_sweeper_hints_again_only_after_the_whole_time(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
    clock.pass_s(30)
    with store.begin() as tx:
        assert tx.lines.due(limit=9, rehint_after_s=30) == []


def test_a_lease_that_ends_just_now_has_not_run_out(store: Store, clock: Clock) -> None:
    claimed(store, 1)
    clock.pass_s(90)
    with store.begin() as tx:
        assert tx.lines.due(limit=9, rehint_after_s=30) == []


def test_who_waited_for_a_hold_is_told_so_with_the_claim(store: Store) -> None:
    (claim,) = claimed(store, 1)
    hold = Hold(object="dam:record:5f3a", field_set="status")
    with store.begin() as tx:
        tx.lines.fence([claim])
        tx.lines.release([replace(release(claim, ready_at=tx.now), wanted=(hold,))])

        assert [each.wanted for each in take(tx, "ev-1-1")] == [(hold,)]


def test_the_sweeper_finds_a_line_whose_lease_ran_out(store: Store, clock: Clock) -> None:
    claimed(store, 1)
    clock.pass_s(91)
    with store.begin() as tx:
        assert tx.lines.due(limit=10, rehint_after_s=30) == [
            Due(key=line_of(1), step=Step.TRANSFORM, lane=LANE, event_id="ev-1-1", is_expired=True)
        ]


def test_the_sweeper_leaves_alone_what_is_held_waiting_or_behind_a_gate(store: Store, clock: Clock) -> None:
    claimed(store, 1)
    with store.begin() as tx:
        add(tx, [new_event(2)], ready_at=START + timedelta(minutes=10))
        add(tx, [new_event(3, flow="event_brief")])
        tx.ledger.close_gate(Gate(scope="flow:event_brief", kind=GateKind.PAUSE, until=None, reason="", by="ops"))
    clock.pass_s(60)
    with store.begin() as tx:
        assert tx.lines.due(limit=10, rehint_after_s=30) == []


def test_the_sweeper_takes_no_more_than_the_queue_has_room_for(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        for number, age_s in ((1, 10), (2, 30), (3, 20)):
            add(tx, [new_event(number)], ready_at=START - timedelta(seconds=age_s))
    clock.pass_s(31)
    with store.begin() as tx:
        assert tx.lines.due(limit=0, rehint_after_s=30) == []
        assert [due.key for due in tx.lines.due(limit=2, rehint_after_s=30)] == _keys(2, 3)
