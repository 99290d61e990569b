"""Flow 2, asset reviews: a file version is reviewed in OpenText, and Aprimo shows what was decided of just that one.

Read `plan` first: it names every situation in the order in which they are told apart. A process is about one version.
A newer one ends it and begins a new revision; a decision that arrives too late is kept for the version it was given
for, and never makes the newer one read as approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline import ownership
from pipeline.events import Event
from pipeline.flows import asset_decisions, asset_parts, facts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.asset_parts import APPROVED, CHANGES, CONSOLIDATION, REVISION, SUBMITTED, AssetTerms, terms_of
from pipeline.flows.shared import (
    approval,
    checks,
    dues,
    endings,
    feedback,
    leaving,
    looking,
    messages,
    midway,
    notes,
    progress,
    reviews,
    starting,
    submission,
    timely,
    told,
    versions,
    writing,
)
from pipeline.flows.shared.case import Case, row_of
from pipeline.flows.shared.values import text
from pipeline.flows.shared.versions import Version
from pipeline.flows.shared.writing import STATE, Draft, expected_state, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.keys import is_notes, split_aprimo_key
from pipeline.plan import (
    Agreed,
    FollowUp,
    Link,
    LinkChanges,
    Notice,
    Plan,
    ProcessRow,
    ReviewRow,
    Snapshots,
    Verdict,
    Want,
    ignore,
)
from pipeline.words import Decision, JsonValue, ProcessState, Side, Urgency

NAME = "asset_review"
STARTS = "A record's review state becomes submitted, or a new master file version comes while it is in review."
STATES = (
    "draft",
    "submitted",
    "withdrawn",
    "approved",
    "approved_older",
    "changes_requested",
    "rejected",
    "cancelled",
)
"""The state words that the tenant's file must give."""
FIELDS = ("name", "matrix", "approval", "approved_version", "approved_on", "open_tasks", "message")
"""The fields that it must give; the others of the ownership table are carried and shown where it names them."""
ALSO: Mapping[str, tuple[str, ...]] = {}
ANSWERS = frozenset({"done"})
"""What the model's answers may mean beside decisions: the creative revision is done."""
AGREES = (
    Agreement(states=frozenset({SUBMITTED}), stand=Stand.LIVE, carries=True, version="submitted_as"),
    Agreement(states=frozenset({CHANGES}), stand=Stand.NONE, version="submitted_as"),
    Agreement(
        states=frozenset({APPROVED}),
        stand=Stand.APPROVED,
        equal={approval.VERSION: "fileVersionId"},
        version=approval.VERSION,
    ),
    Agreement(
        states=frozenset({approval.OLDER}),
        stand=Stand.APPROVED,
        outcomes=frozenset({APPROVED, approval.OLDER}),
        equal={approval.VERSION: "fileVersionId"},
    ),
)
"""What must be true of both systems at rest: the version that is approved is that of the approved process."""

