"""An item that is approved as a whole: its process begins, goes on, ends with a decision, or is taken back.

A flow says in which situation it is, and where a decision takes the item; what is shown are the fields that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pipeline.commands import Command
from pipeline.flows import facts
from pipeline.flows.shared import (
    endings,
    escalation,
    leaving,
    looking,
    messages,
    midway,
    notes,
    progress,
    reviews,
    showing,
    starting,
    submission,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant
from pipeline.flows.shared.writing import Draft, expected_content, expected_state, finish, ours
from pipeline.plan import LinkChanges, Notice, Plan, ignore
from pipeline.words import Decision, EndedBy, ReviewState, Urgency

_IN_APPROVAL = "in approval"


def begin(case: Case, *, revision: int) -> Plan:
    """A new revision: its process is started, and the item says that it is in approval."""
    item, words = case.item, case.words
    if item is None:
        return ignore("not_read")
    refused = starting.refusal(words, item.values)
    if refused is not None:
        return refused
    command = starting.start(case.event, case.link, words, item, revision=revision, now=case.now)
    rows = reviews.opening(words, submission.lists(words, item.values), revision=revision, now=case.now)
    follow_ups, remarked = notes.remarked(case)
    process = starting.begun(command, item_version=submission.submitted_as(words, item.values))
    changes = LinkChanges(
        state="in_approval",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(words)),
            **writing.agreed_start(case),
            **ours(case, {"submitted": True, "submitted_as": process.item_version, **writing.submitted_wire(case)}),
            **remarked,
        },
        processes=(process,),
        reviews=rows,
        wake=escalation.wake(rows),
    )
    shown = {
        **showing.shown(case, rows, revision=revision, phase=_IN_APPROVAL),
        "case": case.link.business_key,
        "decision": "",
        "decided_on": "",
        "message": messages.in_approval(revision),
    }
    follow_ups = (*follow_ups, *endings.look_at_process(case))
    return finish(case, Draft(first=(command,), shown=shown, changes=changes, follow_ups=follow_ups))


def goes_on(case: Case, notices: tuple[Notice, ...], *, decided: Callable[[Case], Plan]) -> Plan:
    """Nothing ends and nothing begins: reviews come in, edits that do not matter travel, hand edits are put right.

    notices: what people must be told besides; then a decision waits. decided: what follows once the process is over.
    """
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over and not notices:
        return decided(case)
    if case.live is None:
        return finish(case, Draft(expects=expected_state(case)))
    escalated = escalation.Escalated(commands=(), rows=case.rows)
    if case.process is not None and not case.is_process_over:
        escalated = escalation.escalate(case.process, case.rows, case.words, now=case.now)
    carried = midway.immaterial(case)
    follow_ups, remarked = notes.remarked(case)
    state = looking.DECISION_WAITS if case.is_process_over else "in_approval"
    changes = progress.going_on(case, escalated.rows, state=state)
    draft = Draft(
        first=(*midway.set_variables(case, carried), *escalated.commands),
        shown=showing.shown(case, escalated.rows, revision=case.live.revision, phase=_IN_APPROVAL),
        expects=expected_state(case),
        changes=replace(
            changes,
            agreed={**writing.agreed_fields(case, carried), **remarked},
            notices=(*notices, *told.outcomes_unknown(case)),
        ),
        follow_ups=follow_ups,
        quiet="unknown_state" if notices else _quiet(case),
    )
    return finish(case, draft)


def decided(case: Case, state_of: Mapping[Decision, str], *, approved: tuple[Command, ...] = ()) -> Plan:
    """The process has ended by itself or by others: the decision, with its evidence, is written.

    state_of: where a decision takes the item; one that is not there takes it nowhere. approved: what an approval
    brings about besides, after the write.
    """
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = reviews.required_keys(case.rows, process, case.words)
    if endings.is_history_late(case, required):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    decision = Decision.CANCELLED if process.delete_reason else reviews.decide(case.rows, required)
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    message = messages.decided(decision, live.revision, rows, case.words, why=process.delete_reason)
    state = state_of.get(decision, "")
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision)
    is_approved = decision is Decision.APPROVED
    draft = Draft(
        shown={
            **showing.shown(case, rows, revision=live.revision, phase=decision.replace("_", " ")),
            "decision": decision.value,
            "decided_on": instant(process.ended_at),
            "message": message,
        },
        state=state,
        last=approved if is_approved else (),
        expects={**expected_state(case), **(expected_content(case) if is_approved else {})},
        changes=replace(
            changes,
            agreed=ours(case, {"submitted": False}) if state else {},
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def taken_back(case: Case) -> Plan:
    """The item is a draft, or withdrawn: a live process ends, nothing is decided."""
    return leaving.left(
        case,
        lambda rows, revision: {
            **showing.shown(case, rows, revision=revision, phase="withdrawn"),
            "decision": "",
            "message": messages.withdrawn(revision),
        },
    )


def _quiet(case: Case) -> str:
    return "not_yet" if case.event.type == facts.DUE else "unchanged"
