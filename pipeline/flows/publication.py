"""Flow 6, publication: a content package is approved in OpenText, and its records are released in the DAM.

After the approval three facts follow each other on the package's line, each of which reads again: all guards are
checked (`CLEAR`), the records are released (`RELEASE`), and what came out of it is looked at (`VERIFY`). A package
that may not go out yet waits for its date before the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline import ownership
from pipeline.commands import Command
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import (
    endings,
    escalation,
    follow_ups,
    looking,
    messages,
    midway,
    notes,
    progress,
    releasing,
    reviews,
    showing,
    starting,
    submission,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.notes import Remark
from pipeline.flows.shared.releasing import Package, Terms
from pipeline.flows.shared.values import instant, minute, text
from pipeline.flows.shared.writing import STATE, Draft, expected_content, expected_state, finish, ours
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import digest, is_notes, kind_of
from pipeline.plan import (
    Agreed,
    FollowUp,
    Link,
    LinkChanges,
    Notice,
    Plan,
    Snapshots,
    TaskRead,
    Wake,
    Want,
    deliver,
    ignore,
    refuse,
)
from pipeline.words import Decision, EndedBy, JsonValue, ProcessState, ReviewState, Side, Urgency, WakeReason

NAME = "publication"
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
AGREEMENTS = (
    Agreement(states=frozenset({"in_approval"}), stand=Stand.LIVE, is_mutual=True),
    Agreement(states=frozenset({"approved", "released"}), stand=Stand.APPROVED),
)
"""Nothing is released that has no approval; what is approved is released once its date has come."""

CLEAR, RELEASE, VERIFY = "signoff.clear", "signoff.release", "signoff.verify"
_SUBMITTED, _IN_APPROVAL, _APPROVED = "submitted", "in_approval", "approved"
_PACKAGE = "package"
"""Agreed: what is approved and not released yet, as `Package.as_json`; None once it is over."""
_FINAL = "final_approval"


def read_terms(root: Table) -> Terms:
    """The guards, what a release does, and the channels."""
    return releasing.read_terms(root)


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The package or its process; its records where it is to be approved or released."""
    if is_notes(event.line_key) or kind_of(event.subject) == RECORD:
        return ()
    if link is not None and _is_releasing(event):
        return _release_wants(event, link, words)
    wanted = looking.wants(event, link, words)
    item = looking.item_in(snapshots, event.subject)
    process = looking.process_in(snapshots)
    rows: JsonValue = None
    if item is not None and item.values.get("state") in {_SUBMITTED, _IN_APPROVAL}:
        rows = item.values.get("records")
    elif process is not None and process.process is not None and _is_final_open(process.process.tasks):
        rows = process.process.variables.get("records")
    parts = releasing.named(rows if isinstance(rows, list) else [])
    return tuple(dict.fromkeys((*wanted, *releasing.records_wanted(parts, words))))


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
    if _is_releasing(event):
        return _releasing(looking.gather(event, snapshots, link, words))
    case = looking.gather(event, snapshots, looking.begun_there(snapshots, link, words), words)
    return endings.without_reading(case) or _by_state(case)


def _is_releasing(event: Event) -> bool:
    is_embargo = event.type == facts.DUE and event.data.get("reason") == WakeReason.EMBARGO
    return is_embargo or event.type in {CLEAR, RELEASE, VERIFY}


def _release_wants(event: Event, link: Link, words: FlowWords) -> tuple[Want, ...]:
    package = Package.from_json(link.agreed_value(_PACKAGE))
    parts = package.parts if package else ()
    has_links = event.type == VERIFY and words.terms_of(Terms).orders_links
    return (
        *looking.item_wanted(event, link, words),
        *releasing.records_wanted(parts, words),
        *([releasing.version_want(part, words) for part in parts] if has_links else []),
    )


# ---- the approval --------------------------------------------------------------------------------------------------


def _by_state(case: Case) -> Plan:
    """Where the package stands, as far as it was read, says which situation this is."""
    if case.item is None:
        return _goes_on(case)
    owner = ownership.state_owner(case.words, case.state)
    if owner is None:
        notice = told.state_unknown(case)
        unknown = ignore("unknown_state", changes=LinkChanges(notices=(notice,)))
        return unknown if case.process is None else _goes_on(case, (notice,))
    if owner is Side.APRIMO and case.state != _SUBMITTED:
        return _left(case)
    return _without_process(case) if case.live is None else _in_approval(case)


def _without_process(case: Case) -> Plan:
    """No process lives: what is ready begins one, if that is news; a date that moved is waited for anew."""
    is_again = case.event.type == facts.RESTART and case.state == _IN_APPROVAL
    if is_again or (case.state == _SUBMITTED and starting.is_new(case)):
        return _start(case, starting.next_revision(case.link))
    package = Package.from_json(case.link.agreed_value(_PACKAGE))
    if package is not None and case.state == _APPROVED:
        return _dated(case, package)
    return finish(case, Draft(expects=expected_state(case)))


