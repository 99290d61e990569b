"""Sources that show the changes that a test tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.feeds import AuditRow, ChangedItem, ListedItem, Page, SeenInstance
from pipeline.ports import Bounds


@dataclass(frozen=True)
class Aprimo:
    """Lists as they are told here."""

    items: tuple[ChangedItem, ...] = ()
    dated: tuple[str, ...] = ("activity",)
    undated: tuple[str, ...] = ()

    def changed(self, kind: str, since: datetime, until: datetime, bounds: Bounds) -> Iterator[Page]:
        yield Page(items=tuple(each for each in self.items if since <= each.modified_at < until))

    def listed(self, kind: str, bounds: Bounds) -> Iterator[tuple[ListedItem, ...]]:
        raise AssertionError("its rows bear no time")


@dataclass(frozen=True)
class OpenText:
    """Audit rows as they are told here, whatever their times."""

    rows: tuple[AuditRow, ...] = ()

    def audit(self, stream: str, since: datetime, bounds: Bounds) -> Iterator[tuple[AuditRow, ...]]:
        yield tuple(each for each in self.rows if each.stream == stream)

    def running(self, process_key: str, bounds: Bounds) -> Iterator[tuple[SeenInstance, ...]]:
        raise AssertionError("lists show no changes")


def changed_item(number: int, at: datetime) -> ChangedItem:
    return ChangedItem(kind="activity", object_id=number, modified_at=at, dedupe_key=f"k{number}", row={})


def audit_row(
    instance: str,
    at: datetime,
    event_type: str = "process-task-complete",
    stream: str = "task",
    *,
    task: str = "t1",
    definition: str = "campaignBrief:1:x",
) -> AuditRow:
    return AuditRow(
        stream=stream,
        event_type=event_type,
        instance_id=instance,
        item_id=task,
        business_key="",
        definition_id=definition,
        time=at.isoformat(),
        at=at,
        row={},
    )
