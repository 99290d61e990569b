"""Escalation: a review past its due time gets a message to its lead, once; the review stays open.

Timers cannot be moved through the API, so the model waits for a message and we read the due date before we send it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.commands import SendMessage
from pipeline.flows.shared import reviews
from pipeline.flows.tenant import FlowWords
from pipeline.plan import ProcessRead, ReviewRow, Wake
from pipeline.words import JsonValue, ReviewState, WakeReason

MESSAGE = "escalate"
GRACE = timedelta(seconds=1)
"""How much later than a due time we look, so that it has passed on every clock."""


@dataclass(frozen=True, kw_only=True)
class Escalated:
    """The messages to send, and the rows as they are once those are sent."""

    commands: tuple[SendMessage, ...]
    rows: tuple[ReviewRow, ...]


def escalate(process: ProcessRead, rows: Sequence[ReviewRow], words: FlowWords, *, now: datetime) -> Escalated:
    """Who is told that a review is overdue. A message whose marker stands in the process is not sent again."""
    commands = []
    after = []
    for row in rows:
        if not _is_overdue(row, now):
            after.append(row)
            continue
        after.append(replace(row, escalated_at=now))
        message = _message(process, row, words)
        if message and message.marker not in process.variables:
            commands.append(message)
    return Escalated(commands=tuple(commands), rows=tuple(after))


def wake(rows: Sequence[ReviewRow]) -> Wake:
    """When the timetable looks again; never, when nothing is open and unescalated."""
    at = reviews.next_due(rows, grace=GRACE)
    return Wake(at=at, reason=WakeReason.REVIEW_DUE if at else None)


def _is_overdue(row: ReviewRow, now: datetime) -> bool:
    is_waiting = row.state is ReviewState.OPEN and row.escalated_at is None and bool(row.task_id)
    return is_waiting and row.due_at is not None and row.due_at <= now


def _message(process: ProcessRead, row: ReviewRow, words: FlowWords) -> SendMessage | None:
    word = reviews.word_of(row.stakeholder, words)
    if word is None or not word.escalation:
        return None
    part = reviews.part_of(row.stakeholder)
    variables: dict[str, JsonValue] = {word.part_variable: part} if part and word.part_variable else {}
    return SendMessage(
        instance_id=process.instance_id,
        activity_id=word.escalation,
        message=MESSAGE,
        marker=f"signoffEscalated_{row.task_id}",
        variables=variables,
    )