read_terms = asset_parts.read_terms


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """What to read for an event: where a review begins also what people say of the version, tasks for a typed date.

    What is said while it runs is read when the timetable asks for it, not at every look: our own writes cause looks.
    """
    if is_notes(event.line_key):
        return ()
    live = link.live_process() if link else None
    if timely.is_listening(event):
        return (versions.want(words.flow, live.item_version),) if live else ()
    item = looking.item_in(snapshots, event.subject)
    version, is_running = versions.latest(item), live is not None and live.state is not ProcessState.STARTING
    is_in_review = item is not None and item.values.get("state") in {SUBMITTED, CHANGES}
    said = (versions.want(words.flow, version.id),) if version and is_in_review and not is_running else ()
    is_moved = link is not None and is_in_review and dues.typed(item, link, words) is not None
    tasks = looking.process_wants(event, link, words) if is_moved else ()
    return tuple(dict.fromkeys((*looking.wants(event, link, words), *said, *tasks)))


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a record."""
    if is_notes(event.line_key):
        return checks.carry(event, link, words.terms_of(AssetTerms).comments_check)
    if looking.is_provisional(link):
        return looking.place(event, looking.process_in(snapshots), words)
    case = looking.gather(event, snapshots, link, words)
    if timely.is_listening(event):
        return timely.listen(case, listen_every=terms_of(case).listen_every)
    if case.older is not None and event.type == facts.LAST_WORDS:
        return _last_words(case)
    return endings.without_reading(case) or _by_state(case)


# ---- situations --------------------------------------------------------------------------------------------------


def _by_state(case: Case) -> Plan:
    """Where the record stands, as far as it was read, says which situation this is."""
    if case.item is None:
        return _goes_on(case)
    owner = ownership.state_owner(case.words, case.state)
    if owner is None:
        return leaving.state_unknown(case, _goes_on)
    if owner is Side.APRIMO and case.state != SUBMITTED:
        return _left(case)
    if case.live is None:
        return _without_process(case)
    return _in_review(case, case.live)


def _without_process(case: Case) -> Plan:
    """No process lives: a version that is up for review begins one, one that came after the approval is told of."""
    version = versions.latest(case.item)
    version_id = version.id if version else ""
    agreed_state = case.link.agreed_value(STATE)
    is_revised = case.link.agreed_value("submitted_as") != version_id
    if case.state == SUBMITTED and _is_new(case, version_id):
        return _start(case, starting.next_revision(case.link))
    if case.state == agreed_state == CHANGES and is_revised:
        return _start(case, starting.next_revision(case.link))
    if agreed_state == APPROVED and case.state != SUBMITTED and approval.of_older(case, version_id):
        # Also where somebody has put it elsewhere by hand: it is put back as what it is now.
        return asset_decisions.outdated(case, version)
    return _goes_on(case)


def _in_review(case: Case, live: ProcessRow) -> Plan:
    """A process lives: its start is finished, a newer version takes its place, or it goes on."""
    is_same = versions.latest_id(case.item) == live.item_version
    if live.state is ProcessState.STARTING:
        # Its start may have taken effect, and nothing of its plan is settled: the same start again is looked up or
        # known to be done, never doubled; what comes after it is planned anew.
        return _start(case, live.revision) if is_same else _superseded(case)
    if case.is_process_over:
        return _goes_on(case)
    is_asked = facts.is_restart_asked(case.event) and case.state == SUBMITTED
    is_back = case.state == SUBMITTED and case.link.agreed_value(STATE) == CHANGES
    is_new = is_asked or is_back or not is_same or bool(midway.material(case))
    return _superseded(case) if is_new else _goes_on(case)


def _is_new(case: Case, version_id: str) -> bool:
    """Whether what is submitted was not submitted when both systems last agreed, or not as this."""
    if case.event.type == facts.RESTART or case.link.agreed_value("submitted") is not True:
        return True
    return case.link.agreed_value("submitted_as") != version_id or bool(midway.material(case))


def _start(case: Case, revision: int) -> Plan:
    """A new revision: a process begins about exactly the latest version, and the record says that it is in review."""
    item, words, version = case.item, case.words, versions.latest(case.item)
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values, also=() if version else ("master file",))
    if refused is not None or version is None:
        return refused or ignore("not_read")
    command = starting.start(
        case.event, case.link, words, item, revision=revision, now=case.now, variables=_variables(case, version)
    )
    rows = reviews.opening(words, submission.lists(words, item.values), revision=revision, now=case.now)
    follow_ups, remarked = _heard(case)
    is_back = case.state != SUBMITTED
    changes = LinkChanges(
        state="in_review",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **({} if is_back else writing.agreed_state(case)),
            **ours(case, {"submitted": True, "submitted_as": version.id, versions.NUMBER: version.number}),
            **ours(case, writing.submitted_wire(case)),
            **remarked,
        },
        processes=(starting.begun(command, item_version=version.id),),
        reviews=rows,
        wake=timely.wake(case, rows, listen_every=terms_of(case).listen_every),
    )
    draft = Draft(
        first=(command,),
        shown={
            **asset_parts.shown(case, rows, revision=revision, version=version.number, phase="in review"),
            **approval.begun(case, version.id, terms_of(case).approval),
            "case": case.link.business_key,
            "message": messages.of_version(version.number, messages.in_review(revision)),
        },
        state=SUBMITTED if is_back else "",
        expects={**expected_state(case), **versions.expected(version.id)},
        changes=changes,
        follow_ups=(*follow_ups, *endings.look_at_process(case)),
    )
    return finish(case, draft)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: what is news of a running process comes in, hand edits are put right."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return asset_decisions.decided(case)
    if case.live is None:
        approved = text(case.link.agreed_value(approval.VERSION))
        is_approved = case.item is not None and case.link.agreed_value(STATE) == APPROVED and bool(approved)
        still = versions.expected(approved) if is_approved else {}
        return finish(case, Draft(expects={**expected_state(case), **still}))
    return _running(case, case.live, notices)


def _running(case: Case, live: ProcessRow, notices: tuple[Notice, ...]) -> Plan:
    """Reviews and remarks come in, dates move, feedback is handed on; the consolidation sends the record back."""
    due_now = timely.due_now(case)
    rows = due_now.rows
    number = versions.number_of(case, live)
    sent_back = {} if notices else _sent_back(case, live, rows, number)
    handed = feedback.hand_on(
        case, asset_parts.reviewing(case, rows), task=REVISION, lead_in=f"Feedback on file version {number}: "
    )
    carried = midway.immaterial(case)
    follow_ups, remarked = _heard(case)
    phase = "changes requested" if sent_back or case.link.agreed_value(STATE) == CHANGES else "in review"
    changes = replace(
        progress.going_on(case, rows, state=looking.DECISION_WAITS if case.is_process_over else "in_review"),
        agreed={
            **writing.agreed_fields(case, carried),
            **ours(case, {**handed.agreed, **({"submitted": False} if sent_back else {})}),
            **remarked,
        },
        wake=timely.wake(case, rows, listen_every=terms_of(case).listen_every),
        notices=(*notices, *_told_back(case, sent_back), *told.outcomes_unknown(case)),
    )
    draft = Draft(
        first=(*midway.set_variables(case, carried), *handed.commands, *due_now.commands, *asset_parts.results(case)),
        shown={**asset_parts.shown(case, rows, revision=live.revision, version=number, phase=phase), **sent_back},
        state=CHANGES if sent_back else "",
        expects={**expected_state(case), **(versions.expected(live.item_version) if sent_back else {})},
        changes=changes,
        follow_ups=(*follow_ups, *asset_parts.said(case, live)),
        urgency=Urgency.EXPRESS if sent_back else Urgency.BULK,
        quiet="unknown_state" if notices else _quiet(case),
    )
    return finish(case, draft)


def _superseded(case: Case) -> Plan:
    """What is up for review is not what is reviewed: the old process ends, then a fact of ours starts the new."""
    made = endings.restart(case)
    return replace(
        made,
        commands=(*asset_parts.results(case), *made.commands),
        follow_ups=(*made.follow_ups, *endings.hear_last_words(case)),
        urgency=Urgency.EXPRESS,
    )


def _left(case: Case) -> Plan:
    """The record is a draft, or withdrawn: a live process ends, nothing is decided."""
    number = versions.number_of(case, case.live) if case.live else ""
    return leaving.left(
        case,
        lambda rows, revision: {
            **asset_parts.shown(case, rows, revision=revision, version=number, phase="withdrawn"),
            **approval.standing(case, versions.latest_id(case.item), terms_of(case).approval, ""),
            "message": messages.of_version(number, messages.withdrawn(revision)),
        },
        first=asset_parts.results(case),
    )


def _last_words(case: Case) -> Plan:
    """What was decided and said in a process that we ended, after our last look: for the version it was about."""
    made = endings.last_words(case)
    row = row_of(case.older, case.link) if case.older else None
    if row is None:
        return made
    checked = terms_of(case).checks
    results = checks.of_reviews(made.changes.reviews, case.link, checked, case.words)
    follow_ups = (*made.follow_ups, *checks.said(case, made.changes.reviews, row.item_version, checked))
    if not results:
        return replace(made, follow_ups=follow_ups)
    return replace(
        made, verdict=Verdict.DELIVER, reason="", commands=(*results, *made.commands), follow_ups=follow_ups
    )


# ---- parts of plans ----------------------------------------------------------------------------------------------


def _variables(case: Case, version: Version) -> dict[str, JsonValue]:
    _, record_id, _ = split_aprimo_key(case.link.business_key)
    preview = case.item.values.get("preview_link") if case.item else ""
    return {
        "recordId": record_id,
        "fileVersionId": version.id,
        versions.NUMBER_VARIABLE: version.number,
        "sha256": version.sha256,
        "previewLink": text(preview),
        feedback.VARIABLE: "",
    }


def _heard(case: Case) -> tuple[tuple[FollowUp, ...], dict[str, Agreed]]:
    """What people remarked in Aprimo: in the remark's field, and on the latest version's file."""
    typed, agreed = notes.typed(case)
    of_version = case.snapshots.get(versions.want(case.words.flow, versions.latest_id(case.item)))
    return notes.to_reviewers(case, (*typed, *notes.attached(of_version, case.link))), agreed


def _sent_back(case: Case, live: ProcessRow, rows: tuple[ReviewRow, ...], number: str) -> dict[str, JsonValue]:
    """What the record shows once the consolidation asks for changes while the process goes on to the revision."""
    row = reviews.latest(rows).get(CONSOLIDATION)
    is_news = case.link.agreed_value(STATE) != CHANGES and not case.is_process_over
    if row is None or row.decision is not Decision.CHANGES_REQUESTED or not row.evidence or not is_news:
        return {}
    told_of = messages.decided(
        Decision.CHANGES_REQUESTED, live.revision, asset_parts.reviewing(case, rows), case.words, why=""
    )
    message = messages.of_version(number, told_of)
    return {"approval": terms_of(case).approval[CHANGES], "message": message}


def _told_back(case: Case, sent_back: Mapping[str, JsonValue]) -> tuple[Notice, ...]:
    if not sent_back:
        return ()
    return told.decided(case, Decision.CHANGES_REQUESTED, text(sent_back["message"]))


def _quiet(case: Case) -> str:
    return "not_yet" if case.event.type == facts.DUE else "unchanged"
