"""Due dates both ways: OpenText's tasks own them, and a date that somebody types in Aprimo moves every open review.

Where both moved since we last looked the tasks win, and Aprimo shows their date again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pipeline.commands import UpdateTask
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, is_empty, is_malformed, same, text
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.plan import Link, ReviewRow, Snapshot
from pipeline.words import ReviewState

DUE = "due"
"""The field that shows by when all open reviews are due."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The tasks to move, and the rows as they are once that is done."""

    commands: tuple[UpdateTask, ...]
    rows: tuple[ReviewRow, ...]


def shown(rows: Iterable[ReviewRow]) -> str:
    """When the last of the open reviews is due, as an instant; "" where none is open."""
    dues = [row.due_at for row in rows if row.state is ReviewState.OPEN and row.due_at]
    return instant(max(dues)) if dues else ""


def move(case: Case, rows: Sequence[ReviewRow]) -> Moved:
    """What a date that was typed in Aprimo since does to the open reviews: nothing, if OpenText's moved meanwhile."""
    moment = typed(case.item, case.link, case.words)
    agreed = case.link.agreed_value(DUE)
    if moment is None or is_empty(agreed) or not same(shown(rows), agreed, FieldType.DATE):
        return Moved(commands=(), rows=tuple(rows))
    commands = tuple(
        UpdateTask(
            task_id=row.task_id,
            fields={"dueDate": instant(moment)},
            expects={"dueDate": instant(row.due_at)},
        )
        for row in rows
        if _is_movable(row) and row.due_at
    )
    after = tuple(replace(row, due_at=moment) if _is_movable(row) else row for row in rows)
    return Moved(commands=commands, rows=after)


def _is_movable(row: ReviewRow) -> bool:
    return row.state is ReviewState.OPEN and bool(row.task_id) and row.due_at is not None


def typed(item: Snapshot | None, link: Link, words: FlowWords) -> datetime | None:
    """The date that stands in Aprimo, where it is another than both agreed on."""
    if item is None or DUE not in words.fields:
        return None
    value, agreed = item.values.get(DUE), link.agreed_value(DUE)
    if is_empty(value) or is_malformed(value, FieldType.DATE) or same(value, agreed, FieldType.DATE):
        return None
    moment = datetime.fromisoformat(text(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
