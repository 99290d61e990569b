"""Flow 8, performance insight: what a review found of a campaign's assets is shown on each asset.

A review begins by itself some time after a campaign's end, or is started by a person in OpenText. Its results are
facts for the assets' own lines, so that reviews of one asset never overtake each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import (
    endings,
    escalation,
    follow_ups,
    insights,
    looking,
    notes,
    progress,
    reviews,
    starting,
    submission,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.insights import VERDICT, Terms
from pipeline.flows.shared.values import is_empty, moment
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import aprimo_key, is_notes, kind_of
from pipeline.plan import FollowUp, Link, LinkChanges, Plan, Snapshots, Wake, Want, ignore, refuse
from pipeline.words import Decision, EndedBy, JsonValue, ProcessState, ReviewState, Side, WakeReason

NAME = "performance_insight"
STARTS = "A configured time after a campaign's end, or a person starts a review in OpenText."
STATES: tuple[str, ...] = ()
FIELDS = ("name", "assets", "message", "summary", "period")
ALSO: Mapping[str, tuple[str, ...]] = {
    "asset": ("score", "verdict", "findings", "insight_period", "insight_on", "needs_revision", "retire_proposal")
}
ANSWERS = frozenset({"done"})
AGREES = (Agreement(states=frozenset(), stand=Stand.APPROVED, role="asset", equal={"insight_period": "periodEnd"}),)
"""The latest finished review of an asset is what the asset shows."""

_SIGN_OFF = "sign_off"
_REVIEWED = "reviewed"
"""Agreed: the period that was reviewed last, or whose review was begun last."""


def read_terms(root: Table) -> Terms:
    """When a review begins, and what its verdicts mean in the DAM."""
    return insights.read_terms(root)


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The campaign or its review; an asset only once it was ever reviewed."""
    del snapshots
    if is_notes(event.line_key):
        return ()
    if kind_of(event.subject) == RECORD:
        is_known = event.type == VERDICT or (link is not None and VERDICT in link.agreed)
        return looking.item_wanted(event, link, words) if is_known else ()
    if event.type == facts.DUE and event.data.get("reason") == WakeReason.REVIEW_START:
        return looking.item_wanted(event, link, words)
    return looking.wants(event, link, words)


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a campaign, a review that began in OpenText, or an asset."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if kind_of(event.subject) == RECORD:
        return _asset(looking.gather(event, snapshots, link, words))
    if looking.is_provisional(link) and not link.processes:
        read = looking.process_in(snapshots)
        if not looking.stays(read, words):
            return looking.place(event, read, words)
    case = looking.gather(event, snapshots, looking.begun_there(snapshots, link, words), words)
    return endings.without_reading(case) or _review(case)


# ---- the review ----------------------------------------------------------------------------------------------------


def _review(case: Case) -> Plan:
    """A review lives, or it is time for one, or it is not."""
    if case.live is None:
        return _not_yet(case) if case.item is None else _by_date(case)
    if case.live.state is ProcessState.STARTING and case.item is not None:
        if case.live.item_version == insights.period_of(case):
            return _start(case, case.live.revision)
        if not case.is_process_over:
            return endings.begin_otherwise(case, "Another period")
    if case.is_own_end:
        return endings.own_end(case)
    if facts.is_restart_asked(case.event) and not case.is_process_over:
        return endings.restart(case)
    return _decided(case) if case.is_process_over else _goes_on(case)


def _not_yet(case: Case) -> Plan:
    return ignore(case.why_not_item or "no_live_process")


def _by_date(case: Case) -> Plan:
    """A campaign without a review: one begins a configured time after its end, once for each period."""
    terms = case.words.terms_of(Terms)
    end = moment(case.value("end"))
    if end is None or is_empty(case.value("assets")):
        return _later(case, None, why="nothing_to_review")
    begins = end + terms.after_end
    if case.event.type != facts.RESTART:
        if case.link.agreed_value(_REVIEWED) == insights.period_of(case):
            return _later(case, None, why="reviewed_already")
        if case.now < begins:
            return _later(case, begins, why="not_yet")
        if case.now > begins + terms.until:
            return _later(case, None, why="too_late")
    return _start(case, starting.next_revision(case.link))


def _later(case: Case, at: datetime | None, *, why: str) -> Plan:
    """Nothing begins before a time, if ever; what the campaign shows of its last review is kept as it is."""
    return finish(case, Draft(changes=LinkChanges(wake=_wake(case, at)), quiet=why))


