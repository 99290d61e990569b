"""Flow 3, production of content: requested in Aprimo, worked on step by step in OpenText, every step shown in Aprimo.

Read `plan` first: it names every situation in the order in which they are told apart. The tenant's roles are the
steps, in the order of its file; the last one approves. Nothing is produced by default, fault or timeout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline import ownership
from pipeline.events import Event
from pipeline.flows import facts, production_parts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.production_parts import Terms
from pipeline.flows.shared import (
    assets,
    endings,
    escalation,
    leaving,
    looking,
    notes,
    progress,
    rescheduling,
    reviews,
    schedule,
    showing,
    starting,
    submission,
    told,
    work,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.writing import Draft, expected_content, expected_state, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.keys import is_notes
from pipeline.plan import (
    Link,
    LinkChanges,
    Notice,
    Plan,
    ProcessRow,
    Snapshots,
    Want,
    ignore,
    refuse,
)
from pipeline.words import Decision, EndedBy, ProcessState, ReviewState, Side, Urgency

NAME = "content_production"
STARTS = "A content request's state becomes submitted."
STATES = ("draft", "submitted", "withdrawn", "produced", "cancelled")
"""The state words that the tenant's file must give."""
FIELDS = ("name", "wanted", "matrix", "percent", "step", "step_owner", "next_due", "late", "assets", "message")
"""The fields that it must give; the others of the ownership table are carried and shown where it names them."""
ALSO: Mapping[str, tuple[str, ...]] = {}
ANSWERS = frozenset({"done", "back_to_design", "back_to_copy"})
"""What a step may answer beside a decision."""
AGREES = (
    Agreement(
        states=frozenset({"submitted"}),
        stand=Stand.LIVE,
        is_mutual=True,
        carries=True,
    ),
    Agreement(states=frozenset({"produced"}), stand=Stand.APPROVED, outcomes=frozenset({"produced"})),
)
"""What must be true of both systems at rest: no request without a live process, and Aprimo shows where it stands."""

_SUBMITTED = "submitted"
_PHASES: Mapping[Decision, str] = {Decision.APPROVED: "produced"}
_STATE_OF: Mapping[Decision, str] = {Decision.APPROVED: "produced", Decision.CANCELLED: "cancelled"}
"""Where an ended process takes the item. One whose end is not clear takes it nowhere."""


read_terms = production_parts.read_terms


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """What to read for an event; with an item whose dates or lists have changed also the process they concern."""
    if is_notes(event.line_key):
        return ()
    wanted = looking.wants(event, link, words)
    item = looking.item_in(snapshots, link.business_key) if link else None
    if link is None or item is None or item.is_absent:
        return wanted
    is_scheduled = any(
        rescheduling.is_scheduling(each, words) for each in submission.changes(words, item.values, link)
    )
    return tuple(dict.fromkeys((*wanted, *(looking.process_wants(event, link, words) if is_scheduled else ()))))


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a request."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if looking.is_provisional(link):
        return looking.place(event, looking.process_in(snapshots), words)
    case = looking.gather(event, snapshots, link, words)
    return endings.without_reading(case) or _by_state(case)


# ---- situations --------------------------------------------------------------------------------------------------


def _by_state(case: Case) -> Plan:
    """Where the item stands, as far as it was read, says which situation this is."""
    if case.item is None:
        return _goes_on(case)
    owner = ownership.state_owner(case.words, case.state)
    if owner is None:
        return leaving.state_unknown(case, _goes_on)
    if owner is Side.APRIMO and case.state != _SUBMITTED:
        return _left(case)
    if case.live is None:
        return _without_process(case)
    return _in_production(case, case.live)


def _without_process(case: Case) -> Plan:
    """No process lives: what is submitted begins one, if that is news."""
    if case.state == _SUBMITTED and starting.is_new(case):
        return _start(case, starting.next_revision(case.link))
    return _goes_on(case)


def _in_production(case: Case, live: ProcessRow) -> Plan:
    """A process lives: its start is finished, another one takes its place, or it goes on."""
    values = case.item.values if case.item else {}
    if live.state is ProcessState.STARTING:
        # As for a brief: the same start again is looked up or known to be done, never doubled.
        is_same = live.item_version == submission.submitted_as(case.words, values)
        return _start(case, live.revision) if is_same else endings.restart(case)
    is_asked = facts.is_restart_asked(case.event) and case.state == _SUBMITTED and not case.is_process_over
    return endings.restart(case) if is_asked or rescheduling.is_another(case) else _goes_on(case)


