"""Who told of what: events by the object that they name, and our own writes with the time they took."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.commands import Cause
from pipeline.flows import facts
from pipeline.heal import SOURCE
from pipeline.plan import LinkChanges, ProcessRow
from pipeline.ports import AttemptEnd, NewAttempt, Store
from pipeline.store import SqlPages
from pipeline.words import DeliveryState, EventKind, InstanceId, ProcessState, Purpose, Side
from tests.support.store_rows import FLOW, START, Clock, add, item, new_event, set_fields, start_process


def test_an_event_tells_of_the_object_that_it_names_or_else_of_its_line(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        named = replace(new_event(1), data={"object_id": 77})
        instance = replace(new_event(3, side=Side.OPENTEXT), data={"instance_id": "i-1"})
        add(tx, [named, replace(new_event(2), data={}), instance])

    told = list(pages.told_since(START - timedelta(days=1), {new_event(1).source}))

    assert sorted(each.object_id for each in told) == ["2", "77", "i-1"]
    assert list(pages.told_since(START + timedelta(days=1), {new_event(1).source})) == []
    assert list(pages.told_since(START - timedelta(days=1), {"aprimo.pm.poll"})) == []


def test_a_write_of_ours_tells_of_what_it_changes_from_its_beginning_until_its_late_time_is_over(
    store: Store, pages: SqlPages, clock: Clock
) -> None:
    with store.begin() as tx:
        (event,) = add(tx, [new_event(5012)])
        tx.deliveries.plan(
            [(Cause(event_id=event, plan_number=1), [start_process(5012), set_fields(5012, name="x")])]
        )
        deliveries = tx.deliveries.open_of([event])[event]
        tx.deliveries.begin(
            [NewAttempt(delivery_id=each.id, number=1, purpose=Purpose.SEND, token=1) for each in deliveries]
        )
    clock.now += timedelta(seconds=2)
    with store.begin() as tx:
        tx.deliveries.end(
            [
                AttemptEnd(
                    delivery_id=each.id,
                    number=1,
                    outcome="sent",
                    before=DeliveryState.SENDING,
                    after=DeliveryState.DONE,
                    vendor_ref="i-9" if each.kind == "ot.start_process" else "",
                )
                for each in deliveries
            ]
        )

    written = {each.side: each for each in pages.written_since(START, "signoff.write")}

    assert {side: each.object_id for side, each in written.items()} == {Side.OPENTEXT: "i-9", Side.APRIMO: "5012"}
    took = {side: each.time - each.accepted_at for side, each in written.items()}
    assert took == {Side.OPENTEXT: timedelta(seconds=122), Side.APRIMO: timedelta(seconds=2)}


def test_a_heal_tells_of_both_sides_of_its_item_and_taking_one_back_of_none(store: Store, pages: SqlPages) -> None:
    with store.begin() as tx:
        process = ProcessRow(
            revision=1, process_key="campaignBrief", state=ProcessState.RUNNING, instance_id=InstanceId("i-1")
        )
        tx.links.apply([(FLOW, item(5012), LinkChanges(processes=(process,)))])
        heal = replace(
            new_event(5012, side=Side.OPENTEXT), type=facts.HEAL, kind=EventKind.FACT, source=SOURCE, data={}
        )
        add(tx, [heal, replace(heal, type=facts.UNDO, dedupe_key="another")])

    told = [(each.side, each.object_id) for each in pages.told_since(START - timedelta(days=1), {SOURCE})]

    assert told == [(Side.APRIMO, "5012"), (Side.OPENTEXT, "i-1")]
