"""All rows in memory, with the indexes the queries need, and a journal that survives `kill -9`.

A command collects what it changes in a `Work`; readers see nothing of it until `commit`.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sandbox.kit.history import History
from sandbox.kit.journal import Journal, Record
from sandbox.opentext.rows import (
    AuditRow,
    CommentRow,
    Execution,
    InstanceRow,
    ModelRow,
    PlanRow,
    Row,
    StateRow,
    TaskRow,
    from_record,
    to_record,
)

R = TypeVar("R", ModelRow, InstanceRow, StateRow, TaskRow, CommentRow, AuditRow, PlanRow)


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """One entry for the history of state changes."""

    subject: str
    before: Any
    after: Any
    identity: str | None = None


@dataclass
class Work:
    """What one command reads and changes; its own changes are visible to it alone."""

    store: "Store"
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    changes: list[StateChange] = field(default_factory=list)

    def put(self, row: Row) -> None:
        """Add or replace a row."""
        self.rows[row.kind, row.id] = row

    def find(self, kind: type[R], row_id: str) -> R | None:
        """A row by id, as this command sees it."""
        changed = self.rows.get((kind.kind, row_id))
        return cast("R | None", changed or self.store.find(kind, row_id))

    def changed(self, kind: type[R]) -> list[R]:
        """The rows of a kind that this command changed."""
        return [cast("R", row) for (name, _), row in self.rows.items() if name == kind.kind]

    def record(self, subject: str, *, before: object, after: object, identity: str | None = None) -> None:
        """Note a state change for the history."""
        self.changes.append(StateChange(subject=subject, before=before, after=after, identity=identity))

    def commit(self) -> None:
        """Make everything visible at once."""
        self.store.commit(self)


class Store:
    """The committed rows. Used from the event loop only. version: another one after every write."""

    def __init__(self, journal: Journal, history: History) -> None:
        self._journal = journal
        self._history = history
        self.version = 0
        self._clear()

    def restore(self, records: Iterable[Record]) -> None:
        """Take back what the journal kept."""
        for record in records:
            if "history" in record:
                self._history.restore(record["history"])
            else:
                self._put(from_record(record))

    def commit(self, work: Work) -> None:
        """Take over the changes of a command, in the journal as one line."""
        self.version += 1
        with self._journal.command():
            for row in work.rows.values():
                self._journal.append(to_record(row))
                self._put(row)
            for change in work.changes:
                self._history.add(change.subject, before=change.before, after=change.after, identity=change.identity)

    def clear(self) -> None:
        """Forget everything."""
        self.version += 1
        self._journal.clear()
        self._clear()

    def find(self, kind: type[R], row_id: str) -> R | None:
        """A row by id."""
        return cast("R | None", self._rows[kind.kind].get(row_id))

    def all(self, kind: type[R]) -> Iterator[R]:
        """Every row of a kind, oldest first."""
        yield from cast("Iterable[R]", self._rows[kind.kind].values())

    def models(self, key: str) -> list[ModelRow]:
        """The versions of a model, oldest first."""
        return [cast("ModelRow", self._rows["model"][each]) for each in self._by_key.get(key, [])]

    def instances(self, *, business_key: str | None = None, is_open: bool | None = None) -> Iterator[InstanceRow]:
        """Instances, oldest first; all, or those of one business key, or the open ones."""
        ids: Iterable[str] = self._rows["instance"]
        if business_key is not None:
            ids = self._by_business_key.get(business_key, [])
        elif is_open:
            ids = list(self._open_instances)
        for each in ids:
            row = cast("InstanceRow", self._rows["instance"][each])
            if is_open is None or is_open == (row.ended_at is None):
                yield row

    def tasks(self, *, instance_id: str | None = None, is_open: bool | None = None) -> Iterator[TaskRow]:
        """Tasks, oldest first; all, or those of one instance, or the open ones."""
        ids: Iterable[str] = self._rows["task"]
        if instance_id is not None:
            ids = self._tasks_of.get(instance_id, [])
        elif is_open:
            ids = list(self._open_tasks)
        for each in ids:
            row = cast("TaskRow", self._rows["task"][each])
            if is_open is None or is_open == (row.ended_at is None):
                yield row

    def comments(self, instance_id: str) -> list[CommentRow]:
        """The comments of an instance and its tasks that were not deleted, oldest first."""
        rows = (cast("CommentRow", self._rows["comment"][each]) for each in self._comments_of.get(instance_id, []))
        return [row for row in rows if not row.is_deleted]

    def audit(self, stream: str, *, instance_id: str | None = None, after: str = "") -> list[AuditRow]:
        """The lines of an audit log, by time: of one instance, or of all after a time."""
        if instance_id is not None:
            return [row for row in self._audit_of.get(instance_id, []) if row.stream == stream]
        lines = self._audit.get(stream, [])
        return lines[bisect_right(lines, after, key=lambda row: row.time) :]

    def due(self, time: str) -> list[str]:
        """The root instances with a timer that is due at a time."""
        return [root_id for root_id, due_at in self._due.items() if due_at <= time]

    def next_due(self) -> str | None:
        """When the next timer is due, of whatever instance."""
        return min(self._due.values(), default=None)

    def execution(self, execution_id: str) -> Execution | None:
        """The execution of an id, if something waits there."""
        return self._executions.get(execution_id)

    def family(self, root_id: str) -> list[InstanceRow]:
        """A root instance and all it called."""
        return [cast("InstanceRow", self._rows["instance"][each]) for each in self._family.get(root_id, [])]

    def _clear(self) -> None:
        self._rows: dict[str, dict[str, Row]] = defaultdict(dict)
        self._by_key: dict[str, list[str]] = defaultdict(list)
        self._by_business_key: dict[str, list[str]] = defaultdict(list)
        self._family: dict[str, list[str]] = defaultdict(list)
        self._tasks_of: dict[str, list[str]] = defaultdict(list)
        self._comments_of: dict[str, list[str]] = defaultdict(list)
        self._audit: dict[str, list[AuditRow]] = defaultdict(list)
        self._audit_of: dict[str, list[AuditRow]] = defaultdict(list)
        self._open_instances: dict[str, None] = {}
        self._open_tasks: dict[str, None] = {}
        self._due: dict[str, str] = {}
        self._executions: dict[str, Execution] = {}

    def _put(self, row: Row) -> None:
        old = self._rows[row.kind].get(row.id)
        self._rows[row.kind][row.id] = row
        if isinstance(row, InstanceRow | TaskRow):
            is_task = isinstance(row, TaskRow)
            opened = self._open_tasks if is_task else self._open_instances
            if row.ended_at is None:
                opened[row.id] = None
            else:
                opened.pop(row.id, None)
        if isinstance(row, StateRow):
            self._index_state(row, cast("StateRow | None", old))
        elif old is None:
            self._index(row)

    def _index_state(self, row: StateRow, old: StateRow | None) -> None:
        self._due.pop(row.id, None)
        if row.due_at is not None:
            self._due[row.id] = row.due_at
        for execution in old.executions if old else ():
            self._executions.pop(execution.id, None)
        self._executions.update({execution.id: execution for execution in row.executions})

    def _index(self, row: Row) -> None:
        match row:
            case ModelRow():
                self._by_key[row.key].append(row.id)
            case InstanceRow():
                self._family[row.root_id].append(row.id)
                if row.business_key is not None:
                    self._by_business_key[row.business_key].append(row.id)
            case TaskRow():
                self._tasks_of[row.instance_id].append(row.id)
            case CommentRow():
                self._comments_of[row.instance_id].append(row.id)
            case AuditRow():
                self._audit_of[row.instance_id].append(row)
                insort(self._audit[row.stream], row, key=lambda each: each.time)
            case _:
                pass
