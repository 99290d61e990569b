"""The approval matrix: who decided what, when, on which revision, as one text that is always rendered whole.

A line per review, then one line per earlier revision. Times are UTC, to the minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.flows.shared import reviews
from pipeline.flows.shared.values import minute
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Link, ReviewRow
from pipeline.words import JsonValue, ReviewState

_BETWEEN = " · "
_COMMENT_MAX = 200
"""The matrix shows a comment's beginning; the comments' own field holds it whole."""
_STATES: Mapping[ReviewState, str] = {
    ReviewState.OPEN: "waiting",
    ReviewState.NOT_NEEDED: "not needed",
    ReviewState.WITHDRAWN: "withdrawn",
}


def render(link: Link, words: FlowWords, rows: Sequence[ReviewRow], *, revision: int, phase: str) -> str:
    """The whole text. rows: those of the revision; phase: where it stands, e.g. `in approval`."""
    counted = reviews.latest(rows)
    return "\n".join(
        [
            _BETWEEN.join([f"Revision {revision}", phase, "times in UTC"]),
            *(_line(counted[key], words) for key in _in_order(counted, words)),
            *_earlier(link, words, before=revision),
        ]
    )


def states(words: FlowWords, rows: Sequence[ReviewRow]) -> dict[str, JsonValue]:
    """Per stakeholder's own field the word for where its review stands."""
    counted = reviews.latest(rows)
    return {
        word.state_field: _standing(counted[word.key], words)
        for word in words.stakeholders
        if word.state_field and word.key in counted
    }


def open_tasks(words: FlowWords, rows: Sequence[ReviewRow]) -> str:
    """Who is holding it: a line per open task with its assignee, or the group that has not taken it yet."""
    waiting = {row.stakeholder: row for row in rows if row.state is ReviewState.OPEN and row.task_id}
    return "\n".join(_held(waiting[key], words) for key in _in_order(waiting, words))


def decision(row: ReviewRow, words: FlowWords) -> str:
    """The decision, or what the answer of a step of work means; never more than the file says."""
    word = (row.decision or words.outcomes.get(row.outcome_raw, "unknown")).replace("_", " ")
    return f'{word} ("{_short(row.outcome_raw)}")' if word == "unknown" else word


def _held(row: ReviewRow, words: FlowWords) -> str:
    word = reviews.word_of(row.stakeholder, words)
    group = word.group.replace("{part}", reviews.part_of(row.stakeholder)) if word else ""
    cells = [reviews.title_of(row.stakeholder, words), row.assignee or f"{group}, nobody yet"]
    cells += [f"due {minute(row.due_at)}"] if row.due_at else []
    return _BETWEEN.join(cells)


def _in_order(keys: Iterable[str], words: FlowWords) -> list[str]:
    """The tenant's order of roles, parts by name."""
    order = {word.key: place for place, word in enumerate(words.stakeholders)}
    return sorted(keys, key=lambda key: (order.get(key.partition(":")[0], len(order)), key))


def _line(row: ReviewRow, words: FlowWords) -> str:
    cells = [reviews.title_of(row.stakeholder, words), _standing(row, words)]
    if row.state is ReviewState.OPEN:
        cells += [f"due {minute(row.due_at)}"] if row.due_at else []
    elif row.state is ReviewState.DECIDED:
        cells += [cell for cell in (row.by, minute(row.at) if row.at else "", _short(row.comment)) if cell]
    return _BETWEEN.join(cells)


def _standing(row: ReviewRow, words: FlowWords) -> str:
    if row.state is ReviewState.DECIDED:
        return decision(row, words)
    if row.state is ReviewState.OPEN and row.escalated_at:
        word = reviews.word_of(row.stakeholder, words)
        return f"overdue, escalated to {word.lead}" if word else "overdue"
    return _STATES[row.state]


def _earlier(link: Link, words: FlowWords, *, before: int) -> list[str]:
    past = [row for row in reversed(link.processes) if row.revision < before]
    return [_earlier_line(link, words, row.revision, row.outcome) for row in past]


def _earlier_line(link: Link, words: FlowWords, revision: int, outcome: str) -> str:
    rows = [row for row in link.reviews if row.revision == revision]
    against = reviews.against(rows)
    ended = [row.at for row in rows if row.at]
    cells = [f"Revision {revision}", (outcome or "ended").replace("_", " ")]
    cells += [reviews.title_of(against.stakeholder, words)] if against else []
    cells += [minute(max(ended))] if ended else []
    return _BETWEEN.join(cells)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _COMMENT_MAX else flat[: _COMMENT_MAX - 1] + "…"
