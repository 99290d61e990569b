"""What the history of state changes keeps of a row: enough for an independent checker, and no secrets."""

from typing import Any

from sandbox.opentext.rows import TaskRow, Variable

HIDDEN = "(encrypted)"


def shown(variable: Variable | None) -> Any:  # noqa: ANN401 -- A variable holds any JSON value.
    """A variable's value, unless it is encrypted."""
    if variable is None:
        return None
    return HIDDEN if variable.is_encrypted else variable.value


def task_facts(row: TaskRow) -> dict[str, Any]:
    """What can change about a task."""
    return {
        "processInstanceId": row.instance_id,
        "taskDefinitionKey": row.key,
        "name": row.name,
        "category": row.category,
        "assignee": row.assignee,
        "owner": row.owner,
        "delegationState": row.delegation,
        "dueDate": row.due_at,
        "priority": row.priority,
        "description": row.description,
        "endTime": row.ended_at,
        "deleteReason": row.delete_reason,
        "assignments": [dict(vars(each)) for each in row.links],
        "variables": {name: shown(each) for name, each in row.variables.items()},
    }
