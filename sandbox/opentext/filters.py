"""Query parameters as tests on rows. A documented filter that is not built is refused, never passed over."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sandbox.opentext.errors import bad_request
from sandbox.opentext.rows import InstanceRow, TaskRow
from sandbox.opentext.values import read_time

_IGNORED = frozenset(
    {
        "offset",
        "count",
        "sort",
        "order",
        "filterByCurrentSubscription",
        "includeProcessVariables",
        "includeProcessComments",
        "includeTaskLocalVariables",
        "includeTaskComments",
        "includeTaskAssignments",
        "includeUserIds",
        "includeGroupIds",
        "sortEmptyValuesOnTop",
    }
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A row to be tested: an instance, or a task with its instance."""

    instance: InstanceRow
    task: TaskRow | None = None

    @property
    def one(self) -> TaskRow:
        """The task; only task filters ask for it."""
        if self.task is None:
            raise LookupError("no task here")
        return self.task


Test = Callable[[Seen, str], bool]
Tests = Mapping[str, Test]


def matching(query: Mapping[str, str], rows: Iterable[Seen], tests: Tests) -> list[Seen]:
    """The rows that pass every filter of a query."""
    for name in query:
        if name not in tests and name not in _IGNORED:
            raise bad_request(f"The sandbox does not support the filter '{name}' here")
    asked = [(tests[name], value) for name, value in query.items() if name in tests]
    return [row for row in rows if all(test(row, value) for test, value in asked)]


def flag(value: str) -> bool:
    """A boolean of a query."""
    if value not in {"true", "false"}:
        raise bad_request(f"'{value}' is not a boolean")
    return value == "true"


def text(name: str, get: Callable[[Seen], str | None]) -> dict[str, Test]:
    """Filters for a text: equal, and with `%` and `_` as in SQL."""
    return {
        name: lambda row, value: get(row) == value,
        f"{name}Like": lambda row, value: _like(value).fullmatch(get(row) or "") is not None,
        f"{name}LikeIgnoreCase": lambda row, value: (
            _like(value.lower()).fullmatch((get(row) or "").lower()) is not None
        ),
    }


def time(names: tuple[str, str, str], get: Callable[[Seen], str | None]) -> dict[str, Test]:
    """Filters for a time: on, before and after, both of the latter without the moment itself."""
    on, before, after = names

    def compared(sign: Callable[[str, str], bool]) -> Test:
        def test(row: Seen, value: str) -> bool:
            own = get(row)
            return own is not None and sign(own, query_time(value))

        return test

    return {
        on: compared(lambda own, asked: own == asked),
        before: compared(lambda own, asked: own < asked),
        after: compared(lambda own, asked: own > asked),
    }


@lru_cache(maxsize=1024)
def query_time(value: str) -> str:
    """A time of a query; a `+` of its zone may have been read as a blank."""
    return read_time(value.replace(" ", "+"), "date")


def _whole(value: str) -> int:
    if not value.isdecimal():
        raise bad_request(f"'{value}' is not a number")
    return int(value)


def _listed(value: str) -> list[str]:
    return [each.strip() for each in value.split(",") if each.strip()]


@lru_cache(maxsize=256)
def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace("%", ".*").replace("_", "."), re.DOTALL)


def _is_candidate(row: Seen, *, user: str = "", groups: Iterable[str] = ()) -> bool:
    """As the real engine: who is a candidate sees only what nobody has claimed."""
    task = row.one
    return task.assignee is None and any(
        link.type == "candidate" and ((user and link.user == user) or link.group in groups) for link in task.links
    )


def _is_involved(row: Seen, user: str) -> bool:
    task = row.one
    return user in {task.assignee, task.owner, *(link.user for link in task.links if link.user)}


