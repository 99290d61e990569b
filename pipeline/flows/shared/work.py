"""Work in steps: where it stands, how much of it is done, who has it, and whether it is late.

The roles of the tenant's file are the steps, in its order. The step whose task is open tells where the work stands:
what comes before it is done, what comes after it is still to be done, even if it was done once and sent back. Between
two steps nothing is said anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from pipeline.flows.shared import escalation, reviews
from pipeline.flows.shared.values import instant
from pipeline.flows.tenant import FlowWords, Stakeholder
from pipeline.plan import ProcessRead, ReviewRow, Wake
from pipeline.words import Decision, JsonValue, ReviewState, WakeReason

DONE, ALMOST = 100, 99
"""Percent: of work that is over, and the most that is said of work that is not."""
LATE, IN_TIME = "yes", "no"
NOBODY_WORKS: Mapping[str, JsonValue] = {"step": "", "step_owner": "", "next_due": "", "late": IN_TIME}
"""What is shown of the current step once there is none any more."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the work of one revision stands.

    rows: as they are shown, with what is to be done again as if it had not begun. waiting: those whose turn it is.
    deadline: when all is to be done, if anybody said so.
    """

    step: Stakeholder
    rows: tuple[ReviewRow, ...]
    waiting: tuple[ReviewRow, ...]
    percent: int
    deadline: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether the step, or all of it, should have been done by now."""
        dues = [row.due_at for row in self.waiting]
        return any(due is not None and due <= now for due in (*dues, self.deadline))


def stand(
    rows: Sequence[ReviewRow],
    words: FlowWords,
    dues: Mapping[str, datetime],
    *,
    deadline: datetime | None = None,
) -> Standing | None:
    """Where the work stands; None between two steps. dues: when coming steps are due, by their keys."""
    order = {word.key: place for place, word in enumerate(words.stakeholders)}
    known = (row for row in rows if row.state is not ReviewState.WITHDRAWN and _key(row) in order)
    counted = reviews.latest(known)
    waiting = _waiting(counted, words)
    if not waiting:
        return None
    now = order[_key(waiting[0])]
    sent_back = _last_ended(counted.values())
    shown = [row if order[_key(row)] <= now or row is sent_back else _coming(row, dues) for row in counted.values()]
    return Standing(
        step=words.stakeholders[now],
        rows=tuple(shown),
        waiting=waiting,
        percent=_percent(counted.values(), words, now),
        deadline=deadline,
    )


def has_begun(rows: Sequence[ReviewRow], each: str, words: FlowWords) -> bool:
    """Whether a step that is repeated over a list has begun, or has been passed, so that it gets no further part."""
    repeated = [word for word in words.stakeholders if word.each == each]
    standing = stand(rows, words, {})
    if standing is None:
        return any(row.task_id for row in rows if _key(row) in {word.key for word in repeated})
    place = words.stakeholders.index
    return place(standing.step) >= min(place(word) for word in repeated)


def is_done(rows: Sequence[ReviewRow], process: ProcessRead, words: FlowWords) -> bool:
    """Whether an ended process has done all of it: each step that it names, and the last one approved with evidence.

    A step that was done once and sent back counts as done here: only what follows it can approve.
    """
    kept = [row for row in rows if row.state is not ReviewState.WITHDRAWN]
    done = {row.stakeholder for row in kept if row.state is ReviewState.DECIDED and row.evidence}
    last = reviews.latest(kept).get(words.stakeholders[-1].key)
    is_approved = last is not None and last.decision is Decision.APPROVED and bool(last.evidence)
    return is_approved and reviews.required_keys(kept, process, words) <= done


def with_parts(rows: Sequence[ReviewRow], expected: Sequence[ReviewRow]) -> tuple[ReviewRow, ...]:
    """The rows for the steps that are expected now: what has not begun is withdrawn, asked for again, or added."""
    wanted = {row.stakeholder for row in expected}
    known = {row.stakeholder for row in rows}
    kept = [row if row.task_id else _asked(row, is_wanted=row.stakeholder in wanted) for row in rows]
    return (*kept, *(row for row in expected if row.stakeholder not in known))


