"""The calls to OpenText that Signoff makes, one method each; what they mean is decided elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import PermanentError, TransientError, UnknownOutcomeError
from pipeline.opentext import schemas, wire
from pipeline.opentext.options import OpenTextOptions
from pipeline.opentext.schemas import Assignment, InstanceRow, TaskRow
from pipeline.opentext.wire import Wire
from pipeline.plan import CommentRead
from pipeline.ports import Bounds
from pipeline.transport.messages import Answer, Request, UnreadableAnswerError
from pipeline.transport.reading import reading
from pipeline.transport.session import Sender
from pipeline.words import JsonValue

NOT_FOUND = 404
CONFLICT = 409


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What a deployment came to. how: `deployed` or `unchanged`; content_hash: SHA-256 of the model's XML."""

    how: str
    key: str
    version: int | None
    content_hash: str


class Client:
    """OpenText Workflow Service and its history. Thread-safe."""

    def __init__(self, sender: Sender, options: OpenTextOptions) -> None:
        self.options = options
        self._sender = sender
        self._wire = Wire(options)

    # ---- reads -------------------------------------------------------------------------------------------------

    def instance(self, instance_id: str, bounds: Bounds) -> InstanceRow | None:
        """A running instance; None when it ended or is unknown to us."""
        answer = self._sender.send(self._wire.instance(instance_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"OpenText's process instance {instance_id}"):
            return schemas.load_instances([answer.json_object()])[0]

    def historic_instance(self, instance_id: str, bounds: Bounds) -> InstanceRow | None:
        """An instance as history shows it; None when history does not know it."""
        rows = self._all(self._wire.historic_instances(processInstanceId=instance_id), bounds, "history")
        with reading(f"OpenText's history of instance {instance_id}"):
            found = schemas.load_instances(rows)
        return next((row for row in found if row.id == instance_id), None)

    def historic_tasks(self, instance_id: str, bounds: Bounds) -> tuple[TaskRow, ...]:
        """The tasks of an instance, open and ended, as history shows them."""
        rows = self._all(self._wire.historic_tasks(processInstanceId=instance_id), bounds, "history of tasks")
        with reading(f"OpenText's history of the tasks of {instance_id}"):
            return schemas.load_tasks(rows)

    def open_tasks(self, instance_id: str, bounds: Bounds) -> tuple[TaskRow, ...]:
        """The open tasks of an instance."""
        rows = self._all(self._wire.tasks(processInstanceId=instance_id), bounds, "list of tasks")
        with reading(f"OpenText's tasks of {instance_id}"):
            return schemas.load_tasks(rows)

    def task(self, task_id: str, bounds: Bounds) -> TaskRow | None:
        """An open task; None when it ended or is unknown to us."""
        answer = self._sender.send(self._wire.task(task_id), bounds)
        if answer.status == NOT_FOUND:
            return None
        with reading(f"OpenText's task {task_id}"):
            return schemas.load_tasks([answer.json_object()])[0]

    def historic_task(self, task_id: str, bounds: Bounds) -> TaskRow | None:
        """A task as history shows it; None when history does not know it."""
        rows = self._all(self._wire.historic_tasks(taskId=task_id), bounds, "history of tasks")
        with reading(f"OpenText's history of task {task_id}"):
            return next((row for row in schemas.load_tasks(rows) if row.id == task_id), None)

    def assignments(self, task_id: str, bounds: Bounds) -> tuple[Assignment, ...] | None:
        """Who has which role on an open task; None when it ended or is unknown."""
        rows = self._all_or_none(self._wire.assignments(task_id), bounds, "list of assignments")
        with reading(f"OpenText's assignments of task {task_id}"):
            return None if rows is None else schemas.load_assignments(rows)

    def started_as(self, business_key: str, process_key: str, bounds: Bounds) -> Iterator[InstanceRow]:
        """Every instance of a model with this business key, running ones first, then those in history."""
        filters = {"businessKey": business_key, "processDefinitionKey": process_key}
        for request in (self._wire.instances(**filters), self._wire.historic_instances(**filters)):
            for rows in self._pages(request, bounds, "list of instances"):
                with reading("OpenText's list of instances"):
                    yield from schemas.load_instances(rows)

    def variables(self, instance_id: str, bounds: Bounds) -> dict[str, JsonValue] | None:
        """The variables of a running instance; None when it ended or is unknown."""
        rows = self._all_or_none(self._wire.variables(instance_id), bounds, "list of variables")
        with reading(f"OpenText's variables of {instance_id}"):
            return None if rows is None else schemas.load_variables(rows)

    def comments(self, instance_id: str, bounds: Bounds) -> tuple[CommentRead, ...] | None:
        """The comments on a running instance; None when it ended or is unknown."""
        rows = self._all_or_none(self._wire.comments(instance_id), bounds, "list of comments")
        with reading(f"OpenText's comments on {instance_id}"):
            return None if rows is None else schemas.load_comments(rows)

    def execution_at(self, instance_id: str, activity_id: str, bounds: Bounds) -> str | None:
        """The id of the execution that waits at an activity; None when none does."""
        rows = self._all_or_none(self._wire.executions(instance_id), bounds, "list of executions") or []
        with reading(f"OpenText's executions of {instance_id}"):
            row = wire.named(rows, activityId=activity_id)
            return None if row is None else schemas.load_id(row)

    def pages_of_audit(self, stream: str, after: str, bounds: Bounds) -> Iterator[list[dict[str, Any]]]:
        """Pages of audit rows of a stream after a moment, in no promised order."""
        return self._pages(self._wire.audit(stream, After=after), bounds, f"audit log of {stream}")

    def pages_of_instances(self, process_key: str, bounds: Bounds) -> Iterator[tuple[InstanceRow, ...]]:
        """Pages of the running instances of a model."""
        for rows in self._pages(self._wire.instances(processDefinitionKey=process_key), bounds, "list of instances"):
            with reading("OpenText's list of instances"):
                yield schemas.load_instances(rows)

    def instances_from(
        self, process_key: str, offset: int, bounds: Bounds
    ) -> Iterator[tuple[tuple[InstanceRow, ...], bool]]:
        """Pages of the running instances of a model by their ids; whether all rows of each show variables."""
        for rows in self._pages(self._wire.instances_by_id(process_key), bounds, "list of instances", offset):
            with reading("OpenText's list of instances"):
                yield schemas.load_instances(rows), all(row.get("variables") is not None for row in rows)

    def tasks_from(self, process_key: str, offset: int, bounds: Bounds) -> Iterator[tuple[TaskRow, ...]]:
        """Pages of the open tasks of a model, sorted by their instances as far as the service does."""
        for rows in self._pages(self._wire.tasks_by_instance(process_key), bounds, "list of tasks", offset):
            with reading("OpenText's list of tasks"):
                yield schemas.load_tasks(rows)

    def tasks_of(self, process_key: str, bounds: Bounds) -> tuple[TaskRow, ...]:
        """The open tasks of all instances of a model."""
        rows = self._all(self._wire.tasks(processDefinitionKey=process_key), bounds, "list of tasks")
        with reading("OpenText's list of tasks"):
            return schemas.load_tasks(rows)

    # ---- writes: what the answer of each means for the caller ----------------------------------------------------

    def start(self, body: Mapping[str, Any], secrets: tuple[str, ...], bounds: Bounds) -> str:
        """Start an instance; its id. An answer without one leaves the outcome unknown."""
        return _made(self._sender.send(self._wire.start(body, secrets), bounds), "start")

    def end(self, instance_id: str, reason: str, bounds: Bounds) -> bool:
        """End an instance; False when none of that id runs."""
        return self._was_there(self._wire.end(instance_id, reason), bounds)

    def put_variable(self, instance_id: str, variable: Mapping[str, Any], bounds: Bounds) -> bool:
        """Set a variable; False when instance or variable is not there."""
        return self._was_there(self._wire.put_variable(instance_id, variable), bounds)

    def add_variables(self, instance_id: str, variables: list[dict[str, Any]], bounds: Bounds) -> bool:
        """Add variables; False when the instance is not there."""
        return self._was_there(self._wire.post_variables(instance_id, variables), bounds)

    def send_message(self, execution_id: str, message: str, variables: list[dict[str, Any]], bounds: Bounds) -> bool:
        """Deliver a message; False when the execution waits no more."""
        return self._was_there(self._wire.message(execution_id, message, variables), bounds)

    def comment(self, instance_id: str, text: str, bounds: Bounds) -> str | None:
        """Put a comment on an instance; its id, or None when the instance does not run any more."""
        answer = self._sender.send(self._wire.comment(instance_id, text), bounds)
        return None if answer.status == NOT_FOUND else _made(answer, "comment")

    def update_task(self, task_id: str, fields: Mapping[str, JsonValue], bounds: Bounds) -> bool:
        """Change fields of a task; False when it is not open."""
        return self._was_there(self._wire.update_task(task_id, fields), bounds)

    def claim(self, task_id: str, user: str, bounds: Bounds) -> bool:
        """Give a task that nobody has to somebody; False when it is not open, or somebody has it by now."""
        return self._sender.send(self._wire.claim(task_id, user), bounds).status not in {NOT_FOUND, CONFLICT}

    def add_candidate(self, task_id: str, whom: Mapping[str, str], bounds: Bounds) -> bool:
        """Let somebody take a task; whom: `{"user": …}` or `{"group": …}`. False when it is not open."""
        return self._was_there(self._wire.add_assignment(task_id, {**whom, "type": "candidate"}), bounds)

    def complete(self, task_id: str, outcome: str, variables: list[dict[str, Any]], bounds: Bounds) -> bool:
        """Complete a task; False when it is not open."""
        return self._was_there(self._wire.complete(task_id, outcome, variables), bounds)

    def deploy(self, key: str, xml: bytes, known_hash: str, bounds: Bounds) -> Deployed:
        """Deploy a model unless its latest version is the same already.

        Compared with the content that the service gives back; where it gives none, with known_hash: what the caller
        remembers of the last deployment ("" for nothing).
        """
        content_hash = hashlib.sha256(xml).hexdigest()
        latest = self._latest_model(key, bounds)
        if latest is not None and (self._deployed_hash(latest, bounds) or known_hash) == content_hash:
            return Deployed(how="unchanged", key=key, version=_version(latest), content_hash=content_hash)
        self._sender.send(self._wire.deploy(key, xml), bounds)
        version = _version(self._latest_model(key, bounds) or {})
        return Deployed(how="deployed", key=key, version=version, content_hash=content_hash)

    # ---- parts -------------------------------------------------------------------------------------------------

    def model_version(self, key: str, bounds: Bounds) -> int | None:
        """The latest version of a deployed model; None where there is none with this key."""
        latest = self._latest_model(key, bounds)
        return None if latest is None else _version(latest)

    def _latest_model(self, key: str, bounds: Bounds) -> Mapping[str, Any] | None:
        rows = self._all(self._wire.models(key), bounds, "list of models")
        of_key = [row for row in rows if row.get("key") == key]
        return max(of_key, key=lambda row: _version(row) or 0, default=None)

    def _deployed_hash(self, model: Mapping[str, Any], bounds: Bounds) -> str:
        with reading("OpenText's model"):
            model_id = schemas.load_id(model)
        answer = self._sender.send(self._wire.model(model_id), bounds)
        try:
            content = answer.json_object().get("modelContent")
        except UnreadableAnswerError:
            return ""
        xml = wire.decode_model(content, self.options.deploy_encoding) if isinstance(content, str) else None
        return hashlib.sha256(xml).hexdigest() if xml else ""

    def _was_there(self, request: Request, bounds: Bounds) -> bool:
        return self._sender.send(request, bounds).status != NOT_FOUND

    def _all(self, request: Request, bounds: Bounds, what: str) -> list[dict[str, Any]]:
        return [row for rows in self._pages(request, bounds, what) for row in rows]

    def _all_or_none(self, request: Request, bounds: Bounds, what: str) -> list[dict[str, Any]] | None:
        """All rows; None when the first page is a 404: the instance is not there."""
        try:
            return self._all(request, bounds, what)
        except _NotThereError:
            return None

    def _pages(self, request: Request, bounds: Bounds, what: str, offset: int = 0) -> Iterator[list[dict[str, Any]]]:
        """Pages from a row to the end of a list, however the service marks it."""
        before: tuple[dict[str, Any], ...] = ()
        while True:
            answer = self._sender.send(self._wire.page(request, offset), bounds)
            if answer.status == NOT_FOUND:
                raise _NotThereError
            with reading(f"OpenText's {what}"):
                page = wire.read_page(answer)
            if page.rows == before:
                return  # Empty, or a service that passes over the paging and says the same again.
            yield list(page.rows)
            offset += len(page.rows)
            before = page.rows
            if not self._has_more(page, offset):
                return

    def _has_more(self, page: wire.Page, offset: int) -> bool:
        """A link says so, or the total, or, where neither is given, a full page."""
        if page.has_next or page.total is not None:
            return page.has_next or offset < (page.total or 0)
        return len(page.rows) == self.options.page_size


class _NotThereError(Exception):
    """A list of something that is not there."""


def _made(answer: Answer, what: str) -> str:
    """The id of what a write made. Raises UnknownOutcomeError: it was made, or perhaps not, and a look-up tells."""
    try:
        with reading(f"OpenText's answer to a {what}"):
            return schemas.load_id(answer.json_object())
    except (TransientError, PermanentError) as err:
        raise UnknownOutcomeError(f"OpenText answered a {what} without an id", status=answer.status) from err


def _version(model: Mapping[str, Any]) -> int | None:
    version = model.get("version")
    return version if isinstance(version, int) else None
