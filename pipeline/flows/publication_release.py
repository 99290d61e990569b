"""Flow 6: an approved package is released, in three facts each of which reads again.

All guards are checked (`CLEAR`), the records are released (`RELEASE`), and what came out of that is looked at
(`VERIFY`). A package that may not go out yet waits for its date before the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.publication_parts import (
    APPROVED,
    CLEAR,
    FORMER,
    NOTHING,
    PACKAGE,
    RELEASE,
    VERIFY,
    expected,
    has_item,
    next_fact,
    on_package,
)
from pipeline.flows.shared import (
    follow_ups,
    looking,
    midway,
    packages,
    releasing,
    submission,
    taking_back,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.packages import Package, Part, Terms
from pipeline.flows.shared.values import minute, moment, text
from pipeline.flows.shared.writing import STATE, Draft, ours
from pipeline.flows.tenant import FlowWords
from pipeline.plan import FollowUp, Link, LinkChanges, Notice, Plan, Wake, Want, deliver, ignore, refuse
from pipeline.words import JsonValue, Side, Urgency, WakeReason


def is_release(event: Event) -> bool:
    """Whether an event is a step of a release, or the end of an embargo."""
    is_embargo = event.type == facts.DUE and event.data.get("reason") == WakeReason.EMBARGO
    return is_embargo or event.type in {CLEAR, RELEASE, VERIFY}


def wants(event: Event, link: Link, words: FlowWords) -> tuple[Want, ...]:
    """What a step of a release reads: the package, all its records, and their links once those are there."""
    package = Package.from_json(link.agreed_value(PACKAGE))
    parts = package.parts if package else ()
    has_links = event.type == VERIFY and words.terms_of(Terms).orders_links
    return (
        *looking.item_wanted(event, link, words),
        *packages.records_wanted(parts, words),
        *([releasing.version_want(part, words) for part in parts] if has_links else []),
    )


def is_under_way(case: Case) -> bool:
    """Whether records may be out already, and nobody has looked yet at what came out of it."""
    package = Package.from_json(case.link.agreed_value(PACKAGE))
    return package is not None and any(part.version for part in package.parts)


def looked_at(case: Case) -> Plan:
    """Whatever happens while records are released is read once the release has come to its end, whichever that is."""
    return ignore("release_under_way", follow_ups=(next_fact(case, VERIFY),))


def go_on(case: Case) -> Plan:
    """An approved package goes on towards its release, unless it was withdrawn, deleted or begun anew meanwhile."""
    package = Package.from_json(case.link.agreed_value(PACKAGE))
    if package is None or case.link.live_process() is not None:
        return ignore("nothing_to_release")
    if has_item(case) and case.item is None:
        hint = f"Aprimo does not show us {case.link.item_key} any more: nothing more of it is released."
        return refuse("item_hidden_or_deleted", hint)
    found = _against(case, package)
    if found and _has_written(case, package) and releasing.is_any_out(case, package):
        return _taken_back(case, package, found)
    if case.item is not None and case.state != APPROVED:
        changes = LinkChanges(agreed=ours(case, {**NOTHING, STATE: "withheld"}), wake=Wake(at=None))
        return ignore("not_approved_any_more", changes=changes, follow_ups=(_look_again(case),))
    if not _may_be_out(case.event) and _begins(case, package) is not None:
        return dated(case, package)
    return _withheld(case, found) if found else _ON[case.event.type](case, package)


def _against(case: Case, package: Package) -> tuple[str, ...]:
    """Why nothing may be released now, or may stay so: the package's own state, and every guard of every record."""
    is_elsewhere = case.item is not None and case.state != APPROVED
    edited = [word for word in midway.material(case) if word.name in case.link.agreed]
    own = (
        *([f"The package was set to {case.state or 'another state'} by hand."] if is_elsewhere else []),
        *([f"Changed since the approval: {submission.names(edited)}."] if edited else []),
    )
    return (*own, *releasing.faults(case, package))


def _may_be_out(event: Event) -> bool:
    return event.type in {RELEASE, VERIFY}


def _has_written(case: Case, package: Package) -> bool:
    """Whether this package may have written records: what they say before that is somebody else's doing.

    A step that is planned anew may have written some of them with its former plan.
    """
    is_anew = case.event.type == RELEASE and case.event.plan_number > 0
    return package.is_written or is_anew or case.event.type == VERIFY


def _begins(case: Case, package: Package) -> Wake | None:
    """When the release may begin, if that is still to come: as the package says now, else as it was approved."""
    date = text(case.item.values.get("release_on")) if case.item else package.date
    at = moment(date)
    return Wake(at=at, reason=WakeReason.EMBARGO) if at is not None and at > case.now else None


def dated(case: Case, package: Package) -> Plan:
    """The date is still to come, or has come: the timetable, or the next fact, goes on."""
    wake = _begins(case, package)
    if wake is None:
        is_waiting = case.link.wake_reason is WakeReason.EMBARGO
        changes = LinkChanges(wake=Wake(at=None)) if is_waiting else LinkChanges()
        then = (next_fact(case, CLEAR),) if is_waiting else ()
        return on_package(case, Draft(expects=expected(case), changes=changes, follow_ups=then))
    is_known = (wake.at, wake.reason) == (case.link.wake_at, case.link.wake_reason)
    message = f"Approved, revision {package.revision}. Waits for its release on {minute(wake.at) if wake.at else ''}"
    changes = LinkChanges(wake=None if is_known else wake)
    draft = Draft(shown={"message": message}, expects=expected(case), changes=changes, quiet="embargo")
    return on_package(case, draft)


