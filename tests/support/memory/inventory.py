"""Both sides in bulk, in memory: what reconciliation pages through, over what the test holds when a page is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.flows.tenant import FlowWords
from pipeline.plan import ProcessRead, Snapshot, Want
from pipeline.ports import Bounds
from pipeline.ports.inventory import ItemPage, ProcessPage
from pipeline.transport.times import sortable
from pipeline.words import Side


@dataclass(kw_only=True)
class MemoryItems:
    """The `Items` port over snapshots by what was asked for; what is absent is in no list.

    pages: how many were given. lacks: values that rows do not carry.
    """

    snapshots: Mapping[Want, Snapshot]
    words: Mapping[str, FlowWords]
    page_size: int = 100
    lacks: tuple[str, ...] = ()
    pages: int = 0

    def items(self, flow: str, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        """Pages of the flow's own items in the order of their ids."""
        del bounds
        offset, has_more = int(cursor or 0), True
        while has_more:
            rows = self._rows(flow, since)
            here = rows[offset : offset + self.page_size]
            offset += len(here)
            has_more = bool(here) and offset < len(rows)
            self.pages += 1
            yield ItemPage(
                items=tuple(self._listed(each) for each in here),
                cursor=str(offset) if has_more else "",
                is_whole=not self.lacks,
                lacks=self.lacks,
            )

    def _rows(self, flow: str, since: datetime | None) -> list[Snapshot]:
        kind = self.words[flow].object_kind
        own = [
            each
            for want, each in self.snapshots.items()
            if (want.flow, want.side, want.kind, want.role) == (flow, Side.APRIMO, kind, "") and not each.is_absent
        ]
        changed = own if since is None else [each for each in own if each.version >= sortable(since)]
        return sorted(changed, key=lambda each: each.want.object_id)

    def _listed(self, read: Snapshot) -> Snapshot:
        return replace(read, values={name: value for name, value in read.values.items() if name not in self.lacks})


@dataclass(kw_only=True)
class MemoryProcesses:
    """The `Processes` port over processes by their ids; pages show open tasks only. pages: how many were given."""

    processes_by_id: Mapping[str, ProcessRead]
    words: Mapping[str, FlowWords]
    page_size: int = 100
    pages: int = 0

    def processes(self, flow: str, cursor: str, bounds: Bounds) -> Iterator[ProcessPage]:
        """Pages of the living processes of the flow's model in the order of their ids."""
        del bounds
        offset, has_more = int(cursor or 0), True
        while has_more:
            rows = self._rows(self.words[flow].process_key)
            here = rows[offset : offset + self.page_size]
            offset += len(here)
            has_more = bool(here) and offset < len(rows)
            self.pages += 1
            yield ProcessPage(processes=tuple(map(_open, here)), cursor=str(offset) if has_more else "")

    def _rows(self, process_key: str) -> list[ProcessRead]:
        living = [each for each in self.processes_by_id.values() if each.ended_at is None]
        return sorted((each for each in living if each.process_key == process_key), key=lambda each: each.instance_id)


def _open(process: ProcessRead) -> ProcessRead:
    return replace(process, tasks=tuple(task for task in process.tasks if task.ended_at is None))
