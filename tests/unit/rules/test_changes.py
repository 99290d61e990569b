"""Which object a command works on, so that it can be read before."""

from __future__ import annotations

import pytest

from pipeline.changes import target
from pipeline.commands import (
    Command,
    CommitmentVerb,
    EndProcess,
    ProjectVerb,
    RemoveFromCollection,
    SetFields,
    SetRecord,
    SetVariables,
    StartProcess,
    TaskVerb,
)
from pipeline.plan import Want
from pipeline.words import BusinessKey, Side

RECORD_ID = "0a" * 16


@pytest.mark.parametrize(
    ("command", "side", "kind", "object_id"),
    [
        (SetFields(object_kind="project", object_id=7, fields={}), Side.APRIMO, "project", "7"),
        (CommitmentVerb(verb="approve", committed_id=7, revision=1), Side.APRIMO, "commitment", "7"),
        (ProjectVerb(verb="start", project_id=7, revision=1), Side.APRIMO, "project", "7"),
        (TaskVerb(verb="close", task_id=7), Side.APRIMO, "task", "7"),
        (SetRecord(record_id=RECORD_ID), Side.APRIMO, "record", RECORD_ID),
        (SetVariables(instance_id="i-1", variables={}), Side.OPENTEXT, "process", "i-1"),
        (EndProcess(instance_id="i-1", reason="withdrawn"), Side.OPENTEXT, "process", "i-1"),
    ],
)
def test_a_command_names_what_it_changes(command: Command, side: Side, kind: str, object_id: str) -> None:
    assert target(command, "f") == Want(flow="f", side=side, kind=kind, object_id=object_id)


def test_what_is_made_only_then_cannot_be_read_before() -> None:
    start = StartProcess(
        flow="f", process_key="p", business_key=BusinessKey("aprimo:activity:1"), revision=1, name="n", variables={}
    )

    assert target(start, "f") is None


def test_what_changes_several_records_at_once_names_none() -> None:
    assert target(RemoveFromCollection(collection="c", record_ids=(RECORD_ID,)), "f") is None
