"""Flow 4, a market's line: what was read says whether its process begins, goes on, begins again, or ends.

Whatever told it, the line reads the master, and what is read decides: whether the market is still listed, and which
version is there. It never writes the master.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import Event
from pipeline.flows import facts, localization_parts
from pipeline.flows import localization_decisions as decisions
from pipeline.flows import localization_records as records
from pipeline.flows import localization_rounds as rounds
from pipeline.flows.localization_parts import (
    ADDED,
    EDITED,
    REMOVED,
    REPLACED,
    has_record,
    market_of,
    master_id,
    want_master,
)
from pipeline.flows.localization_standing import TOLD, tell, tell_changed
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import endings, looking, midway, progress, reviews, starting, versions
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.shared.versions import Version
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.plan import LinkChanges, Plan, Snapshot, ignore, refuse
from pipeline.words import BusinessKey, EndedBy, ProcessState, ReviewState, Side, Urgency

_LOOKS_AT_MASTER = frozenset({ADDED, REMOVED, REPLACED, EDITED, facts.RESTART})


def looks_at_master(event: Event) -> bool:
    """Whether an event of a market's line is about its master."""
    is_again = event.type == facts.LOOK_AGAIN and event.side is Side.APRIMO
    return event.type in _LOOKS_AT_MASTER or is_again


def is_of_record(event: Event) -> bool:
    """Whether Aprimo told of the market's own record."""
    return event.side is Side.APRIMO and not event.type.startswith("signoff.")


def plan(case: Case, words: FlowWords) -> Plan:
    """What was read of the market, its master or its record says which situation this is. words: of its master."""
    if case.older is not None or (case.why_not_process == looking.GONE and case.live is not None):
        return _without_process(case)
    master = case.snapshots.get(want_master(case.event, words))
    if master is not None:
        return _by_master(case, master, words)
    if is_of_record(case.event):
        return records.told_of(case)
    return ignore(case.why_not_process) if case.process is None else rounds.goes_on(case, Draft())


def _without_process(case: Case) -> Plan:
    """The process that was read is not the one that lives: what was said in it until we ended it is still shown."""
    made = endings.without_reading(replace(case, item=None, why_not_item="not_read"))
    if made is None:
        return ignore(case.why_not_process)
    known = {(row.stakeholder, row.task_id): row for row in (*case.link.reviews, *made.changes.reviews)}
    rows = tuple(row for row in known.values() if row.revision == case.link.revision)
    standing = case.link.agreed_value(TOLD)
    if case.live is not None or not made.changes.reviews or not isinstance(standing, dict):
        return made
    facts_, agreed = tell(case, text(standing.get("state")), rows, revision=case.link.revision)
    changes = replace(made.changes, agreed={**made.changes.agreed, **agreed})
    return replace(made, changes=changes, follow_ups=(*made.follow_ups, *facts_))


def _by_master(case: Case, master: Snapshot, words: FlowWords) -> Plan:
    """The master was read, with the process where one lives: whether it is still distributed here comes first."""
    if case.is_own_end:
        return endings.own_end(case)
    why = _why_not_here(case, master, words)
    if why and master.is_absent and case.event.type != REMOVED and case.live is not None:
        return refuse("item_hidden_or_deleted", f"Aprimo shows no master of {case.link.business_key} any more.")
    if why:
        return _removed(case, why)
    if case.is_process_over:
        return decisions.decided(case, versions.latest(master))
    return _distributed(case, master, words)


def _distributed(case: Case, master: Snapshot, words: FlowWords) -> Plan:
    """The master is distributed here: a process begins or begins again, goes on, or has been over for long."""
    live, version, of_master = case.live, versions.latest(master), replace(case, item=master, words=words)
    if live is None:
        revision = starting.next_revision(case.link)
        return rounds.start(case, master, words, revision) if _is_new(case) else _over(case, version)
    is_same = (version is None or version.id == live.item_version) and not midway.material(of_master)
    if live.state is ProcessState.STARTING and is_same:
        return rounds.start(case, master, words, live.revision)
    if not is_same or facts.is_restart_asked(case.event):
        return _superseded(case)
    return rounds.goes_on(case, rounds.edited(of_master))


def _why_not_here(case: Case, master: Snapshot, words: FlowWords) -> str:
    market = market_of(case.link.business_key)
    if master.is_absent:
        return "The master was deleted in Aprimo"
    if words.type_ids and master.values.get("type_id") not in words.type_ids:
        return "The record is no master any more"
    is_listed = market in localization_parts.listed(master, words) and market in terms_of(words).markets
    return "" if is_listed else f"Not distributed to {market} any more"


def _is_new(case: Case) -> bool:
    """Whether the market was not distributed to when both systems last agreed, or somebody wants it again."""
    return case.event.type == facts.RESTART or case.link.agreed_value("submitted") is not True


def _superseded(case: Case) -> Plan:
    """The master has another version, or somebody wants it: the process ends, then a fact of ours begins the next."""
    made = endings.restart(case)
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    revision = case.live.revision if case.live else case.link.revision
    news, told_now = tell(case, "beginning again", rows, revision=revision)
    return replace(
        made,
        changes=replace(made.changes, agreed={**made.changes.agreed, **told_now}),
        follow_ups=(*made.follow_ups, *endings.hear_last_words(case), *news),
        urgency=Urgency.EXPRESS,
    )


def _removed(case: Case, why: str) -> Plan:
    """The market is not on the master's list: a live process ends; what was published stays, and is told of."""
    is_known = case.link.agreed_value("submitted") is True or case.live is not None
    if not is_known:
        return ignore("not_distributed")
    agreed = ours(case, {"submitted": False})
    if case.live is None:
        news, told_now = tell_changed(case, {"state": "not distributed any more", "message": why})
        return ignore("not_distributed", changes=LinkChanges(agreed={**agreed, **told_now}), follow_ups=news)
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    message = f"{why}: the localization of revision {case.live.revision} was ended"
    news, told_now = tell(case, "withdrawn", rows, revision=case.live.revision, message=message)
    revision = case.live.revision
    changes = progress.over(case, rows, by=EndedBy.US, outcome="withdrawn", state="withdrawn")
    draft = Draft(
        first=progress.end_commands(case, why),
        changes=replace(
            changes,
            agreed={**agreed, **told_now},
            revision=revision if revision != case.link.revision else None,
        ),
        follow_ups=(*endings.hear_last_words(case), *news),
        urgency=Urgency.EXPRESS,
        quiet="not_distributed",
    )
    return finish(case, draft)


def _over(case: Case, version: Version | None) -> Plan:
    """The market has its answer: once the master has another version, that is marked as of an older one."""
    about = text(case.link.agreed_value("submitted_as"))
    is_older = version is not None and version.id != about
    record = master_id(BusinessKey(case.link.item)) if has_record(case.link) else ""
    news, told_now = tell_changed(case, {"older": is_older, "record": record})
    kept = records.file_kept(case)
    draft = Draft(
        shown={**records.marked(case, version), **kept.shown},
        changes=replace(kept.changes, agreed={**kept.changes.agreed, **told_now}),
        follow_ups=news,
        quiet="decided_already",
    )
    return finish(case, draft)
