"""Rows in the shapes of the published interface. Tasks and instances render their times differently there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.opentext.options import Options
from sandbox.opentext.rows import (
    AuditRow,
    CommentRow,
    Execution,
    InstanceRow,
    Link,
    ModelRow,
    TaskRow,
    moment,
)
from sandbox.opentext.values import java_time, variables_json, zoned_time


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which optional parts a request asks for."""

    has_process_variables: bool = False
    has_local_variables: bool = False
    has_comments: bool = False
    has_assignments: bool = False


class Shapes:
    """Renders rows for one tenant."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def instance(
        self, row: InstanceRow, comments: Iterable[CommentRow], wanted: Wanted, *, base: str
    ) -> dict[str, Any]:
        """A process instance as the runtime shows it."""
        shown: dict[str, Any] = {
            "id": row.id,
            "name": row.name,
            "businessKey": row.business_key,
            "processDefinitionName": row.definition_name,
            "processDefinitionId": row.definition_id,
            "startUserId": row.start_user,
            "startTime": row.started_at,
            "dueDate": None,
            "activityId": None,
            "superProcessInstanceId": row.super_id,
            "callbackId": None,
            "callbackType": None,
            "suspended": row.is_suspended,
            "ended": row.ended_at is not None,
            "completed": row.ended_at is not None,
            **self._tenant(),
            "_links": {"self": {"href": f"{base}/workflow/v1/process-instances/{row.id}"}},
        }
        if wanted.has_process_variables:
            shown["variables"] = variables_json(row.variables, scope="local")
        if wanted.has_comments:
            shown["comments"] = [self.comment(each) for each in comments]
        return shown

    def historic_instance(self, row: InstanceRow, comments: Iterable[CommentRow], wanted: Wanted) -> dict[str, Any]:
        """A process instance as history shows it."""
        shown: dict[str, Any] = {
            "id": row.id,
            "name": row.name,
            "businessKey": row.business_key,
            "processDefinitionId": row.definition_id,
            "processDefinitionName": row.definition_name,
            "processDefinitionKey": row.key,
            "startTime": row.started_at,
            "endTime": row.ended_at,
            "durationInMillis": _millis(row.started_at, row.ended_at),
            "startUserId": row.start_user,
            "deleteReason": row.delete_reason,
            "superProcessInstanceId": row.super_id,
            **self._tenant(),
        }
        if wanted.has_process_variables:
            shown["variables"] = variables_json(row.variables, scope="global")
        if wanted.has_comments:
            shown["comments"] = [self.comment(each) for each in comments]
        return shown

    def task(
        self, row: TaskRow, instance: InstanceRow, comments: Iterable[CommentRow], wanted: Wanted
    ) -> dict[str, Any]:
        """An open task."""
        shown = {
            **self._task_core(row),
            "createTime": java_time(row.created_at),
            "claimTime": java_time(row.claimed_at),
            "dueDate": java_time(row.due_at),
            "suspended": instance.is_suspended,
        }
        return shown | self._task_parts(row, instance, comments, wanted)

    def historic_task(
        self, row: TaskRow, instance: InstanceRow, comments: Iterable[CommentRow], wanted: Wanted
    ) -> dict[str, Any]:
        """A task as history shows it, open or finished."""
        shown = {
            **self._task_core(row),
            "startTime": java_time(row.created_at),
            "claimTime": java_time(row.claimed_at),
            "endTime": java_time(row.ended_at),
            "dueDate": java_time(row.due_at),
            "durationInMillis": _millis(row.created_at, row.ended_at),
            "deleteReason": row.delete_reason,
        }
        return shown | self._task_parts(row, instance, comments, wanted)

    def comment(self, row: CommentRow) -> dict[str, Any]:
        """A comment."""
        return {
            "id": row.id,
            "author": row.author,
            "message": row.message,
            "type": row.type,
            "time": row.created_at,
            "taskId": row.task_id,
            "processInstanceId": row.instance_id,
        }

    def execution(self, row: Execution, *, is_suspended: bool) -> dict[str, Any]:
        """An execution."""
        return {
            "id": row.id,
            "parentId": row.parent_id,
            "superExecutionId": row.super_execution_id,
            "processInstanceId": row.instance_id,
            "activityId": row.activity_id,
            "suspended": is_suspended,
            "tenantId": self._options.tenant_id,
        }

    def model(self, row: ModelRow) -> dict[str, Any]:
        """A deployed model."""
        return {
            "id": row.id,
            "key": row.key,
            "name": row.name,
            "version": row.version,
            "modelId": row.model_id,
            "modelType": "xml",
            "processDefinitionId": row.id,
            "deploymentTime": row.deployed_at,
            **self._tenant(),
        }

    def audit(self, row: AuditRow, instance: InstanceRow) -> dict[str, Any]:
        """A line of an audit log; its names are the ones of the reference, lower case where that has them so.

        The id is the object's (instance, task), not the line's; a line that ends something has both times.
        """
        zone = self._options.audit_zone_minutes
        is_end = row.event_type.endswith(("-end", "-complete", "-delete"))
        return {
            "id": row.object_id,
            "businessKey": instance.business_key,
            "startTime": zoned_time(row.started_at if is_end else row.time, zone),
            "endTime": zoned_time(row.time, zone) if is_end else None,
            "eventType": row.event_type,
            "subject": row.event_type,
            "userId": row.user,
            "processDefinitionId": instance.definition_id,
            "tenantid": self._options.tenant_id,
            "subscriptionid": self._options.subscription_id,
            **({} if row.stream == "process" else {"processInstanceId": row.instance_id}),
            **row.facts,
        }

    def _task_core(self, row: TaskRow) -> dict[str, Any]:
        return {
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "category": row.category,
            "assignee": row.assignee,
            "owner": row.owner,
            "delegationState": row.delegation,
            "priority": row.priority,
            "executionId": row.execution_id,
            "processInstanceId": row.instance_id,
            "processDefinitionId": row.definition_id,
            "taskDefinitionKey": row.key,
            "parentTaskId": row.parent_task_id,
            "formKey": row.form_key,
            "tenantId": self._options.tenant_id,
        }

    def _task_parts(
        self, row: TaskRow, instance: InstanceRow, comments: Iterable[CommentRow], wanted: Wanted
    ) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        if wanted.has_assignments:
            parts["assignments"] = links_json(row)
        if wanted.has_comments:
            parts["comments"] = [self.comment(each) for each in comments if each.task_id == row.id]
        if wanted.has_process_variables or wanted.has_local_variables:
            shared = variables_json(instance.variables, scope="global") if wanted.has_process_variables else []
            own = variables_json(row.variables, scope="local") if wanted.has_local_variables else []
            parts["variables"] = own + shared
        return parts

    def _tenant(self) -> dict[str, str]:
        return {"tenantId": self._options.tenant_id, "subscriptionId": self._options.subscription_id}


def links_json(row: TaskRow) -> list[dict[str, Any]]:
    """The assignments of a task."""
    roles = [Link(type="assignee", user=row.assignee)] if row.assignee else []
    roles += [Link(type="owner", user=row.owner)] if row.owner else []
    return [link_json(each) for each in (*roles, *row.links)]


def link_json(link: Link) -> dict[str, Any]:
    """One assignment: a user or a group."""
    whom = {"user": link.user} if link.user else {"group": link.group}
    return {**whom, "type": link.type}


def _millis(begin: str, end: str | None) -> int | None:
    return None if end is None else round((moment(end) - moment(begin)).total_seconds() * 1000)