def _start(case: Case, revision: int) -> Plan:
    """A new revision: its process is started with every due time, and the item says that it is in production."""
    item, words, terms = case.item, case.words, case.words.terms_of(Terms)
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values)
    if refused is not None:
        return refused
    lists = submission.lists(words, item.values)
    dues = schedule.backwards(item.values.get(rescheduling.WANTED), words, lists, terms.calendar)
    if dues is None:
        return refuse("value_malformed", f"Not of its type: {rescheduling.WANTED}.")
    due_variables = schedule.variables(words, dues)
    command = starting.start(
        case.event,
        case.link,
        words,
        item,
        revision=revision,
        now=case.now,
        variables={terms.assets_variable: [], **due_variables},
    )
    rows = schedule.with_dues(reviews.opening(words, lists, revision=revision, now=case.now), dues)
    follow_ups, remarked = notes.remarked(case)
    process = starting.begun(command, item_version=submission.submitted_as(words, item.values))
    standing = work.stand(rows, words, dues, deadline=production_parts.deadline(case))
    changes = LinkChanges(
        state="in_production",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **writing.agreed_start(case),
            **ours(case, {_SUBMITTED: True, **rescheduling.requested(case), **schedule.agreed(dues)}),
            **remarked,
        },
        processes=(process,),
        reviews=rows,
        wake=work.wake(standing, now=case.now) if standing else None,
    )
    shown = {
        **production_parts.shown(case, rows, dues, revision=revision),
        "case": case.link.business_key,
        "assets": "",
        "produced_on": "",
        "message": f"In production, revision {revision}",
    }
    follow_ups = (*follow_ups, *endings.look_at_process(case))
    return finish(case, Draft(first=(command,), shown=shown, changes=changes, follow_ups=follow_ups))


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: steps come in, dates move, edits travel, hand edits are put right."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return _ended(case)
    if case.live is None:
        return finish(case, Draft(expects=expected_state(case)))
    edited = rescheduling.edited(case, case.words.terms_of(Terms).calendar)
    escalated = escalation.Escalated(commands=(), rows=edited.rows)
    if case.process is not None and not case.is_process_over:
        escalated = escalation.escalate(case.process, edited.rows, case.words, now=case.now)
    follow_ups, remarked = notes.remarked(case)
    state = looking.DECISION_WAITS if case.is_process_over else "in_production"
    changes = progress.going_on(case, escalated.rows, state=state)
    standing = work.stand(escalated.rows, case.words, edited.dues, deadline=production_parts.deadline(case))
    if standing is not None:
        wake = work.wake(standing, now=case.now)
        changes = replace(changes, wake=wake if wake.at != case.link.wake_at else None)
    draft = Draft(
        first=(*edited.commands, *escalated.commands),
        shown=production_parts.shown(case, escalated.rows, edited.dues, revision=case.live.revision),
        expects=expected_state(case),
        changes=replace(
            changes,
            agreed={**edited.agreed, **remarked},
            notices=(*notices, *edited.notices, *told.outcomes_unknown(case)),
        ),
        follow_ups=follow_ups,
        quiet="unknown_state" if notices else _quiet(case),
    )
    return finish(case, draft)


def _ended(case: Case) -> Plan:
    """The process has ended by itself or by others: produced, with evidence and links; cancelled; or not clear."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    is_produced = not process.delete_reason and work.is_done(case.rows, process, case.words)
    if not is_produced and endings.is_just_over(case):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    unclear = Decision.CANCELLED if process.delete_reason else Decision.UNKNOWN
    decision = Decision.APPROVED if is_produced else unclear
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    phase, state = _PHASES.get(decision, decision.value), _STATE_OF.get(decision, "")
    made = production_parts.made(case) if is_produced else assets.Named(links=(), unclear=())
    message = production_parts.end_message(decision, live.revision, made, why=process.delete_reason)
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=phase, state=phase)
    draft = Draft(
        shown={
            **showing.shown(case, rows, revision=live.revision, phase=phase),
            **work.NOBODY_WORKS,
            **(production_parts.produced(process.ended_at, made) if is_produced else {}),
            "message": message,
        },
        state=state,
        expects={**expected_state(case), **(expected_content(case) if is_produced else {})},
        changes=replace(
            changes,
            agreed=ours(case, {_SUBMITTED: False}) if state else {},
            notices=(
                *told.decided(case, decision, message),
                *told.outcomes_unknown(case),
                *(told.assets_unclear(case, made) if is_produced else ()),
            ),
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _left(case: Case) -> Plan:
    """The request is a draft, or withdrawn: a live process ends, nothing is produced."""
    return leaving.left(
        case,
        lambda rows, revision: {
            **showing.shown(case, rows, revision=revision, phase="withdrawn"),
            **work.NOBODY_WORKS,
            "message": f"Withdrawn, the production of revision {revision} was ended",
        },
    )


def _quiet(case: Case) -> str:
    return "not_yet" if case.event.type == facts.DUE else "unchanged"
