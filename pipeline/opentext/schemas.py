"""OpenText's messages as values: one schema per message, both renderings of dates, secrets left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, pre_load

from pipeline.plan import CommentRead
from pipeline.transport.messages import plain
from pipeline.transport.times import Instant
from pipeline.words import JsonValue


@dataclass(frozen=True, kw_only=True)
class InstanceRow:
    """A process instance, of the runtime or of history; ended_at None while it runs."""

    id: str
    business_key: str
    definition_id: str
    started_at: datetime | None
    ended_at: datetime | None
    delete_reason: str
    variables: Mapping[str, JsonValue]
    comments: tuple[CommentRead, ...]

    @property
    def process_key(self) -> str:
        """The model's key: a definition id is `key:version:uuid`."""
        return self.definition_id.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """A task, of the runtime or of history. outcome: the property some installations show, "" where it is not.

    priority is None where the service does not show one.
    """

    id: str
    instance_id: str
    definition_key: str
    name: str
    description: str
    category: str
    assignee: str
    owner: str
    priority: int | None
    opened_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    delete_reason: str
    outcome: str
    variables: Mapping[str, JsonValue]
    comments: tuple[CommentRead, ...]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A role on a task: a user's or a group's. type: `candidate`, `assignee`, `owner` or `participant`."""

    type: str
    user: str
    group: str


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """A row of an audit log; item_id is the task, execution or activity it is about, "" for the instance itself."""

    event_type: str
    instance_id: str
    item_id: str
    business_key: str
    definition_id: str
    time: str
    at: datetime


class _OpenTextSchema(Schema):
    class Meta:
        unknown = EXCLUDE  # The vendor adds fields without notice.


class _Text(fields.String):
    """A text that may be missing or null: "" with us."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - marshmallow's own signature.
        super().__init__(load_default="", allow_none=True, **kwargs)


class CommentSchema(_OpenTextSchema):
    """A comment. Source: "Get a task", example."""

    origin_id = fields.String(required=True, data_key="id")
    author = _Text()
    text = _Text(data_key="message")
    at = Instant(required=True, data_key="time")

    @post_load
    def to_comment(self, values: dict[str, Any], **_: object) -> CommentRead:
        """The value."""
        return CommentRead(**{**values, "author": values["author"] or "", "text": values["text"] or ""})


