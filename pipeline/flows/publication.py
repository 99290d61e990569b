"""Flow 6, publication: a content package is approved in OpenText, and its records are released in the DAM.

The package and its process decide what is to be done; how its approval goes on is said in `publication_approval`, how
it is released after that in `publication_release`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline import ownership
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows import publication_approval as approval
from pipeline.flows import publication_release as release
from pipeline.flows import publication_start as start
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.publication_parts import APPROVED, IN_APPROVAL, PACKAGE, SUBMITTED, is_final_open
from pipeline.flows.shared import endings, leaving, looking, midway, notes, packages, starting, submission
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.packages import Package
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.keys import is_notes, kind_of
from pipeline.plan import Link, Plan, Snapshots, Want, ignore
from pipeline.words import EndedBy, JsonValue, ProcessState, Side

NAME = "publication"
STARTS = "A package's state becomes submitted, or a person starts a package's process in OpenText."
STATES = (
    "draft",
    "submitted",
    "in_approval",
    "approved",
    "released",
    "rejected",
    "changes_requested",
    "withheld",
    "taken_back",
    "withdrawn",
    "cancelled",
)
FIELDS = ("name", "records", "channels", "release_on", "guard", "matrix", "message")
ALSO: Mapping[str, tuple[str, ...]] = {"asset": ("approved_version", "release_state")}
ANSWERS: frozenset[str] = frozenset()
AGREES = (
    Agreement(states=frozenset({SUBMITTED, IN_APPROVAL}), stand=Stand.LIVE, is_mutual=True, carries=True),
    Agreement(states=frozenset({"approved", "released"}), stand=Stand.APPROVED),
)
"""Nothing is released that has no approval; what is approved is released once its date has come."""

read_terms = packages.read_terms


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The package or its process; its records where it is to be approved or released."""
    if is_notes(event.line_key) or kind_of(event.subject) == RECORD:
        return ()
    if link is not None and release.is_release(event):
        return release.wants(event, link, words)
    known = link or Link(id=None, flow=words.flow, business_key=event.subject)
    is_begun_there = looking.begun_there(snapshots, known, words) is not known
    wanted = [
        *looking.wants(event, link, words),
        *(looking.item_wanted(event, link, words) if is_begun_there else ()),
    ]
    item = looking.item_in(snapshots, event.subject)
    process = looking.process_in(snapshots)
    rows: JsonValue = None
    stands = {item.values.get("state"), known.agreed_value(STATE)} if item is not None else set()
    if item is not None and (is_begun_there or stands & {SUBMITTED, IN_APPROVAL}):
        rows = item.values.get("records")
    elif process is not None and process.process is not None and is_final_open(process.process.tasks):
        rows = process.process.variables.get("records")
    return tuple(dict.fromkeys((*wanted, *packages.records_wanted(packages.named(packages.list_in(rows)), words))))


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a package."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if kind_of(event.subject) == RECORD:
        return ignore("not_ours")
    if looking.is_provisional(link) and not link.processes:
        read = looking.process_in(snapshots)
        if not looking.stays(read, words):
            return looking.place(event, read, words)
    if release.is_release(event):
        return release.go_on(looking.gather(event, snapshots, link, words))
    known = looking.begun_there(snapshots, link, words)
    case = looking.gather(event, snapshots, known, words)
    return endings.without_reading(case) or _by_state(case, is_begun_there=known is not link)


# ---- situations --------------------------------------------------------------------------------------------------


def _by_state(case: Case, *, is_begun_there: bool) -> Plan:
    """Where the package stands, as far as it was read, says which situation this is."""
    if release.is_under_way(case):
        return release.looked_at(case)
    if is_begun_there and case.item is not None and case.live is not None:
        return start.taken_on(case, case.live)
    if case.item is None:
        return approval.goes_on(case)
    owner = ownership.state_owner(case.words, case.state)
    if owner is None:
        return leaving.state_unknown(case, approval.goes_on)
    if owner is Side.APRIMO and case.state != SUBMITTED:
        return approval.left(case)
    return _without_process(case) if case.live is None else _in_approval(case)


def _without_process(case: Case) -> Plan:
    """No process lives: what is ready begins one, if that is news; a date that moved is waited for anew."""
    if _is_owed(case) or (case.state == SUBMITTED and starting.is_new(case)):
        return start.start(case, starting.next_revision(case.link))
    package = Package.from_json(case.link.agreed_value(PACKAGE))
    if package is not None and case.state == APPROVED:
        return release.dated(case, package)
    return finish(case, Draft(expects=expected_state(case)))


def _is_owed(case: Case) -> bool:
    """Whether what is in approval has no process because we ended it, or a person wants another one.

    Our plan may have ended it and gone no further; where somebody else ended it, its end is read as what it means.
    Another state of OpenText's that a hand has set meanwhile is the policy's first.
    """
    is_agreed = case.link.agreed_value(STATE) == IN_APPROVAL
    if case.event.type == facts.RESTART:
        return is_agreed or case.state == IN_APPROVAL
    ended_by = [row.ended_by for row in case.link.processes]
    return is_agreed and case.state == IN_APPROVAL and ended_by[-1:] == [EndedBy.US]


def _in_approval(case: Case) -> Plan:
    """A process lives: its start is finished, what is ready now takes its place, or it goes on."""
    live = case.live
    values = case.item.values if case.item else {}
    if live is not None and live.state is ProcessState.STARTING:
        is_same = live.item_version == submission.submitted_as(case.words, values)
        return start.start(case, live.revision) if is_same else endings.restart(case)
    if case.is_own_end:
        return endings.own_end(case)
    is_back = case.state == SUBMITTED and case.link.agreed_value(STATE) == IN_APPROVAL
    is_asked = facts.is_restart_asked(case.event) and not case.is_process_over
    return endings.restart(case) if is_back or is_asked or midway.material(case) else approval.goes_on(case)