_DEFINITION: Tests = {
    **text("processDefinitionKey", lambda row: row.instance.key),
    **text("processDefinitionName", lambda row: row.instance.definition_name),
    "processDefinitionId": lambda row, value: row.instance.definition_id == value,
    "processDefinitionVersion": lambda row, value: row.instance.definition_id.split(":")[1] == value,
}
_INSTANCE: Tests = {
    **_DEFINITION,
    **text("businessKey", lambda row: row.instance.business_key),
    "startedBy": lambda row, value: row.instance.start_user == value,
    **time(("startedOn", "startedBefore", "startedAfter"), lambda row: row.instance.started_at),
    "superProcessInstanceId": lambda row, value: row.instance.super_id == value,
    "excludeSubprocesses": lambda row, value: not flag(value) or row.instance.super_id is None,
}
RUNTIME_INSTANCES: Tests = {
    **_INSTANCE,
    **text("name", lambda row: row.instance.name),
    "id": lambda row, value: row.instance.id == value,
    "suspended": lambda row, value: row.instance.is_suspended == flag(value),
}
HISTORIC_INSTANCES: Tests = {
    **_INSTANCE,
    **text("processInstanceName", lambda row: row.instance.name),
    "processInstanceId": lambda row, value: row.instance.id == value,
    "finished": lambda row, value: (row.instance.ended_at is not None) == flag(value),
    **time(("finishedOn", "finishedBefore", "finishedAfter"), lambda row: row.instance.ended_at),
}
_ANY_TASK: Tests = {
    **_DEFINITION,
    "processInstanceId": lambda row, value: row.instance.id == value,
    "processInstanceIdWithChildren": lambda row, value: value in {row.instance.id, row.instance.root_id},
    "executionId": lambda row, value: row.one.execution_id == value,
    "withoutDueDate": lambda row, value: not flag(value) or row.one.due_at is None,
    "excludeSubTasks": lambda row, value: not flag(value) or row.one.parent_task_id is None,
}
RUNTIME_TASKS: Tests = {
    **_ANY_TASK,
    **text("name", lambda row: row.one.name),
    **text("description", lambda row: row.one.description),
    **text("assignee", lambda row: row.one.assignee),
    **text("owner", lambda row: row.one.owner),
    **text("taskDefinitionKey", lambda row: row.one.key),
    **text("processInstanceBusinessKey", lambda row: row.instance.business_key),
    "category": lambda row, value: row.one.category == value,
    "priority": lambda row, value: str(row.one.priority) == value,
    "minimumPriority": lambda row, value: row.one.priority >= _whole(value),
    "maximumPriority": lambda row, value: row.one.priority <= _whole(value),
    "unassigned": lambda row, value: not flag(value) or row.one.assignee is None,
    "delegationState": lambda row, value: row.one.delegation == value,
    "candidateUser": lambda row, value: _is_candidate(row, user=value),
    "candidateGroup": lambda row, value: _is_candidate(row, groups=[value]),
    "candidateGroups": lambda row, value: _is_candidate(row, groups=_listed(value)),
    "candidateOrAssigned": lambda row, value: row.one.assignee == value or _is_candidate(row, user=value),
    "involvedUser": _is_involved,
    "active": lambda row, value: row.instance.is_suspended != flag(value),
    **time(("createdOn", "createdBefore", "createdAfter"), lambda row: row.one.created_at),
    **time(("dueOn", "dueBefore", "dueAfter"), lambda row: row.one.due_at),
}
HISTORIC_TASKS: Tests = {
    **_ANY_TASK,
    "taskId": lambda row, value: row.one.id == value,
    "taskDefinitionKey": lambda row, value: row.one.key == value,
    "taskDefinitionKeys": lambda row, value: row.one.key in _listed(value),
    **text("taskName", lambda row: row.one.name),
    **text("taskDescription", lambda row: row.one.description),
    **text("taskDeleteReason", lambda row: row.one.delete_reason),
    **text("taskAssignee", lambda row: row.one.assignee),
    **text("taskOwner", lambda row: row.one.owner),
    **text("processBusinessKey", lambda row: row.instance.business_key),
    "taskCategory": lambda row, value: row.one.category == value,
    "taskInvolvedUser": _is_involved,
    "taskPriority": lambda row, value: str(row.one.priority) == value,
    "parentTaskId": lambda row, value: row.one.parent_task_id == value,
    "finished": lambda row, value: (row.one.ended_at is not None) == flag(value),
    "processFinished": lambda row, value: (row.instance.ended_at is not None) == flag(value),
    **time(("dueDate", "dueDateBefore", "dueDateAfter"), lambda row: row.one.due_at),
    **time(("taskCompletedOn", "taskCompletedBefore", "taskCompletedAfter"), lambda row: row.one.ended_at),
    **time(("taskCreatedOn", "taskCreatedBefore", "taskCreatedAfter"), lambda row: row.one.created_at),
}