def _start(case: Case, revision: int) -> Plan:
    """A review of the campaign's assets over the campaign's time."""
    item, words = case.item, case.words
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values)
    if refused is not None:
        return refused
    period = insights.period_of(case)
    command = starting.start(
        case.event, case.link, words, item, revision=revision, now=case.now, variables=insights.variables(case)
    )
    process = starting.begun(command, item_version=period)
    rows = reviews.opening(words, {}, revision=revision, now=case.now)
    changes = LinkChanges(
        state="in_review",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **ours(case, {"submitted": True, "submitted_as": period, _REVIEWED: period}),
        },
        processes=(process,),
        reviews=rows,
        wake=escalation.wake(rows),
    )
    shown = {"case": case.link.business_key, "message": f"In review, revision {revision}: {period}"}
    follow = endings.look_at_process(case)
    return finish(case, Draft(first=(command,), shown=shown, changes=changes, follow_ups=follow))


def _goes_on(case: Case) -> Plan:
    """Nothing ends: tasks come in, and what is overdue is told to its lead."""
    escalated = escalation.Escalated(commands=(), rows=case.rows)
    if case.process is not None:
        escalated = escalation.escalate(case.process, case.rows, case.words, now=case.now)
    changes = progress.going_on(case, escalated.rows, state="in_review")
    draft = Draft(
        first=escalated.commands,
        changes=replace(changes, revision=_revision(case), notices=told.outcomes_unknown(case)),
        quiet="not_yet" if case.event.type == facts.DUE else "unchanged",
    )
    return finish(case, draft)


def _decided(case: Case) -> Plan:
    """The review is over: signed off, its results go to the assets; else nothing is shown of it but that."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = frozenset({_SIGN_OFF})
    signing = tuple(row for row in case.rows if row.stakeholder == _SIGN_OFF)
    if endings.is_history_late(replace(case, rows=signing), required):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    decision = Decision.CANCELLED if process.delete_reason else reviews.decide(signing, required)
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision)
    changes = replace(changes, revision=_revision(case))
    if decision is not Decision.APPROVED:
        message = _message(decision, live.revision, process.delete_reason)
        notices = told.decided(case, decision, message)
        return _shown(case, replace(changes, notices=notices), {"message": message}, ())
    found = insights.read(process)
    if found.faults:
        return refuse("result_unusable", " ".join(found.faults))
    facts_ = tuple(_verdict(case, each) for each in found.results)
    shown: dict[str, JsonValue] = {
        "message": f"Signed off, revision {live.revision}",
        "summary": insights.summary(found.results),
        "period": found.period,
    }
    agreed = {**changes.agreed, **ours(case, {"submitted": False, _REVIEWED: live.item_version or found.period})}
    return _shown(case, replace(changes, agreed=agreed), shown, facts_)


def _shown(case: Case, changes: LinkChanges, shown: Mapping[str, JsonValue], then: Sequence[FollowUp]) -> Plan:
    """What the campaign shows, and a look at whether its time is another by now.

    A review that began in OpenText may have no campaign.
    """
    has_item = bool(kind_of(case.link.item_key))
    if not has_item:
        return finish(case, Draft(changes=changes, follow_ups=tuple(then), quiet="told"))
    follow = (*then, endings.look_at_item(case))
    return finish(case, Draft(shown=shown, changes=changes, follow_ups=follow, quiet="told"))


def _message(decision: Decision, revision: int, why: str) -> str:
    reason = f" ({why})" if why else ""
    word = decision.replace("_", " ").capitalize()
    return f"{word}{reason}, revision {revision}. No result was taken over."


def _verdict(case: Case, result: insights.Result) -> FollowUp:
    data = {**result.as_json(), "review": case.link.business_key}
    key = aprimo_key(RECORD, result.record_id)
    return follow_ups.to_item(case.words.flow, key, VERDICT, side=Side.APRIMO, data=data)


def _wake(case: Case, at: datetime | None) -> Wake | None:
    wake = Wake(at=at, reason=WakeReason.REVIEW_START if at else None)
    return wake if (wake.at, wake.reason) != (case.link.wake_at, case.link.wake_reason) else None


def _revision(case: Case) -> int | None:
    """The revision of a review that began in OpenText, once it is known."""
    return case.live.revision if case.live and case.live.revision != case.link.revision else None


# ---- the asset -----------------------------------------------------------------------------------------------------


def _asset(case: Case) -> Plan:
    """A result comes in, unless a newer period is shown already; else what is shown is kept as it is."""
    if case.item is None:
        is_told = case.event.type == VERDICT
        why = f"Aprimo shows no asset {case.link.business_key}, which a review has found something of."
        return refuse("item_hidden_or_deleted", why) if is_told else ignore(case.why_not_item)
    if case.event.type != VERDICT:
        return finish(case, Draft())
    result = insights.Result.from_json(case.event.data)
    if insights.is_older(case, result):
        return ignore("older_period")
    return insights.show(case, result)
