"""OpenText in memory: processes with their tasks, and what each kind of command does there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipeline.commands import (
    AddComment,
    Assign,
    CompleteTask,
    EndProcess,
    SendMessage,
    SetVariables,
    StartProcess,
    UpdateTask,
)
from pipeline.errors import StaleError
from pipeline.keys import comment_marker
from pipeline.plan import CommentRead, ProcessRead, TaskRead
from pipeline.words import EffectKey, InstanceId, JsonValue, Side
from tests.support.memory.system import Change, Doing, System, differing

Opening = Callable[["MemoryOpenText", ProcessRead], Iterable[TaskRead]]
"""What a model opens when it is started."""

ADD_CANDIDATE = "add_candidate"
US = "signoff@example.test"
_TASK_FIELDS = {
    "dueDate": "due_at",
    "priority": "priority",
    "name": "name",
    "description": "description",
    "category": "category",
    "owner": "owner",
    "assignee": "assignee",
}


class MemoryOpenText(System):
    """Processes, running and ended. models: what each opens at its start."""

    side = Side.OPENTEXT

    def __init__(
        self,
        clock: Callable[[], datetime],
        models: Mapping[str, Opening] | None = None,
        changes: list[Change] | None = None,
    ) -> None:
        super().__init__(clock, changes)
        self.processes: dict[str, ProcessRead] = {}
        self.candidates: dict[str, list[str]] = {}
        self._models = models or {}

    @property
    def doings(self) -> Mapping[str, Doing]:  # type: ignore[override]  # The table stands below what it names.
        """By kind of command."""
        return DOINGS

    def running(self, instance_id: str) -> ProcessRead:
        """A process that runs. Raises StaleError."""
        found = self.processes.get(instance_id)
        if found is None or found.ended_at is not None:
            raise StaleError(f"{instance_id} does not run any more")
        return found

    def keep(self, process: ProcessRead) -> None:
        """A process as it is now."""
        self.processes[process.instance_id] = process

    def begin(self, process: ProcessRead) -> None:
        """A process begins: its model opens the first tasks."""
        self.keep(process)
        opening = self._models.get(process.process_key)
        if opening is not None:
            self.keep(replace(process, tasks=tuple(opening(self, process))))

    def finish(self, process: ProcessRead, reason: str) -> None:
        """A process ends; its open tasks go with it."""
        tasks = tuple(self.taken(task, reason or "ended") for task in process.tasks)
        self.keep(replace(process, tasks=tasks, ended_at=self.now, delete_reason=reason))

    def taken(self, task: TaskRead, reason: str) -> TaskRead:
        """A task that the engine takes away undecided; one that is over stays as it is."""
        return task if task.ended_at else replace(task, ended_at=self.now, delete_reason=reason)

    def task(self, task_id: str) -> tuple[ProcessRead, TaskRead] | None:
        """A task and its process."""
        for process in self.processes.values():
            for task in process.tasks:
                if task.task_id == task_id:
                    return process, task
        return None

    def open_task(self, task_id: str) -> tuple[ProcessRead, TaskRead]:
        """A task that is open. Raises StaleError."""
        found = self.task(task_id)
        if found is None or found[1].ended_at is not None:
            raise StaleError(f"task {task_id} is not open any more")
        return found

    def put_task(self, process: ProcessRead, task: TaskRead) -> None:
        """A task as it is now."""
        tasks = tuple(task if each.task_id == task.task_id else each for each in process.tasks)
        self.keep(replace(process, tasks=tasks))

    def say(self, process: ProcessRead, author: str, text: str) -> str:
        """Somebody comments on a process."""
        said = CommentRead(origin_id=f"c-{self.new_id()}", author=author, text=text, at=self.now)
        self.keep(replace(process, comments=(*process.comments, said)))
        return said.origin_id


# ---- processes -----------------------------------------------------------------------------------------------------


def _see_start(system: MemoryOpenText, command: StartProcess, key: EffectKey) -> str | None:
    return next(
        (
            each.instance_id
            for each in system.processes.values()
            if each.business_key == command.business_key
            and each.process_key == command.process_key
            and each.variables.get("signoffEffect") == key
        ),
        None,
    )


def _start(system: MemoryOpenText, command: StartProcess, key: EffectKey) -> str:
    instance_id = InstanceId(f"instance-{system.new_id()}")
    ours: dict[str, JsonValue] = {
        "signoffItem": command.business_key,
        "signoffRevision": command.revision,
        "signoffEffect": key,
    }
    system.begin(
        ProcessRead(
            instance_id=instance_id,
            process_key=command.process_key,
            business_key=command.business_key,
            started_at=system.now,
            variables={**command.variables, **ours},
        )
    )
    return instance_id


def _see_end(system: MemoryOpenText, command: EndProcess, _key: EffectKey) -> str | None:
    found = system.processes.get(command.instance_id)
    return command.instance_id if found is not None and found.ended_at is not None else None


def _end(system: MemoryOpenText, command: EndProcess, _key: EffectKey) -> str:
    system.finish(system.running(command.instance_id), command.reason)
    return command.instance_id


def _see_variables(system: MemoryOpenText, command: SetVariables, _key: EffectKey) -> str | None:
    found = system.processes.get(command.instance_id)
    is_there = found is not None and found.ended_at is None and not differing({**found.variables}, command.variables)
    return "" if is_there else None


def _set_variables(system: MemoryOpenText, command: SetVariables, _key: EffectKey) -> str:
    process = system.running(command.instance_id)
    system.expect({**process.variables}, command.expects, command.target())
    changes = differing({**process.variables}, command.variables)
    system.keep(replace(process, variables={**process.variables, **changes}))
    system.record("", command.target(), changes)
    return ""


def _see_message(system: MemoryOpenText, command: SendMessage, key: EffectKey) -> str | None:
    found = system.processes.get(command.instance_id)
    return "" if found is not None and found.variables.get(command.marker) == key else None


def _message(system: MemoryOpenText, command: SendMessage, key: EffectKey) -> str:
    process = system.running(command.instance_id)
    system.keep(replace(process, variables={**process.variables, **command.variables, command.marker: key}))
    return ""


def _see_comment(system: MemoryOpenText, command: AddComment, key: EffectKey) -> str | None:
    found = system.processes.get(command.instance_id)
    comments = found.comments if found is not None else ()
    return next((each.origin_id for each in comments if comment_marker(key) in each.text), None)


def _comment(system: MemoryOpenText, command: AddComment, key: EffectKey) -> str:
    return system.say(system.running(command.instance_id), US, f"{command.text} {comment_marker(key)}")


# ---- tasks ---------------------------------------------------------------------------------------------------------


def _see_task(system: MemoryOpenText, command: UpdateTask, _key: EffectKey) -> str | None:
    return _see_same(system, command.task_id, command.fields)


def _update_task(system: MemoryOpenText, command: UpdateTask, _key: EffectKey) -> str:
    process, task = system.open_task(command.task_id)
    system.expect(_shown(task), command.expects, command.target())
    changes = differing(_shown(task), command.fields)
    system.put_task(process, _with(task, changes))
    system.record("", command.target(), changes)
    return ""


def _see_assignment(system: MemoryOpenText, command: Assign, _key: EffectKey) -> str | None:
    if command.verb == ADD_CANDIDATE:
        return "" if f"{command.user}{command.group}" in system.candidates.get(command.task_id, []) else None
    return _see_same(system, command.task_id, {"assignee": command.user})


def _assign(system: MemoryOpenText, command: Assign, _key: EffectKey) -> str:
    process, task = system.open_task(command.task_id)
    if command.verb == ADD_CANDIDATE:
        system.candidates.setdefault(command.task_id, []).append(f"{command.user}{command.group}")
        system.record("", command.target(), {"candidate": f"{command.user}{command.group}"})
        return ""
    system.expect(_shown(task), command.expects, command.target())
    system.put_task(process, replace(task, assignee=command.user))
    system.record("", command.target(), {"assignee": command.user})
    return ""


def _see_completion(system: MemoryOpenText, command: CompleteTask, _key: EffectKey) -> str | None:
    found = system.task(command.task_id)
    if found is None or found[1].ended_at is None or found[1].delete_reason:
        return None
    return "" if (found[1].outcome or "") == command.outcome else None


def _complete(system: MemoryOpenText, command: CompleteTask, _key: EffectKey) -> str:
    process, task = system.open_task(command.task_id)
    system.expect(_shown(task), command.expects, command.target())
    system.put_task(process, replace(task, outcome=command.outcome or None, ended_at=system.now))
    return ""


def _see_same(system: MemoryOpenText, task_id: str, wanted: Mapping[str, JsonValue]) -> str | None:
    found = system.task(task_id)
    return "" if found is not None and not differing(_shown(found[1]), wanted) else None


def _shown(task: TaskRead) -> dict[str, Any]:
    """A task's fields by wire name."""
    shown = {wire: getattr(task, name) for wire, name in _TASK_FIELDS.items()}
    return shown | {"dueDate": task.due_at.isoformat() if task.due_at else ""}


