"""Operators see what came in, what became of it, and what holds it up."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import cast

from pipeline.commands import Cause
from pipeline.events import Raw, Reading
from pipeline.intake import accept
from pipeline.keys import line_key
from pipeline.plan import LinkChanges
from pipeline.ports import (
    AttemptEnd,
    EventMove,
    Limits,
    NewAttempt,
    NewLetter,
    Release,
    Store,
    StoredPlan,
)
from pipeline.store import SqlPages, SqlStore
from pipeline.store.timeline import EventSummary, Moment
from pipeline.store.traffic import Traffic
from pipeline.words import (
    DeliveryId,
    DeliveryState,
    EventId,
    EventState,
    JsonValue,
    LetterState,
    Purpose,
    ReceiptVerdict,
    Side,
    Step,
    WaitReason,
)
from tests.support.store_rows import (
    FLOW,
    START,
    Clock,
    add,
    claimed,
    item,
    line_of,
    new_event,
    start_process,
    take,
)

ONE = EventId("ev-1-1")


def _move(event_id: str, before: EventState, after: EventState, reason: str = "") -> EventMove:
    return EventMove(id=EventId(event_id), before=before, after=after, reason=reason)


def test_events_are_listed_newest_first_with_their_lines_next_try(store: Store, pages: SqlPages) -> None:
    due = START + timedelta(seconds=5)
    with store.begin() as tx:
        add(tx, [new_event(1)], ready_at=due)
        add(tx, [new_event(2)])

    assert [event.id for event in pages.event_list()] == ["ev-2-1", "ev-1-1"]
    assert pages.event_list()[1] == EventSummary(
        id=ONE,
        flow=FLOW,
        source="aprimo.pm.webhook",
        type="aprimo.activity.changed",
        subject=item(1),
        line_key=line_of(1),
        position=1,
        state="accepted",
        reason="",
        superseded_by=None,
        accepted_at=START,
        ended_at=None,
        ready_at=due,
        wait_reason=None,
        head_id=ONE,
        stands="waiting",
    )


def test_events_are_found_by_flow_state_subject_and_limit(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(2), new_event(3, flow="event_brief")])
        tx.events.move([_move("ev-2-1", EventState.ACCEPTED, EventState.IGNORED, "not_ours")])

    def ids(**filters: str | int) -> list[str]:
        return [event.id for event in pages.event_list(**filters)]  # type: ignore[arg-type]  # Any filter.

    assert ids(flow=FLOW) == ["ev-2-1", "ev-1-1"]
    assert ids(state="open") == ["ev-3-1", "ev-1-1"]
    assert ids(state="ignored") == ["ev-2-1"]
    assert ids(subject=item(3)) == ["ev-3-1"]
    assert ids(limit=1) == ["ev-3-1"]


def test_an_event_that_nobody_stored_has_no_timeline(pages: SqlPages) -> None:
    assert pages.event_timeline(EventId("ev-404-1")) is None


def test_a_timeline_tells_an_events_whole_story(store: Store, pages: SqlPages, clock: Clock) -> None:
    _receive(store)
    _plan(store, clock)
    _try_and_wait(store, clock)
    clock.pass_s(1)

    timeline = pages.event_timeline(ONE)

    assert timeline is not None
    assert timeline.moments == (
        Moment(at=START, what="received", detail="from aprimo.pm.webhook"),
        Moment(at=START, what="verified", detail="handled"),
        Moment(at=START, what="accepted", detail=f"place 1 on {line_of(1)}"),
        Moment(at=START + timedelta(seconds=1), what="planned", detail="plan 1"),
        Moment(
            at=START + timedelta(seconds=2),
            what="sent",
            detail="ot.start_process process:aprimo:activity:1: throttled 429 ratelimit",
        ),
        Moment(at=START + timedelta(seconds=12), what="next try", detail="vendor_wait"),
    )
    (delivery,) = timeline.deliveries
    (attempt,) = delivery.attempts
    assert (delivery.state, delivery.failures) == ("planned", 1)
    assert (attempt.status, attempt.code, attempt.detail, attempt.wait_s) == (429, "ratelimit", "slow down", 10)


def test_a_flows_traffic_is_its_events_and_what_was_sent_to_each_side(
    store: Store, pages: SqlPages, clock: Clock
) -> None:
    _receive(store)
    _plan(store, clock)
    _try_and_wait(store, clock)
    with store.begin() as tx:
        add(tx, [new_event(3, flow="event_brief")])

    assert pages.traffic() == {
        FLOW: Traffic(events=1, sends={"opentext": 1}),
        "event_brief": Traffic(events=1),
    }


def _receive(store: Store) -> None:
    raw = Raw(source="aprimo.pm.webhook", headers={}, body=b"{}", received_at=START)
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.ledger.keep_receipts([(Reading(raw=raw, verdict=ReceiptVerdict.HANDLED), ONE)], refused_kept_max=1)


def _plan(store: Store, clock: Clock) -> None:
    clock.pass_s(1)
    with store.begin() as tx:
        tx.events.store_plans([StoredPlan(event_id=ONE, plan_number=1, changes=LinkChanges())])
        tx.deliveries.plan([(Cause(event_id=ONE, plan_number=1), [start_process(1)])])
        tx.events.move([_move(ONE, EventState.ACCEPTED, EventState.PLANNED)])


def _try_and_wait(store: Store, clock: Clock) -> None:
    clock.pass_s(1)
    delivery = DeliveryId("ev-1-1.1.1")
    with store.begin() as tx:
        (claim,) = take(tx, ONE)
        tx.deliveries.begin([NewAttempt(delivery_id=delivery, number=1, purpose=Purpose.SEND, token=1)])
        tx.deliveries.end(
            [
                AttemptEnd(
                    delivery_id=delivery,
                    number=1,
                    outcome="throttled",
                    before=DeliveryState.SENDING,
                    after=DeliveryState.PLANNED,
                    status=429,
                    code="ratelimit",
                    detail="slow down",
                    wait_s=9.5,
                    failures=1,
                )
            ]
        )
        tx.lines.release(
            [
                Release(
                    key=claim.key,
                    token=claim.token,
                    step=Step.CARRY,
                    lane="standard.opentext",
                    vendor=Side.OPENTEXT,
                    ready_at=tx.now + timedelta(seconds=10),
                    wait_reason=WaitReason.VENDOR_WAIT,
                )
            ]
        )


def test_a_timeline_tells_death_replay_and_the_end(store: Store, pages: SqlPages, clock: Clock) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.events.move([_move(ONE, EventState.ACCEPTED, EventState.DEAD, "values_missing")])
        tx.letters.open([NewLetter(event_id=ONE, delivery_id=None, code="values_missing", hint="No budget.")])
    clock.pass_s(1)
    with store.begin() as tx:
        tx.letters.close("1", to=LetterState.REPLAYED, by="ops.one", note="filled in")
        tx.events.move([_move(ONE, EventState.DEAD, EventState.ACCEPTED, "replayed")])
    clock.pass_s(1)
    with store.begin() as tx:
        tx.events.move([_move(ONE, EventState.ACCEPTED, EventState.IGNORED, "unchanged")])

    timeline = pages.event_timeline(ONE)
    assert timeline is not None
    assert [(moment.what, moment.detail) for moment in timeline.moments] == [
        ("accepted", f"place 1 on {line_of(1)}"),
        ("dead", "letter 1, values_missing: No budget."),
        ("replayed", "by ops.one: filled in"),
        ("ignored", "unchanged"),
    ]


def test_a_timeline_says_by_what_an_event_was_superseded(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        add(tx, [new_event(1), new_event(1, notice="2")])
        tx.events.move(
            [
                EventMove(
                    id=EventId("ev-1-2"),
                    before=EventState.ACCEPTED,
                    after=EventState.SUPERSEDED,
                    reason="covered",
                    superseded_by=ONE,
                )
            ]
        )

    timeline = pages.event_timeline(EventId("ev-1-2"))
    assert timeline is not None
    assert timeline.moments[-1] == Moment(at=START, what="superseded", detail="covered by ev-1-1")


def test_a_timeline_says_who_works_on_the_event_now(store: Store, pages: SqlPages) -> None:
    claimed(store, 1)

    timeline = pages.event_timeline(ONE)
    assert timeline is not None
    assert timeline.moments[-1] == Moment(at=START, what="under way", detail="transform at worker-1")


def test_pages_become_json_with_times_in_utc(store: Store, pages: SqlPages) -> None:
    _receive(store)

    timeline = pages.event_timeline(ONE)
    assert timeline is not None
    told = cast("Mapping[str, JsonValue]", timeline.to_json())
    assert told["moments"] == [
        {"at": "2026-01-12T09:00:00.123456+00:00", "what": what, "detail": detail}
        for what, detail in (
            ("received", "from aprimo.pm.webhook"),
            ("verified", "handled"),
            ("accepted", f"place 1 on {line_of(1)}"),
            ("next try", "transform"),
        )
    ]


def test_pages_wait_for_no_writer(any_database_url: str, sql_store: SqlStore, clock: Clock) -> None:
    pages = SqlPages(any_database_url, clock=clock)
    with sql_store.begin() as tx:
        add(tx, [new_event(1)])

        assert pages.event_list() == []
    assert [event.id for event in pages.event_list()] == ["ev-1-1"]
    pages.dispose()


def test_an_event_shows_what_came_in_also_where_another_flow_was_named_with_it(store: Store, pages: SqlPages) -> None:
    """One notice concerns two flows; its receipt names the event of the first."""
    first = new_event(1)
    second = replace(first, flow="other", line_key=line_key("other", first.subject))
    raw = Raw(source="aprimo.pm.webhook", headers={}, body=b"{}", received_at=START)
    reading = Reading(raw=raw, verdict=ReceiptVerdict.HANDLED, events=(first, second))
    numbers = itertools.count(1)
    accept([reading], store=store, new_id=lambda prefix: f"{prefix}-{next(numbers)}", limits=Limits())

    shown = [pages.event_timeline(EventId(f"ev-{number}")) for number in (1, 2)]

    assert [each.moments[0].detail for each in shown if each] == ["from aprimo.pm.webhook"] * 2
