"""Flow 7, operational cases: opened in Aprimo, in OpenText or by a late review, worked on in OpenText, shown in both.

Read `plan` first: it names every situation in the order in which they are told apart. A case stands in both systems
with one status: OpenText's tasks say it, and its requester closes, cancels, reopens or holds it in Aprimo as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline import ownership
from pipeline.events import Event
from pipeline.flows import case_births, case_endings, case_moves, case_parts, case_starts, case_terms, facts
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
)
from pipeline.flows.case_terms import Terms
from pipeline.flows.shared import (
    endings,
    escalation,
    leaving,
    looking,
    midway,
    notes,
    progress,
    starting,
    submission,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish
from pipeline.flows.tenant import FieldWord, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import is_notes
from pipeline.plan import Link, LinkChanges, Notice, Plan, ProcessRow, ReviewRow, Snapshots, Wake, Want
from pipeline.words import JsonValue, ProcessState

NAME = "operational_case"
STARTS = "A case's state becomes open, a case is started in OpenText, or a review of another flow is late for long."
STATES = (OPEN, IN_PROGRESS, RESOLVED, REOPENED, CLOSED, CANCELLED, ON_HOLD)
"""The state words that the tenant's file must give."""
FIELDS = ("name", "kind", "about", "priority", "case", "owner", "resolution", "matrix", "message")
"""The fields that it must give; the others of the ownership table are carried and shown where it names them."""
ALSO: Mapping[str, tuple[str, ...]] = {}
ANSWERS = frozenset({"done", "resolved", CONFIRMS, REOPENS})
"""What a step may answer beside a decision."""
_BEGINS, _STANDS_OPEN = frozenset({OPEN, REOPENED}), frozenset({OPEN, IN_PROGRESS, RESOLVED, REOPENED, ON_HOLD})
"""Where somebody puts a case to have it worked on; where one stands that is not over."""
_STRAYS = frozenset({ON_HOLD})
"""Where nobody can put a case that is over: only what is open can be on hold."""
AGREES = (
    Agreement(
        states=_STANDS_OPEN,
        stand=Stand.LIVE,
        is_mutual=True,
        equal={"resolution": "resolutionNote"},
        carries=True,
        strays=_STRAYS,
    ),
)
"""What must be true of both systems at rest: each open case has a live process, each live process an open case."""


def read_terms(root: Table) -> Terms:
    """Kinds, priorities, and which late reviews become cases."""
    return case_terms.read_terms(root)


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
        return case_endings.review_done(case) or _goes_on(case)
    if case.item is None:
        return _goes_on(case)
    home = case_births.home(case)
    if home is not None:
        return case_births.goes_home(case, home)
    if ownership.state_owner(case.words, case.state) is None:
        return _state_unknown(case)
    return _without_process(case) if case.live is None else _with_process(case, case.live)


def _without_process(case: Case) -> Plan:
    """No process lives: a case that is open begins one; where it is over, only a person opens it again."""
    if _begins(case) and starting.is_new(case):
        return case_starts.start(case, starting.next_revision(case.link))
    if case.link.agreed_value(STATE) in _STANDS_OPEN and case.state in {CLOSED, CANCELLED}:
        return case_endings.closed_here(case) if case.state == CLOSED else case_endings.cancelled_here(case)
    return finish(case, Draft(strays=_STRAYS, expects=expected_state(case)))


def _begins(case: Case) -> bool:
    """Whether it is to be worked on: as it is opened, or open although its process is over, by us or for a person."""
    agreed = case.link.agreed_value(STATE)
    if case.state in _BEGINS or (case.state == ON_HOLD and agreed is None):
        return True
    return case.state in _STANDS_OPEN and (case.state == agreed or case.event.type == facts.RESTART)


def _with_process(case: Case, live: ProcessRow) -> Plan:
    """A process lives: its start is finished, what its requester did in Aprimo is carried, or it goes on."""
    if live.state is ProcessState.STARTING and case.state not in {CANCELLED, CLOSED}:
        return case_starts.start_again(case, live)
    if facts.is_restart_asked(case.event) and not case.is_process_over and case.state in _STANDS_OPEN:
        return case_starts.refused(case) or endings.restart(case)
    if case.is_process_over or case.state == case.link.agreed_value(STATE):
        return _goes_on(case)
    return _said_in_aprimo(case)


def _said_in_aprimo(case: Case) -> Plan:
    """Its requester changed the status: that ends the work, answers what waits for it, or is put right."""
    confirmation = case_parts.confirmation(case)
    match case.state:
        case case_parts.CANCELLED:
            return case_endings.cancelled_here(case)
        case case_parts.CLOSED if confirmation:
            return case_endings.answered(case, confirmation, CONFIRMS)
        case case_parts.CLOSED:
            return case_endings.closed_here(case)
        case case_parts.REOPENED | case_parts.OPEN if confirmation:
            return case_endings.answered(case, confirmation, REOPENS)
        case _:
            return _goes_on(case)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: tasks come and go, edits travel, priority and owner move in both systems."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return case_endings.ended(case)
    if case.live is None:
        return finish(case, Draft(expects=expected_state(case)))
    moved, carried = case_moves.both_ways(case), midway.immaterial(case)
    escalated = _escalated(case, moved.rows)
    remarks, agreed = case_parts.remarks(case)
    state = case_parts.news(case, escalated.rows)
    now = state or text(case.link.agreed_value(STATE))
    draft = Draft(
        first=(
            *midway.set_values(case, {**_variables(case, carried), **moved.variables}),
            *moved.commands,
            *case_moves.asks_requester(case, state),
            *escalated.commands,
        ),
        shown={
            **case_parts.shown(case, escalated.rows, revision=case.live.revision, state=now),
            **moved.shown,
            **({"message": case_parts.MESSAGES[state]} if state in case_parts.MESSAGES else {}),
        },
        state=state,
        expects=expected_state(case),
        changes=replace(
            _going_on(case, escalated.rows),
            agreed={**writing.agreed_fields(case, carried), **moved.agreed, **agreed},
            notices=(*notices, *moved.notices, *told.outcomes_unknown(case), *case_parts.told_resolved(case, state)),
        ),
        follow_ups=notes.to_reviewers(case, remarks),
        quiet="unknown_state" if notices else _quiet(case),
    )
    return finish(case, draft)


def _state_unknown(case: Case) -> Plan:
    """The object stands in a status that the file does not name: where the tasks say that it stands waits for one."""
    plan = leaving.state_unknown(case, _goes_on)
    waits = looking.DECISION_WAITS if case.live is not None and case.link.state != looking.DECISION_WAITS else None
    return replace(plan, changes=replace(plan.changes, state=waits))


# ---- parts of plans ----------------------------------------------------------------------------------------------


def _escalated(case: Case, rows: tuple[ReviewRow, ...]) -> escalation.Escalated:
    """Who is told that a task is overdue; nobody while the case is on hold."""
    if case.process is None or case.is_process_over or case_parts.is_held(case):
        return escalation.Escalated(commands=(), rows=rows)
    return escalation.escalate(case.process, rows, case.words, now=case.now)


def _going_on(case: Case, rows: tuple[ReviewRow, ...]) -> LinkChanges:
    """What becomes true of the link; nothing wakes it while the case is on hold."""
    changes = progress.going_on(case, rows, state="open")
    if not case_parts.is_held(case):
        return changes
    return replace(changes, wake=Wake(at=None) if case.link.wake_at else None)


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


def _quiet(case: Case) -> str:
    return "not_yet" if case.event.type == facts.DUE else "unchanged"
