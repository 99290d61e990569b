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
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import (
    approving,
    endings,
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
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.shared.writing import (
    Draft,
    expected_state,
    finish,
    ours,
)
from pipeline.flows.tenant import FieldWord, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import is_notes
from pipeline.plan import (
    Link,
    Notice,
    Plan,
    Snapshots,
    Want,
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
_STATE_OF: Mapping[Decision, str] = {
    Decision.APPROVED: "in_production",
    Decision.REJECTED: "rejected",
    Decision.CHANGES_REQUESTED: "changes_requested",
    Decision.CANCELLED: "cancelled",
}
"""Where a decision takes the item. An unknown one takes it nowhere."""
AGREES = (
    Agreement(states=frozenset({_SUBMITTED}), stand=Stand.LIVE, is_mutual=True, carries=True),
    Agreement(states=frozenset({_STATE_OF[Decision.APPROVED]}), stand=Stand.APPROVED),
)
"""What must be true of both systems at rest: submitted means a live process; in production, one that approved."""


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
        return approving.taken_back(case)
    if case.live is None:
        return _without_process(case)
    return _in_approval(case)


def _without_process(case: Case) -> Plan:
    """No process lives: what is submitted begins one, if that is news."""
    if case.state == _SUBMITTED and starting.is_new(case):
        return approving.begin(case, revision=starting.next_revision(case.link))
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
        return approving.begin(case, revision=live.revision) if is_same else _edited(case, ())
    if facts.is_restart_asked(case.event) and case.state == _SUBMITTED and not case.is_process_over:
        return endings.restart(case)
    edited = midway.material(case)
    return _edited(case, edited) if edited else _goes_on(case)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins, but for a process that is over."""
    return approving.goes_on(case, notices, decided=_decided)


def _decided(case: Case) -> Plan:
    """The decision is written, and an approved brief's project begins."""
    return approving.decided(case, _STATE_OF, approved=_start_project(case))


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


# ---- parts of plans ----------------------------------------------------------------------------------------------


def _start_project(case: Case) -> tuple[Command, ...]:
    """The brief's project begins where one is named; a name that is no id was told at the start."""
    named = text(case.value("project")).strip()
    if case.live is None or not named.isdecimal():
        return ()
    return (ProjectVerb(verb="start", project_id=int(named), revision=case.live.revision),)
