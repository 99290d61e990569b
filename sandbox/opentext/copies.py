"""Copies of an instance that is there: tens of thousands of them in seconds, without a call for each."""

import base64
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sandbox.opentext.errors import bad_request, not_found
from sandbox.opentext.rows import CommentRow, Execution, InstanceRow, StateRow, TaskRow, Variable
from sandbox.opentext.store import Store, Work

_UUID = re.compile(r"([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")
_DERIVED = 5
"""The version of ids that are made of others: of called processes, and of the branches of event gateways."""
_QUICKLY = 1
_New = Callable[[str], str]


def add(store: Store, instance_id: str, wanted: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Copy an instance with its tasks and comments, running or ended; answers per copy the new id of each old one.

    wanted: for each copy its `business_key`, and `names`, old to new, which are replaced in its variables. Every id
    of its own is made anew, also inside the engine's state, so that a copy goes on like any other. Refuses one with
    ids that are made of others.
    """
    row = store.find(InstanceRow, instance_id)
    if row is None:
        raise not_found("process instance", instance_id)
    if row.business_key is None or len(store.family(row.root_id)) > 1:
        raise bad_request("Only an instance with a business key that called no other can be copied")
    original = _Original(store, row)
    work = Work(store)
    made = [original.copy(each["business_key"], each.get("names") or {}, work) for each in wanted]
    work.record(f"copies:{instance_id}", before=None, after={"count": len(made)})
    work.commit()
    return made


class _Original:
    """The rows of an instance, and what its engine knows as text that is cut at every id."""

    def __init__(self, store: Store, row: InstanceRow) -> None:
        self._row = row
        self._tasks = list(store.tasks(instance_id=row.id))
        self._comments = store.comments(row.id)
        self._state = store.find(StateRow, row.id) or StateRow(id=row.id)
        packed = self._state.snapshot
        self._parts = _UUID.split(zlib.decompress(base64.b64decode(packed)).decode()) if packed else [""]
        if any(UUID(each.id).version == _DERIVED for each in self._state.executions):
            raise bad_request("An instance at an event gateway cannot be copied")

    def copy(self, business_key: str, names: Mapping[str, str], work: Work) -> dict[str, str]:
        """Put the rows of a copy; gives the new ids of instance and tasks."""
        new, row = _Ids().new, self._row
        named = {str(row.business_key): business_key, **names}
        variables = {name: _renamed(each, named) for name, each in row.variables.items()}
        made = new(row.id)
        work.put(replace(row, id=made, root_id=made, business_key=business_key, variables=variables))
        for task in self._tasks:
            work.put(_task(task, new))
        for comment in self._comments:
            work.put(_comment(comment, new))
        executions = tuple(_execution(each, new) for each in self._state.executions)
        work.put(replace(self._state, id=made, snapshot=self._snapshot(new), executions=executions))
        return {each: new(each) for each in (row.id, *(task.id for task in self._tasks))}

    def _snapshot(self, new: _New) -> str:
        parts = list(self._parts)
        parts[1::2] = [new(each) for each in parts[1::2]]
        text = "".join(parts)
        return base64.b64encode(zlib.compress(text.encode(), _QUICKLY)).decode() if text else ""


class _Ids:
    """The ids of one copy, by those of the original."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def new(self, old: str) -> str:
        """The copy's id."""
        if old not in self._known:
            digits = os.urandom(16).hex()
            variant = "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:]))
            self._known[old] = variant
        return self._known[old]


def _renamed(variable: Variable, names: Mapping[str, str]) -> Variable:
    """A variable with new names for old ones, where it is a text."""
    value = variable.value
    if not isinstance(value, str):
        return variable
    for old, new in names.items():
        value = value.replace(old, new)
    return replace(variable, value=value)


def _task(row: TaskRow, new: _New) -> TaskRow:
    instance_id = new(row.instance_id)
    return replace(
        row, id=new(row.id), instance_id=instance_id, root_id=instance_id, execution_id=new(row.execution_id)
    )


def _comment(row: CommentRow, new: _New) -> CommentRow:
    task_id = new(row.task_id) if row.task_id else None
    return replace(row, id=new(row.id), instance_id=new(row.instance_id), task_id=task_id)


def _execution(row: Execution, new: _New) -> Execution:
    parent_id = new(row.parent_id) if row.parent_id else None
    return replace(row, id=new(row.id), parent_id=parent_id, instance_id=new(row.instance_id))
