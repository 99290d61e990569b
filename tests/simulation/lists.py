"""The lists that the pollers page through, from what stands in the vendors' memories at each page.

Between two pages the list may move, as it does where somebody works on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pipeline.errors import TransientError
from pipeline.feeds import AuditRow, ChangedItem, ListedItem, Page, SeenInstance
from pipeline.flows.shared.reviews import seen
from pipeline.keys import digest, pm_poll
from pipeline.plan import ProcessRead
from pipeline.ports import Bounds
from pipeline.words import Urgency
from tests.simulation.vendors import SimulatedVendor
from tests.support.memory.aprimo import MemoryAprimo
from tests.support.memory.opentext import MemoryOpenText
from tests.support.memory.system import Thing

T = TypeVar("T")
PAGE = 2


def _pages(vendor: SimulatedVendor, rows: Callable[[], Sequence[T]]) -> Iterator[tuple[Sequence[T], int]]:
    """Page by page, each read anew and with the length of the whole list. Raises TransientError."""
    place = 0
    while True:
        if vendor.wait_s("", Urgency.STANDARD) > 0 or vendor.chance.strikes("unavailable"):
            raise TransientError(f"{vendor.side} is away", is_outage=True)
        vendor.baton.sleep(vendor.chance.between("paging", 0.01, 1.0))
        found = rows()
        yield found[place : place + PAGE], len(found)
        place += PAGE
        if place >= len(found):
            return


@dataclass(kw_only=True)
class AprimoLists:
    """Aprimo's lists. undated: kinds whose rows do not say when they were changed."""

    vendor: SimulatedVendor
    aprimo: MemoryAprimo
    dated: tuple[str, ...]
    undated: tuple[str, ...] = ()

    def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        """Objects that were changed in [since, until)."""
        del bounds
        for items, total in _pages(self.vendor, lambda: list(self._changed(kind, since, until))):
            yield Page(items=tuple(items), total=total)

    def listed(self, kind: str, bounds: Bounds) -> Iterator[tuple[ListedItem, ...]]:
        """All objects of a kind, each with the hash of all that its row says."""
        del bounds
        for items, _ in _pages(self.vendor, lambda: list(self._listed(kind))):
            yield tuple(items)

    def _changed(self, kind: str, since: datetime, until: datetime) -> Iterator[ChangedItem]:
        for object_id, thing, row in self._of(kind):
            if since <= thing["modified"] < until:
                yield ChangedItem(
                    kind=kind,
                    object_id=int(object_id),
                    dedupe_key=pm_poll(kind, int(object_id), thing["modified"].isoformat(), row),
                    row=row,
                    modified_at=thing["modified"],
                )

    def _listed(self, kind: str) -> Iterator[ListedItem]:
        for object_id, _, row in self._of(kind):
            yield ListedItem(kind=kind, object_id=int(object_id), row_hash=digest(row), row=row)

    def _of(self, kind: str) -> Iterator[tuple[str, Thing, dict[str, str]]]:
        for (of_kind, object_id), thing in self.aprimo.things.items():
            if of_kind == kind:
                yield object_id, thing, {name: str(value) for name, value in thing.items()}


@dataclass(kw_only=True)
class OpenTextLists:
    """OpenText's audit logs and lists."""

    vendor: SimulatedVendor
    opentext: MemoryOpenText

    def audit(self, stream: str, since: datetime, bounds: Bounds) -> Iterator[tuple[AuditRow, ...]]:
        """Begins and ends of processes, or of tasks."""
        del bounds
        for rows, _ in _pages(self.vendor, lambda: self._audit(stream, since)):
            yield tuple(rows)

    def running(self, process_key: str, bounds: Bounds) -> Iterator[tuple[SeenInstance, ...]]:
        """Running instances, each with the hash of what a reader would see of it."""
        del bounds
        for processes, _ in _pages(self.vendor, lambda: self._running(process_key)):
            yield tuple(
                SeenInstance(
                    instance_id=process.instance_id, business_key=process.business_key, seen_hash=seen(process)
                )
                for process in processes
            )

    def _audit(self, stream: str, since: datetime) -> list[AuditRow]:
        rows = []
        for process in self.opentext.processes.values():
            if stream == "process":
                moments = [("", process.started_at, process.ended_at)]
            else:
                moments = [(task.task_id, task.opened_at, task.ended_at) for task in process.tasks]
            for item_id, began, ended in moments:
                rows += [
                    _audit_row(stream, process, item_id, what, at)
                    for what, at in (("created", began), ("completed", ended))
                    if at is not None and at >= since
                ]
        return rows

    def _running(self, process_key: str) -> list[ProcessRead]:
        return [
            process
            for process in self.opentext.processes.values()
            if process.process_key == process_key and process.ended_at is None
        ]


def _audit_row(stream: str, process: ProcessRead, item_id: str, what: str, at: datetime) -> AuditRow:
    return AuditRow(
        stream=stream,
        event_type=f"workflow.{stream}.{what}",
        instance_id=process.instance_id,
        item_id=item_id,
        business_key=process.business_key,
        definition_id=f"{process.process_key}:1:x",
        time=at.isoformat(),
        at=at,
        row={"id": process.instance_id, "task": item_id, "what": what, "at": at.isoformat()},
    )
