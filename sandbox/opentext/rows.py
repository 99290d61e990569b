"""The rows this service keeps, as the outside sees them: frozen, replaced whole, written to the journal as JSON.

Times are texts in one form (UTC, milliseconds, `Z`), so that they compare as they sort.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

_NESTED = "nested"


def stamp(moment: datetime) -> str:
    """A moment in the form rows keep."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment(text: str) -> datetime:
    """The moment a row's time names."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable of a process or a task."""

    name: str
    type: str
    value: Any
    is_encrypted: bool = False


@dataclass(frozen=True, kw_only=True)
class Link:
    """Who has to do with a task, besides assignee and owner: a user or a group, and in which role."""

    type: str
    user: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A place where an instance waits."""

    id: str
    parent_id: str | None
    instance_id: str
    activity_id: str | None
    super_execution_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One deployed version of a model; id is the process definition id."""

    kind: ClassVar[str] = "model"
    id: str
    key: str
    version: int
    name: str
    model_id: str
    xml: str
    deployed_at: str


@dataclass(frozen=True, kw_only=True)
class InstanceRow:
    """A process instance, running or finished; root_id is the instance that called it all."""

    kind: ClassVar[str] = "instance"
    id: str
    root_id: str
    key: str
    definition_id: str
    definition_name: str
    business_key: str | None
    name: str | None
    start_user: str
    started_at: str
    ended_at: str | None = None
    delete_reason: str | None = None
    super_id: str | None = None
    super_execution_id: str | None = None
    is_suspended: bool = False
    variables: Mapping[str, Variable] = field(default_factory=dict, metadata={_NESTED: Variable})


@dataclass(frozen=True, kw_only=True)
class StateRow:
    """What the engine needs to go on with a root instance; empty once it has ended."""

    kind: ClassVar[str] = "state"
    id: str
    definition_ids: tuple[str, ...] = ()
    snapshot: str = ""
    due_at: str | None = None
    executions: tuple[Execution, ...] = field(default=(), metadata={_NESTED: Execution})


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """A user task, open or finished."""

    kind: ClassVar[str] = "task"
    id: str
    instance_id: str
    root_id: str
    definition_id: str
    execution_id: str
    key: str
    name: str
    created_at: str
    description: str | None = None
    category: str | None = None
    assignee: str | None = None
    owner: str | None = None
    delegation: str | None = None
    priority: int = 50
    claimed_at: str | None = None
    due_at: str | None = None
    form_key: str | None = None
    parent_task_id: str | None = None
    ended_at: str | None = None
    delete_reason: str | None = None
    links: tuple[Link, ...] = field(default=(), metadata={_NESTED: Link})
    variables: Mapping[str, Variable] = field(default_factory=dict, metadata={_NESTED: Variable})


@dataclass(frozen=True, kw_only=True)
class CommentRow:
    """A comment on an instance, or on one of its tasks."""

    kind: ClassVar[str] = "comment"
    id: str
    instance_id: str
    task_id: str | None
    author: str
    message: str
    type: str
    created_at: str
    is_deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One line of an audit log: stream is `process`, `task` or `activity`; facts hold what only that stream has.

    object_id is the instance, task or execution that the line is about; started_at is when that began.
    """

    kind: ClassVar[str] = "audit"
    id: str
    stream: str
    event_type: str
    time: str
    user: str
    instance_id: str
    object_id: str
    started_at: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """What a person of the scenario will do, and what became of it.

    does: `complete` or `change` the task, or `start` a process. id: the task's, with a number for a change; a start
    has one of its own. act holds the act as the scenario said it.
    """

    kind: ClassVar[str] = "plan"
    id: str
    does: str
    task_id: str
    rule: int
    turn: int
    key: str
    user: str
    at: str | None
    act: Mapping[str, Any]
    result: str = "waits"


Row = ModelRow | InstanceRow | StateRow | TaskRow | CommentRow | AuditRow | PlanRow
_KINDS: dict[str, type[Row]] = {
    each.kind: each for each in (ModelRow, InstanceRow, StateRow, TaskRow, CommentRow, AuditRow, PlanRow)
}


def to_record(row: Row) -> dict[str, Any]:
    """A row as the journal keeps it."""
    values = dict(vars(row))
    for each in fields(row):
        inner = values[each.name]
        if _NESTED in each.metadata:
            is_map = isinstance(inner, Mapping)
            values[each.name] = (
                {name: vars(value) for name, value in inner.items()} if is_map else [*map(vars, inner)]
            )
    return {"row": row.kind, "values": values}


def from_record(record: Mapping[str, Any]) -> Row:
    """A row as it was before it went to the journal."""
    kind = _KINDS[record["row"]]
    values = dict(record["values"])
    for each in fields(kind):
        inner = each.metadata.get(_NESTED)
        if inner is not None and isinstance(values[each.name], dict):
            values[each.name] = {name: inner(**value) for name, value in values[each.name].items()}
        elif isinstance(values[each.name], list):
            values[each.name] = tuple(inner(**value) if inner else value for value in values[each.name])
    return kind(**values)
