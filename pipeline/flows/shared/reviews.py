"""Reviews: from the tasks of a process, as its history shows them, to our rows and to the decision.

A decision is made of evidence only: a review row per expected stakeholder, read from OpenText's history. What is
missing, contradictory or unknown to the tenant's words is `unknown`, and never read as an approval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.flows.tenant import FlowWords, Stakeholder
from pipeline.keys import seen_hash
from pipeline.plan import ProcessRead, ProcessRow, ReviewRow, TaskRead
from pipeline.words import Decision, JsonValue, ReviewState

_EARLIEST = datetime.min.replace(tzinfo=UTC)


def part_of(stakeholder: str) -> str:
    """The part of a repeated review, e.g. `DACH` of `regional:DACH`; "" for one that is not repeated."""
    return stakeholder.partition(":")[2]


def word_of(stakeholder: str, words: FlowWords) -> Stakeholder | None:
    """What the tenant says of a review's role."""
    key = stakeholder.partition(":")[0]
    return next((each for each in words.stakeholders if each.key == key), None)


def title_of(stakeholder: str, words: FlowWords) -> str:
    """How people read a review's role, e.g. `Regional DACH`."""
    word = word_of(stakeholder, words)
    return f"{word.title if word else stakeholder} {part_of(stakeholder) if word else ''}".strip()


def opening(
    words: FlowWords, parts: Mapping[str, JsonValue], *, revision: int, now: datetime
) -> tuple[ReviewRow, ...]:
    """The reviews a new revision must have, before their tasks exist. parts: list field -> its items."""
    return tuple(
        ReviewRow(revision=revision, stakeholder=stakeholder, state=ReviewState.OPEN, due_at=now + each.due_in)
        for each in words.stakeholders
        if not each.is_later
        for stakeholder in _keys(each, parts)
    )


def required_keys(rows: Iterable[ReviewRow], process: ProcessRead, words: FlowWords) -> frozenset[str]:
    """Whose approval it takes: whoever was to review from the start, and whatever the process's variables name."""
    asked = [each for each in words.stakeholders if not each.is_later]
    parts = {each.each: process.variables.get(words.fields[each.each].variable) for each in asked if each.each}
    named = {key for each in asked for key in _keys(each, parts)}
    return frozenset({row.stakeholder for row in from_the_start(rows, words)} | named)


def from_the_start(rows: Iterable[ReviewRow], words: FlowWords) -> tuple[ReviewRow, ...]:
    """The rows of the roles that every revision asks; without those that a process comes to only sometimes."""
    later = {each.key for each in words.stakeholders if each.is_later}
    return tuple(row for row in rows if row.stakeholder.partition(":")[0] not in later)


def read_rows(
    process: ProcessRead, row: ProcessRow, known: Sequence[ReviewRow], words: FlowWords
) -> tuple[ReviewRow, ...]:
    """All rows of a revision: those we knew, with the process's tasks as they were just read.

    A review that waited for its task gives way to the row that has one.
    """
    rows = {(each.stakeholder, each.task_id): each for each in known}
    for task in process.tasks:
        stakeholder = _stakeholder(task, words)
        if stakeholder:
            before = rows.get((stakeholder, task.task_id))
            rows[stakeholder, task.task_id] = _row(task, stakeholder, row, before, words)
    led = _led(process.tasks, words)
    with_task = {stakeholder for stakeholder, task_id in rows if task_id}
    return tuple(_with_lead(each, led) for each in rows.values() if each.task_id or each.stakeholder not in with_task)


def latest(rows: Iterable[ReviewRow]) -> dict[str, ReviewRow]:
    """Per stakeholder the review that counts: the one that was opened last."""
    ordered = sorted(rows, key=lambda each: each.opened_at or _EARLIEST)
    return {each.stakeholder: each for each in ordered}


def decide(rows: Iterable[ReviewRow], required: frozenset[str]) -> Decision:
    """What an ended process decided.

    Approved only if every required stakeholder has an approved review with evidence, and no review says otherwise.
    """
    counted = latest(rows)
    decided = sorted(
        (row for row in counted.values() if row.state is ReviewState.DECIDED), key=lambda row: row.at or _EARLIEST
    )
    if any(row.decision not in _KNOWN or not row.evidence for row in decided):
        return Decision.UNKNOWN
    others = [row.decision for row in decided if row.decision is not Decision.APPROVED]
    if others:
        return others[0] or Decision.UNKNOWN
    approving = {row.stakeholder for row in decided}
    is_approved = bool(required) and required <= approving
    return Decision.APPROVED if is_approved else Decision.UNKNOWN


