"""How cases come to their end: confirmed, closed or cancelled, by whom and in which system.

Signoff answers one task alone, the requester's own: with what its requester said in Aprimo.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.commands import Command, CompleteTask, SendMessage
from pipeline.flows import case_parts
from pipeline.flows.case_parts import CANCELLED, CLOSED, CONFIRMS, OPEN, REOPENED
from pipeline.flows.shared import endings, notes, progress, reviews, told, writing
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, text
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish, ours
from pipeline.plan import Agreed, LinkChanges, Notice, Plan, ReviewRow, ignore
from pipeline.words import EndedBy, ReviewState, Urgency

SUBMITTED = "submitted"
"""Agreed: whether a process was begun for it that has not ended."""
_MESSAGE, _EVENT, _MARKER = "close", "close_case", "signoffClosed"
"""The message that ends a case wherever it stands, the event that waits for it, and our mark that we sent it."""
_CLOSED_HERE, _CANCELLED_HERE = "Closed in Aprimo.", "Cancelled in Aprimo: the work on the case was ended."


def answered(case: Case, row: ReviewRow, answer: str) -> Plan:
    """The requester confirmed or reopened it in Aprimo: that is the answer of the task that waits for it."""
    outcomes = case.words.outcomes
    outcome = next((raw for raw, meaning in outcomes.items() if meaning == answer), answer)
    follow_ups, remarked = notes.remarked(case)
    state = CLOSED if answer == CONFIRMS else REOPENED
    message = "Confirmed in Aprimo." if state == CLOSED else "Reopened in Aprimo: it goes to the triage again."
    draft = Draft(
        first=(CompleteTask(task_id=row.task_id, outcome=outcome, expects={"assignee": row.assignee}),),
        shown={"message": message},
        state=state,
        expects=expected_state(case),
        changes=LinkChanges(agreed={**ours(case, {STATE: state}), **remarked}),
        follow_ups=(*follow_ups, *endings.look_at_process(case)),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def closed_here(case: Case) -> Plan:
    """Somebody closed it in Aprimo, although nobody has resolved it."""
    return _over(case, CLOSED, _CLOSED_HERE, _close(case))


def cancelled_here(case: Case) -> Plan:
    """Somebody took it back in Aprimo."""
    return _over(case, CANCELLED, _CANCELLED_HERE, progress.end_commands(case, "Cancelled in Aprimo"))


def review_done(case: Case) -> Plan | None:
    """The review that opened the case is open no more: so is the case. None where people have ended it meanwhile."""
    why = text(case.event.data.get("what"))
    message = f"Closed by itself: {why}"
    if case.live is not None and (not case.is_process_over or is_closed_by_us(case)):
        return _over(case, CLOSED, message, _close(case), resolution=why)
    if case.is_process_over:
        return None
    if case.item is None or case.state != OPEN:
        return ignore("no_live_process")
    changes = LinkChanges(state=CLOSED, agreed=ours(case, {SUBMITTED: False}))
    shown = {"message": message, "resolution": why}
    return finish(case, Draft(shown=shown, state=CLOSED, expects=expected_state(case), changes=changes))


def is_closed_by_us(case: Case) -> bool:
    """Whether the process was read, and is over because we sent it the message."""
    return case.is_process_over and case.process is not None and _MARKER in case.process.variables


def ended(case: Case) -> Plan:
    """The process has ended by itself or by others: confirmed, closed without a word, or cancelled."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    is_clear = bool(process.delete_reason) or case_parts.is_confirmed(case.rows, case.words) or is_closed_by_us(case)
    if not is_clear and endings.is_just_over(case):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    state = CANCELLED if process.delete_reason else CLOSED
    message, code = _end(case, why=process.delete_reason)
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=state, state=state)
    notices = (Notice(code=code, text=message, person=case_parts.person(case)),) if code else ()
    draft = Draft(
        shown={
            **case_parts.shown(case, rows, revision=live.revision, state=state),
            "owner": "",
            "decided_on": instant(process.ended_at),
            "message": message,
        },
        state=state,
        expects=expected_state(case),
        changes=replace(
            changes, agreed=ours(case, {SUBMITTED: False}), notices=(*notices, *told.outcomes_unknown(case))
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _over(case: Case, state: str, message: str, commands: tuple[Command, ...], *, resolution: str = "") -> Plan:
    """We end the process, if one lives, for what was done in Aprimo or because there is nothing left to do."""
    revision = case.live.revision if case.live else case.link.revision
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    changes = progress.over(case, rows, by=EndedBy.US, outcome=state, state=state)
    draft = Draft(
        first=commands,
        shown={
            **case_parts.shown(case, rows, revision=revision, state=state),
            **({"resolution": resolution} if resolution else {}),
            "owner": "",
            "decided_on": instant(case.now),
            "message": message,
        },
        state=state,
        expects=expected_state(case),
        changes=replace(
            changes,
            agreed={**_said(case, state), **ours(case, {SUBMITTED: False})},
            revision=revision if revision != case.link.revision else None,
        ),
        follow_ups=endings.hear_last_words(case),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _said(case: Case, state: str) -> dict[str, Agreed]:
    """Who put it there: a person in Aprimo, else we."""
    return writing.agreed_state(case) if case.state == state else ours(case, {STATE: state})


def _close(case: Case) -> tuple[Command, ...]:
    """The message that ends the process wherever it stands."""
    live = case.live
    if live is None or live.instance_id is None or case.is_process_over:
        return ()
    return (SendMessage(instance_id=live.instance_id, activity_id=_EVENT, message=_MESSAGE, marker=_MARKER),)


def _end(case: Case, *, why: str) -> tuple[str, str]:
    """What the message field says of the end, and the code of the notice to the requester, "" for none."""
    if why:
        return f"Cancelled in OpenText ({why}). Nothing was resolved.", "cancelled_in_opentext"
    if case_parts.is_confirmed(case.rows, case.words):
        row = reviews.latest(case.rows).get(case_parts.CONFIRM)
        return f"Closed: confirmed{f' by {row.by}' if row and row.by else ''}.", ""
    if is_closed_by_us(case):
        return _CLOSED_HERE if case.state == CLOSED else "Closed: nothing was left to do.", ""
    return "Closed in OpenText without the requester's word.", "closed_unconfirmed"
