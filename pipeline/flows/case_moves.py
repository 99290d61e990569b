"""Priority and owner of a case, both ways: OpenText's tasks own them, and what is typed in Aprimo moves the tasks.

Where both moved since we last looked the tasks win, and Aprimo shows what they say again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.commands import Assign, Command, UpdateTask
from pipeline.flows import case_parts
from pipeline.flows.case_terms import Terms
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import is_empty, same, text
from pipeline.flows.shared.writing import STATE, ours
from pipeline.flows.tenant import FlowWords
from pipeline.people import opentext_user
from pipeline.plan import Agreed, Link, Notice, ReviewRow, Snapshot, TaskRead
from pipeline.words import JsonValue, ReviewState

PRIORITY, OWNER = "priority", "owner"
VARIABLE = "priority"
"""The process variable that later tasks take their priority from."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The commands, the rows as they are once those are done, what Aprimo shows then, and what is remembered."""

    rows: tuple[ReviewRow, ...]
    commands: tuple[Command, ...] = ()
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    shown: Mapping[str, JsonValue] = field(default_factory=dict)
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def is_typed(item: Snapshot | None, link: Link, words: FlowWords) -> bool:
    """Whether status, priority or owner stand otherwise in Aprimo than both agreed, so that the tasks are read."""
    if item is None or item.is_absent:
        return False
    names = (STATE, *(name for name in (PRIORITY, OWNER) if name in words.fields))
    return any(not same(item.values.get(name), link.agreed_value(name)) for name in names)


def both_ways(case: Case) -> Moved:
    """What moved in either system since we last looked, where the process was read."""
    if case.process is None or case.is_process_over:
        return Moved(rows=case.rows)
    urgent, owned = _priority(case), _owner(case)
    return Moved(
        rows=owned.rows,
        commands=(*urgent.commands, *owned.commands),
        variables=urgent.variables,
        shown={**urgent.shown, **owned.shown},
        agreed=urgent.agreed,
        notices=(*urgent.notices, *owned.notices),
    )


# ---- priority ------------------------------------------------------------------------------------------------------


def _priority(case: Case) -> Moved:
    terms, process = case.words.terms_of(Terms), case.process
    if PRIORITY not in case.words.fields or process is None:
        return Moved(rows=case.rows)
    tasks = _open_tasks(case)
    agreed = case.link.agreed_value(case_parts.URGENCY)
    known = agreed if isinstance(agreed, int) else None
    number, notices = _wanted(case, tasks, known)
    if number is None:
        return Moved(rows=case.rows, notices=notices)
    commands = tuple(
        UpdateTask(task_id=task.task_id, fields={"priority": number}, expects={"priority": task.priority})
        for task in tasks
        if task.priority != number
    )
    return Moved(
        rows=case.rows,
        commands=commands,
        variables={} if process.variables.get(VARIABLE) == number else {VARIABLE: number},
        shown={PRIORITY: terms.level_at(number).value},
        agreed=ours(case, {case_parts.URGENCY: number}),
        notices=notices,
    )


def _wanted(case: Case, tasks: Sequence[TaskRead], known: int | None) -> tuple[int | None, tuple[Notice, ...]]:
    """The number that all tasks are to have: one that somebody gave a task, else what was typed, else as agreed."""
    numbers = [task.priority for task in tasks if task.priority is not None]
    moved = [number for number in numbers if number != known]
    if moved:
        return max(moved), ()
    value = case.item.values.get(PRIORITY) if case.item else None
    if is_empty(value) or same(value, case.link.agreed_value(PRIORITY)):
        return known, ()
    level = case.words.terms_of(Terms).level_of(value)
    if level is not None:
        return level.number, ()
    what = f"The priority {text(value)!r} is none that the flow's file names: the tasks keep theirs."
    return known, (Notice(code="unknown_priority", text=what),)


def _open_tasks(case: Case) -> tuple[TaskRead, ...]:
    """Tasks of the case's own; a lead's has a priority for itself."""
    names = {word.task for word in case.words.stakeholders}
    tasks = case.process.tasks if case.process else ()
    return tuple(task for task in tasks if task.ended_at is None and task.definition_key in names)


# ---- owner ---------------------------------------------------------------------------------------------------------


def _owner(case: Case) -> Moved:
    if OWNER not in case.words.fields:
        return Moved(rows=case.rows)
    value, agreed = case.item.values.get(OWNER) if case.item else None, case.link.agreed_value(OWNER)
    is_moved_there = not same(held_by(case.rows), agreed)
    if is_empty(value) or same(value, agreed) or is_moved_there:
        return Moved(rows=case.rows, shown={OWNER: held_by(case.rows)})
    user, free = _user(value, case.words), _free(case.rows)
    if not user or not free:
        return Moved(rows=case.rows, shown={OWNER: held_by(case.rows)}, notices=(_not_moved(case, value, user),))
    commands = tuple(
        Assign(verb="assign", task_id=row.task_id, user=user, expects={"assignee": row.assignee}) for row in free
    )
    rows = tuple(replace(row, assignee=user) if row in free else row for row in case.rows)
    return Moved(rows=rows, commands=commands, shown={OWNER: held_by(rows)})


def asks_requester(case: Case, state: str) -> tuple[Command, ...]:
    """Once it is resolved its requester may answer as well, whoever else can."""
    row = case_parts.confirmation(case)
    user = text(case.process.variables.get("requester")).strip() if case.process else ""
    if state != case_parts.RESOLVED or row is None or row.assignee or not user:
        return ()
    return (Assign(verb="add_candidate", task_id=row.task_id, user=user),)


def held_by(rows: Sequence[ReviewRow]) -> str:
    """Who has the open tasks; "" while nobody has taken one."""
    holders = [row.assignee for row in rows if row.state is ReviewState.OPEN and row.assignee]
    return "; ".join(dict.fromkeys(holders))


def _free(rows: Sequence[ReviewRow]) -> list[ReviewRow]:
    """Whose tasks a new owner gets: those that nobody has; somebody's only where it is the one open task."""
    waiting = [row for row in rows if row.state is ReviewState.OPEN and row.task_id]
    return [row for row in waiting if not row.assignee] or (waiting if len(waiting) == 1 else [])


def _user(value: JsonValue, words: FlowWords) -> str:
    """The OpenText user whom somebody typed: by the override table, else an e-mail; "" for nobody known."""
    typed = text(value).strip()
    return opentext_user({"id": typed, "email": typed if "@" in typed else ""}, words.people)


def _not_moved(case: Case, value: JsonValue, user: str) -> Notice:
    why = "each of its open tasks is somebody's already" if user else "nobody in OpenText is known to be that person"
    return Notice(
        code="owner_not_moved",
        text=f"The case was not given to {text(value)}: {why}.",
        person=case_parts.person(case),
    )
