"""What the pollers read of OpenText: audit rows, and lists that show what audit rows do not tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pipeline.feeds import AuditRow, SeenInstance
from pipeline.opentext import schemas, translate
from pipeline.opentext.client import Client
from pipeline.opentext.schemas import TaskRow
from pipeline.ports import Bounds
from pipeline.transport.messages import plain
from pipeline.transport.reading import reading
from pipeline.transport.times import iso


class Feed:
    """The audit logs and lists of one tenant."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def audit(self, stream: str, since: datetime, bounds: Bounds) -> Iterator[tuple[AuditRow, ...]]:
        """Audit rows of a stream (process, task or activity) from a time on, page by page, in no promised order.

        Event types are an open set: unknown ones are rows like any other.
        """
        for rows in self._client.pages_of_audit(stream, iso(since), bounds):
            yield tuple(_audit_row(stream, row) for row in rows)

    def running(self, process_key: str, bounds: Bounds) -> Iterator[tuple[SeenInstance, ...]]:
        """Running instances of a model, page by page, each with the hash of what a reader would see of it."""
        tasks: dict[str, list[TaskRow]] = {}
        for task in self._client.tasks_of(process_key, bounds):
            tasks.setdefault(task.instance_id, []).append(task)
        for rows in self._client.pages_of_instances(process_key, bounds):
            yield tuple(
                SeenInstance(
                    instance_id=row.id,
                    business_key=row.business_key,
                    seen_hash=translate.seen(row, tasks.get(row.id, [])),
                )
                for row in rows
            )


def _audit_row(stream: str, row: dict[str, object]) -> AuditRow:
    with reading(f"A row of OpenText's audit log of {stream}"):
        entry = schemas.load_audit(row)
    return AuditRow(
        stream=stream,
        event_type=entry.event_type,
        instance_id=entry.instance_id,
        item_id=entry.item_id,
        business_key=entry.business_key,
        definition_id=entry.definition_id,
        time=entry.time,
        at=entry.at,
        row=plain(row),
    )
