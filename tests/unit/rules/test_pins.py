"""Pins: when a new plan is what a person was shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline import pins
from pipeline.events import Pin
from pipeline.plan import LinkChanges, Plan, Snapshot, Want, deliver, ignore, refuse
from pipeline.words import Side
from tests.support.engine_runs import end_process, set_fields
from tests.support.fakes import T0

PLAN = deliver(set_fields(), end_process())
PIN = Pin(digest=pins.of_plan(PLAN), at=T0)
READ = Snapshot(
    want=Want(flow="f", side=Side.APRIMO, kind="activity", object_id="1"),
    read_at=T0,
    version="2026-02-03T10:00:00",
    values={"name": "Spring"},
)


def test_a_plan_with_the_calls_that_were_shown_is_held_whatever_we_note_of_it() -> None:
    noted = replace(PLAN, changes=LinkChanges(state="in_approval"))

    assert pins.held(noted, PIN) is noted


@pytest.mark.parametrize(
    "other",
    [
        deliver(set_fields()),
        deliver(end_process(), set_fields()),
        deliver(set_fields(), end_process(2)),
        deliver(replace(set_fields(), expects={"activityStateId": 2}), end_process()),
        deliver(),
        ignore("unchanged"),
    ],
)
def test_other_calls_or_another_order_need_a_person(other: Plan) -> None:
    assert pins.held(other, PIN) == refuse(
        "world_moved", "What was shown at 2026-02-03 10:00:00 UTC is not what it would come to now."
    )


def test_what_needs_a_person_anyway_keeps_its_own_reason() -> None:
    refused = refuse("values_missing", "Fill in: budget.")

    assert pins.held(refused, PIN) is refused


def test_calls_that_stand_planned_already_are_no_plans() -> None:
    resumed = Pin(digest=pins.of_resumed(PLAN.commands), at=T0)

    assert pins.held(PLAN, resumed).reason == "world_moved"


def test_an_object_is_the_same_whenever_it_is_read_and_another_once_anything_of_it_changes() -> None:
    assert pins.of_read(replace(READ, read_at=T0 + timedelta(days=1))) == pins.of_read(READ)
    assert pins.of_read(replace(READ, values={"name": "Autumn"})) != pins.of_read(READ)
    assert pins.of_read(replace(READ, version="2026-02-03T10:00:01")) != pins.of_read(READ)
    assert pins.of_read(replace(READ, is_absent=True)) != pins.of_read(READ)
