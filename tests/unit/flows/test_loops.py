"""A field that is changed each time we write it: put back, decided by a person, and in the end stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.commands import Command, EndProcess, SetFields, SetRecord, SetVariables, StartProcess, UpdateTask
from pipeline.differences import Cause
from pipeline.events import Event
from pipeline.flows.shared.loops import ROUNDS_MAX, guarded
from pipeline.flows.tenant import Policy
from pipeline.plan import (
    Agreed,
    FoundDifference,
    Link,
    LinkChanges,
    Loop,
    Plan,
    ProcessRead,
    Snapshot,
    Verdict,
    Want,
    deliver,
)
from pipeline.words import BusinessKey, InstanceId, JsonValue, Side, Urgency
from tests.support.briefs import FLOW, INSTANCE, KEY, NOW, applied, event, in_approval, no_link, words

MATRIX = "activity:5012 extrAttr306"
ITEM = Want(flow=FLOW, side=Side.APRIMO, kind="activity", object_id="5012")


def write(value: JsonValue = "ours", **more: JsonValue) -> SetFields:
    return SetFields(object_kind="activity", object_id=5012, fields={"extrAttr306": value, **more})


def read(theirs: JsonValue = "theirs", *, at: datetime = NOW) -> Snapshot:
    return Snapshot(want=ITEM, read_at=at, values={"matrix": theirs}, wire={"extrAttr306": theirs})


def guard(link: Link, *commands: Command, seen: Snapshot | None = None, what: Event | None = None) -> Plan:
    snapshots = {seen.want: seen} if seen else {}
    return guarded(deliver(*commands), what or event(Side.APRIMO), snapshots, link, words())


def played(values: list[str], *, every: timedelta = timedelta(minutes=1)) -> tuple[Link, list[Plan]]:
    """The link and the plans when somebody changes the field to these values, one after each write of ours."""
    link = applied(no_link(), guard(no_link(), write()).changes)
    plans = []
    for number, value in enumerate(values, start=1):
        plans.append(guard(link, write(), seen=read(value, at=NOW + number * every)))
        link = applied(link, plans[-1].changes)
    return link, plans


def is_written(plan: Plan) -> bool:
    return bool(plan.commands)


def test_what_was_written_is_remembered_field_by_field() -> None:
    made = guard(no_link(), write(activityStateId=3))

    assert set(made.changes.loops) == {MATRIX, "activity:5012 activityStateId"}
    assert {loop.rounds for loop in made.changes.loops.values()} == {0}
    assert {loop.field for loop in made.changes.loops.values()} == {"matrix", "state"}


def test_a_change_of_somebodys_is_put_back_and_counted() -> None:
    link, (first,) = played(["one"])

    assert is_written(first)
    assert link.loops[MATRIX].rounds == 1


def test_the_same_change_again_goes_to_a_person() -> None:
    link, (_, again) = played(["one", "one"])

    assert (again.verdict, again.reason, again.commands) == (Verdict.IGNORE, "hand_edit_kept", ())
    assert [notice.code for notice in again.changes.notices] == ["edited_on_wrong_side:matrix"]
    assert again.changes.differences == (
        FoundDifference(field="matrix", ours="ours", theirs="one", cause="edited_in_aprimo", policy=Policy.NEVER),
    )
    assert not link.loops[MATRIX].is_stopped


def test_the_same_change_after_a_day_goes_to_a_person_too() -> None:
    _, plans = played(["one", "one"], every=timedelta(days=1))

    assert list(map(is_written, plans)) == [True, False]


def test_a_field_that_goes_round_too_often_is_stopped_and_the_alarm_names_it() -> None:
    link, plans = played([f"value {number}" for number in range(ROUNDS_MAX + 2)])

    assert list(map(is_written, plans)) == [True] * ROUNDS_MAX + [False] * 2
    assert [notice.code for notice in plans[-1].changes.notices] == ["loop:matrix"]
    assert "The field matrix in Aprimo was changed again and again" in plans[-1].changes.notices[0].text
    assert [each.field for each in plans[-1].changes.differences] == ["matrix"]
    assert (link.loops[MATRIX].is_stopped, link.loops[MATRIX].field) == (True, "matrix")


def test_a_stopped_field_is_not_written_for_what_is_not_urgent_however_late() -> None:
    link, _ = played([f"value {number}" for number in range(ROUNDS_MAX + 1)])

    later = guard(link, write("news"), seen=read(at=NOW + timedelta(days=9)))

    assert (later.commands, later.reason) == ((), "hand_edit_kept")


def test_a_decision_is_written_into_a_stopped_field_once() -> None:
    link, _ = played([f"value {number}" for number in range(ROUNDS_MAX + 1)])
    decided = replace(deliver(write("approved")), urgency=Urgency.EXPRESS)

    made = guarded(decided, event(Side.OPENTEXT), {}, link, words())
    again = [made]
    for number in range(ROUNDS_MAX + 1):
        link = applied(link, again[-1].changes)
        seen = read(f"value {number}")
        again.append(guarded(decided, event(Side.APRIMO), {seen.want: seen}, link, words()))

    assert made.commands == (write("approved"),)
    assert list(map(is_written, again)) == [True] * (ROUNDS_MAX + 1) + [False]


def test_the_other_fields_of_the_write_are_written() -> None:
    link, _ = played([f"value {number}" for number in range(ROUNDS_MAX + 1)])

    made = guard(link, write("news", activityStateId=3), EndProcess(instance_id="i-1", reason="r"))

    assert made.commands == (
        SetFields(object_kind="activity", object_id=5012, fields={"activityStateId": 3}),
        EndProcess(instance_id="i-1", reason="r"),
    )
    assert made.verdict is Verdict.DELIVER


def test_rounds_that_are_hours_apart_are_no_loop() -> None:
    link, plans = played([f"value {number}" for number in range(9)], every=timedelta(hours=2))

    assert all(map(is_written, plans))
    assert link.loops[MATRIX].rounds == 0


def test_news_begins_the_count_anew() -> None:
    link, _ = played([f"value {number}" for number in range(ROUNDS_MAX)])

    made = guard(link, write("news"), seen=read())

    assert made.changes.loops[MATRIX].rounds == 0


def test_values_that_two_systems_send_each_other_are_a_loop_too() -> None:
    """Each write is news of the other side, and each is the one that was written before."""
    link, written = no_link(), 0
    for number in range(20):
        side = (Side.APRIMO, Side.OPENTEXT)[number % 2]
        other: Command = (
            SetVariables(instance_id="i-1", variables={"dueDate": "17:00"})
            if side is Side.APRIMO
            else SetFields(object_kind="activity", object_id=5012, fields={"extrAttr399": "12:00"})
        )
        at = NOW + timedelta(seconds=number)
        made = guard(link, other, what=replace(event(side), accepted_at=at))
        link = applied(link, made.changes)
        written += len(made.commands)

    assert written == 2 * (ROUNDS_MAX + 1)
    assert {loop.field for loop in link.loops.values() if loop.is_stopped} == {"dueDate", "extrAttr399"}


def test_a_plan_that_was_never_carried_counts_for_nothing() -> None:
    """It went stale, or died: what is remembered comes with its settle."""
    link = applied(no_link(), guard(no_link(), write()).changes)

    for _ in range(9):
        assert is_written(guard(link, write(), seen=read()))


@pytest.mark.parametrize(
    "command",
    [
        SetRecord(record_id="0a1b", fields={"Approval": "approved"}),
        SetVariables(instance_id="i-1", variables={"dueDate": "17:00"}),
        UpdateTask(task_id="t-1", fields={"dueDate": "2026-01-12T17:00:00Z"}),
    ],
)
def test_every_kind_that_sets_fields_in_place_is_counted(command: Command) -> None:
    link = no_link()
    plans = []
    for number in range(ROUNDS_MAX + 2):
        at = NOW + timedelta(seconds=number)
        plans.append(guard(link, command, what=replace(event(Side.APRIMO), accepted_at=at)))
        link = applied(link, plans[-1].changes)

    assert list(map(is_written, plans)) == [True] * (ROUNDS_MAX + 1) + [False]


def test_a_record_keeps_its_status_where_a_field_of_it_is_stopped() -> None:
    loop = Loop(field="decision", written="x", at=NOW, is_stopped=True)
    link = replace(no_link(), loops={"record:0a1b Approval": loop})

    made = guard(link, SetRecord(record_id="0a1b", status="released", fields={"Approval": "approved"}))

    assert made.commands == (SetRecord(record_id="0a1b", status="released"),)


def test_a_robot_that_writes_the_same_again_is_told_from_a_person() -> None:
    link, _ = played(["one"])
    seen = read("one")
    by_robot = replace(seen, values={**seen.values, "editor": {"email": "robot@example.test"}})
    by = words(automations=frozenset({"robot@example.test"}))

    again = guarded(deliver(write()), event(Side.APRIMO), {by_robot.want: by_robot}, link, by)

    assert [each.cause for each in again.changes.differences] == [Cause.EDITED_BY_AUTOMATION]


@pytest.mark.parametrize(
    ("field", "agreed", "fields", "shown"),
    [
        ("state", "in_production", {"activityStateId": 3}, {"state": "rejected", "state_id": 4}),
        ("matrix", "ours", {"extrAttr306": "ours"}, {"matrix": "theirs"}),
    ],
)
def test_what_was_edited_in_aprimo_again_is_told_in_our_words_so_that_it_can_be_healed(
    field: str, agreed: str, fields: dict[str, JsonValue], shown: dict[str, JsonValue]
) -> None:
    known = Agreed(value=agreed, owner=Side.OPENTEXT, written_by="signoff", at=NOW)
    link = replace(in_approval(), agreed={field: known})
    wire = dict.fromkeys(fields, shown.get("state_id", "theirs"))
    seen = Snapshot(want=ITEM, read_at=NOW, values=shown, wire=wire)
    command = SetFields(object_kind="activity", object_id=5012, fields=fields)
    link = applied(link, guard(link, command, seen=seen).changes)

    again = guard(link, command, seen=seen)

    assert again.changes.differences == (
        FoundDifference(
            field=field, ours=agreed, theirs=shown[field], cause=Cause.EDITED_IN_APRIMO, policy=Policy.AUTOMATIC
        ),
    )


def test_a_variable_that_was_edited_again_is_told_by_the_field_that_it_holds() -> None:
    link = in_approval()
    command = SetVariables(instance_id=INSTANCE, variables={"briefDescription": "Outdoor and social"})
    want = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=INSTANCE)
    read_ = ProcessRead(
        instance_id=InstanceId(INSTANCE),
        process_key="p",
        business_key=BusinessKey(KEY),
        variables={"briefDescription": "Typed there"},
    )
    seen = Snapshot(want=want, read_at=NOW, process=read_)
    for _ in range(2):
        link = applied(link, guard(link, command, seen=seen).changes)

    again = guard(link, command, seen=seen)

    (found,) = again.changes.differences
    assert (found.field, found.agreed, found.opentext) == (
        "description",
        link.agreed_value("description"),
        "Typed there",
    )
    assert (found.cause, found.policy) == (Cause.EDITED_IN_OPENTEXT, Policy.AUTOMATIC)


def test_a_variable_is_compared_with_what_was_read_of_its_process() -> None:
    command = SetVariables(instance_id="i-1", variables={"budget": "5"})
    link = applied(no_link(), guard(no_link(), command).changes)
    want = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id="i-1")
    process = ProcessRead(
        instance_id=InstanceId("i-1"), process_key="p", business_key=BusinessKey(KEY), variables={"budget": "9"}
    )
    seen = Snapshot(want=want, read_at=NOW, process=process)
    link = applied(link, guard(link, command, seen=seen).changes)

    again = guard(link, command, seen=seen)

    assert [(each.field, each.theirs, each.cause) for each in again.changes.differences] == [
        ("budget", "9", "edited_in_opentext")
    ]


def test_a_plan_that_writes_nothing_is_left_as_it_is() -> None:
    made = Plan(verdict=Verdict.IGNORE, reason="unchanged", changes=LinkChanges(state="x"))

    assert guarded(made, event(Side.APRIMO), {}, no_link(), words()) == made


def test_what_begins_a_process_is_news_however_often_it_is_asked_for() -> None:
    link = no_link()
    for number in range(ROUNDS_MAX + 2):
        start = StartProcess(
            flow=FLOW, process_key="campaignBrief", business_key=KEY, revision=number, name="n", variables={}
        )
        made = guard(link, start, write("in approval"), seen=read("submitted"))
        link = applied(link, made.changes)

        assert made.commands == (start, write("in approval"))
