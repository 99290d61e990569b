"""Flow 2: how an asset review ends. A decision names the version it was given for.

While that version is the latest, the decision is the record's, and the write is held to it until it has left. Once
another version is there, the record never reads as approved: it shows of which version the approval is.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.flows import asset_parts
from pipeline.flows.asset_parts import CONSOLIDATION, STATE_OF, terms_of
from pipeline.flows.shared import approval, endings, messages, midway, progress, reviews, told, versions
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import text
from pipeline.flows.shared.versions import Version
from pipeline.flows.shared.writing import Draft, expected_content, expected_state, finish, ours
from pipeline.plan import LinkChanges, Plan, ProcessRead, ProcessRow, ignore
from pipeline.words import Decision, EndedBy, ReviewState, Urgency

_AGAINST = frozenset({Decision.REJECTED, Decision.CHANGES_REQUESTED})
"""What the consolidation can say."""


def decided(case: Case) -> Plan:
    """The process has ended by itself or by others: the decision, with its evidence, is written for its version."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = reviews.required_keys(case.rows, process, case.words)
    is_against = reviews.against(asset_parts.reviewing(case, case.rows)) is not None
    if endings.is_untold(case, required | {CONSOLIDATION} if is_against else required):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    decision = Decision.CANCELLED if process.delete_reason else _decision(case, required)
    return (
        _in_time(case, live, process, decision)
        if _is_current(case, live)
        else _too_late(case, live, process, decision)
    )


def _in_time(case: Case, live: ProcessRow, process: ProcessRead, decision: Decision) -> Plan:
    """The decision is about what is there: it is written, and held to that until the write has left."""
    rows, number = reviews.closed(case.rows, ReviewState.NOT_NEEDED), versions.number_of(case, live)
    message = _message(case, decision, live, process)
    state = STATE_OF.get(decision, "")
    is_approved = decision is Decision.APPROVED
    phase = decision.replace("_", " ")
    draft = Draft(
        first=asset_parts.results(case),
        shown={
            **asset_parts.shown(case, rows, revision=live.revision, version=number, phase=phase),
            **({"approval": terms_of(case).approval[state]} if state else {}),
            **(approval.given(live, process, rows, number) if is_approved else {}),
            "message": message,
        },
        state=state,
        expects={
            **expected_state(case),
            **versions.expected(live.item_version),
            **(expected_content(case) if is_approved else {}),
        },
        changes=replace(
            progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision),
            agreed=ours(case, {"submitted": False}) if state else {},
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        follow_ups=asset_parts.said(case, live),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _too_late(case: Case, live: ProcessRow, process: ProcessRead, decision: Decision) -> Plan:
    """A newer version is there, or other content: the decision is of what was reviewed, and a new round begins."""
    rows, number = reviews.closed(case.rows, ReviewState.NOT_NEEDED), versions.number_of(case, live)
    latest = versions.latest(case.item)
    is_approved = decision is Decision.APPROVED
    is_older = is_approved and versions.latest_id(case.item) != live.item_version
    outcome = approval.OLDER if is_older else decision.value
    phase = "approved (older version)" if is_older else decision.replace("_", " ")
    message = messages.too_late(_message(case, decision, live, process), latest.number if latest else "")
    notices = told.decided(case, decision, message) if decision is not Decision.CHANGES_REQUESTED else ()
    draft = Draft(
        first=asset_parts.results(case),
        shown={
            **asset_parts.shown(case, rows, revision=live.revision, version=number, phase=phase),
            **({"approval": terms_of(case).approval[approval.OLDER]} if is_older else {}),
            **(approval.given(live, process, rows, number) if is_older else {}),
            "message": message,
        },
        expects=expected_state(case),
        changes=replace(
            progress.over(case, rows, by=EndedBy.THEM, outcome=outcome, state="too_late"),
            agreed=ours(case, {"submitted": False}),
            notices=(*notices, *(told.of_older(case, message) if is_older else ()), *told.outcomes_unknown(case)),
        ),
        follow_ups=(*asset_parts.said(case, live), endings.start_again(case)),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def outdated(case: Case, version: Version | None) -> Plan:
    """A version came after the approval: the record is approved as it was, not as it is."""
    number = text(case.link.agreed_value("approved_number"))
    message = messages.outdated(number, version.number if version else "")
    draft = Draft(
        shown={"approval": terms_of(case).approval[approval.OLDER], "message": message},
        state=approval.OLDER,
        expects=expected_state(case),
        changes=LinkChanges(state=approval.OLDER, notices=told.of_older(case, message)),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _is_current(case: Case, live: ProcessRow) -> bool:
    """Whether what was reviewed is what is there; where the record was not read the write itself is held to it."""
    return case.item is None or (versions.latest_id(case.item) == live.item_version and not midway.material(case))


def _decision(case: Case, required: frozenset[str]) -> Decision:
    """Approved only by every review; else what the consolidation said, which cannot approve."""
    if reviews.decide(asset_parts.reviewing(case, case.rows), required) is Decision.APPROVED:
        return Decision.APPROVED
    last = reviews.latest(case.rows).get(CONSOLIDATION)
    is_known = last is not None and bool(last.evidence) and last.decision in _AGAINST
    return last.decision or Decision.UNKNOWN if last and is_known else Decision.UNKNOWN


def _message(case: Case, decision: Decision, live: ProcessRow, process: ProcessRead) -> str:
    rows = asset_parts.reviewing(case, case.rows)
    said = messages.decided(decision, live.revision, rows, case.words, why=process.delete_reason)
    return messages.of_version(versions.number_of(case, live), said)