def against(rows: Iterable[ReviewRow]) -> ReviewRow | None:
    """The first review that did not approve, if any."""
    ordered = sorted(latest(rows).values(), key=lambda row: row.at or _EARLIEST)
    return next((row for row in ordered if row.decision not in {None, Decision.APPROVED}), None)


def changed(rows: Iterable[ReviewRow], before: Iterable[ReviewRow]) -> tuple[ReviewRow, ...]:
    """The rows that are new or differ from what was stored."""
    known = set(before)
    return tuple(row for row in rows if row not in known)


def closed(rows: Iterable[ReviewRow], state: ReviewState) -> tuple[ReviewRow, ...]:
    """The rows with every open one moved to a state."""
    return tuple(replace(row, state=state) if row.state is ReviewState.OPEN else row for row in rows)


def with_decided(known: Sequence[ReviewRow], read: Iterable[ReviewRow]) -> tuple[ReviewRow, ...]:
    """The rows we knew, where a review turns out to be decided with its decision."""
    decided = {row.stakeholder: row for row in latest(read).values() if row.state is ReviewState.DECIDED}
    return tuple(decided.get(row.stakeholder, row) for row in known)


def next_due(rows: Iterable[ReviewRow], *, grace: timedelta) -> datetime | None:
    """When to look again: a little after the earliest due time of an open review that was not escalated."""
    rows = list(rows)
    # Once tasks are there, a row without one has nobody who could be late.
    counted = [row for row in rows if row.task_id] or rows
    dues = [
        row.due_at for row in counted if row.state is ReviewState.OPEN and row.due_at and row.escalated_at is None
    ]
    return min(dues) + grace if dues else None


def seen(process: ProcessRead) -> str:
    """What the list poll compares with, of a process that was just read; mapped variables are ours, so none count."""
    return seen_hash(
        open_tasks=[
            (task.task_id, task.assignee, task.due_at.isoformat() if task.due_at else "", task.priority)
            for task in process.tasks
            if task.ended_at is None
        ],
        comment_ids=[comment.origin_id for comment in process.comments],
        variables={},
    )


_KNOWN: frozenset[Decision | None] = frozenset(Decision) - {Decision.UNKNOWN}


def _keys(word: Stakeholder, parts: Mapping[str, JsonValue]) -> list[str]:
    if not word.each:
        return [word.key]
    items = parts.get(word.each)
    return [f"{word.key}:{part}" for part in dict.fromkeys(items if isinstance(items, list) else []) if part]


def _stakeholder(task: TaskRead, words: FlowWords) -> str:
    word = next((each for each in words.stakeholders if each.task == task.definition_key), None)
    if word is None:
        return ""
    return f"{word.key}:{task.category}" if word.each else word.key


def _row(
    task: TaskRead, stakeholder: str, process: ProcessRow, before: ReviewRow | None, words: FlowWords
) -> ReviewRow:
    state = _state(task)
    is_decided = state is ReviewState.DECIDED
    return ReviewRow(
        revision=process.revision,
        stakeholder=stakeholder,
        state=state,
        task_id=task.task_id,
        opened_at=task.opened_at,
        assignee=task.assignee,
        due_at=task.due_at,
        escalated_at=before.escalated_at if before else None,
        decision=_decision(task.outcome, words) if is_decided else None,
        outcome_raw=(task.outcome or "") if is_decided else "",
        by=task.assignee if is_decided else "",
        at=task.ended_at,
        comment=task.comment,
        item_version=process.item_version,
        evidence=f"historic-task-instances/{task.task_id}" if is_decided else "",
    )


def _state(task: TaskRead) -> ReviewState:
    if task.ended_at is None:
        return ReviewState.OPEN
    return ReviewState.NOT_NEEDED if task.delete_reason else ReviewState.DECIDED


def _decision(outcome: str | None, words: FlowWords) -> Decision | None:
    """What an answer decides: nothing where it is the answer of a step of work, unknown where the file names none."""
    meaning = words.outcomes.get(outcome or "", Decision.UNKNOWN)
    return Decision(meaning) if meaning in set(Decision) else None


def _led(tasks: Iterable[TaskRead], words: FlowWords) -> dict[str, datetime]:
    """Per stakeholder since when its lead has an escalation task: leads' tasks are no reviews."""
    by_task = {each.lead_task: each for each in words.stakeholders if each.lead_task}
    led: dict[str, datetime] = {}
    for task in tasks:
        word = by_task.get(task.definition_key)
        if word and task.opened_at:
            led.setdefault(f"{word.key}:{task.category}" if word.each else word.key, task.opened_at)
    return led


def _with_lead(row: ReviewRow, led: Mapping[str, datetime]) -> ReviewRow:
    since = led.get(row.stakeholder)
    if since is None or row.escalated_at is not None or (row.opened_at and since < row.opened_at):
        return row
    return replace(row, escalated_at=since)
