"""Commands on user tasks, with the semantics of the real engine: who may claim, what completes, what conflicts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from sandbox.opentext import values
from sandbox.opentext.engine import Engine
from sandbox.opentext.errors import bad_request, broken, conflict, not_found
from sandbox.opentext.rows import Link, TaskRow, Variable
from sandbox.opentext.session import Session

T = TypeVar("T")
Body = Mapping[str, Any]
_TEXT_FIELDS = {
    "assignee": "assignee",
    "owner": "owner",
    "category": "category",
    "description": "description",
    "formKey": "form_key",
    "name": "name",
    "parentTaskId": "parent_task_id",
}
_DELEGATION = (None, "pending", "resolved")


class Tasks:
    """The commands; each says who does it. A finished task is not found."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    def open_task(self, task_id: str) -> TaskRow:
        """An open task. Raises Refusal 404."""
        row = self._store.find(TaskRow, task_id)
        if row is None or row.ended_at is not None:
            raise not_found("task", task_id)
        return row

    async def claim(self, task_id: str, user: str, assignee: str | None) -> TaskRow:
        """Take a task for somebody; nobody gives it back. Twice by the same person is fine."""
        if assignee is not None:
            self._check_user(assignee)

        def take(session: Session, row: TaskRow) -> None:
            if assignee is not None and row.assignee not in (None, assignee):
                raise conflict(f"Task '{task_id}' is already claimed by someone else.", "Task was already claimed")
            claimed_at = session.time if assignee is not None else None
            if row.assignee != assignee:
                session.put_task(replace(row, assignee=assignee, claimed_at=claimed_at))

        return await self._on(task_id, user, take)

    async def complete(self, task_id: str, user: str, body: Body) -> None:
        """Complete a task; its outcome lands in the model's outcome variable and stays on the task."""
        values.refuse_transient(body)
        variables = values.read_variables(body.get("variables"))
        local = {each["name"] for each in body.get("variables") or [] if each.get("scope") == "local"}
        outcome = body.get("outcome")
        if outcome is not None and not isinstance(outcome, str):
            raise bad_request("outcome is a string")

        def finish(session: Session, row: TaskRow) -> None:
            if session.instance(row.instance_id).is_suspended:
                raise broken("Cannot complete a suspended task")
            if row.delegation == "pending":
                raise broken("A delegated task cannot be completed, but should be resolved instead.")
            element = session.machine.program.element(row.definition_id, row.key)
            kept = {name: each for name, each in variables.items() if name in local}
            shared = {name: each for name, each in variables.items() if name not in local}
            name = element.attributes.get("outcomevariable")
            if name and outcome is not None:
                kept[name] = shared[name] = Variable(name=name, type="string", value=outcome)
            session.set_variables(row.instance_id, shared)
            done = replace(row, variables={**row.variables, **kept})
            session.run(lambda machine: machine.complete(row.execution_id), completed=done)

        await self._on(task_id, user, finish)

    async def delegate(self, task_id: str, user: str, assignee: object) -> TaskRow:
        """Let somebody else do the work; the owner stays."""
        if not isinstance(assignee, str) or not assignee:
            raise bad_request("An assignee is required when delegating a task.")
        self._check_user(assignee)

        def hand_over(session: Session, row: TaskRow) -> None:
            owner = row.owner or row.assignee
            session.put_task(replace(row, assignee=assignee, owner=owner, delegation="pending"))

        return await self._on(task_id, user, hand_over)

    async def resolve(self, task_id: str, user: str) -> TaskRow:
        """Give a delegated task back to its owner."""
        return await self._on(
            task_id,
            user,
            lambda session, row: session.put_task(replace(row, assignee=row.owner, delegation="resolved")),
        )

    async def update(self, task_id: str, user: str, body: Body) -> TaskRow:
        """Change what is named; a field named with null, or by its `...Set` twin alone, is cleared."""
        changes = _changes(body)
        for name in ("assignee", "owner"):
            if changes.get(name):
                self._check_user(changes[name])
        return await self._on(task_id, user, lambda session, row: session.put_task(replace(row, **changes)))

    async def add_link(self, task_id: str, user: str, body: Body) -> Link:
        """Give a user or group a role on a task."""
        link = self._link(body)

        def add(session: Session, row: TaskRow) -> None:
            if link.type in {"assignee", "owner"}:
                session.put_task(_with_role(row, link.type, link.user))
            else:
                session.put_task(replace(row, links=(*(each for each in row.links if each != link), link)))

        await self._on(task_id, user, add)
        return link

    async def remove_link(self, task_id: str, user: str, body: Body) -> None:
        """Take a role on a task away."""
        link = self._link(body)

        def remove(session: Session, row: TaskRow) -> None:
            if link.type in {"assignee", "owner"}:
                session.put_task(_with_role(row, link.type, None))
                return
            if link not in row.links:
                raise not_found("assignment", link.user or link.group)
            session.put_task(replace(row, links=tuple(each for each in row.links if each != link)))

        await self._on(task_id, user, remove)

    async def set_variables(self, task_id: str, user: str, given: Mapping[str, Variable], *, must_be: bool) -> None:
        """Set variables of the task itself; must_be says whether they have to be there or must not."""

        def put(session: Session, row: TaskRow) -> None:
            for name in given:
                if must_be and name not in row.variables:
                    raise not_found("variable", name)
                if not must_be and name in row.variables:
                    raise conflict(f"Variable '{name}' is already present on task '{task_id}'.")
            session.put_task(replace(row, variables={**row.variables, **given}))

        await self._on(task_id, user, put)

    async def _on(self, task_id: str, user: str, do: Callable[[Session, TaskRow], None]) -> TaskRow:
        row = self.open_task(task_id)

        def command(session: Session) -> TaskRow:
            now = session.task(task_id)
            if now.ended_at is not None:
                raise not_found("task", task_id)
            do(session, now)
            return session.task(task_id)

        return await self._engine.command(row.instance_id, user, command)

    def _check_user(self, user: str) -> None:
        if not any(fnmatchcase(user, pattern) for pattern in self._engine.options.users):
            raise bad_request(f"User '{user}' does not exist in this subscription.")

    def _link(self, body: Body) -> Link:
        user, group = str(body.get("user") or ""), str(body.get("group") or "")
        kind = str(body.get("type") or "candidate")
        if bool(user) == bool(group):
            raise bad_request("Either user or group is required, and only one of them.")
        if kind not in {"assignee", "owner", "candidate", "participant"}:
            raise bad_request(f"Unknown assignment type '{kind}'.")
        if group and kind in {"assignee", "owner"}:
            raise bad_request(f"A group cannot be {kind}.")
        if user:
            self._check_user(user)
        elif group not in self._engine.options.groups:
            raise bad_request(f"Group '{group}' does not exist in this subscription.")
        return Link(type=kind, user=user, group=group)


def _with_role(row: TaskRow, role: str, user: str | None) -> TaskRow:
    return replace(row, assignee=user) if role == "assignee" else replace(row, owner=user)


def _changes(body: Body) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, field in _TEXT_FIELDS.items():
        if name in body or body.get(f"{name}Set") is True:
            value = body.get(name)
            if value is not None and not isinstance(value, str):
                raise bad_request(f"{name} is a string")
            changes[field] = value
    if "dueDate" in body or body.get("duedateSet") is True:
        due = body.get("dueDate")
        changes["due_at"] = None if due is None else values.read_time(due, "dueDate")
    if "priority" in body:
        if not isinstance(body["priority"], int):
            raise bad_request("priority is a number")
        changes["priority"] = body["priority"]
    if "delegationState" in body:
        if body["delegationState"] not in _DELEGATION:
            raise bad_request(f"Illegal value for delegationState: {body['delegationState']}")
        changes["delegation"] = body["delegationState"]
    return changes
