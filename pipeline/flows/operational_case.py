"""Flow 7, operational cases: opened in Aprimo, in OpenText or by a late review, worked on in OpenText, shown in both.

Read `plan` first: it names every situation in the order in which they are told apart. A case stands in both systems
with one status: OpenText's tasks say it, and its requester closes, cancels, reopens or holds it in Aprimo as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline import ownership
from pipeline.commands import Command, CompleteTask, SendMessage
from pipeline.events import Event
from pipeline.flows import case_births, case_moves, case_parts, facts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.case_parts import (
    CANCELLED,
    CLOSED,
    CONFIRMS,
    IN_PROGRESS,
    ON_HOLD,
    OPEN,
    REOPENED,
    REOPENS,
    RESOLVED,
    Terms,
)
from pipeline.flows.shared import (
    endings,
    escalation,
    looking,
    midway,
    notes,
    progress,
    reviews,
    showing,
    starting,
    submission,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, text
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish, ours
from pipeline.flows.tenant import FieldWord, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import is_notes
from pipeline.plan import Link, LinkChanges, Notice, Plan, ReviewRow, Snapshots, Wake, Want, ignore
from pipeline.words import EndedBy, JsonValue, ProcessState, ReviewState, Urgency

NAME = "operational_case"
STARTS = "A case's state becomes open, a case is started in OpenText, or a review of another flow is late for long."
STATES = (OPEN, IN_PROGRESS, RESOLVED, REOPENED, CLOSED, CANCELLED, ON_HOLD)
"""The state words that the tenant's file must give."""
FIELDS = ("name", "kind", "about", "priority", "case", "owner", "resolution", "matrix", "message")
"""The fields that it must give; the others of the ownership table are carried and shown where it names them."""
ALSO: Mapping[str, tuple[str, ...]] = {}
ANSWERS = frozenset({"done", "resolved", CONFIRMS, REOPENS})
"""What a step may answer beside a decision."""
AGREES = (
    Agreement(
        states=frozenset({OPEN, IN_PROGRESS, RESOLVED, REOPENED, ON_HOLD}),
        stand=Stand.LIVE,
        is_mutual=True,
        equal={"resolution": "resolutionNote"},
    ),
)
"""What must be true of both systems at rest: each open case has a live process, each live process an open case."""

_SUBMITTED = "submitted"
_BEGINS = frozenset({OPEN, REOPENED})
_CLOSE, _CLOSES_AT, _CLOSED_MARKER = "close", "close_case", "signoffClosed"
"""The message that ends a case wherever it stands, the event that waits for it, and our mark that we sent it."""


def read_terms(root: Table) -> Terms:
    """Kinds, priorities, and which late reviews become cases."""
    return case_parts.read_terms(root)


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """What to read for an event; with an object on which status, priority or owner were typed also its tasks."""
    if is_notes(event.line_key):
        return ()
    wanted = looking.wants(event, link, words)
    if link is None:
        return wanted
    is_typed = case_moves.is_typed(looking.item_in(snapshots, link.item_key), link, words)
    tasks = looking.process_wants(event, link, words) if is_typed or event.type == facts.REVIEW_DONE else ()
    return tuple(dict.fromkeys((*wanted, *tasks)))


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a case."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if looking.is_provisional(link) and not link.processes:
        process = looking.process_in(snapshots)
        if not looking.stays(process, words):
            return looking.place(event, process, words)
        link = looking.begun_there(snapshots, link, words)
    case = looking.gather(event, snapshots, link, words)
    if event.type == facts.REVIEW_LATE:
        return case_births.open_late(case)
    return endings.without_reading(case) or _by_state(case)


# ---- situations --------------------------------------------------------------------------------------------------


def _by_state(case: Case) -> Plan:
    """Where the object stands, as far as there is one and it was read, says which situation this is."""
    if looking.is_provisional(case.link) and not case.link.item:
        return case_births.adopt(case)
    if case.event.type == facts.REVIEW_DONE:
        return _review_done(case)
    if case.item is None:
        return _goes_on(case)
    home = case_births.home(case)
    if home is not None:
        return case_births.goes_home(case, home)
    if ownership.state_owner(case.words, case.state) is None:
        return _state_unknown(case)
    return _without_process(case) if case.live is None else _with_process(case)


