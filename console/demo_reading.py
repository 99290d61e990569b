"""What both sandboxes answer about the demo's briefs, read from their public APIs: never from our tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.demo_http import Caller

PROCESS_KEY = "campaignBrief"
REVIEWS = frozenset({"brand", "legal", "finance", "regional"})
_STARTED = "In Progress"
_MARK = "[sg-"
_STATUS_LOOKUP = 2974
_ATTRIBUTES = {
    301: "case",
    306: "matrix",
    307: "decision",
    308: "message",
    309: "comments",
    314: "project",
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """A brief as Aprimo answers it; project_status is "" for one that has no project."""

    id: int
    state: str
    case: str = ""
    matrix: str = ""
    decision: str = ""
    message: str = ""
    comments: str = ""
    project: str = ""
    project_status: str = ""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment in OpenText, on a task or on a process."""

    id: str
    author: str
    text: str

    @property
    def is_carried(self) -> bool:
        """Whether Signoff brought it: then it bears Signoff's mark."""
        return _MARK in self.text


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task as OpenText's history answers it, finished or not."""

    id: str
    key: str
    category: str
    assignee: str
    outcome: str
    created_at: datetime
    ended_at: datetime | None = None
    delete_reason: str = ""
    comments: tuple[Comment, ...] = ()

    @property
    def is_decided(self) -> bool:
        """Whether somebody decided it, rather than that it went away."""
        return self.ended_at is not None and not self.delete_reason

    @property
    def is_review(self) -> bool:
        """Whether it is a review, not a lead's task."""
        return self.key in REVIEWS


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process instance as OpenText's history answers it, with its tasks."""

    id: str
    revision: int
    started_at: datetime
    ended_at: datetime | None = None
    delete_reason: str = ""
    comments: tuple[Comment, ...] = ()
    """Those on the process and those on its tasks, each once."""
    tasks: tuple[Task, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether it still runs."""
        return self.ended_at is None

    def open_task(self, key: str) -> Task | None:
        """The open task of a definition key."""
        return next((task for task in self.tasks if task.key == key and task.ended_at is None), None)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One brief on both sides, oldest process first."""

    item: Item
    processes: tuple[Process, ...] = ()

    @property
    def live(self) -> Process | None:
        """The process that runs."""
        return next((process for process in self.processes if process.is_live), None)


class Reader:
    """Reads both sandboxes; statuses are looked up once."""

    def __init__(self, aprimo: Caller, opentext: Caller) -> None:
        self._aprimo = aprimo
        self._opentext = opentext
        self._statuses: dict[int, str] = {}

    def read(self, ids: Iterable[int]) -> dict[int, Seen]:
        """Every brief of these ids as both sides answer now."""
        items = self.items(ids)
        by_key = processes_of(self._opentext, PROCESS_KEY)
        return {
            id_: Seen(item=item, processes=by_key.get(f"aprimo:activity:{id_}", ())) for id_, item in items.items()
        }

    def items(self, ids: Iterable[int]) -> dict[int, Item]:
        """What Aprimo answers, in one search."""
        tree = {"or": [{"equals": {"fieldName": "activityId", "fieldValue": id_}} for id_ in ids]}
        page = self._aprimo.call("POST", "/api/activities/search", tree, limit=200)
        rows = next(iter(page["_embedded"].values()))
        return {row["activityId"]: _item(row) for row in rows}

    def project_status(self, project_id: str) -> str:
        """The name of a project's status."""
        if not self._statuses:
            lookup = self._aprimo.call("GET", f"/api/lookup/{_STATUS_LOOKUP}")
            self._statuses = {int(each["key"]): str(each["value"]) for each in lookup["items"]}
        row = self._aprimo.call("GET", f"/api/projects/{project_id}")
        return self._statuses.get(row["projectStatus"], str(row["projectStatus"]))


def processes_of(opentext: Caller, process_key: str) -> dict[str, tuple[Process, ...]]:
    """All processes of a model by their business key, oldest first."""
    history = "/workflow-history/v1"
    tasks = opentext.rows(
        f"{history}/historic-task-instances",
        processDefinitionKey=process_key,
        includeTaskLocalVariables="true",
        includeTaskComments="true",
    )
    processes = opentext.rows(
        f"{history}/historic-process-instances",
        processDefinitionKey=process_key,
        includeProcessVariables="true",
        includeProcessComments="true",
    )
    found: dict[str, list[Process]] = {}
    by_instance = _grouped(tasks)
    for row in processes:
        found.setdefault(row["businessKey"], []).append(_process(row, by_instance.get(row["id"], [])))
    return {key: tuple(sorted(rows, key=lambda each: each.started_at)) for key, rows in found.items()}


def is_started(status: str) -> bool:
    """Whether a project's status says that it runs."""
    return status == _STARTED


def _item(row: Mapping[str, Any]) -> Item:
    said = {_ATTRIBUTES.get(each["eaId"], ""): each["eaValue"] or "" for each in row["extendedAttributes"]}
    known = {name: value for name, value in said.items() if name}
    return Item(id=row["activityId"], state=row["activityStateName"], **known)


def _grouped(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["processInstanceId"], []).append(row)
    return groups


def _process(row: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> Process:
    variables = _variables(row)
    own_tasks = tuple(_task(each) for each in tasks)
    comments = {each.id: each for each in (*_comments(row), *(one for task in own_tasks for one in task.comments))}
    return Process(
        id=row["id"],
        revision=int(variables.get("signoffRevision") or 0),
        started_at=_moment(row["startTime"]),
        ended_at=_moment(row["endTime"]) if row.get("endTime") else None,
        delete_reason=row.get("deleteReason") or "",
        comments=tuple(comments.values()),
        tasks=own_tasks,
        variables=variables,
    )


def _task(row: Mapping[str, Any]) -> Task:
    variables = _variables(row)
    return Task(
        id=row["id"],
        key=row["taskDefinitionKey"],
        category=row.get("category") or "",
        assignee=row.get("assignee") or "",
        outcome=str(variables.get(f"{row['taskDefinitionKey']}Outcome") or ""),
        created_at=_moment(row.get("startTime") or row["createTime"]),
        ended_at=_moment(row["endTime"]) if row.get("endTime") else None,
        delete_reason=row.get("deleteReason") or "",
        comments=_comments(row),
    )


def _variables(row: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in row.get("variables") or ()}


def _comments(row: Mapping[str, Any]) -> tuple[Comment, ...]:
    found = row.get("comments") or ()
    return tuple(Comment(id=each["id"], author=each["author"], text=each["message"]) for each in found)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
