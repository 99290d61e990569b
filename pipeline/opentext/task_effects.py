"""What the commands on tasks do in OpenText, and how one sees afterwards whether they did: one pair per kind.

A task that is open is compared as the runtime shows it, one that has ended as history does. Times are compared to the
second, the form in which flows give them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.commands import Assign, CompleteTask, UpdateTask
from pipeline.errors import PermanentError, StaleError, TransientError
from pipeline.opentext import wire
from pipeline.opentext.client import Client
from pipeline.opentext.options import OutcomeSource
from pipeline.opentext.schemas import Assignment, TaskRow
from pipeline.opentext.translate import task_read
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import Effect
from pipeline.transport.times import instant
from pipeline.words import EffectKey, JsonValue, WaitReason

HISTORY_LAG_S = 2.0
"""History may be written a moment after the runtime changed."""

ADD_CANDIDATE = "add_candidate"
"""The verb of `ot.assign` that leaves the assignee alone."""

Comparable = str | int | datetime

# ---- ot.update_task ------------------------------------------------------------------------------------------------


def update_task(client: Client, command: UpdateTask, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read, compare, write only what differs. The gap between read and write cannot be closed: there is no ETag."""
    del effect_key
    task = client.task(command.task_id, bounds)
    if task is None:
        return _require_same(client, command.task_id, command.fields, bounds)
    changes = _differing(task, command.fields)
    if not changes:
        return Sent(how="already")
    _require_expected(task, command.expects, command.target())
    if not client.update_task(command.task_id, changes, bounds):
        raise _gone(command.target())
    return Sent(how="sent")


