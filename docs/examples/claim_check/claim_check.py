"""Claim checks: what an activity claims is submitted in Aprimo, checked by legal in OpenText, and answered in Aprimo.

Read `plan` first: it names every situation in the order in which they are told apart. What is edited while it is
checked is checked anew; no fault, default or timeout approves anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline import ownership
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import approving, endings, leaving, looking, notes, starting, submission
from pipeline.flows.shared.case import Case
from pipeline.flows.tenant import FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import is_notes
from pipeline.plan import Link, Notice, Plan, ProcessRow, Snapshots, Want
from pipeline.words import Decision, ProcessState, Side

NAME = "claim_check"
STARTS = "A claim's state becomes submitted."
STATES = ("draft", "submitted", "withdrawn", "approved", "rejected", "cancelled")
FIELDS = ("name", "claim", "matrix", "decision", "message")
ALSO: Mapping[str, tuple[str, ...]] = {}
ANSWERS: frozenset[str] = frozenset()
AGREES = (
    Agreement(states=frozenset({"submitted"}), stand=Stand.LIVE, is_mutual=True, carries=True),
    Agreement(states=frozenset({"approved"}), stand=Stand.APPROVED),
)

STATE_OF: Mapping[Decision, str] = {
    Decision.APPROVED: "approved",
    Decision.REJECTED: "rejected",
    Decision.CANCELLED: "cancelled",
}
"""Where a decision takes the item. An unknown one takes it nowhere."""


def read_terms(root: Table) -> None:
    """Nothing: a claim check has no tables of its own."""
    del root


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """What to read for an event; nothing for a remark, which carries its own meaning."""
    del snapshots
    return () if is_notes(event.line_key) else looking.wants(event, link, words)


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a claim."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if looking.is_provisional(link):
        return looking.place(event, looking.process_in(snapshots), words)
    case = looking.gather(event, snapshots, link, words)
    return endings.without_reading(case) or _by_state(case)


def _by_state(case: Case) -> Plan:
    """Where the item stands, as far as it was read, says which situation this is."""
    if case.item is None:
        return _goes_on(case)
    owner = ownership.state_owner(case.words, case.state)
    if owner is None:
        return leaving.state_unknown(case, _goes_on)
    if owner is Side.APRIMO and case.state != "submitted":
        return approving.taken_back(case)
    if case.live is not None:
        return _in_check(case, case.live, submission.submitted_as(case.words, case.item.values))
    if case.state == "submitted" and starting.is_new(case):
        return approving.begin(case, revision=starting.next_revision(case.link))
    return _goes_on(case)


def _in_check(case: Case, live: ProcessRow, submitted_as: str) -> Plan:
    """A process lives: an edit ends it for a new one, its start is finished, or it goes on."""
    is_asked = facts.is_restart_asked(case.event) and not case.is_process_over
    if is_asked or live.item_version != submitted_as:
        return endings.restart(case)
    if live.state is ProcessState.STARTING:
        # Its start may have taken effect: the same start again is looked up, or known to be done, never doubled.
        return approving.begin(case, revision=live.revision)
    return _goes_on(case)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins, but for a process that is over: then its decision is written."""
    return approving.goes_on(case, notices, decided=lambda over: approving.decided(over, STATE_OF))
