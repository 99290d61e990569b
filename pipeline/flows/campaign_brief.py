"""Flow 1, campaign briefs: submitted in Aprimo, reviewed in OpenText, every review and the decision shown in Aprimo.

Read `plan` first: it names every situation in the order in which they are told apart. What is decided is decided from
what was read; no fault, default or timeout approves anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline import ownership
from pipeline.commands import Command, ProjectVerb
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import (
    endings,
    escalation,
    leaving,
    looking,
    messages,
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
from pipeline.flows.shared.writing import (
    Draft,
    expected_content,
    expected_state,
    finish,
    ours,
)
from pipeline.flows.tenant import FieldWord, FlowWords
from pipeline.flows.toml_table import Table
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
)
from pipeline.words import Decision, EndedBy, ProcessState, ReviewState, Side, Urgency

NAME = "campaign_brief"
STARTS = "A brief's state becomes submitted."
STATES = ("draft", "submitted", "withdrawn", "in_production", "rejected", "changes_requested", "cancelled")
"""The state words that the tenant's file must give."""
FIELDS = ("name", "matrix", "decision", "message")
"""The fields that it must give; the others of the ownership table are carried and shown where it names them."""
ALSO: Mapping[str, tuple[str, ...]] = {}
ANSWERS: frozenset[str] = frozenset()

_SUBMITTED = "submitted"
_IN_APPROVAL = "in approval"
_STATE_OF: Mapping[Decision, str] = {
    Decision.APPROVED: "in_production",
    Decision.REJECTED: "rejected",
    Decision.CHANGES_REQUESTED: "changes_requested",
    Decision.CANCELLED: "cancelled",
}
"""Where a decision takes the item. An unknown one takes it nowhere."""


