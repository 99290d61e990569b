"""Deliveries: each effect is planned once, and an unknown outcome is never forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.commands import Cause, Command
from pipeline.ports import AttemptEnd, Delivery, EventMove, NewAttempt, Store
from pipeline.states import IllegalMoveError
from pipeline.store import SqlPages
from pipeline.store.replanning import EffectHeldError
from pipeline.words import DeliveryId, DeliveryState, EventId, EventState, Purpose
from tests.support.store_rows import (
    START,
    Clock,
    add,
    claimed,
    end_process,
    new_event,
    set_fields,
    start_process,
    take,
)

S = DeliveryState
ONE = EventId("ev-1-1")
START_KEY = "start:campaign_brief:aprimo:activity:1:1"


def _plan(store: Store, *commands: Command, event: EventId = ONE, number: int = 1) -> tuple[Delivery, ...]:
    with store.begin() as tx:
        tx.deliveries.plan([(Cause(event_id=event, plan_number=number), commands)])
        return tx.deliveries.open_of([event]).get(event, ())


def _open(store: Store, event: EventId = ONE) -> list[tuple[str, DeliveryState]]:
    with store.begin() as tx:
        return [(delivery.id, delivery.state) for delivery in tx.deliveries.open_of([event]).get(event, ())]


def _begin(store: Store, delivery: Delivery, *, number: int = 1, purpose: Purpose = Purpose.SEND) -> None:
    with store.begin() as tx:
        tx.deliveries.begin(
            [NewAttempt(delivery_id=delivery.id, number=number, purpose=purpose, token=1, late_s=120.0)]
        )


def _end(
    store: Store,
    delivery: Delivery,
    after: DeliveryState,
    *,
    before: DeliveryState = S.SENDING,
    number: int = 1,
    ref: str = "",
    failures: int = 0,
) -> None:
    with store.begin() as tx:
        tx.deliveries.end(
            [
                AttemptEnd(
                    delivery_id=delivery.id,
                    number=number,
                    outcome="answered",
                    before=before,
                    after=after,
                    status=201,
                    vendor_ref=ref,
                    failures=failures,
                )
            ]
        )


def _done(store: Store, delivery: Delivery, ref: str = "") -> None:
    _begin(store, delivery)
    _end(store, delivery, S.DONE, ref=ref)


def _unknown(store: Store, delivery: Delivery) -> None:
    _begin(store, delivery)
    _end(store, delivery, S.UNKNOWN)


def _end_event(store: Store, event: EventId = ONE) -> None:
    with store.begin() as tx:
        tx.events.move([EventMove(id=event, before=EventState.ACCEPTED, after=EventState.DEAD)])
        tx.events.move([EventMove(id=event, before=EventState.DEAD, after=EventState.IGNORED, reason="discarded")])


@pytest.fixture(autouse=True)
def _events(store: Store) -> None:
    claimed(store, 1)
    with store.begin() as tx:
        add(tx, [new_event(1, notice="2"), new_event(2)])


def test_a_plans_commands_come_back_in_order_as_they_were_planned(store: Store) -> None:
    first, second = _plan(store, start_process(1), set_fields(1, extrAttr306="Brand · waiting"))

    assert first == Delivery(
        id=DeliveryId("ev-1-1.1.1"),
        event_id=ONE,
        plan_number=1,
        ordinal=1,
        kind="ot.start_process",
        target="process:aprimo:activity:1",
        command=start_process(1),
        effect_key=START_KEY,
        state=S.PLANNED,
    )
    assert (second.ordinal, second.command) == (2, set_fields(1, extrAttr306="Brand · waiting"))
    assert second.command.expects == {"activityStateId": 2}


def test_plans_of_several_events_are_stored_together(store: Store) -> None:
    with store.begin() as tx:
        two = EventId("ev-2-1")
        tx.deliveries.plan(
            [
                (Cause(event_id=ONE, plan_number=1), [start_process(1)]),
                (Cause(event_id=two, plan_number=1), [start_process(2)]),
            ]
        )
        tx.deliveries.plan([])

        found = tx.deliveries.open_of([ONE, two, EventId("ev-404-1")])
    assert {event: [delivery.target for delivery in deliveries] for event, deliveries in found.items()} == {
        ONE: ["process:aprimo:activity:1"],
        two: ["process:aprimo:activity:2"],
    }


def test_a_new_plan_drops_what_the_old_one_had_not_sent(store: Store, pages: SqlPages) -> None:
    _plan(store, start_process(1), set_fields(1, extrAttr307=""))

    assert [delivery.id for delivery in _plan(store, start_process(1), number=2)] == ["ev-1-1.2.1"]
    timeline = pages.event_timeline(ONE)
    assert timeline is not None
    assert [(delivery.id, delivery.state) for delivery in timeline.deliveries] == [
        ("ev-1-1.1.1", "dropped"),
        ("ev-1-1.1.2", "dropped"),
        ("ev-1-1.2.1", "planned"),
    ]


def test_a_new_plan_keeps_an_unknown_delivery_first_and_plans_it_no_second_time(store: Store) -> None:
    first, _ = _plan(store, start_process(1), set_fields(1, extrAttr307=""))
    _unknown(store, first)

    _plan(store, set_fields(1, extrAttr307="x"), start_process(1), number=2)

    assert _open(store) == [("ev-1-1.1.1", S.UNKNOWN), ("ev-1-1.2.1", S.PLANNED)]


def test_a_command_that_is_done_is_not_planned_again(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))
    _done(store, delivery)

    _plan(store, start_process(1), set_fields(1, extrAttr307=""), event=EventId("ev-1-2"))

    assert _open(store, EventId("ev-1-2")) == [("ev-1-2.1.2", S.PLANNED)]


def test_what_an_ended_event_left_planned_gives_way(store: Store) -> None:
    _plan(store, start_process(1))
    _end_event(store)

    _plan(store, start_process(1), event=EventId("ev-1-2"))

    assert _open(store) == []
    assert _open(store, EventId("ev-1-2")) == [("ev-1-2.1.1", S.PLANNED)]


def test_an_unknown_delivery_of_an_ended_event_is_taken_over_for_its_look_up(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))
    _unknown(store, delivery)
    _end_event(store)

    _plan(store, set_fields(1, extrAttr307=""), start_process(1), event=EventId("ev-1-2"))

    assert _open(store) == []
    assert _open(store, EventId("ev-1-2")) == [("ev-1-1.1.1", S.UNKNOWN), ("ev-1-2.1.1", S.PLANNED)]


def test_an_effect_that_another_open_event_is_about_to_bring_about_is_refused(store: Store) -> None:
    _plan(store, end_process("p-1"))

    with pytest.raises(EffectHeldError, match=r"end:p-1 is held by delivery ev-1-1\.1\.1 of event ev-1-1"):
        _plan(store, end_process("p-1"), event=EventId("ev-2-1"))


def test_an_attempt_is_written_before_its_call_and_makes_the_delivery_sending(store: Store, pages: SqlPages) -> None:
    (delivery,) = _plan(store, start_process(1))

    _begin(store, delivery)

    with store.begin() as tx:
        (sending,) = tx.deliveries.open_of([ONE])[ONE]
    assert (sending.state, sending.attempts, sending.settled_after) == (S.SENDING, 1, START + timedelta(seconds=120))
    timeline = pages.event_timeline(ONE)
    assert timeline is not None
    (attempt,) = timeline.deliveries[0].attempts
    assert (attempt.number, attempt.purpose, attempt.started_at, attempt.ended_at) == (1, "send", START, None)


def test_only_a_planned_delivery_is_sent(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))
    _unknown(store, delivery)

    with pytest.raises(IllegalMoveError):
        _begin(store, delivery, number=2)
    assert _open(store) == [("ev-1-1.1.1", S.UNKNOWN)]


def test_a_look_up_leaves_the_delivery_unknown_until_it_has_an_answer(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))
    _unknown(store, delivery)

    _begin(store, delivery, number=2, purpose=Purpose.LOOK_UP)
    _end(store, delivery, S.UNKNOWN, before=S.UNKNOWN, number=2, failures=1)

    with store.begin() as tx:
        (unknown,) = tx.deliveries.open_of([ONE])[ONE]
    assert (unknown.state, unknown.attempts, unknown.failures) == (S.UNKNOWN, 2, 1)
    assert unknown.settled_after == START + timedelta(seconds=120)


def test_a_delivery_that_is_done_bears_the_vendors_reference(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))
    _done(store, delivery, ref="p-77")

    with store.begin() as tx:
        assert tx.deliveries.refs([delivery.effect_key]) == {START_KEY: "p-77"}
        assert tx.deliveries.refs([]) == {}
    assert _open(store) == []


def test_a_reference_stays_when_a_later_answer_has_none(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))
    _begin(store, delivery)
    _end(store, delivery, S.UNKNOWN, ref="p-77")
    _begin(store, delivery, number=2, purpose=Purpose.LOOK_UP)
    _end(store, delivery, S.DONE, before=S.UNKNOWN, number=2)

    with store.begin() as tx:
        assert tx.deliveries.refs([delivery.effect_key]) == {START_KEY: "p-77"}


def test_an_end_must_start_from_where_the_delivery_is(store: Store) -> None:
    (delivery,) = _plan(store, start_process(1))

    with pytest.raises(IllegalMoveError, match="1 of 1 deliveries"):
        _end(store, delivery, S.DONE)
    with pytest.raises(IllegalMoveError, match="from planned to done"):
        _end(store, delivery, S.DONE, before=S.PLANNED)


def test_a_taken_over_line_has_its_sending_delivery_unknown(store: Store, pages: SqlPages, clock: Clock) -> None:
    first, _ = _plan(store, start_process(1), set_fields(1, extrAttr307=""))
    _begin(store, first)
    now = clock.pass_s(91)
    with store.begin() as tx:
        claims = take(tx, ONE)
        assert tx.deliveries.take_over(claims) == 1
        assert tx.deliveries.take_over(claims) == 0
        assert tx.deliveries.take_over([]) == 0

    assert _open(store) == [("ev-1-1.1.1", S.UNKNOWN), ("ev-1-1.1.2", S.PLANNED)]
    timeline = pages.event_timeline(ONE)
    assert timeline is not None
    taken = timeline.deliveries[0]
    # The lost worker's call may have left at the very end of its lease.
    assert taken.settled_after == now + timedelta(seconds=120)
    assert [(attempt.ended_at, attempt.outcome) for attempt in taken.attempts] == [(now, "lost")]


def test_a_take_over_touches_heads_only(store: Store, clock: Clock) -> None:
    (delivery,) = _plan(store, start_process(1), event=EventId("ev-1-2"))
    _begin(store, delivery)
    clock.pass_s(91)
    with store.begin() as tx:
        assert tx.deliveries.take_over(take(tx, ONE)) == 0


def test_a_dead_events_deliveries_fail_but_for_the_unknown(store: Store) -> None:
    first, second, third = _plan(store, start_process(1), set_fields(1, a=""), end_process("p-9"))
    _unknown(store, first)
    _begin(store, second)
    with store.begin() as tx:
        tx.deliveries.fail([first.id, second.id, third.id])
        tx.deliveries.fail([])

    assert _open(store) == [
        ("ev-1-1.1.1", S.UNKNOWN),
        ("ev-1-1.1.2", S.FAILED),
        ("ev-1-1.1.3", S.FAILED),
    ]


def test_a_replay_drops_everything_but_the_unknown(store: Store) -> None:
    first, second, third = _plan(store, start_process(1), set_fields(1, a=""), end_process("p-9"))
    _unknown(store, first)
    with store.begin() as tx:
        tx.deliveries.fail([second.id])
        tx.deliveries.drop_open([ONE])
        tx.deliveries.drop_open([])

    assert _open(store) == [("ev-1-1.1.1", S.UNKNOWN)]
    assert third.state is S.PLANNED


def test_a_resume_gives_the_failed_delivery_all_its_tries_again(store: Store) -> None:
    first, second = _plan(store, start_process(1), set_fields(1, a=""))
    _unknown(store, first)
    _begin(store, second)
    _end(store, second, S.PLANNED, failures=8)
    with store.begin() as tx:
        tx.deliveries.fail([first.id, second.id])
        tx.deliveries.resume([ONE])
        tx.deliveries.resume([])

        resumed = tx.deliveries.open_of([ONE])[ONE]
    assert [(delivery.state, delivery.failures, delivery.attempts) for delivery in resumed] == [
        (S.UNKNOWN, 0, 1),
        (S.PLANNED, 0, 1),
    ]
