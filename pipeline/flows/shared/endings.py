"""Situations that are alike in every flow and do not need the item: it is gone, we ended the process, a person asks.

Our own ending of a process is never read as a cancellation of theirs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.commands import EndProcess
from pipeline.flows import facts
from pipeline.flows.shared import follow_ups, progress, remarks, reviews, showing
from pipeline.flows.shared.case import OURS, Case, row_of
from pipeline.flows.shared.looking import GONE, NOT_OURS
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.plan import FollowUp, LinkChanges, Plan, Wake, deliver, ignore, refuse
from pipeline.words import EndedBy, ReviewState, Side, Urgency, WakeReason

HISTORY_LATE = timedelta(minutes=5)
"""How long after a process's end its history may still be filling."""
HISTORY_AGAIN = timedelta(seconds=10)


def without_reading(case: Case) -> Plan | None:
    """What is to be done where what was read is missing or not ours; None where there is something to go by."""
    if case.older is not None:
        return last_words(case) if case.event.type == facts.LAST_WORDS else _orphan(case)
    if case.why_not_item in {GONE, NOT_OURS}:
        return _without_item(case)
    if case.why_not_process == GONE and case.live is not None:
        return refuse("item_hidden_or_deleted", f"OpenText shows no process {case.live.instance_id} any more.")
    if case.item is None and case.process is None:
        return ignore(case.why_not_process if case.event.side is Side.OPENTEXT else case.why_not_item)
    return None


def own_end(case: Case) -> Plan:
    """We ended the process but could not record it: it is over, and the item is looked at anew."""
    return ignore("own_end", changes=_over(case, "withdrawn"), follow_ups=(look_at_item(case),))


def is_history_late(case: Case, required: frozenset[str]) -> bool:
    """Whether the process just ended by itself and its history does not tell of every review yet."""
    return reviews.against(case.rows) is None and is_untold(case, required)


def is_untold(case: Case, needed: frozenset[str]) -> bool:
    """Whether the process just ended by itself and its history lacks one of these, where each is heard."""
    told = {row.stakeholder for row in case.rows if row.state is not ReviewState.OPEN}
    return not needed <= told and is_just_over(case)


def is_just_over(case: Case) -> bool:
    """Whether the process ended by itself so lately that its history may still be filling.

    What is missing for long is missing, and then nobody is taken to have approved.
    """
    process = case.process
    if process is None or process.ended_at is None or process.delete_reason:
        return False
    return case.now - process.ended_at < HISTORY_LATE


def soon(case: Case) -> Wake:
    """Another look in a moment."""
    return Wake(at=case.now + HISTORY_AGAIN, reason=WakeReason.HISTORY)


def hear_last_words(case: Case) -> tuple[FollowUp, ...]:
    """One more look at a process that we end: what is said in it before it is over travels like any comment."""
    live = case.live
    if live is None or live.instance_id is None or case.is_process_over:
        return ()
    data = {"instance_id": live.instance_id}
    return (follow_ups.to_self(case, facts.LAST_WORDS, side=Side.OPENTEXT, data=data),)


def last_words(case: Case) -> Plan:
    """Show what was said and decided in a process we ended after our last look at it; nothing follows from it."""
    process = case.older
    row = row_of(process, case.link) if process else None
    if process is None or row is None:
        return ignore(case.why_not_process)
    known = [each for each in case.link.reviews if each.revision == row.revision]
    rows = reviews.with_decided(known, reviews.read_rows(process, row, known, case.words))
    changes = LinkChanges(
        reviews=reviews.changed(rows, known), comments=remarks.changed(case.comments, case.link.comments)
    )
    is_shown = case.live is None and row.revision == case.link.revision
    if is_shown and (changes.reviews or changes.comments):
        shown = showing.shown(case, rows, revision=row.revision, phase=row.outcome)
    else:
        shown = showing.comments(case) if changes.comments else {}
    return finish(case, Draft(shown=shown, changes=changes))


def look_at_process(case: Case) -> tuple[FollowUp, ...]:
    """Another look at a process that runs already: the notices of what happened in it meanwhile may be used up."""
    if case.live is None:
        return ()
    return (follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.OPENTEXT),)


def start_again(case: Case) -> FollowUp:
    """A fact by which what is submitted then begins a new revision, unless a look between has begun it already."""
    return follow_ups.to_self(case, facts.RESTART, side=Side.APRIMO, data={facts.OURS: True})


def look_at_item(case: Case) -> FollowUp:
    """Another look at the item: what follows from it may have waited for the process to end."""
    return follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.APRIMO)


def begin_otherwise(case: Case, why: str) -> Plan:
    """What the process was begun for is not so any more: it ends first, then the item says what begins."""
    ending = progress.end_commands(case, why)
    return deliver(*ending, changes=_over(case, "superseded"), follow_ups=(look_at_item(case),))


def restart(case: Case) -> Plan:
    """A person wants a new revision: the old process ends first, then a fact of ours starts the new one."""
    ending = progress.end_commands(case, "Superseded by a new revision")
    return deliver(*ending, changes=_over(case, "superseded"), follow_ups=(start_again(case),))


def _without_item(case: Case) -> Plan:
    """Nothing is written to an item that is gone or is none; a live process ends only where that is sure."""
    if case.live is None:
        return ignore(case.why_not_item)
    is_gone = case.why_not_item == GONE
    if is_gone and not facts.is_deleted(case.event):
        return refuse("item_hidden_or_deleted", f"Aprimo does not show us {case.link.business_key} any more.")
    changes = _over(case, "deleted" if is_gone else "withdrawn")
    ending = progress.end_commands(case, "Deleted in Aprimo" if is_gone else "Not of this flow any more")
    if not ending:
        return ignore(case.why_not_item, changes=changes)
    return replace(deliver(*ending, changes=changes), urgency=Urgency.EXPRESS)


def _orphan(case: Case) -> Plan:
    """An older process tells nothing; one that runs on under a row that we ended before it was seen is ended too."""
    older = case.older
    row = row_of(older, case.link) if older else None
    if older is None or row is None or older.ended_at is not None or row.ended_by is not EndedBy.US:
        return ignore(case.why_not_process)
    changes = LinkChanges(processes=() if row in case.link.processes else (row,))
    return deliver(EndProcess(instance_id=older.instance_id, reason=row.outcome.capitalize() + OURS), changes=changes)


def _over(case: Case, outcome: str) -> LinkChanges:
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    changes = progress.over(case, rows, by=EndedBy.US, outcome=outcome, state=outcome)
    return replace(changes, agreed=ours(case, {"submitted": False}))