def see_update(client: Client, command: UpdateTask, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when every field has the value that was to be set, in history where the task has ended."""
    del effect_key
    return _see_same(client, command.task_id, command.fields, bounds)


# ---- ot.assign -----------------------------------------------------------------------------------------------------


def assign(client: Client, command: Assign, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read who has it, then give it: by a claim where nobody has it, which fails when another was quicker."""
    del effect_key
    if command.verb == ADD_CANDIDATE:
        return _add_candidate(client, command, bounds)
    wanted = _wanted_assignee(command)
    task = client.task(command.task_id, bounds)
    if task is None:
        return _require_same(client, command.task_id, wanted, bounds)
    if not _differing(task, wanted):
        return Sent(how="already")
    _require_expected(task, command.expects, command.target())
    if task.assignee:
        was_given = client.update_task(command.task_id, wanted, bounds)
    else:
        was_given = client.claim(command.task_id, command.user, bounds)
    if not was_given:
        raise StaleError(f"{command.target()} is not open any more, or somebody has taken it")
    return Sent(how="sent")


def see_assignment(client: Client, command: Assign, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when the task, or history where it has ended, shows the assignee; a candidate stands among its roles."""
    del effect_key
    if command.verb == ADD_CANDIDATE:
        return Sent(how="found") if _is_candidate(client, command, bounds) else NotThere()
    return _see_same(client, command.task_id, _wanted_assignee(command), bounds)


def _wanted_assignee(command: Assign) -> Mapping[str, JsonValue]:
    match command.verb:
        case "assign":
            return {"assignee": command.user}
        case "unassign":
            return {"assignee": None}
    raise PermanentError("verb_unknown", f"Nothing is known of {command.verb!r} for {command.target()}.")


def _add_candidate(client: Client, command: Assign, bounds: Bounds) -> Sent:
    roles = client.assignments(command.task_id, bounds)
    if roles is None:
        raise _gone(command.target())
    if _candidate(command) in roles:
        return Sent(how="already")
    whom = {"user": command.user} if command.user else {"group": command.group}
    if not client.add_candidate(command.task_id, whom, bounds):
        raise _gone(command.target())
    return Sent(how="sent")


def _is_candidate(client: Client, command: Assign, bounds: Bounds) -> bool:
    return _candidate(command) in (client.assignments(command.task_id, bounds) or ())


def _candidate(command: Assign) -> Assignment:
    return Assignment(type="candidate", user=command.user, group=command.group)


# ---- ot.complete_task ----------------------------------------------------------------------------------------------


def complete_task(client: Client, command: CompleteTask, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Complete it where it is open; one that was completed with this outcome is left as it is."""
    del effect_key
    task = client.task(command.task_id, bounds)
    if task is not None:
        _require_expected(task, command.expects, command.target())
        variables = [wire.variable(name, value) for name, value in command.variables.items()]
        if client.complete(command.task_id, command.outcome, variables, bounds):
            return Sent(how="sent")
    if _was_completed(client, command, bounds):
        return Sent(how="already")
    raise StaleError(f"{command.target()} has ended in another way")


def see_completion(client: Client, command: CompleteTask, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when history shows the task completed, and with this outcome."""
    del effect_key
    is_open = client.task(command.task_id, bounds) is not None
    return NotThere() if is_open or not _was_completed(client, command, bounds) else Sent(how="found")


def _was_completed(client: Client, command: CompleteTask, bounds: Bounds) -> bool:
    """Whether an ended task ended by a completion with this outcome, as the installation shows outcomes."""
    task = _ended(client, command.task_id, bounds)
    if task is None or task.delete_reason:
        return False
    shared: Mapping[str, JsonValue] = {}
    if client.options.outcome_source is OutcomeSource.PROCESS_VARIABLE:
        instance = client.historic_instance(task.instance_id, bounds)
        shared = instance.variables if instance else {}
    return (task_read(task, shared, client.options).outcome or "") == command.outcome


# ---- parts ---------------------------------------------------------------------------------------------------------


def _differing(task: TaskRow, wanted: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Names whose value is another; missing, null and "" are one."""
    shown = _shown(task)
    for name in wanted:
        if name not in shown:
            raise PermanentError("field_unknown", f"A task has no {name!r}; known are: {', '.join(shown)}.")
    return {name: value for name, value in wanted.items() if shown[name] != _comparable(name, value)}


def _shown(task: TaskRow) -> dict[str, Comparable]:
    """What of a task can be compared, by wire name."""
    return {
        "dueDate": task.due_at.replace(microsecond=0) if task.due_at else "",
        "priority": "" if task.priority is None else task.priority,
        "name": task.name,
        "description": task.description,
        "category": task.category,
        "assignee": task.assignee,
        "owner": task.owner,
    }


def _comparable(name: str, value: JsonValue) -> object:
    if value is None:
        return ""
    return instant(str(value)).replace(microsecond=0) if name == "dueDate" and value else value


def _require_expected(task: TaskRow, expects: Mapping[str, JsonValue], target: str) -> None:
    for name in _differing(task, expects):
        raise StaleError(f"{target}: {name} is not what was expected")


def _require_same(client: Client, task_id: str, wanted: Mapping[str, JsonValue], bounds: Bounds) -> Sent:
    """An ended task that has the values already needs nothing; any other is planned again."""
    ended = _ended(client, task_id, bounds)
    if ended is None or _differing(ended, wanted):
        raise _gone(f"task:{task_id}")
    return Sent(how="already")


def _see_same(client: Client, task_id: str, wanted: Mapping[str, JsonValue], bounds: Bounds) -> Sent | NotThere:
    task = client.task(task_id, bounds) or _ended(client, task_id, bounds)
    return NotThere() if task is None or _differing(task, wanted) else Sent(how="found")


def _ended(client: Client, task_id: str, bounds: Bounds) -> TaskRow | None:
    """A task that the runtime does not show, from history; None when that does not know it either."""
    task = client.historic_task(task_id, bounds)
    if task is not None and task.ended_at is None:
        raise TransientError(
            f"Task {task_id} is not open any more, and history has no end of it yet.",
            wait_s=HISTORY_LAG_S,
            reason=WaitReason.PROCESSING,
        )
    return task


def _gone(target: str) -> StaleError:
    return StaleError(f"{target} is not open any more")


EFFECTS: Mapping[str, Effect[Client]] = {
    "ot.update_task": Effect(send=update_task, look_up=see_update),
    "ot.assign": Effect(send=assign, look_up=see_assignment),
    "ot.complete_task": Effect(send=complete_task, look_up=see_completion),
}