def _in_approval(case: Case) -> Plan:
    """A process lives: its start is finished, what is ready now takes its place, or it goes on."""
    live = case.live
    values = case.item.values if case.item else {}
    if live is not None and live.state is ProcessState.STARTING:
        is_same = live.item_version == submission.submitted_as(case.words, values)
        return _start(case, live.revision) if is_same else endings.restart(case)
    if case.is_own_end:
        return endings.own_end(case)
    is_back = case.state == _SUBMITTED and case.link.agreed_value(STATE) == _IN_APPROVAL
    is_asked = facts.is_restart_asked(case.event) and not case.is_process_over
    return endings.restart(case) if is_back or is_asked or midway.material(case) else _goes_on(case)


def _start(case: Case, revision: int) -> Plan:
    """A new revision: its approvers are shown the versions that are latest now."""
    item, words = case.item, case.words
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values)
    if refused is not None:
        return refused
    rows_ = item.values.get("records")
    parts = releasing.named(rows_ if isinstance(rows_, list) else [])
    absent = releasing.not_there(parts, case.snapshots, words)
    if absent:
        return refuse("value_malformed", f"No records that Aprimo shows us: {', '.join(absent)}.")
    command = starting.start(
        case.event,
        case.link,
        words,
        item,
        revision=revision,
        now=case.now,
        variables={"records": releasing.shown_to_approvers(parts, case.snapshots, words)},
    )
    rows = reviews.opening(words, submission.lists(words, item.values), revision=revision, now=case.now)
    remarks, remarked = notes.remarked(case)
    changes = LinkChanges(
        state=_IN_APPROVAL,
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **ours(case, {"submitted": True, "submitted_as": submission.submitted_as(words, item.values)}),
            **ours(case, {_PACKAGE: None, **writing.submitted_wire(case)}),
            **remarked,
        },
        processes=(starting.begun(command, item_version=submission.submitted_as(words, item.values)),),
        reviews=rows,
        wake=escalation.wake(rows),
    )
    shown = {
        **showing.shown(case, rows, revision=revision, phase="in approval"),
        "case": case.link.business_key,
        "decision": "",
        "decided_on": "",
        "guard": "",
        "public_links": "",
        "message": messages.in_approval(revision),
    }
    draft = Draft(
        first=(command,),
        shown=shown,
        state=_IN_APPROVAL,
        expects=expected_state(case),
        changes=changes,
        follow_ups=(*remarks, *endings.look_at_process(case)),
    )
    return finish(case, draft)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: reviews and remarks come in, edits travel, hand edits are put right."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return _decided(case)
    if case.live is None:
        return _shown(case, Draft(expects=_expected(case), changes=LinkChanges(notices=notices)))
    escalated = escalation.Escalated(commands=(), rows=case.rows)
    if case.process is not None and not case.is_process_over:
        escalated = escalation.escalate(case.process, case.rows, case.words, now=case.now)
    carried = midway.immaterial(case)
    remarks, remarked = notes.remarked(case)
    state = looking.DECISION_WAITS if case.is_process_over else _IN_APPROVAL
    changes = progress.going_on(case, escalated.rows, state=state)
    draft = Draft(
        first=(*midway.set_variables(case, carried), *escalated.commands),
        shown=showing.shown(case, escalated.rows, revision=case.live.revision, phase="in approval"),
        expects=_expected(case),
        changes=replace(
            changes,
            revision=_revision(case),
            agreed={**writing.agreed_fields(case, carried), **remarked},
            notices=(*notices, *told.outcomes_unknown(case)),
        ),
        follow_ups=(*remarks, *_warned(case)),
        quiet="not_yet" if case.event.type == facts.DUE else "unchanged",
    )
    return _shown(case, draft)


def _warned(case: Case) -> tuple[FollowUp, ...]:
    """Before the last approval the approvers are told, in their process, what would keep the package from release."""
    process, live = case.process, case.live
    if process is None or live is None or case.is_process_over or not _is_final_open(process.tasks):
        return ()
    found = releasing.faults(case, releasing.of_process(process, live.revision))
    known = {row.origin_id for row in case.link.comments}
    origin_id = digest([live.revision, *found])
    if not found or origin_id in known:
        return ()
    remark = Remark(
        origin_id=origin_id, author="Signoff", text=f"Would not be released as it stands: {' '.join(found)}"
    )
    return notes.to_reviewers(case, (remark,))


