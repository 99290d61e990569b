"""From OpenText's wire to our words: an instance with its tasks becomes one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline.flows.tenant import FlowWords
from pipeline.keys import seen_hash
from pipeline.opentext.options import OpenTextOptions, OutcomeSource
from pipeline.opentext.schemas import InstanceRow, TaskRow
from pipeline.plan import CommentRead, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import BusinessKey, InstanceId, JsonValue

REVISION = "signoffRevision"
EFFECT = "signoffEffect"


def process_snapshot(
    want: Want,
    row: InstanceRow,
    tasks: Sequence[TaskRow],
    *,
    options: OpenTextOptions,
    words: FlowWords,
    read_at: datetime,
) -> Snapshot:
    """A process as the flow sees it; values hold those fields of the TOML that a process variable carries."""
    process = process_read(row, tasks, options)
    fields = [words.fields, *(other.fields for other in words.also.values())]
    values = {
        name: row.variables[word.variable]
        for of_kind in fields
        for name, word in of_kind.items()
        if word.variable and word.variable in row.variables
    }
    return Snapshot(
        want=want,
        read_at=read_at,
        version=f"{row.id}/{row.variables.get(REVISION, '')}",
        values=values,
        comments=process.comments,
        process=process,
    )


def process_read(row: InstanceRow, tasks: Sequence[TaskRow], options: OpenTextOptions) -> ProcessRead:
    """An instance and its tasks, oldest first, with every comment of either once."""
    ordered = sorted(tasks, key=lambda task: (task.opened_at is None, task.opened_at, task.id))
    return ProcessRead(
        instance_id=InstanceId(row.id),
        process_key=row.process_key,
        business_key=BusinessKey(row.business_key),
        started_at=row.started_at,
        ended_at=row.ended_at,
        delete_reason=row.delete_reason,
        variables=row.variables,
        tasks=tuple(task_read(task, row.variables, options) for task in ordered),
        comments=merged_comments([row.comments, *(task.comments for task in ordered)]),
    )


def task_read(task: TaskRow, variables: Mapping[str, JsonValue], options: OpenTextOptions) -> TaskRead:
    """A task; an outcome is read only where somebody completed it, and from nowhere but the configured place."""
    is_completed = task.ended_at is not None and not task.delete_reason
    return TaskRead(
        task_id=task.id,
        definition_key=task.definition_key,
        name=task.name,
        category=task.category,
        assignee=task.assignee,
        opened_at=task.opened_at,
        due_at=task.due_at,
        ended_at=task.ended_at,
        delete_reason=task.delete_reason,
        outcome=_outcome(task, variables, options) if is_completed else None,
        comment=_last_comment(task),
        description=task.description,
        owner=task.owner,
        priority=task.priority,
    )


def merged_comments(groups: Iterable[Sequence[CommentRead]]) -> tuple[CommentRead, ...]:
    """Comments of an instance and of its tasks, each once, oldest first: an engine may list one in both."""
    by_id = {comment.origin_id: comment for group in groups for comment in group}
    return tuple(sorted(by_id.values(), key=lambda comment: (comment.at, comment.origin_id)))


def seen(row: InstanceRow, open_tasks: Sequence[TaskRow]) -> str:
    """What the list poll compares: open tasks and comments, as the flows compute it of a process that was read."""
    comments = merged_comments([row.comments, *(task.comments for task in open_tasks)])
    return seen_hash(
        open_tasks=[
            (task.id, task.assignee, task.due_at.isoformat() if task.due_at else "", task.priority)
            for task in open_tasks
        ],
        comment_ids=[comment.origin_id for comment in comments],
        variables={},
    )


def _outcome(task: TaskRow, variables: Mapping[str, JsonValue], options: OpenTextOptions) -> str | None:
    name = options.outcome_variables.get(task.definition_key, "")
    match options.outcome_source:
        case OutcomeSource.TASK_VARIABLE:
            found = task.variables.get(name)
        case OutcomeSource.TASK_PROPERTY:
            found = task.outcome
        case OutcomeSource.PROCESS_VARIABLE:
            found = variables.get(name)
    return found if isinstance(found, str) and found else None


def _last_comment(task: TaskRow) -> str:
    """The last words of whoever has the task, else of anybody, on the task itself."""
    ordered = sorted(task.comments, key=lambda comment: (comment.at, comment.origin_id))
    own = [comment for comment in ordered if comment.author == task.assignee]
    said = own or ordered
    return said[-1].text if said else ""