def _cleared(case: Case, package: Package) -> Plan:
    """All guards hold: how the records stand is remembered before the first of them is written."""
    ready = replace(package, parts=taking_back.as_they_stand(case, package, _former(case)))
    wake = Wake(at=None) if case.link.wake_reason is WakeReason.EMBARGO else None
    changes = LinkChanges(agreed=ours(case, {PACKAGE: ready.as_json()}), wake=wake)
    return deliver(changes=changes, follow_ups=(next_fact(case, RELEASE),))


def _release(case: Case, package: Package) -> Plan:
    """Every record goes out in the version that was approved; then all of them are read again.

    Where somebody else has changed how a record stands since that was remembered, it is remembered anew first: from
    the first plan that stands on, nobody else changes the records' status until the step has ended.
    """
    now = package.parts if _has_written(case, package) else taking_back.as_read(case, package, _former(case))
    if now != package.parts:
        changed = replace(package, parts=now)
        again = LinkChanges(agreed=ours(case, {PACKAGE: changed.as_json()}))
        return deliver(changes=again, follow_ups=(next_fact(case, RELEASE),))
    commands = releasing.release(case, package)
    changes = LinkChanges(agreed=ours(case, {PACKAGE: replace(package, is_written=True).as_json()}))
    holds = writing.status_holds(commands)
    made = deliver(*commands, changes=changes, follow_ups=(next_fact(case, VERIFY),), holds=holds)
    return replace(made, urgency=Urgency.STANDARD)


def _verified(case: Case, package: Package) -> Plan:
    """After the last write: all guards still hold, so the package is released."""
    if not releasing.is_released(case, package):
        why = ("Somebody changed a record while the package was released.",)
        return _taken_back(case, package, why)
    count = len(package.parts)
    message = f"Released, revision {package.revision}: {count} record{'' if count == 1 else 's'}"
    shown: dict[str, JsonValue] = {"message": message, "guard": "", "public_links": releasing.links(case, package)}
    former = packages.as_list(taking_back.released(case, package, _former(case)))
    changes = LinkChanges(state="released", agreed=ours(case, {PACKAGE: None, FORMER: former}))
    return on_package(
        case, Draft(shown=shown, state="released", expects=expected(case), changes=changes, quiet="released")
    )


def _withheld(case: Case, found: Sequence[str]) -> Plan:
    """A guard failed: nothing is released, and the reason is told."""
    why = " ".join(found)
    notice = Notice(code="withheld", text=f"Nothing was released. {why}", person=told.requester(case))
    changes = LinkChanges(state="withheld", agreed=ours(case, NOTHING), notices=(notice,), wake=Wake(at=None))
    shown: dict[str, JsonValue] = {"guard": why, "message": "Approved, but withheld: nothing was released."}
    draft = Draft(shown=shown, state="withheld", expects=expected(case), changes=changes, quiet="withheld")
    return on_package(case, draft)


def _taken_back(case: Case, package: Package, found: Sequence[str]) -> Plan:
    """Something moved while records were released: those that went out go back, and a person is told."""
    why, back = " ".join((*found, *_unseen(case, package))), taking_back.take_back(case, package)
    message = "Taken back: something changed while the package was released."
    notice = Notice(code="taken_back", text=f"{message} {why}", person=told.requester(case))
    is_ours = case.item is None or case.state == APPROVED
    former = packages.as_list(taking_back.still_released(case, package, _former(case)))
    agreed = ours(case, {**NOTHING, STATE: "taken_back", FORMER: former})
    changes = LinkChanges(state="taken_back", agreed=agreed, notices=(notice,), wake=Wake(at=None))
    draft = Draft(
        first=back,
        shown={"guard": why, "message": message},
        state="taken_back" if is_ours else "",
        expects=expected(case),
        changes=changes,
        follow_ups=() if is_ours else (_look_again(case),),
        urgency=Urgency.EXPRESS,
        quiet="taken_back",
    )
    return replace(on_package(case, draft), holds=writing.status_holds(back))


def _unseen(case: Case, package: Package) -> tuple[str, ...]:
    """That records may still be released which cannot be read, and so were not taken back."""
    names = ", ".join(part.record_id for part in releasing.unseen(case, package))
    return (f"Not taken back, as it cannot be read, and perhaps still released: {names}.",) if names else ()


def _former(case: Case) -> tuple[Part, ...]:
    """What the package released before."""
    return packages.parts_in(case.link.agreed_value(FORMER))


def _look_again(case: Case) -> FollowUp:
    """The package was put elsewhere meanwhile: what that means is seen now that nothing of it is out."""
    return follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.APRIMO)


_ON: Mapping[str, Callable[[Case, Package], Plan]] = {
    facts.DUE: _cleared,
    CLEAR: _cleared,
    RELEASE: _release,
    VERIFY: _verified,
}
"""What a fact of the release does where nothing is against it."""