def _decided(case: Case) -> Plan:
    """The process has ended by itself or by others: approved, with evidence, the release begins; else nothing."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = reviews.required_keys(case.rows, process, case.words)
    if endings.is_history_late(case, required):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    decision = Decision.CANCELLED if process.delete_reason else reviews.decide(case.rows, required)
    is_approved = decision is Decision.APPROVED
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    message = messages.decided(decision, live.revision, rows, case.words, why=process.delete_reason)
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision)
    remembered: dict[str, JsonValue] = {"submitted": False}
    if is_approved:
        remembered[_PACKAGE] = releasing.of_process(process, live.revision).as_json()
    draft = Draft(
        shown={
            **showing.shown(case, rows, revision=live.revision, phase=decision.replace("_", " ")),
            "decision": decision.value,
            "decided_on": instant(process.ended_at),
            "message": message,
        },
        state="" if decision is Decision.UNKNOWN else decision.value,
        expects={**_expected(case), **(expected_content(case) if is_approved else {})},
        changes=replace(
            changes,
            revision=_revision(case),
            agreed=ours(case, remembered),
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        follow_ups=(_next(case, CLEAR),) if is_approved else (),
        urgency=Urgency.EXPRESS,
    )
    return _shown(case, draft)


def _left(case: Case) -> Plan:
    """The package is a draft, or withdrawn: a live process ends, what waits for its release is let go."""
    agreed: dict[str, Agreed] = {} if case.link.agreed_value(STATE) == case.state else writing.agreed_state(case)
    agreed |= ours(case, _NOTHING) if case.link.agreed else {}
    waking = Wake(at=None) if case.link.wake_reason is WakeReason.EMBARGO else None
    if case.live is None:
        changes = LinkChanges(agreed=agreed, wake=waking)
        return finish(case, Draft(expects=expected_state(case), changes=changes, quiet="not_submitted"))
    revision = case.live.revision
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    changes = progress.over(case, rows, by=EndedBy.US, outcome="withdrawn", state=case.state)
    draft = Draft(
        first=progress.end_commands(case, "Withdrawn in Aprimo"),
        shown={
            **showing.shown(case, rows, revision=revision, phase="withdrawn"),
            "message": messages.withdrawn(revision),
        },
        expects=expected_state(case),
        changes=replace(changes, agreed=agreed, revision=_revision(case)),
        follow_ups=endings.hear_last_words(case),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


# ---- the release ---------------------------------------------------------------------------------------------------


def _releasing(case: Case) -> Plan:
    """An approved package goes on towards its release, unless it was withdrawn, deleted or begun anew meanwhile."""
    package = Package.from_json(case.link.agreed_value(_PACKAGE))
    if package is None or case.link.live_process() is not None:
        return ignore("nothing_to_release")
    if _has_item(case) and case.item is None:
        hint = f"Aprimo does not show us {case.link.item_key} any more: nothing more of it is released."
        return refuse("item_hidden_or_deleted", hint)
    found = _against(case, package)
    back = releasing.take_back(case, package) if _may_be_out(case.event) and found else ()
    if back:
        return _taken_back(case, package, found, back)
    if case.item is not None and case.state != _APPROVED:
        return ignore("not_approved_any_more", changes=LinkChanges(agreed=ours(case, _NOTHING), wake=Wake(at=None)))
    if not _may_be_out(case.event) and _begins(case, package) is not None:
        return _dated(case, package)
    return _withheld(case, found) if found else _ON[case.event.type](case, package)


def _against(case: Case, package: Package) -> tuple[str, ...]:
    """Why nothing may be released now, or may stay so: the package's own state, and every guard of every record."""
    is_elsewhere = case.item is not None and case.state != _APPROVED
    own = (f"The package was set to {case.state or 'another state'} by hand.",) if is_elsewhere else ()
    return (*own, *releasing.faults(case, package))


def _may_be_out(event: Event) -> bool:
    return event.type in {RELEASE, VERIFY}


def _begins(case: Case, package: Package) -> Wake | None:
    """When the release may begin, if that is still to come: as the package says now, else as it was approved."""
    date = text(case.item.values.get("release_on")) if case.item else package.date
    at = releasing.moment(date)
    return Wake(at=at, reason=WakeReason.EMBARGO) if at is not None and at > case.now else None


def _dated(case: Case, package: Package) -> Plan:
    """The date is still to come, or has come: the timetable, or the next fact, goes on."""
    wake = _begins(case, package)
    if wake is None:
        is_waiting = case.link.wake_reason is WakeReason.EMBARGO
        changes = LinkChanges(wake=Wake(at=None)) if is_waiting else LinkChanges()
        then = (_next(case, CLEAR),) if is_waiting else ()
        return _shown(case, Draft(expects=_expected(case), changes=changes, follow_ups=then))
    is_known = (wake.at, wake.reason) == (case.link.wake_at, case.link.wake_reason)
    message = f"Approved, revision {package.revision}. Waits for its release on {minute(wake.at) if wake.at else ''}"
    changes = LinkChanges(wake=None if is_known else wake)
    draft = Draft(shown={"message": message}, expects=_expected(case), changes=changes, quiet="embargo")
    return _shown(case, draft)


