"""All living processes of a flow in bulk, for reconciliation: pages of instances with variables, beside their tasks.

Tasks are another list. Both are asked for in the order of the instances' ids and read side by side, so that no more
than a page or two of each is held. A service that does not keep that order is found out; all its tasks are held then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.flows.tenant import FlowWords
from pipeline.opentext import translate
from pipeline.opentext.client import Client
from pipeline.opentext.schemas import InstanceRow, TaskRow
from pipeline.ports import Bounds
from pipeline.ports.inventory import ProcessPage

VARIABLES = "variables"
"""What rows may lack of a process."""


class Processes:
    """The `Processes` port for OpenText. Thread-safe."""

    def __init__(self, client: Client, words: Mapping[str, FlowWords]) -> None:
        """words: each flow's."""
        self._client = client
        self._words = words

    def processes(self, flow: str, cursor: str, bounds: Bounds) -> Iterator[ProcessPage]:
        """Pages of the living processes of the flow's model from a cursor on. Raises the vendor's errors."""
        page = ProcessPage(processes=(), cursor="")
        is_first = True
        for following in self._pages(self._words[flow].process_key, cursor, bounds):
            if not is_first:
                yield page
            page, is_first = following, False
        yield replace(page, cursor="")

    def _pages(self, process_key: str, cursor: str, bounds: Bounds) -> Iterator[ProcessPage]:
        offset, _, task_offset = cursor.partition(" ")
        at, tasks_at = int(offset or 0), int(task_offset or 0)
        options = self._client.options
        tasks = _Tasks(
            pages=self._client.tasks_from(process_key, tasks_at, bounds),
            at=tasks_at,
            is_sorted=bool(options.task_sort),
        )
        for rows, has_variables in self._client.instances_from(process_key, at, bounds):
            at += len(rows)
            of_each = tasks.of(rows)
            yield ProcessPage(
                processes=tuple(translate.process_read(row, of_each.get(row.id, ()), options) for row in rows),
                cursor=f"{at} {tasks.at}",
                is_whole=options.are_lists_whole and has_variables,
                lacks=() if has_variables else (VARIABLES,),
            )


@dataclass(kw_only=True)
class _Tasks:
    """The open tasks of a model, read as far as the instances that are asked for.

    at: from which row on tasks are read that were not asked for yet. is_sorted: whether instances and tasks have come
    in one order until now.
    """

    pages: Iterator[tuple[TaskRow, ...]]
    at: int
    is_sorted: bool
    _read: int = 0
    _last_task: str = ""
    _last_instance: str = ""
    _held: dict[str, list[TaskRow]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._read = self.at
        if not self.is_sorted:
            self.at = 0

    def of(self, rows: Sequence[InstanceRow]) -> dict[str, list[TaskRow]]:
        """The open tasks of each of the instances that has any."""
        ids = [row.id for row in rows]
        if not ids:
            return {}
        self._notice([self._last_instance, *ids])
        self._last_instance = ids[-1]
        self._read_to(ids[-1])
        found = {each: self._held.pop(each) for each in ids if each in self._held}
        if self.is_sorted:
            # What is left of earlier instances is of such as have ended since, or is no part of this model's list.
            self._held = {each: tasks for each, tasks in self._held.items() if each > ids[-1]}
        return found

    def _read_to(self, instance_id: str) -> None:
        while not self.is_sorted or self._last_task <= instance_id:
            page = next(self.pages, None)
            if page is None:
                return
            for task in page:
                self._notice([self._last_task, task.instance_id])
                self._last_task = task.instance_id
                self._held.setdefault(task.instance_id, []).append(task)
            self.at = self._read if self.is_sorted else 0
            self._read += len(page)

    def _notice(self, ids: list[str]) -> None:
        """Whether these ids go up; where they do not, nothing can be told from them."""
        self.is_sorted = self.is_sorted and ids == sorted(ids)
