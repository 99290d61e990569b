"""What people do with tasks and processes, through the same commands as a caller of the HTTP interface."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from sandbox.kit import origin
from sandbox.kit.origin import Origin
from sandbox.opentext import values
from sandbox.opentext.processes import Processes
from sandbox.opentext.rows import InstanceRow, TaskRow, moment, stamp
from sandbox.opentext.scenario import Act, Start
from sandbox.opentext.tasks import Tasks


class Acts:
    """The acts, each as somebody, now. All raise Refusal."""

    def __init__(self, tasks: Tasks, processes: Processes) -> None:
        self._tasks = tasks
        self._processes = processes

    async def complete(self, task_id: str, user: str, act: Act) -> None:
        """Claim a task, say what there is to say, and complete it."""
        with _acting(user):
            task = self._tasks.open_task(task_id)
            await self._tasks.claim(task_id, user, user)
            await self._comment(task, user, act)
            answer: dict[str, Any] = {} if act.outcome is None else {"outcome": act.outcome}
            await self._tasks.complete(task_id, user, {**answer, "variables": _typed(act.variables)})

    async def change(self, task_id: str, user: str, act: Act) -> None:
        """Change an open task, say what there is to say, and leave it open."""
        with _acting(user):
            task = self._tasks.open_task(task_id)
            changes = {**act.changes, **_moved(task, act.due_moved_s)}
            if changes:
                await self._tasks.update(task_id, user, changes)
            await self._comment(task, user, act)

    async def start(self, user: str, start: Start) -> InstanceRow:
        """Start a process as its start form would."""
        body: dict[str, Any] = {"processDefinitionKey": start.process, "startFormVariables": _typed(start.variables)}
        body |= {"businessKey": start.business_key} if start.business_key else {}
        body |= {"name": start.name} if start.name else {}
        with _acting(user):
            return await self._processes.start(body, user)

    async def _comment(self, task: TaskRow, user: str, act: Act) -> None:
        if act.comment:
            body = {"message": act.comment}
            await self._processes.add_task_comment(task.id, task.instance_id, user, body)
        if act.process_comment:
            await self._processes.add_comment(task.instance_id, user, {"message": act.process_comment})


def _acting(user: str) -> AbstractContextManager[None]:
    return origin.acting(Origin(actor=user, method="PEOPLE", route="people"))


def _moved(task: TaskRow, by_s: float) -> dict[str, str]:
    if not by_s or task.due_at is None:
        return {}
    return {"dueDate": stamp(moment(task.due_at) + timedelta(seconds=by_s))}


def _typed(variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Variables as the wire takes them."""
    return [
        {"name": name, "type": values.guessed_any(name, value).type, "value": value}
        for name, value in variables.items()
    ]