def _cleared(case: Case, package: Package) -> Plan:
    """All guards hold: how the records stand is remembered before the first of them is written."""
    ready = replace(package, parts=releasing.as_they_stand(case, package))
    wake = Wake(at=None) if case.link.wake_reason is WakeReason.EMBARGO else None
    changes = LinkChanges(agreed=ours(case, {_PACKAGE: ready.as_json()}), wake=wake)
    return deliver(changes=changes, follow_ups=(_next(case, RELEASE),))


def _release(case: Case, package: Package) -> Plan:
    """Every record goes out in the version that was approved; then all of them are read again."""
    commands = releasing.release(case, package)
    made = deliver(*commands, follow_ups=(_next(case, VERIFY),), holds=releasing.holds(package))
    return replace(made, urgency=Urgency.STANDARD)


def _verified(case: Case, package: Package) -> Plan:
    """After the last write: all guards still hold, so the package is released."""
    if not releasing.is_released(case, package):
        why = ("Somebody changed a record while the package was released.",)
        return _taken_back(case, package, why, releasing.take_back(case, package))
    count = len(package.parts)
    message = f"Released, revision {package.revision}: {count} record{'' if count == 1 else 's'}"
    shown: dict[str, JsonValue] = {"message": message, "guard": "", "public_links": releasing.links(case, package)}
    changes = LinkChanges(state="released", agreed=ours(case, {_PACKAGE: None}))
    return _shown(
        case, Draft(shown=shown, state="released", expects=_expected(case), changes=changes, quiet="released")
    )


def _withheld(case: Case, found: Sequence[str]) -> Plan:
    """A guard failed: nothing is released, and the reason is told."""
    why = " ".join(found)
    notice = Notice(code="withheld", text=f"Nothing was released. {why}", person=told.requester(case))
    changes = LinkChanges(state="withheld", agreed=ours(case, _NOTHING), notices=(notice,), wake=Wake(at=None))
    shown: dict[str, JsonValue] = {"guard": why, "message": "Approved, but withheld: nothing was released."}
    draft = Draft(shown=shown, state="withheld", expects=_expected(case), changes=changes, quiet="withheld")
    return _shown(case, draft)


def _taken_back(case: Case, package: Package, found: Sequence[str], back: Sequence[Command]) -> Plan:
    """Something moved while records were released: those that went out go back, and a person is told."""
    why = " ".join(found)
    message = "Taken back: something changed while the package was released."
    notice = Notice(code="taken_back", text=f"{message} {why}", person=told.requester(case))
    is_ours = case.item is None or case.state == _APPROVED
    changes = LinkChanges(state="taken_back", agreed=ours(case, _NOTHING), notices=(notice,), wake=Wake(at=None))
    draft = Draft(
        first=tuple(back),
        shown={"guard": why, "message": message},
        state="taken_back" if is_ours else "",
        expects=_expected(case),
        changes=changes,
        urgency=Urgency.EXPRESS,
        quiet="taken_back",
    )
    return replace(_shown(case, draft), holds=releasing.holds(package) if back else ())


_ON: Mapping[str, Callable[[Case, Package], Plan]] = {
    facts.DUE: _cleared,
    CLEAR: _cleared,
    RELEASE: _release,
    VERIFY: _verified,
}
"""What a fact of the release does where nothing is against it."""

# ---- parts of plans ------------------------------------------------------------------------------------------------

_NOTHING: Mapping[str, JsonValue] = {"submitted": False, _PACKAGE: None}
"""Agreed once a package is neither in approval nor on its way out."""


def _shown(case: Case, draft: Draft) -> Plan:
    """What the package shows; one that began in OpenText may have no object in Aprimo."""
    return finish(case, draft if _has_item(case) else replace(draft, shown={}, state="", expects={}))


def _has_item(case: Case) -> bool:
    return bool(kind_of(case.link.item_key))


def _expected(case: Case) -> dict[str, JsonValue]:
    return expected_state(case) if _has_item(case) else {}


def _next(case: Case, kind: str) -> FollowUp:
    return follow_ups.to_self(case, kind, side=Side.APRIMO)


def _revision(case: Case) -> int | None:
    """The revision of a package that began in OpenText, once it is known."""
    return case.live.revision if case.live and case.live.revision != case.link.revision else None


def _is_final_open(tasks: Sequence[TaskRead]) -> bool:
    return any(task.definition_key == _FINAL and task.ended_at is None for task in tasks)
