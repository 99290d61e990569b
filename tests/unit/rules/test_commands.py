"""Commands: known by kind, the same after a round trip through JSON, and each with the identity of its effect."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import (
    KINDS,
    AddComment,
    Assign,
    Cause,
    Command,
    CompleteTask,
    EndProcess,
    ProjectVerb,
    SendMessage,
    SetFields,
    SetVariables,
    StartProcess,
    UpdateTask,
    check_whole,
    dump,
    load,
    register,
)
from pipeline.errors import PermanentError
from pipeline.keys import aprimo_key
from pipeline.words import EventId, Side

KEY = aprimo_key("activity", 5012)
FIRST = Cause(event_id=EventId("ev-1"), plan_number=1)
AGAIN = Cause(event_id=EventId("ev-1"), plan_number=2)
OTHER = Cause(event_id=EventId("ev-2"), plan_number=1)

TEXT = st.text(max_size=12)
VALUES = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=3), max_size=4
)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        StartProcess,
        flow=TEXT,
        process_key=TEXT,
        business_key=st.just(KEY),
        revision=st.integers(),
        name=TEXT,
        variables=VALUES,
        secret_variables=st.lists(TEXT, max_size=2).map(tuple),
        expects=VALUES,
        undoes=TEXT,
    ),
    st.builds(EndProcess, instance_id=TEXT, reason=TEXT, expects=VALUES, undoes=TEXT),
    st.builds(SetVariables, instance_id=TEXT, variables=VALUES, expects=VALUES),
    st.builds(SendMessage, instance_id=TEXT, activity_id=TEXT, message=TEXT, marker=TEXT, variables=VALUES),
    st.builds(AddComment, instance_id=TEXT, origin=TEXT, origin_id=TEXT, text=TEXT),
    st.builds(UpdateTask, task_id=TEXT, fields=VALUES, expects=VALUES),
    st.builds(Assign, verb=TEXT, task_id=TEXT, user=TEXT, group=TEXT, expects=VALUES),
    st.builds(CompleteTask, task_id=TEXT, outcome=TEXT, variables=VALUES, expects=VALUES),
    st.builds(SetFields, object_kind=TEXT, object_id=st.integers(), fields=VALUES, expects=VALUES),
    st.builds(ProjectVerb, verb=TEXT, project_id=st.integers(), revision=st.integers()),
)


def stored(command: Command) -> Command:
    """A command after a round trip through a JSON column."""
    values = json.loads(json.dumps(dump(command)))
    expects = json.loads(json.dumps(command.expects))
    return load(command.KIND, values, expects=expects, undoes=command.undoes)


@given(COMMANDS)
def test_a_command_is_the_same_after_it_was_stored(command: Command) -> None:
    loaded = stored(command)

    assert type(loaded) is type(command)
    assert _plain(loaded) == _plain(command)
    assert loaded.effect_key(FIRST) == command.effect_key(FIRST)
    assert loaded.target() == command.target()


@given(COMMANDS)
def test_what_is_dumped_names_neither_expectation_nor_what_it_undoes(command: Command) -> None:
    assert dump(command).keys().isdisjoint({"expects", "undoes"})


def _plain(command: Command) -> Any:  # noqa: ANN401 - JSON.
    """Tuples and lists are one in JSON."""
    return json.loads(json.dumps([dump(command), dict(command.expects), command.undoes]))


def test_every_kind_stands_under_its_name() -> None:
    assert {name: kind.KIND for name, kind in KINDS.items()} == {name: name for name in KINDS}
    assert sorted(KINDS) == [
        "dam.add_check",
        "dam.add_to_collection",
        "dam.add_version",
        "dam.create_record",
        "dam.drop_public_link",
        "dam.order",
        "dam.public_link",
        "dam.remove_from_collection",
        "dam.set_record",
        "dam.upload",
        "ot.add_comment",
        "ot.assign",
        "ot.complete_task",
        "ot.end_process",
        "ot.send_message",
        "ot.set_variables",
        "ot.start_process",
        "ot.update_task",
        "pm.add_annotation",
        "pm.commitment_verb",
        "pm.create_object",
        "pm.create_task",
        "pm.project_verb",
        "pm.set_fields",
        "pm.task_verb",
    ]


START = StartProcess(flow="f", process_key="p", business_key=KEY, revision=2, name="n", variables={})
END = EndProcess(instance_id="i-1", reason="why")
COMMENT = AddComment(instance_id="i-1", origin="aprimo", origin_id="r-1", text="x")
VERB = ProjectVerb(verb="start", project_id=7, revision=2)
FIELDS = SetFields(object_kind="activity", object_id=5012, fields={"a": "b"})
VARIABLES = SetVariables(instance_id="i-1", variables={"b": "1", "a": "2"})
UPDATE = UpdateTask(task_id="t-1", fields={"priority": 80, "dueDate": None})
ASSIGN = Assign(verb="assign", task_id="t-1", user="one@example.test")
COMPLETE = CompleteTask(task_id="t-1")
MESSAGE = SendMessage(instance_id="i-1", activity_id="x", message="escalate", marker="m-1")


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (START, "start:f:aprimo:activity:5012:2"),
        (END, "end:i-1"),
        (COMMENT, "comment:aprimo:r-1:i-1"),
        (VERB, "start:project:7:2"),
        (COMPLETE, "complete:t-1"),
    ],
)
def test_an_effect_that_happens_once_has_one_key_whatever_the_event(command: Command, key: str) -> None:
    assert {command.effect_key(cause) for cause in (FIRST, AGAIN, OTHER)} == {key}


@pytest.mark.parametrize("command", [FIELDS, VARIABLES, UPDATE, ASSIGN])
def test_a_write_that_may_rightly_come_again_has_a_key_per_plan(command: Command) -> None:
    assert len({command.effect_key(cause) for cause in (FIRST, AGAIN, OTHER)}) == 3


def test_a_message_is_sent_once_per_event_even_when_planned_again() -> None:
    assert MESSAGE.effect_key(FIRST) == MESSAGE.effect_key(AGAIN) != MESSAGE.effect_key(OTHER)


def test_what_is_set_is_named_in_order_in_its_key() -> None:
    assert VARIABLES.effect_key(FIRST) == "variables:ev-1:1:i-1:a,b"
    assert UPDATE.effect_key(FIRST) == "update-task:ev-1:1:t-1:dueDate,priority"


def test_each_candidate_of_a_task_is_an_effect_of_its_own() -> None:
    one, two = (Assign(verb="add_candidate", task_id="t-1", group=group) for group in ("Legal", "Brand"))

    assert one.effect_key(FIRST) != two.effect_key(FIRST)
    assert ASSIGN.effect_key(FIRST) == "assign:ev-1:1:t-1:one@example.test"


@pytest.mark.parametrize(
    ("command", "target"),
    [
        (START, "process:aprimo:activity:5012"),
        (END, "process-instance:i-1"),
        (COMMENT, "process-instance:i-1"),
        (VARIABLES, "process-instance:i-1"),
        (MESSAGE, "process-instance:i-1/x"),
        (FIELDS, "activity:5012"),
        (VERB, "project:7"),
        (UPDATE, "task:t-1"),
        (ASSIGN, "task:t-1"),
        (COMPLETE, "task:t-1"),
    ],
)
def test_a_command_names_its_target(command: Command, target: str) -> None:
    assert command.target() == target


def test_every_kind_says_which_objects_its_system_shows_as_changed() -> None:
    assert {name: made_up(kind).changed_ids("<made>") for name, kind in KINDS.items()} == {
        "dam.add_check": ("<record_id>",),
        "dam.add_to_collection": ("<record 1>", "<record 2>"),
        "dam.add_version": ("<record_id>",),
        "dam.create_record": ("<made>",),
        "dam.drop_public_link": ("<record_id>",),
        "dam.order": ("<record 1>", "<record 2>"),
        "dam.public_link": ("<record_id>",),
        "dam.remove_from_collection": ("<record 1>", "<record 2>"),
        "dam.set_record": ("<record_id>",),
        "dam.upload": (),
        "ot.add_comment": ("<instance_id>",),
        "ot.assign": ("<task_id>",),
        "ot.complete_task": ("<task_id>",),
        "ot.end_process": ("<instance_id>",),
        "ot.send_message": ("<instance_id>",),
        "ot.set_variables": ("<instance_id>",),
        "ot.start_process": ("<made>",),
        "ot.update_task": ("<task_id>",),
        "pm.add_annotation": ("<asset_id>",),
        "pm.commitment_verb": ("<committed_id>",),
        "pm.create_object": ("<made>",),
        "pm.create_task": ("<made>",),
        "pm.project_verb": ("<project_id>",),
        "pm.set_fields": ("<object_id>",),
        "pm.task_verb": ("<task_id>",),
    }


def test_what_made_something_of_which_no_id_is_known_changes_nothing_that_is_listed() -> None:
    assert START.changed_ids("") == ()


def made_up(kind: type[Command]) -> Command:
    """A command in which every field stands for itself."""
    records = ("<record 1>", "<record 2>")
    several: dict[str, Any] = {"record_ids": records, "versions": dict.fromkeys(records, "<version>")}
    values = {field.name: several.get(field.name, f"<{field.name}>") for field in fields(kind)}
    return kind(**values)


def test_a_kind_that_nobody_registered_cannot_be_loaded() -> None:
    with pytest.raises(KeyError, match=r"pm\.make_coffee"):
        load("pm.make_coffee", {}, expects={}, undoes="")


def test_a_kind_without_an_effect_key_cannot_be_registered() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Nameless(Command):
        KIND = "pm.nameless"
        SIDE = Side.APRIMO
        ROUTE = "x"

    with pytest.raises(
        TypeError, match="Nameless cannot be registered, it lacks: LATE_S, target, effect_key, changed_ids"
    ):
        register(Nameless)
    assert "pm.nameless" not in KINDS


def test_a_command_of_no_kind_has_no_target_no_effect_and_changes_nothing() -> None:
    with pytest.raises(TypeError, match="names no target"):
        Command().target()
    with pytest.raises(TypeError, match="has no effect key"):
        Command().effect_key(FIRST)
    with pytest.raises(TypeError, match="does not say what it changes"):
        Command().changed_ids("")


def test_kinds_whose_one_call_brings_everything_are_known() -> None:
    assert sorted(name for name, kind in KINDS.items() if kind.IS_WHOLE) == [
        "dam.add_to_collection",
        "dam.remove_from_collection",
        "dam.set_record",
        "ot.set_variables",
        "ot.update_task",
        "pm.set_fields",
    ]


def test_one_object_is_written_in_one_call_of_a_plan() -> None:
    due, priority = (UpdateTask(task_id="t-1", fields={name: 1}) for name in ("dueDate", "priority"))
    elsewhere = UpdateTask(task_id="t-2", fields={"priority": 1})

    check_whole([due, elsewhere, SetVariables(instance_id="t-1", variables={"due": 1})])
    with pytest.raises(PermanentError) as caught:
        check_whole([due, elsewhere, priority])

    assert caught.value.hint == "task:t-1 would be written in 2 calls of ot.update_task instead of one."


def test_what_is_taken_one_by_one_may_come_several_times() -> None:
    said = [
        AddComment(instance_id="i-1", origin=Side.APRIMO, origin_id=str(number), text="Fine.") for number in (1, 2)
    ]

    check_whole(said)
