"""One command on one running instance: what the engine does becomes rows, all of them or none.

The session is what the machine calls its host. Before and after the engine ran it looks where tokens stand;
the difference is what began and ended: tasks, called processes, the instance itself, and the audit lines.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sandbox.opentext import values
from sandbox.opentext.audit import Audit
from sandbox.opentext.ends import reason_of_end
from sandbox.opentext.errors import broken, not_found
from sandbox.opentext.facts import shown, task_facts
from sandbox.opentext.juel_values import ExpressionError
from sandbox.opentext.machine import Child, EngineError, HttpCall, Machine
from sandbox.opentext.new_tasks import new_task
from sandbox.opentext.rows import Execution, InstanceRow, StateRow, TaskRow, Variable, stamp
from sandbox.opentext.store import Work
from sandbox.opentext.tokens import Position


class Session:
    """The state of one command. Nothing is visible to others before `work.commit()`."""

    def __init__(self, work: Work, machine: Machine, *, user: str, now: datetime, pace: float) -> None:
        self.work = work
        self.machine = machine
        self.user = user
        self.pace = pace
        self.calls: list[HttpCall] = []
        self._now = now
        self.time = stamp(now)
        self.audit = Audit(work, user=user, time=self.time)
        self._completed: dict[str, None] = {}
        machine.host = self

    # What the machine asks of its host.

    def now(self) -> datetime:
        """The time of this command."""
        return self._now

    def variables(self, instance_id: str) -> Mapping[str, Any]:
        """The variables of an instance, by name."""
        return {name: each.value for name, each in self.instance(instance_id).variables.items()}

    def facts(self, instance_id: str) -> Mapping[str, Any]:
        """What expressions read from `execution`."""
        instance = self.instance(instance_id)
        return {
            "processInstanceBusinessKey": instance.business_key,
            "processDefinitionId": instance.definition_id,
        }

    def open_child(self, child: Child, variables: Mapping[str, Any]) -> None:
        """Add the row of a called process."""
        caller = self.instance(child.caller_id)
        model = self.machine.program.of(child.definition_id)
        row = InstanceRow(
            id=child.instance_id,
            root_id=caller.root_id,
            key=model.key,
            definition_id=child.definition_id,
            definition_name=model.document.name,
            business_key=child.business_key,
            name=None,
            start_user=self.user,
            started_at=self.time,
            super_id=caller.id,
            super_execution_id=child.execution_id,
            variables={name: values.guessed_any(name, value) for name, value in variables.items()},
        )
        self.begin(row)

    def close_child(self, child_id: str, variables: Mapping[str, Any]) -> None:
        """End the row of a called process and hand its results to the caller."""
        child = self.instance(child_id)
        self.end_instance(child, None)
        self.set_variables(
            child.super_id or "", {name: values.guessed_any(name, each) for name, each in variables.items()}
        )

    def call(self, call: HttpCall) -> None:
        """Keep a request of an HTTP task until the command is through."""
        self.calls.append(call)

    # What commands do.

    def begin(self, row: InstanceRow) -> None:
        """Add the row of an instance that starts."""
        self.work.put(row)
        self.audit.process("process-start", row)
        revision = row.variables.get("signoffRevision")
        number = "" if revision is None else revision.value
        self.work.record(
            f"process:{row.id}",
            before=None,
            after={
                "processDefinitionKey": row.key,
                "businessKey": row.business_key,
                "superProcessInstanceId": row.super_id,
                "variables": {name: shown(each) for name, each in row.variables.items()},
            },
            identity=f"start:{row.key}:{row.business_key or ''}:{number}",
        )

    def instance(self, instance_id: str) -> InstanceRow:
        """An instance, as this command sees it."""
        row = self.work.find(InstanceRow, instance_id)
        if row is None:
            raise not_found("process instance", instance_id)
        return row

    def set_variables(self, instance_id: str, variables: Mapping[str, Variable]) -> None:
        """Set variables of an instance."""
        row = self.instance(instance_id)
        if not variables:
            return
        self.work.put(replace(row, variables={**row.variables, **variables}))
        before = {name: shown(row.variables.get(name)) for name in variables}
        after = {name: shown(each) for name, each in variables.items()}
        self.work.record(f"process:{row.id}", before=before, after=after)

    def put_task(self, row: TaskRow, *, identity: str | None = None) -> None:
        """Replace a task, with an audit line when it went to somebody else."""
        old = self.task(row.id)
        self.work.put(row)
        if row.assignee is not None and row.assignee != old.assignee:
            self.audit.task("process-task-assignment", row)
        self.work.record(f"task:{row.id}", before=task_facts(old), after=task_facts(row), identity=identity)

    def run(self, verb: Callable[[Machine], object], *, completed: TaskRow | None = None) -> None:
        """Let the engine do something and write down what came of it. A failure undoes all: 500."""
        before = self.machine.positions()
        self.machine.trace.clear()
        if completed is not None:
            self.put_task(replace(completed, ended_at=self.time), identity=f"complete:{completed.id}")
            self.audit.task("process-task-complete", self.task(completed.id))
            self._completed[completed.execution_id] = None
        try:
            verb(self.machine)
            self._write_down(before, self.machine.positions())
        except (EngineError, ExpressionError) as err:
            raise broken(str(err)) from err

    def task(self, task_id: str) -> TaskRow:
        """A task, as this command sees it."""
        row = self.work.find(TaskRow, task_id)
        if row is None:
            raise not_found("task", task_id)
        return row

    def end_instance(self, row: InstanceRow, reason: str | None) -> None:
        """Mark an instance as ended."""
        row = self.instance(row.id)
        self.work.put(replace(row, ended_at=self.time, delete_reason=reason))
        self.audit.process("process-end", self.instance(row.id))
        self.work.record(
            f"process:{row.id}",
            before={"ended": False},
            after={"ended": True, "deleteReason": reason},
            identity=f"end:{row.id}",
        )

    def end_task(self, row: TaskRow, reason: str) -> None:
        """Mark an open task as removed."""
        self.put_task(replace(row, ended_at=self.time, delete_reason=reason))
        self.audit.task("process-task-delete", self.task(row.id))

    def _write_down(self, before: list[Position], after: list[Position]) -> None:
        old = {each.execution_id for each in before}
        new = {each.execution_id for each in after}
        self.audit.activities(self.machine.trace, before, after)
        for position in before:
            if position.execution_id not in new:
                self._ended(position)
        for position in after:
            if position.execution_id not in old and position.is_task:
                self._begun(position)
        root = self.instance(self.machine.instance_id)
        if self.machine.is_ended:
            self.end_instance(root, None)
            self.work.put(StateRow(id=root.id))
        else:
            self._keep_state(root, after)

    def _ended(self, position: Position) -> None:
        if position.is_task and position.execution_id not in self._completed:
            self.end_task(self._task_at(position), reason_of_end(position, self.machine.trace))
        if position.child_id:
            child = self.instance(position.child_id)
            if child.ended_at is None:
                self.end_instance(child, reason_of_end(position, self.machine.trace))

    def _task_at(self, position: Position) -> TaskRow:
        for row in self.work.store.tasks(instance_id=position.instance_id, is_open=True):
            if row.execution_id == position.execution_id:
                return row
        raise EngineError(f"no task at {position.element.id}")

    def _begun(self, position: Position) -> None:
        instance = self.instance(position.instance_id)
        row = new_task(str(uuid4()), position, instance, scope=self.machine.scope_at(position), time=self.time)
        self.work.put(row)
        self.work.record(f"task:{row.id}", before=None, after=task_facts(row))
        self.audit.task("process-task-create", row)
        if row.assignee is not None:
            self.audit.task("process-task-assignment", row)

    def _keep_state(self, root: InstanceRow, after: list[Position]) -> None:
        instances = {each.id: each for each in self.work.store.family(root.id)}
        instances.update({each.id: each for each in self.work.changed(InstanceRow)})
        roots = [
            Execution(
                id=each.id,
                parent_id=None,
                instance_id=each.id,
                activity_id=None,
                super_execution_id=each.super_execution_id,
            )
            for each in instances.values()
            if each.ended_at is None
        ]
        places = [
            Execution(
                id=each.execution_id,
                parent_id=each.parent_id,
                instance_id=each.instance_id,
                activity_id=each.element.id,
            )
            for each in after
        ]
        due = self.machine.next_due()
        self.work.put(
            StateRow(
                id=root.id,
                definition_ids=tuple(each.definition_id for each in self.machine.program.executables),
                snapshot=self.machine.save(),
                due_at=None if due is None else stamp(due),
                executions=(*roots, *places),
            )
        )
