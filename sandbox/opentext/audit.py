"""Writes audit lines. Comments and edits leave none, as in the real service: whoever polls must look itself."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sandbox.opentext.rows import AuditRow, InstanceRow, TaskRow
from sandbox.opentext.store import Work
from sandbox.opentext.tokens import Position, Step


class Audit:
    """The audit lines of one command: one user, one time."""

    def __init__(self, work: Work, *, user: str, time: str) -> None:
        self._work = work
        self._user = user
        self._time = time

    def process(self, event_type: str, instance: InstanceRow) -> None:
        """A line about an instance."""
        self._add("process", event_type, instance.id, (instance.id, instance.started_at), {})

    def task(self, event_type: str, task: TaskRow) -> None:
        """A line about a task, with what it was at that time."""
        facts = {
            "name": task.name,
            "assignee": task.assignee,
            "category": task.category,
            "taskDefinitionKey": task.key,
            "executionId": task.execution_id,
        }
        self._add("task", event_type, task.instance_id, (task.id, task.created_at), facts)

    def activities(self, passed: Iterable[Step], before: Iterable[Position], after: Iterable[Position]) -> None:
        """Lines for every element that was entered or left."""
        old = {each.execution_id: each for each in before}
        new = {each.execution_id: each for each in after}
        ended: set[str] = set()
        for step in passed:
            if step.execution_id not in old:
                self._activity("process-activity-start", step)
            self._activity("process-activity-end", step)
            ended.add(step.execution_id)
        for position in old.values():
            if position.execution_id not in new and position.execution_id not in ended:
                self._activity("process-activity-end", position)
        for position in new.values():
            if position.execution_id not in old:
                self._activity("process-activity-start", position)

    def _activity(self, event_type: str, place: Step | Position) -> None:
        facts = {
            "activityId": place.element.id,
            "activityType": place.element.kind,
            "executionId": place.execution_id,
        }
        self._add("activity", event_type, place.instance_id, (place.execution_id, self._time), facts)

    def _add(
        self, stream: str, event_type: str, instance_id: str, subject: tuple[str, str], facts: dict[str, Any]
    ) -> None:
        object_id, started_at = subject
        row = AuditRow(
            id=str(uuid4()),
            stream=stream,
            event_type=event_type,
            time=self._time,
            user=self._user,
            instance_id=instance_id,
            object_id=object_id,
            started_at=started_at,
            facts=facts,
        )
        self._work.put(row)
