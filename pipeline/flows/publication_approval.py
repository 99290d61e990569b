"""Flow 6: a package's approval. Its process begins, is followed, and ends with the release or without one."""

from __future__ import annotations

from dataclasses import replace

from pipeline.flows import facts
from pipeline.flows.publication_parts import (
    CLEAR,
    IN_APPROVAL,
    NOTHING,
    PACKAGE,
    expected,
    is_final_open,
    next_fact,
    on_package,
    revision_now,
)
from pipeline.flows.shared import (
    endings,
    escalation,
    leaving,
    looking,
    messages,
    midway,
    notes,
    packages,
    progress,
    releasing,
    reviews,
    showing,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.notes import Remark
from pipeline.flows.shared.values import instant
from pipeline.flows.shared.writing import Draft, expected_content, ours
from pipeline.keys import digest
from pipeline.plan import FollowUp, LinkChanges, Notice, Plan, ReviewRow, Wake, ignore
from pipeline.words import Decision, EndedBy, JsonValue, ReviewState, Urgency, WakeReason


def goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins: reviews and remarks come in, edits travel, hand edits are put right."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return _decided(case)
    if case.live is None:
        return on_package(case, Draft(expects=expected(case), changes=LinkChanges(notices=notices)))
    escalated = escalation.Escalated(commands=(), rows=case.rows)
    if case.process is not None and not case.is_process_over:
        escalated = escalation.escalate(case.process, case.rows, case.words, now=case.now)
    carried = midway.immaterial(case)
    remarks, remarked = notes.remarked(case)
    state = looking.DECISION_WAITS if case.is_process_over else IN_APPROVAL
    changes = progress.going_on(case, escalated.rows, state=state)
    draft = Draft(
        first=(*midway.set_variables(case, carried), *escalated.commands),
        shown=showing.shown(case, escalated.rows, revision=case.live.revision, phase="in approval"),
        expects=expected(case),
        changes=replace(
            changes,
            revision=revision_now(case),
            agreed={**writing.agreed_fields(case, carried), **remarked},
            notices=(*notices, *told.outcomes_unknown(case)),
        ),
        follow_ups=(*remarks, *_warned(case)),
        quiet="not_yet" if case.event.type == facts.DUE else "unchanged",
    )
    return on_package(case, draft)


def _warned(case: Case) -> tuple[FollowUp, ...]:
    """Before the last approval the approvers are told, in their process, what would keep the package from release."""
    process, live = case.process, case.live
    if process is None or live is None or case.is_process_over or not is_final_open(process.tasks):
        return ()
    found = releasing.faults(case, packages.of_process(process, live.revision))
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
        remembered[PACKAGE] = packages.of_process(process, live.revision).as_json()
    draft = Draft(
        shown={
            **showing.shown(case, rows, revision=live.revision, phase=decision.replace("_", " ")),
            "decision": decision.value,
            "decided_on": instant(process.ended_at),
            "message": message,
        },
        state="" if decision is Decision.UNKNOWN else decision.value,
        expects={**expected(case), **(expected_content(case) if is_approved else {})},
        changes=replace(
            changes,
            revision=revision_now(case),
            agreed=ours(case, remembered),
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        follow_ups=(next_fact(case, CLEAR),) if is_approved else (),
        urgency=Urgency.EXPRESS,
    )
    return on_package(case, draft)


def left(case: Case) -> Plan:
    """The package is a draft, or withdrawn: a live process ends, what waits for its release is let go."""
    made = leaving.left(case, lambda rows, revision: _withdrawn(case, rows, revision))
    waking = Wake(at=None) if case.link.wake_reason is WakeReason.EMBARGO else made.changes.wake
    agreed = {**made.changes.agreed, **(ours(case, NOTHING) if case.link.agreed else {})}
    return replace(made, changes=replace(made.changes, agreed=agreed, wake=waking))


def _withdrawn(case: Case, rows: tuple[ReviewRow, ...], revision: int) -> dict[str, JsonValue]:
    return {
        **showing.shown(case, rows, revision=revision, phase="withdrawn"),
        "message": messages.withdrawn(revision),
    }
