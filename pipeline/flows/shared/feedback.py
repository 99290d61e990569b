"""Feedback: what the reviewers want changed, collected for whoever changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline.commands import Command, SetVariables, UpdateTask
from pipeline.flows.shared import matrix, reviews
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.tenant import FlowWords
from pipeline.plan import ReviewRow, TaskRead
from pipeline.words import Decision, JsonValue, ReviewState

VARIABLE = "feedback"
"""The process variable, and the name under which is agreed what we last wrote there."""
_TOLD = "feedback_told"
"""Agreed: the task whose description we have seen to."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


def collected(rows: Iterable[ReviewRow], words: FlowWords) -> str:
    """A line per review that wants something or says something, those against first; "" while nobody is against."""
    decided = [row for row in reviews.latest(rows).values() if row.state is ReviewState.DECIDED]
    if all(row.decision is Decision.APPROVED for row in decided):
        return ""
    ordered = sorted(decided, key=lambda row: (row.decision is Decision.APPROVED, row.at or _EARLIEST))
    return "\n".join(_line(row, words) for row in ordered if _says_something(row))


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What hands the feedback on, and what is remembered of it."""

    commands: tuple[Command, ...] = ()
    agreed: Mapping[str, JsonValue] = field(default_factory=dict)


def hand_on(case: Case, rows: Iterable[ReviewRow], *, task: str, lead_in: str) -> Handed:
    """Keep what we collected in the variable, unless somebody wrote there; and say it where the task came too early.

    task: the one whose description the model makes of the variable when it opens.
    """
    process = case.process
    if process is None or case.is_process_over:
        return Handed()
    now, ours = text(process.variables.get(VARIABLE)), text(case.link.agreed_value(VARIABLE))
    told = collected(rows, case.words)
    is_kept = bool(told) and told != now and now in {"", ours}
    keep = [SetVariables(instance_id=process.instance_id, variables={VARIABLE: told})] if is_kept else []
    opened = next((each for each in process.tasks if each.definition_key == task and each.ended_at is None), None)
    tell = _tell(case, opened, told if is_kept else now, lead_in)
    return Handed(
        commands=(*keep, *tell),
        agreed={**({VARIABLE: told} if is_kept else {}), **({_TOLD: opened.task_id} if opened else {})},
    )


def _tell(case: Case, opened: TaskRead | None, told: str, lead_in: str) -> list[UpdateTask]:
    """The description of a task that we have not seen yet, where the feedback is not in it."""
    if opened is None or not told or told in opened.description or case.link.agreed_value(_TOLD) == opened.task_id:
        return []
    fields: dict[str, JsonValue] = {"description": f"{lead_in}{told}"}
    return [UpdateTask(task_id=opened.task_id, fields=fields, expects={"description": opened.description})]


def _says_something(row: ReviewRow) -> bool:
    return bool(row.comment.strip()) or row.decision is not Decision.APPROVED


def _line(row: ReviewRow, words: FlowWords) -> str:
    said = " ".join(row.comment.split())
    head = f"{reviews.title_of(row.stakeholder, words)}: {matrix.decision(row, words)}"
    return f"{head}. {said}" if said else f"{head}."