def read_terms(root: Table) -> None:
    """Nothing: a brief has no tables of its own."""
    del root


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """What to read for an event; nothing for a remark, which carries its own meaning."""
    del snapshots
    return () if is_notes(event.line_key) else looking.wants(event, link, words)


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a brief."""
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
    return _in_approval(case)


def _without_process(case: Case) -> Plan:
    """No process lives: what is submitted begins one, if that is news."""
    if case.state == _SUBMITTED and starting.is_new(case):
        return _start(case, starting.next_revision(case.link))
    return _goes_on(case)


def _in_approval(case: Case) -> Plan:
    """A process lives: its start is finished, an edit ends it, or it goes on.

    An edit counts wherever somebody has put the item by hand: nothing is approved that the reviewers have not seen.
    """
    values, live = (case.item.values if case.item else {}), case.live
    if live is not None and live.state is ProcessState.STARTING:
        # Its start may have taken effect, and nothing of its plan is settled: the same start again is looked up or
        # known to be done, never doubled; what comes after it is planned anew.
        is_same = live.item_version == submission.submitted_as(case.words, values)
        return _start(case, live.revision) if is_same else _edited(case, ())
    if facts.is_restart_asked(case.event) and case.state == _SUBMITTED and not case.is_process_over:
        return endings.restart(case)
    edited = midway.material(case)
    return _edited(case, edited) if edited else _goes_on(case)


def _start(case: Case, revision: int) -> Plan:
    """A new revision: its process is started, and the item says that it is in approval."""
    item, words = case.item, case.words
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values)
    if refused is not None:
        return refused
    command = starting.start(case.event, case.link, words, item, revision=revision, now=case.now)
    rows = reviews.opening(words, submission.lists(words, item.values), revision=revision, now=case.now)
    follow_ups, remarked = notes.remarked(case)
    process = starting.begun(command, item_version=submission.submitted_as(words, item.values))
    changes = LinkChanges(
        state="in_approval",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **writing.agreed_state(case),
            **ours(case, {"submitted": True, "submitted_as": process.item_version, **writing.submitted_wire(case)}),
            **remarked,
        },
        processes=(process,),
        reviews=rows,
        wake=escalation.wake(rows),
    )
    shown = {
        **showing.shown(case, rows, revision=revision, phase=_IN_APPROVAL),
        "case": case.link.business_key,
        "decision": "",
        "decided_on": "",
        "message": messages.in_approval(revision),
    }
    follow_ups = (*follow_ups, *endings.look_at_process(case))
    return finish(case, Draft(first=(command,), shown=shown, changes=changes, follow_ups=follow_ups))


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: reviews come in, edits that do not matter travel, hand edits are put right."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return _decided(case)
    if case.live is None:
        return finish(case, Draft(expects=expected_state(case)))
    escalated = escalation.Escalated(commands=(), rows=case.rows)
    if case.process is not None and not case.is_process_over:
        escalated = escalation.escalate(case.process, case.rows, case.words, now=case.now)
    carried = midway.immaterial(case)
    follow_ups, remarked = notes.remarked(case)
    state = looking.DECISION_WAITS if case.is_process_over else "in_approval"
    changes = progress.going_on(case, escalated.rows, state=state)
    draft = Draft(
        first=(*midway.set_variables(case, carried), *escalated.commands),
        shown=showing.shown(case, escalated.rows, revision=case.live.revision, phase=_IN_APPROVAL),
        expects=expected_state(case),
        changes=replace(
            changes,
            agreed={**writing.agreed_fields(case, carried), **remarked},
            notices=(*notices, *told.outcomes_unknown(case)),
        ),
        follow_ups=follow_ups,
        quiet="unknown_state" if notices else _quiet(case),
    )
    return finish(case, draft)


def _decided(case: Case) -> Plan:
    """The process has ended by itself or by others: the decision, with its evidence, is written."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = reviews.required_keys(case.rows, process, case.words)
    if endings.is_history_late(case, required):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    decision = Decision.CANCELLED if process.delete_reason else reviews.decide(case.rows, required)
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    message = messages.decided(decision, live.revision, rows, case.words, why=process.delete_reason)
    state = _STATE_OF.get(decision, "")
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision)
    shown = {
        **showing.shown(case, rows, revision=live.revision, phase=decision.replace("_", " ")),
        "decision": decision.value,
        "decided_on": instant(process.ended_at),
        "message": message,
    }
    is_approved = decision is Decision.APPROVED
    draft = Draft(
        shown=shown,
        state=state,
        last=_start_project(case, live) if is_approved else (),
        expects={**expected_state(case), **(expected_content(case) if is_approved else {})},
        changes=replace(
            changes,
            agreed=ours(case, {"submitted": False}) if state else {},
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _edited(case: Case, edited: Sequence[FieldWord]) -> Plan:
    """A material field was changed in approval: the process ends, and the brief goes back to draft."""
    what = submission.names(edited) or "the brief"
    revision = case.live.revision if case.live else case.link.revision
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    message = messages.edited(revision, what)
    changes = progress.over(case, rows, by=EndedBy.US, outcome="edited", state="draft")
    draft = Draft(
        first=progress.end_commands(case, f"Edited in Aprimo: {what}"),
        shown={
            **showing.shown(case, rows, revision=revision, phase="edited"),
            "decision": "",
            "message": message,
        },
        state="draft",
        expects=expected_state(case),
        changes=replace(
            changes,
            revision=revision if revision != case.link.revision else None,
            agreed=ours(case, {"submitted": False}),
            notices=(told.edited(case, message),),
        ),
        follow_ups=endings.hear_last_words(case),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _left(case: Case) -> Plan:
    """The brief is a draft, or withdrawn: a live process ends, nothing is decided."""
    return leaving.left(
        case,
        lambda rows, revision: {
            **showing.shown(case, rows, revision=revision, phase="withdrawn"),
            "decision": "",
            "message": messages.withdrawn(revision),
        },
    )


# ---- parts of plans ----------------------------------------------------------------------------------------------


def _start_project(case: Case, live: ProcessRow) -> tuple[Command, ...]:
    """The brief's project begins where one is named; a name that is no id was told at the start."""
    named = text(case.value("project")).strip()
    if not named.isdecimal():
        return ()
    return (ProjectVerb(verb="start", project_id=int(named), revision=live.revision),)


def _quiet(case: Case) -> str:
    return "not_yet" if case.event.type == facts.DUE else "unchanged"
