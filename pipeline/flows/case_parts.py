"""Flow 7's own words: where a case stands, what Aprimo shows of it, and what its requester is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pipeline.flows.case_terms import Terms
from pipeline.flows.shared import notes, reviews, showing, told
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.notes import Remark
from pipeline.flows.shared.values import text
from pipeline.flows.shared.writing import STATE, agreed_state
from pipeline.flows.tenant import FlowWords
from pipeline.keys import digest
from pipeline.people import label
from pipeline.plan import Agreed, Notice, ReviewRow
from pipeline.words import JsonValue, ReviewState

TRIAGE, RESOLUTION, CONFIRM = "triage", "resolution", "confirm"
"""The model's steps beside the responsible groups, which are the other roles of the file."""
OPEN, IN_PROGRESS, RESOLVED, REOPENED, CLOSED, CANCELLED, ON_HOLD = (
    "open",
    "in_progress",
    "resolved",
    "reopened",
    "closed",
    "cancelled",
    "on_hold",
)
CONFIRMS, REOPENS = "confirmed", "reopened"
"""What the requester answers."""
URGENCY = "urgency"
"""Agreed: the priority of the tasks as a number, as we last set or read it."""
ASKER = "asker"
"""Agreed: who opened the case in OpenText, where nobody in Aprimo is known to be that person."""


# ---- where a case stands -------------------------------------------------------------------------------------------


def status(rows: Sequence[ReviewRow]) -> str:
    """Our word for where the open tasks say that a case stands; "" between two of them.

    Once tasks are there, a row without one is of a task that the process did not open.
    """
    counted = [row for row in rows if row.task_id] or rows
    waiting = {row.stakeholder for row in counted if row.state is ReviewState.OPEN}
    if CONFIRM in waiting:
        return RESOLVED
    if waiting - {TRIAGE}:
        return IN_PROGRESS
    if TRIAGE in waiting:
        was_resolved = any(row.stakeholder == CONFIRM and row.at for row in rows)
        return REOPENED if was_resolved else OPEN
    return ""


def confirmation(case: Case) -> ReviewRow | None:
    """The task in which the requester confirms or reopens, while it is open."""
    waiting = (row for row in case.rows if row.stakeholder == CONFIRM and row.state is ReviewState.OPEN)
    return next((row for row in waiting if row.task_id), None)


def is_confirmed(rows: Sequence[ReviewRow], words: FlowWords) -> bool:
    """Whether the last word on the case, read from OpenText's history, is that it is done."""
    last = reviews.latest(rows).get(CONFIRM)
    return last is not None and bool(last.evidence) and words.outcomes.get(last.outcome_raw) == CONFIRMS


def is_held(case: Case) -> bool:
    """Whether somebody holds it in Aprimo, as far as we know."""
    return (case.state or text(case.link.agreed_value(STATE))) == ON_HOLD


def news(case: Case, rows: Sequence[ReviewRow]) -> str:
    """Where the tasks say that it stands, where that is news; "" to leave it, as while it stands where no word is."""
    is_nameless = case.item is not None and not case.state
    if case.process is None or case.is_process_over or is_held(case) or is_nameless:
        return ""
    now = status(rows)
    return "" if now == case.link.agreed_value(STATE) else now


def waiting_groups(groups: Sequence[str], words: FlowWords) -> tuple[str, ...]:
    """Whose tasks a case begins with: the responsible groups, in the file's order, else the triage."""
    named = tuple(word.key for word in words.stakeholders if word.key in groups)
    return named or (TRIAGE,)


def opening(asked: Sequence[str], words: FlowWords, *, revision: int, now: datetime) -> tuple[ReviewRow, ...]:
    """The tasks that a case begins with, before they are read."""
    return tuple(
        ReviewRow(revision=revision, stakeholder=word.key, state=ReviewState.OPEN, due_at=now + word.due_in)
        for word in words.stakeholders
        if word.key in asked
    )


# ---- what people see and are told ----------------------------------------------------------------------------------


MESSAGES: Mapping[str, str] = {
    OPEN: "Open: the triage names who is responsible.",
    IN_PROGRESS: "In progress.",
    RESOLVED: "Resolved: close it to confirm, or reopen it.",
    REOPENED: "Reopened: the triage names who is responsible.",
}
"""What a status tells the requester."""


def shown(case: Case, rows: Sequence[ReviewRow], *, revision: int, state: str) -> dict[str, JsonValue]:
    """Who does what, the comments, and what was done in the words of whoever resolved it, once there are any."""
    note = text(case.process.variables.get("resolutionNote")) if case.process else ""
    resolution: dict[str, JsonValue] = {"resolution": note} if note.strip() else {}
    return {**showing.shown(case, rows, revision=revision, phase=state.replace("_", " ")), **resolution}


def remarks(case: Case) -> tuple[tuple[Remark, ...], dict[str, Agreed]]:
    """What those who work on it are to hear from Aprimo since: what was typed, and that somebody holds it or not."""
    typed, agreed = notes.typed(case)
    before = case.link.agreed_value(STATE)
    if case.item is None or ON_HOLD not in {case.state, before} or case.state in {before, ""}:
        return typed, agreed
    said = "On hold" if case.state == ON_HOLD else "No longer on hold"
    origin_id = digest([said, case.event.id])
    held = agreed_state(case) if case.state == ON_HOLD else {}
    return (*typed, Remark(origin_id=origin_id, author=label(case.value("editor")), text=said)), {**agreed, **held}


def told_resolved(case: Case, state: str) -> tuple[Notice, ...]:
    """To the requester: it is their turn."""
    if state != RESOLVED:
        return ()
    return (Notice(code="resolved", text=MESSAGES[RESOLVED], person=person(case)),)


def person(case: Case) -> str:
    """Who asked for it: the requester in Aprimo, else whoever opened it in OpenText; "" for nobody."""
    return told.requester(case) or text(case.link.agreed_value(ASKER))


def unknown_kind(case: Case, value: JsonValue) -> tuple[Notice, ...]:
    """To the operators: a kind that the file does not name; its cases go to the triage."""
    if case.words.terms_of(Terms).kind_of(value) is not None:
        return ()
    what = f"The case is of the kind {text(value)!r}, which the flow's file does not name: the triage decides."
    return (Notice(code="unknown_kind", text=what),)