def _without_process(case: Case) -> Plan:
    """No process lives: a case that is open, or open again, begins one, if that is news."""
    if case.state in _BEGINS and starting.is_new(case):
        return _start(case, starting.next_revision(case.link))
    agreed = {} if case.link.agreed_value(STATE) == case.state else writing.agreed_state(case)
    is_known = case.link.agreed_value(STATE) is not None
    return finish(case, Draft(expects=expected_state(case), changes=LinkChanges(agreed=agreed if is_known else {})))


def _with_process(case: Case) -> Plan:
    """A process lives: its start is finished, what its requester did in Aprimo is carried, or it goes on."""
    live = case.live
    if live is not None and live.state is ProcessState.STARTING and case.state in _BEGINS:
        return _start(case, live.revision)
    if case.is_process_over or case.state == case.link.agreed_value(STATE):
        is_asked = facts.is_restart_asked(case.event) and not case.is_process_over
        return endings.restart(case) if is_asked else _goes_on(case)
    return _said_in_aprimo(case)


def _said_in_aprimo(case: Case) -> Plan:
    """Its requester changed the status: that ends the work, answers what waits for it, or is put right."""
    confirmation = case_parts.confirmation(case)
    match case.state:
        case case_parts.CANCELLED:
            message = "Cancelled in Aprimo: the work on the case was ended."
            return _over(case, CANCELLED, message, progress.end_commands(case, "Cancelled in Aprimo"))
        case case_parts.CLOSED if confirmation:
            return _answered(case, confirmation, CONFIRMS)
        case case_parts.CLOSED:
            return _over(case, CLOSED, "Closed in Aprimo.", _close(case))
        case case_parts.REOPENED | case_parts.OPEN if confirmation:
            return _answered(case, confirmation, REOPENS)
        case _:
            return _goes_on(case)


def _start(case: Case, revision: int) -> Plan:
    """A new revision: its process is started for the groups that its kind names, else for the triage."""
    item, words, terms = case.item, case.words, case.words.terms_of(Terms)
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values)
    if refused is not None:
        return refused
    kind, level = terms.kind_of(item.values.get("kind")), terms.level_of(item.values.get("priority"))
    urgency = (level or terms.levels[terms.usual]).number
    asked = case_parts.waiting_groups(kind.groups if kind else (), words)
    command = starting.start(
        case.event,
        case.link,
        words,
        item,
        revision=revision,
        now=case.now,
        variables={
            "caseKind": kind.title if kind else text(item.values.get("kind")),
            case_moves.VARIABLE: urgency,
            "responsible": " ".join(key for key in asked if key != case_parts.TRIAGE),
            "resolutionNote": "",
        },
    )
    rows = _opening(asked, words, revision=revision, case=case)
    state = case_parts.status(rows) if asked != (case_parts.TRIAGE,) else case.state
    follow_ups, remarked = notes.remarked(case)
    changes = LinkChanges(
        state="open",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **writing.agreed_state(case),
            **ours(case, {_SUBMITTED: True, case_parts.URGENCY: urgency, **({STATE: state} if state else {})}),
            **remarked,
        },
        processes=(starting.begun(command, item_version=""),),
        reviews=rows,
        wake=escalation.wake(rows),
        notices=case_parts.unknown_kind(case, item.values.get("kind")),
    )
    shown = {
        **_shown(case, rows, revision=revision, state=state),
        "case": case.link.business_key,
        "priority": terms.level_at(urgency).value,
        "resolution": "",
        "decided_on": "",
        "message": _MESSAGES.get(state, ""),
    }
    follow_ups = (*follow_ups, *endings.look_at_process(case))
    draft = Draft(
        first=(command,),
        shown=shown,
        state=state,
        expects=expected_state(case),
        changes=changes,
        follow_ups=follow_ups,
    )
    return finish(case, draft)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: tasks come and go, edits travel, priority and owner move in both systems."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return _ended(case)
    if case.live is None:
        return finish(case, Draft(expects=expected_state(case)))
    moved, carried = case_moves.both_ways(case), midway.immaterial(case)
    escalated = _escalated(case, moved.rows)
    follow_ups, remarked = notes.remarked(case)
    state = _status(case, escalated.rows)
    held = writing.agreed_state(case) if case.state == ON_HOLD != case.link.agreed_value(STATE) else {}
    changes = progress.going_on(case, escalated.rows, state="open")
    changes = replace(changes, wake=Wake(at=None)) if _is_held(case) and case.link.wake_at else changes
    shown = _shown(case, escalated.rows, revision=case.live.revision, state=state or _agreed_state(case))
    draft = Draft(
        first=(
            *case_parts.set_variables(case, _variables(case, carried) | dict(moved.variables)),
            *moved.commands,
            *escalated.commands,
        ),
        shown={**shown, **moved.shown, **_resolution(case), **_message(state)},
        state=state,
        expects=expected_state(case),
        changes=replace(
            changes,
            agreed={**writing.agreed_fields(case, carried), **held, **moved.agreed, **remarked},
            notices=(*notices, *moved.notices, *told.outcomes_unknown(case), *_told_resolved(case, state)),
        ),
        follow_ups=follow_ups,
        quiet="unknown_state" if notices else _quiet(case),
    )
    return finish(case, draft)