class _Variables(fields.Field[Mapping[str, JsonValue]]):
    """A list of variables as a mapping; encrypted ones are left out, whatever the service shows of them."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - JSON of the vendor.
        attr: str | None,
        data: Any,  # noqa: ANN401 - JSON of the vendor.
        **kwargs: Any,  # noqa: ANN401 - marshmallow's own signature.
    ) -> Mapping[str, JsonValue]:
        del attr, data, kwargs
        rows = value if isinstance(value, list) else []
        named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]
        kept = [row for row in named if row.get("encryption") is not True and self._is_wanted(row)]
        return {row["name"]: plain(row.get("value")) for row in kept}

    def _is_wanted(self, row: Mapping[str, Any]) -> bool:
        del row
        return True


class _LocalVariables(_Variables):
    """A task's own variables: what the process shares must never pass for one task's outcome."""

    def _is_wanted(self, row: Mapping[str, Any]) -> bool:
        return row.get("scope") != "global"


class InstanceSchema(_OpenTextSchema):
    """A process instance. Source: "List process instances", "List historic process instances"."""

    id = fields.String(required=True)
    business_key = _Text(data_key="businessKey")
    definition_id = _Text(data_key="processDefinitionId")
    definition_key = _Text(data_key="processDefinitionKey")
    started_at = Instant(load_default=None, allow_none=True, data_key="startTime")
    ended_at = Instant(load_default=None, allow_none=True, data_key="endTime")
    delete_reason = _Text(data_key="deleteReason")
    variables = _Variables(load_default=dict, allow_none=True)
    comments = fields.List(fields.Nested(CommentSchema), load_default=list, allow_none=True)

    @post_load
    def to_row(self, values: dict[str, Any], **_: object) -> InstanceRow:
        """The value."""
        key = values.pop("definition_key")
        definition_id = values["definition_id"] or key or ""
        return InstanceRow(**_filled(values, "business_key", "delete_reason") | {"definition_id": definition_id})


_TASK_TEXTS = (
    "instance_id",
    "definition_key",
    "name",
    "description",
    "category",
    "assignee",
    "owner",
    "delete_reason",
    "outcome",
)


class TaskSchema(_OpenTextSchema):
    """A task. Source: "Get a task" (it has `createTime`), "List historic task instances" (it has `startTime`)."""

    id = fields.String(required=True)
    instance_id = _Text(data_key="processInstanceId")
    definition_key = _Text(data_key="taskDefinitionKey")
    name = _Text()
    description = _Text()
    category = _Text()
    assignee = _Text()
    owner = _Text()
    priority = fields.Integer(load_default=None, allow_none=True)
    opened_at = Instant(load_default=None, allow_none=True, data_key="startTime")
    due_at = Instant(load_default=None, allow_none=True, data_key="dueDate")
    ended_at = Instant(load_default=None, allow_none=True, data_key="endTime")
    delete_reason = _Text(data_key="deleteReason")
    outcome = _Text()
    variables = _LocalVariables(load_default=dict, allow_none=True)
    comments = fields.List(fields.Nested(CommentSchema), load_default=list, allow_none=True)

    @pre_load
    def one_name(self, data: Any, **_: object) -> Any:  # noqa: ANN401 - JSON of the vendor.
        """One name for the time a task was made."""
        if isinstance(data, dict) and data.get("startTime") is None and "createTime" in data:
            return {**data, "startTime": data["createTime"]}
        return data

    @post_load
    def to_row(self, values: dict[str, Any], **_: object) -> TaskRow:
        """The value."""
        return TaskRow(**_filled(values, *_TASK_TEXTS))


class AssignmentSchema(_OpenTextSchema):
    """A role on a task. Source: "Task assignments", item."""

    type = _Text()
    user = _Text()
    group = _Text()

    @post_load
    def to_assignment(self, values: dict[str, Any], **_: object) -> Assignment:
        """The value."""
        return Assignment(**{name: value or "" for name, value in values.items()})


class AuditSchema(_OpenTextSchema):
    """An audit row. Source: the three audit-log lists of the history API.

    The process stream names no instance but by its `id`; in the others `id` is the task or activity.
    """

    id = _Text()
    event_type = fields.String(required=True, data_key="eventType")
    instance_id = _Text(data_key="processInstanceId")
    task_id = _Text(data_key="taskId")
    execution_id = _Text(data_key="executionId")
    activity_id = _Text(data_key="activityId")
    business_key = _Text(data_key="businessKey")
    definition_id = _Text(data_key="processDefinitionId")
    time = _Text()
    started = _Text(data_key="startTime")
    ended = _Text(data_key="endTime")

    @post_load
    def to_entry(self, values: dict[str, Any], **_: object) -> AuditEntry:
        """The value."""
        texts = {name: value or "" for name, value in values.items()}
        time = texts["time"] or texts["ended"] or texts["started"]
        instance_id = texts["instance_id"] or texts["id"]
        items = (texts["task_id"], texts["id"], texts["execution_id"], texts["activity_id"])
        return AuditEntry(
            event_type=texts["event_type"],
            instance_id=instance_id,
            item_id=next((item for item in items if item and item != instance_id), ""),
            business_key=texts["business_key"],
            definition_id=texts["definition_id"],
            time=time,
            at=Instant().deserialize(time),
        )


class IdSchema(_OpenTextSchema):
    """Anything of which only the id is wanted: a started instance, a comment, an execution."""

    id = fields.String(required=True)


def load_instances(rows: Sequence[Mapping[str, Any]]) -> tuple[InstanceRow, ...]:
    """Instances. Raises ValidationError."""
    return tuple(InstanceSchema(many=True).load(rows))


def load_tasks(rows: Sequence[Mapping[str, Any]]) -> tuple[TaskRow, ...]:
    """Tasks. Raises ValidationError."""
    return tuple(TaskSchema(many=True).load(rows))


def load_assignments(rows: Sequence[Mapping[str, Any]]) -> tuple[Assignment, ...]:
    """Roles on a task. Raises ValidationError."""
    return tuple(AssignmentSchema(many=True).load(rows))


def load_comments(rows: Sequence[Mapping[str, Any]]) -> tuple[CommentRead, ...]:
    """Comments. Raises ValidationError."""
    return tuple(CommentSchema(many=True).load(rows))


def load_variables(rows: Sequence[Mapping[str, Any]]) -> dict[str, JsonValue]:
    """Variables by name, without encrypted ones."""
    return dict(_Variables().deserialize(list(rows)))


def load_audit(row: Mapping[str, Any]) -> AuditEntry:
    """An audit row. Raises ValidationError."""
    entry: AuditEntry = AuditSchema().load(row)
    return entry


def load_id(body: object) -> str:
    """The id of something. Raises ValidationError."""
    loaded: dict[str, str] = IdSchema().load(body)  # type: ignore[arg-type]  # It says so itself.
    return loaded["id"]


def _filled(values: dict[str, Any], *texts: str) -> dict[str, Any]:
    filled = values | {name: values[name] or "" for name in texts}
    return filled | {"variables": values["variables"] or {}, "comments": tuple(values["comments"] or ())}
