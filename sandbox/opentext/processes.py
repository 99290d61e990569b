"""Commands on process instances: start, end, suspend, variables, comments, messages."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sandbox.opentext import values
from sandbox.opentext.ends import PROCESS_DELETED
from sandbox.opentext.engine import Engine
from sandbox.opentext.errors import bad_request, broken, conflict, not_found
from sandbox.opentext.machine import Machine
from sandbox.opentext.models import Executable
from sandbox.opentext.rows import CommentRow, Execution, InstanceRow, ModelRow, StateRow, Variable
from sandbox.opentext.session import Session

_MARKER = re.compile(r"\[sg-[^\]]+\]")
_EVENTS = {"signalEventReceived": ("signal", "signalName"), "messageEventReceived": ("message", "messageName")}
Body = Mapping[str, Any]


class Processes:
    """The commands; each says who does it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    async def start(self, body: Body, user: str) -> InstanceRow:
        """Start an instance of the newest version of a model."""
        values.refuse_transient(body)
        executable, message = self._to_start(body)
        variables = {
            **values.read_variables(body.get("variables")),
            **values.read_variables(body.get("startFormVariables")),
        }
        instance_id = str(uuid4())
        machine = self._engine.machine(self._engine.link(executable), instance_id)

        def begin(session: Session) -> InstanceRow:
            row = InstanceRow(
                id=instance_id,
                root_id=instance_id,
                key=executable.key,
                definition_id=executable.definition_id,
                definition_name=executable.document.name,
                business_key=_text(body, "businessKey"),
                name=_text(body, "name"),
                start_user=user,
                started_at=session.time,
                variables=variables,
            )
            session.begin(row)
            if isinstance(body.get("comment"), dict):
                _comment(session, row.id, None, body["comment"])
            session.run(lambda running: running.start(message))
            return session.instance(instance_id)

        return await self._engine.transact(machine, user, begin)

    async def delete(self, instance_id: str, user: str, reason: str | None) -> None:
        """End a running instance and all it called."""

        def end(session: Session) -> None:
            row = session.instance(instance_id)
            if row.super_id is not None:
                raise bad_request(f"{instance_id} was called by {row.super_id}; delete that one")
            why = reason or PROCESS_DELETED
            session.audit.activities([], session.machine.positions(), [])
            for each in self._store.family(row.root_id):
                if each.ended_at is None:
                    for task in self._store.tasks(instance_id=each.id, is_open=True):
                        session.end_task(task, why)
                    session.end_instance(each, why)
            session.work.put(StateRow(id=row.root_id))

        await self._engine.command(instance_id, user, end)

    async def set_suspended(self, instance_id: str, user: str, body: Body) -> InstanceRow:
        """Suspend or activate an instance."""
        action = body.get("action")
        if action not in {"suspend", "activate"}:
            raise bad_request(f"Invalid action: '{action}'.")
        is_suspended = action == "suspend"

        def change(session: Session) -> InstanceRow:
            row = session.instance(instance_id)
            if row.is_suspended == is_suspended:
                raise conflict(f"Process instance with id '{instance_id}' is already {action}d.")
            session.work.put(replace(row, is_suspended=is_suspended))
            session.work.record(
                f"process:{row.id}",
                before={"suspended": row.is_suspended},
                after={"suspended": is_suspended},
            )
            if isinstance(body.get("comment"), dict):
                _comment(session, row.id, None, body["comment"])
            return session.instance(instance_id)

        return await self._engine.command(instance_id, user, change)

    async def add_variables(self, instance_id: str, user: str, given: object) -> dict[str, Variable]:
        """Create variables; one that exists refuses all."""
        variables = values.read_variables(given)

        def add(session: Session) -> None:
            for name in variables:
                if name in session.instance(instance_id).variables:
                    raise conflict(f"Variable '{name}' is already present on execution '{instance_id}'.")
            session.set_variables(instance_id, variables)

        await self._engine.command(instance_id, user, add)
        return variables

    async def put_variable(self, instance_id: str, user: str, name: str, given: object) -> Variable:
        """Replace the value of a variable that exists."""
        variable = values.read_variable(given)
        if variable.name != name:
            raise bad_request("Variable name in the body should be equal to the name used in the requested URL.")

        def put(session: Session) -> Variable:
            old = session.instance(instance_id).variables.get(name)
            if old is None:
                raise not_found("variable", name)
            new = replace(variable, is_encrypted=variable.is_encrypted or old.is_encrypted)
            session.set_variables(instance_id, {name: new})
            return new

        return await self._engine.command(instance_id, user, put)

    async def add_comment(self, instance_id: str, user: str, body: Body) -> CommentRow:
        """Comment on a running instance."""
        return await self._engine.command(
            instance_id, user, lambda session: _comment(session, instance_id, None, body)
        )

    async def add_task_comment(self, task_id: str, instance_id: str, user: str, body: Body) -> CommentRow:
        """Comment on a task of a running instance."""
        return await self._engine.command(
            instance_id, user, lambda session: _comment(session, instance_id, task_id, body)
        )

    async def delete_comment(self, instance_id: str, user: str, comment_id: str) -> None:
        """Take a comment away."""

        def delete(session: Session) -> None:
            row = session.work.find(CommentRow, comment_id)
            if row is None or row.is_deleted or row.instance_id != instance_id:
                raise not_found("comment", comment_id)
            session.work.put(replace(row, is_deleted=True))
            session.work.record(f"process:{instance_id}", before={"comment": row.message}, after=None)

        await self._engine.command(instance_id, user, delete)

    async def act(self, execution: Execution, user: str, body: Body) -> Execution | None:
        """Deliver a message, a signal or a trigger to an execution; None when that ended it."""
        values.refuse_transient(body)
        action = str(body.get("action"))
        variables = values.read_variables(body.get("variables"))
        if action != "trigger" and action not in _EVENTS:
            raise bad_request(f"Invalid action: '{action}'.")
        event, field = _EVENTS.get(action, ("", ""))
        name = str(body.get(field) or "") if field else ""
        if field and not name:
            raise bad_request(f"{field} is required")

        def deliver(session: Session) -> None:
            session.set_variables(execution.instance_id, variables)
            delivered: list[bool] = []

            def verb(machine: Machine) -> None:
                is_event = machine.deliver(execution.id, event, name) if field else machine.trigger(execution.id)
                delivered.append(is_event)

            session.run(verb)
            if not delivered[0]:
                what = f"a {event} event with name '{name}'" if field else "a trigger"
                raise broken(f"Execution with id '{execution.id}' does not have a subscription to {what}")
            effect = next((str(each.value) for key, each in variables.items() if key.startswith("signoff")), "")
            session.work.record(
                f"execution:{execution.id}",
                before=None,
                after={"action": action, "name": name, "activityId": execution.activity_id},
                identity=f"message:{execution.instance_id}:{execution.activity_id}:{effect}" if field else None,
            )

        await self._engine.command(execution.instance_id, user, deliver)
        return self._store.execution(execution.id)

    def _to_start(self, body: Body) -> tuple[Executable, str]:
        named = [name for name in ("processDefinitionId", "processDefinitionKey", "message") if body.get(name)]
        if not named:
            raise bad_request("Either processDefinitionId, processDefinitionKey or message is required.")
        if len(named) > 1:
            raise bad_request("Only one of processDefinitionId, processDefinitionKey or message should be set.")
        value = str(body[named[0]])
        if named == ["processDefinitionId"]:
            return self._engine.executable(value), ""
        if named == ["processDefinitionKey"]:
            return self._engine.latest(value), ""
        for key in dict.fromkeys(row.key for row in self._store.all(ModelRow)):
            executable = self._engine.latest(key)
            if executable.document.start_message == value:
                return executable, value
        raise bad_request(f"Cannot start process instance by message: no subscription to message '{value}'")


def _comment(session: Session, instance_id: str, task_id: str | None, body: Body) -> CommentRow:
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        raise bad_request("Comment text is required.")
    row = CommentRow(
        id=str(uuid4()),
        instance_id=instance_id,
        task_id=task_id,
        author=session.user,
        message=message,
        type=str(body.get("type") or "comment"),
        created_at=session.time,
    )
    session.work.put(row)
    marker = _MARKER.search(message)
    session.work.record(
        f"task:{task_id}" if task_id else f"process:{instance_id}",
        before=None,
        after={"comment": message, "author": session.user},
        identity=f"comment:{marker.group(0)}" if marker else None,
    )
    return row


def _text(body: Body, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise bad_request(f"{name} is a string")
    return value