def _answered(case: Case, row: ReviewRow, answer: str) -> Plan:
    """The requester confirmed or reopened it in Aprimo: that is the answer of the task that waits for it."""
    outcomes = case.words.outcomes
    outcome = next((raw for raw, meaning in outcomes.items() if meaning == answer), answer)
    command = CompleteTask(task_id=row.task_id, outcome=outcome, expects={"assignee": row.assignee})
    follow_ups, remarked = notes.remarked(case)
    message = "Confirmed in Aprimo." if answer == CONFIRMS else "Reopened in Aprimo: it goes to the triage again."
    state = CLOSED if answer == CONFIRMS else REOPENED
    draft = Draft(
        first=(command,),
        shown={"message": message},
        state=state,
        expects=expected_state(case),
        changes=LinkChanges(agreed={**writing.agreed_state(case), **ours(case, {STATE: state}), **remarked}),
        follow_ups=(*follow_ups, *endings.look_at_process(case)),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _review_done(case: Case) -> Plan:
    """The review that opened the case is open no more: so is the case, unless people have closed it already."""
    why = text(case.event.data.get("what"))
    if case.live is not None and not case.is_process_over:
        return _over(case, CLOSED, f"Closed by itself: {why}", _close(case), resolution=why)
    if case.is_process_over:
        return _goes_on(case)
    if case.item is None or case.state not in _BEGINS:
        return ignore("no_live_process")
    shown = {"message": f"Closed by itself: {why}", "resolution": why}
    agreed = ours(case, {_SUBMITTED: False})
    changes = LinkChanges(state=CLOSED, agreed=agreed)
    return finish(case, Draft(shown=shown, state=CLOSED, expects=expected_state(case), changes=changes))


def _state_unknown(case: Case) -> Plan:
    """The object stands in a status that the file does not name: shown what can be shown, nothing follows."""
    notice = told.state_unknown(case)
    if case.process is None:
        return ignore("unknown_state", changes=LinkChanges(notices=(notice,)))
    return _goes_on(case, (notice,))


def _ended(case: Case) -> Plan:
    """The process has ended by itself or by others: confirmed, closed without a word, or cancelled."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    is_confirmed = not process.delete_reason and case_parts.is_confirmed(case.rows, case.words)
    if not is_confirmed and endings.is_just_over(case):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    state = CANCELLED if process.delete_reason else CLOSED
    code = "" if is_confirmed else "cancelled_in_opentext" if process.delete_reason else "closed_unconfirmed"
    message = _end_message(case, is_confirmed=is_confirmed, why=process.delete_reason)
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=state, state=state)
    notices = (Notice(code=code, text=message, person=case_parts.person(case)),) if code else ()
    draft = Draft(
        shown={
            **_shown(case, rows, revision=live.revision, state=state),
            **_resolution(case),
            "decided_on": instant(process.ended_at),
            "message": message,
        },
        state=state,
        expects=expected_state(case),
        changes=replace(
            changes, agreed=ours(case, {_SUBMITTED: False}), notices=(*notices, *told.outcomes_unknown(case))
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _over(case: Case, state: str, message: str, commands: tuple[Command, ...], *, resolution: str = "") -> Plan:
    """We end the process, because of what was done in Aprimo or because there is nothing left to do."""
    if case.live is None:
        return ignore("no_live_process")
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    changes = progress.over(case, rows, by=EndedBy.US, outcome=state, state=state)
    agreed = {} if case.item is None else writing.agreed_state(case)
    draft = Draft(
        first=commands,
        shown={
            **_shown(case, rows, revision=case.live.revision, state=state),
            **({"resolution": resolution} if resolution else _resolution(case)),
            "decided_on": instant(case.now),
            "message": message,
        },
        state=state,
        expects=expected_state(case),
        changes=replace(changes, agreed={**agreed, **ours(case, {_SUBMITTED: False, STATE: state})}),
        follow_ups=endings.hear_last_words(case),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


# ---- parts of plans ----------------------------------------------------------------------------------------------


def _opening(asked: Sequence[str], words: FlowWords, *, revision: int, case: Case) -> tuple[ReviewRow, ...]:
    """The tasks that a case begins with, before they are read."""
    return tuple(
        ReviewRow(revision=revision, stakeholder=word.key, state=ReviewState.OPEN, due_at=case.now + word.due_in)
        for word in words.stakeholders
        if word.key in asked
    )


def _escalated(case: Case, rows: tuple[ReviewRow, ...]) -> escalation.Escalated:
    """Who is told that a task is overdue; nobody while the case is on hold."""
    if case.process is None or case.is_process_over or _is_held(case):
        return escalation.Escalated(commands=(), rows=rows)
    return escalation.escalate(case.process, rows, case.words, now=case.now)


def _close(case: Case) -> tuple[Command, ...]:
    """The message that ends the process wherever it stands."""
    live = case.live
    if live is None or live.instance_id is None or case.is_process_over:
        return ()
    return (SendMessage(instance_id=live.instance_id, activity_id=_CLOSES_AT, message=_CLOSE, marker=_CLOSED_MARKER),)


def _agreed_state(case: Case) -> str:
    return text(case.link.agreed_value(STATE))


def _is_held(case: Case) -> bool:
    return (case.state or _agreed_state(case)) == ON_HOLD


def _status(case: Case, rows: Sequence[ReviewRow]) -> str:
    """Where the tasks say that it stands, where that is news and nobody holds it; "" to leave it."""
    if case.process is None or case.is_process_over or _is_held(case):
        return ""
    now = case_parts.status(rows)
    return "" if now == _agreed_state(case) else now


def _variables(case: Case, fields: Sequence[FieldWord]) -> dict[str, JsonValue]:
    """What edits in Aprimo change in the process; besides, where people find a case that began there."""
    values = case.item.values if case.item else {}
    variables = submission.variables(fields, values, case.words)
    if any(word.name == "kind" for word in fields):
        kind = case.words.terms_of(Terms).kind_of(values.get("kind"))
        variables["caseKind"] = kind.title if kind else text(values.get("kind"))
    address = starting.address(case.link, case.words)
    is_unknown_there = case.process is not None and not text(case.process.variables.get("aprimoLink"))
    return variables | ({"aprimoLink": address} if is_unknown_there and address else {})


def _shown(case: Case, rows: Sequence[ReviewRow], *, revision: int, state: str) -> dict[str, JsonValue]:
    return showing.shown(case, rows, revision=revision, phase=state.replace("_", " "))


def _resolution(case: Case) -> dict[str, JsonValue]:
    """What was done, in the words of whoever resolved it."""
    note = text(case.process.variables.get("resolutionNote")) if case.process else ""
    return {"resolution": note} if note.strip() else {}


_MESSAGES: Mapping[str, str] = {
    OPEN: "Open: the triage names who is responsible.",
    IN_PROGRESS: "In progress.",
    RESOLVED: "Resolved: close it to confirm, or reopen it.",
    REOPENED: "Reopened: the triage names who is responsible.",
}
"""What a status tells the requester."""


def _message(state: str) -> dict[str, JsonValue]:
    return {"message": _MESSAGES[state]} if state in _MESSAGES else {}


def _told_resolved(case: Case, state: str) -> tuple[Notice, ...]:
    """To the requester: it is their turn."""
    if state != RESOLVED:
        return ()
    return (Notice(code="resolved", text=_MESSAGES[RESOLVED], person=case_parts.person(case)),)


def _end_message(case: Case, *, is_confirmed: bool, why: str) -> str:
    """What the message field tells the requester of the end."""
    if why:
        return f"Cancelled in OpenText ({why}). Nothing was resolved."
    if is_confirmed:
        row = reviews.latest(case.rows).get(case_parts.CONFIRM)
        by = f" by {row.by}" if row and row.by else ""
        return f"Closed: confirmed{by}."
    return "Closed in OpenText without the requester's word."


def _quiet(case: Case) -> str:
    return "not_yet" if case.event.type == facts.DUE else "unchanged"