def _with(task: TaskRead, changes: Mapping[str, Any]) -> TaskRead:
    values = {_TASK_FIELDS[wire]: value for wire, value in changes.items()}
    if "due_at" in values:
        values["due_at"] = datetime.fromisoformat(values["due_at"]) if values["due_at"] else None
    return replace(task, **values)


DOINGS: Mapping[str, Doing] = {
    "ot.start_process": Doing(
        see=_see_start,
        do=_start,
        identity=lambda command, _key: f"start {command.process_key} {command.business_key} {command.revision}",
        looks_first=False,
    ),
    "ot.end_process": Doing(see=_see_end, do=_end, identity=lambda command, _key: f"end {command.instance_id}"),
    "ot.set_variables": Doing(see=_see_variables, do=_set_variables),
    "ot.send_message": Doing(
        see=_see_message,
        do=_message,
        identity=lambda command, _key: f"message {command.marker} to {command.target()}",
        looks_first=False,
    ),
    "ot.add_comment": Doing(
        see=_see_comment,
        do=_comment,
        identity=lambda command, _key: f"comment {command.origin} {command.origin_id} on {command.instance_id}",
        looks_first=False,
    ),
    "ot.update_task": Doing(see=_see_task, do=_update_task),
    "ot.assign": Doing(see=_see_assignment, do=_assign),
    "ot.complete_task": Doing(
        see=_see_completion, do=_complete, identity=lambda command, _key: f"complete {command.task_id}"
    ),
}