def shown(standing: Standing, words: FlowWords, *, now: datetime) -> dict[str, JsonValue]:
    """Percent done, current step and its owner, next due date, late flag."""
    parts = [part for row in standing.waiting if (part := reviews.part_of(row.stakeholder))]
    dues = [row.due_at for row in standing.waiting if row.due_at]
    owners = dict.fromkeys(_owner(row, words) for row in standing.waiting)
    return {
        "percent": standing.percent,
        "step": f"{standing.step.title} {', '.join(parts)}".strip(),
        "step_owner": "; ".join(owners),
        "next_due": instant(min(dues)) if dues else "",
        "late": LATE if standing.is_late(now) else IN_TIME,
    }


def wake(standing: Standing, *, now: datetime, grace: timedelta = escalation.GRACE) -> Wake:
    """When the timetable looks again: once something becomes late, or at once where a lead must still be told."""
    dues = [row.due_at for row in standing.waiting if row.due_at and (row.due_at > now or row.escalated_at is None)]
    if standing.deadline and standing.deadline > now:
        dues.append(standing.deadline)
    return Wake(at=min(dues) + grace, reason=WakeReason.REVIEW_DUE) if dues else Wake(at=None)


def _waiting(counted: Mapping[str, ReviewRow], words: FlowWords) -> tuple[ReviewRow, ...]:
    """The open tasks of the earliest step that has any; before any task is there, the first step's."""
    is_begun = any(row.task_id for row in counted.values())
    rows = [row for row in counted.values() if row.state is ReviewState.OPEN and bool(row.task_id) is is_begun]
    for word in words.stakeholders:
        mine = [row for row in rows if _key(row) == word.key]
        if mine:
            return tuple(sorted(mine, key=lambda row: row.stakeholder))
    return ()


def _percent(rows: Iterable[ReviewRow], words: FlowWords, now: int) -> int:
    """The share of the time that the steps take; of the current one those parts count that are done."""
    states = [(_key(row), row.state) for row in rows]
    done = whole = Fraction(0)
    for place, word in enumerate(words.stakeholders):
        mine = [state for key, state in states if key == word.key]
        if not mine:
            continue
        is_done = sum(state is not ReviewState.OPEN for state in mine)
        share = Fraction(is_done, len(mine)) if place == now else Fraction(place < now)
        whole += Fraction(word.due_in.total_seconds())
        done += Fraction(word.due_in.total_seconds()) * share
    return min(ALMOST, int(DONE * done / whole))


def _last_ended(rows: Iterable[ReviewRow]) -> ReviewRow | None:
    """What was decided last: sent back, it stays to be read until its step is open again."""
    ended = [row for row in rows if row.state is ReviewState.DECIDED and row.at]
    return max(ended, key=lambda row: (row.at, row.task_id), default=None)


def _coming(row: ReviewRow, dues: Mapping[str, datetime]) -> ReviewRow:
    due = dues.get(_key(row), row.due_at)
    return ReviewRow(revision=row.revision, stakeholder=row.stakeholder, state=ReviewState.OPEN, due_at=due)


def _asked(row: ReviewRow, *, is_wanted: bool) -> ReviewRow:
    state = ReviewState.OPEN if is_wanted else ReviewState.WITHDRAWN
    return row if row.state is state else replace(row, state=state)


def _owner(row: ReviewRow, words: FlowWords) -> str:
    """Who has the task, else the group that may take it."""
    word = reviews.word_of(row.stakeholder, words)
    group = word.group.replace("{part}", reviews.part_of(row.stakeholder)) if word else ""
    return row.assignee or group


def _key(row: ReviewRow) -> str:
    return row.stakeholder.partition(":")[0]
