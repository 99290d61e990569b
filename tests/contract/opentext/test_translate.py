"""OpenText's rows in our words: instances, tasks, outcomes, comments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import ValidationError

from pipeline.opentext import schemas, translate
from pipeline.opentext.options import OutcomeSource
from pipeline.opentext.schemas import AuditEntry, InstanceRow, TaskRow
from pipeline.plan import CommentRead, TaskRead, Want
from pipeline.transport.messages import Answer
from pipeline.words import Side
from tests.support.samples import sample_bytes
from tests.support.vendor_parts import FLOW, opentext_options, words

WANT = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id="f8985abd")
READ_AT = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
OPTIONS = opentext_options("https://vendor.test")


def rows(name: str) -> list[dict[str, Any]]:
    body = Answer(status=200, body=sample_bytes("opentext", name)).json_object()
    (found,) = body["_embedded"].values()
    return list(found)


def instance() -> InstanceRow:
    return schemas.load_instances(rows("history_instance_running"))[0]


def tasks() -> tuple[TaskRow, ...]:
    return schemas.load_tasks(rows("history_tasks"))


def at(hour: int, minute: int, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 1, 12, hour, minute, second, micro, tzinfo=UTC)


def snapshot() -> Any:  # noqa: ANN401 -- Attribute access in every test.
    return translate.process_snapshot(WANT, instance(), tasks(), options=OPTIONS, words=words(), read_at=READ_AT)


def test_an_instance_is_read_whole() -> None:
    process = snapshot().process

    assert (process.instance_id, process.process_key) == ("f8985abd", "campaignBrief")
    assert process.business_key == "aprimo:activity:5012"
    assert (process.started_at, process.ended_at, process.delete_reason) == (at(10, 17, 43, 902000), None, "")
    assert process.variables["regions"] == ["DACH", "Nordics"]
    assert process.variables["score"] == "0.75"


def test_an_encrypted_variable_is_never_read() -> None:
    assert "signoffToken" not in snapshot().process.variables
    assert "canary-token" not in repr(snapshot())


def test_values_are_the_fields_that_variables_carry() -> None:
    assert snapshot().values == {"budget": "12000.50", "regions": ["DACH", "Nordics"]}
    assert snapshot().version == "f8985abd/2"


def test_a_finished_task_has_its_own_outcome_not_the_processs() -> None:
    """A task answered `approved`; the process variable of that name says `rejected` since."""
    brand = next(task for task in snapshot().process.tasks if task.definition_key == "brand")

    assert brand == TaskRead(
        task_id="t1",
        definition_key="brand",
        name="Brand review",
        category="",
        assignee="brand.one@example.test",
        opened_at=at(10, 17, 43, 902000),
        due_at=datetime(2026, 1, 14, 10, 17, 43, 902000, tzinfo=UTC),
        ended_at=at(11, 0),
        delete_reason="",
        outcome="approved",
        comment="Fine now",
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (OutcomeSource.TASK_VARIABLE, "approved"),
        (OutcomeSource.PROCESS_VARIABLE, "rejected"),
        (OutcomeSource.TASK_PROPERTY, None),
    ],
)
def test_an_outcome_is_read_from_the_configured_place_and_no_other(
    source: OutcomeSource, expected: str | None
) -> None:
    options = replace(OPTIONS, outcome_source=source)

    assert translate.task_read(tasks()[0], instance().variables, options).outcome == expected


def test_an_outcome_may_be_a_property_of_the_task() -> None:
    options = replace(OPTIONS, outcome_source=OutcomeSource.TASK_PROPERTY)

    assert translate.task_read(replace(tasks()[0], outcome="approved"), {}, options).outcome == "approved"


def test_a_task_the_engine_took_away_has_no_outcome_whatever_its_variables_say() -> None:
    regional = next(task for task in snapshot().process.tasks if task.definition_key == "regional")

    assert (regional.outcome, regional.delete_reason) == (None, "MI completion condition met")


def test_an_open_task_has_no_outcome() -> None:
    legal = next(task for task in snapshot().process.tasks if task.definition_key == "legal")

    assert (legal.outcome, legal.ended_at, legal.assignee) == (None, None, "")


def test_an_outcome_that_is_no_text_is_none() -> None:
    odd = replace(tasks()[0], variables={"brandOutcome": True})

    assert translate.task_read(odd, {}, OPTIONS).outcome is None


def test_a_reviewers_own_last_words_are_the_reviews_comment() -> None:
    assert translate.task_read(tasks()[0], {}, OPTIONS).comment == "Fine now"


def test_without_words_of_the_reviewer_the_last_comment_on_the_task_counts() -> None:
    unassigned = replace(tasks()[0], assignee="")

    assert translate.task_read(unassigned, {}, OPTIONS).comment == "Agreed"


def test_comments_of_instance_and_tasks_are_each_there_once_oldest_first() -> None:
    assert [comment.origin_id for comment in snapshot().comments] == ["c1", "c3", "c4", "c5", "c2"]
    assert snapshot().comments[0] == CommentRead(
        origin_id="c1",
        author="signoff.integration@example.test",
        text="Please hurry [sg-0011223344]",
        at=at(10, 20),
    )


def test_tasks_of_the_runtime_are_read_by_the_same_schema() -> None:
    (task,) = schemas.load_tasks(rows("tasks_of_the_runtime"))

    assert (task.opened_at, task.ended_at) == (at(10, 17, 43, 902000), None)


def test_the_list_poll_sees_open_tasks_and_comments() -> None:
    open_tasks = [task for task in tasks() if task.ended_at is None]
    seen = translate.seen(instance(), open_tasks)

    claimed = [replace(open_tasks[0], assignee="legal.one@example.test")]
    assert translate.seen(instance(), open_tasks) == seen
    assert translate.seen(instance(), claimed) != seen
    assert translate.seen(replace(instance(), comments=()), open_tasks) != seen


def test_an_audit_row_of_a_process_names_the_instance_by_its_own_id() -> None:
    started, ended = (schemas.load_audit(row) for row in rows("audit_rows_of_processes"))

    assert started == AuditEntry(
        event_type="process-start",
        instance_id="f8985abd",
        item_id="",
        business_key="aprimo:activity:5012",
        definition_id="campaignBrief:3:976626f9",
        time="2026-01-12T15:47:43.902+05:30",
        at=at(10, 17, 43, 902000),
    )
    assert ended.at == at(11, 30)


def test_an_audit_row_of_an_unknown_type_is_read_like_any_other() -> None:
    (entry,) = (schemas.load_audit(row) for row in rows("audit_rows_of_tasks"))

    assert (entry.event_type, entry.instance_id, entry.item_id) == (
        "process-task-reassigned-by-magic",
        "f8985abd",
        "a1",
    )


def test_an_audit_row_without_any_time_is_refused() -> None:
    with pytest.raises(ValidationError):
        schemas.load_audit({"eventType": "process-start", "id": "f898"})


def test_variables_that_are_null_are_there_all_the_same() -> None:
    assert schemas.load_variables(rows("variables")) == {"budget": "12000.50", "regions": ["DACH"], "note": None}


def test_a_task_is_read_with_what_a_command_may_expect_of_it() -> None:
    (row, *_) = rows("history_tasks")
    shown = {**row, "description": "Claim 3", "owner": "lead@example.test", "priority": 80}

    (bare, full) = schemas.load_tasks([row, shown])

    assert (bare.description, bare.owner, bare.priority) == ("", "", None)
    read = translate.task_read(full, {}, OPTIONS)
    assert (read.description, read.owner, read.priority) == ("Claim 3", "lead@example.test", 80)
