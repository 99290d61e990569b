"""Flow 4: how a market's process ends. An approval is published; nothing else is, and what is not clear is told."""

from __future__ import annotations

from dataclasses import replace

from pipeline.flows import facts
from pipeline.flows import localization_publishing as publishing
from pipeline.flows.localization_parts import TRANSLATION, master_id, reviewing
from pipeline.flows.localization_standing import tell
from pipeline.flows.localization_terms import terms_of
from pipeline.flows.shared import endings, follow_ups, messages, progress, reviews, told
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.filing import FILE, Filing
from pipeline.flows.shared.versions import Version
from pipeline.flows.shared.writing import Draft, finish, ours, status_holds
from pipeline.ownership import STATUS
from pipeline.plan import FollowUp, LinkChanges, Notice, Plan, ProcessRead, ProcessRow, ReviewRow, Verdict, ignore
from pipeline.words import Decision, EndedBy, JsonValue, ReviewState, Side, Urgency

_Rows = tuple[ReviewRow, ...]


def decided(case: Case, version: Version | None) -> Plan:
    """The process has ended by itself or by others: an approval is published, anything else publishes nothing.

    version: the master's latest.
    """
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    required = reviews.required_keys(case.rows, process, case.words) - {TRANSLATION}
    decision = Decision.CANCELLED if process.delete_reason else reviews.decide(reviewing(case.rows), required)
    # Asking for changes ends no process of this model: whoever decided after that is not in the history yet.
    is_late = decision is Decision.CHANGES_REQUESTED and endings.is_just_over(case)
    if is_late or endings.is_history_late(case, required | {TRANSLATION}):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    is_older = version is not None and version.id != live.item_version
    if decision is Decision.APPROVED:
        made = _approved(case, live, process, rows, is_older=is_older)
    else:
        is_unclear = decision is Decision.CHANGES_REQUESTED
        known = Decision.UNKNOWN if is_unclear else decision
        made = _refused(case, live, process, rows, known, is_older=is_older)
    again = (endings.start_again(case),) if facts.is_restart_asked(case.event) else ()
    return replace(made, follow_ups=(*made.follow_ups, *again))


def _approved(case: Case, live: ProcessRow, process: ProcessRead, rows: _Rows, *, is_older: bool) -> Plan:
    """Approved: published as the market's record, or told why that cannot be."""
    made = publishing.publish(case, live, process, rows, is_older=is_older)
    approved = messages.decided(Decision.APPROVED, live.revision, rows, case.words, why="")
    message = f"{approved}. {made.trouble}" if made.trouble else approved
    more: dict[str, JsonValue] = {"message": message, "older": is_older}
    if made.item is not None:
        more["record"] = master_id(made.item)
    state = "approved, not published" if made.trouble else "approved"
    news, told_now = tell(case, state, rows, revision=live.revision, by=_last_word(rows), at=process.ended_at, **more)
    changes = replace(
        progress.over(case, rows, by=EndedBy.THEM, outcome=Decision.APPROVED, state="approved"),
        agreed={**made.agreed, **told_now},
        item=made.item,
        made=made.made,
        notices=(*_not_published(case, made.trouble), *told.outcomes_unknown(case)),
    )
    # The id of what is made is known only once it is there: the next look tells it to the master's line.
    follow_ups_ = (*news, *([look_at_master(case)] if made.made else []))
    if not made.commands:
        return ignore("not_published", changes=changes, follow_ups=follow_ups_)
    return Plan(
        verdict=Verdict.DELIVER,
        commands=made.commands,
        changes=changes,
        follow_ups=follow_ups_,
        holds=status_holds(made.commands),
        urgency=Urgency.EXPRESS,
    )


def _refused(
    case: Case, live: ProcessRow, process: ProcessRead, rows: _Rows, decision: Decision, *, is_older: bool
) -> Plan:
    """Rejected, cancelled or not clear: nothing is published; what was approved of the same version is taken back."""
    message = messages.decided(decision, live.revision, reviewing(rows), case.words, why=process.delete_reason)
    state = "outcome not clear" if decision is Decision.UNKNOWN else decision.value
    is_taken_back = (
        decision is Decision.REJECTED
        and bool(case.words.fields)
        and case.link.agreed_value(publishing.PUBLISHED) == live.item_version
    )
    news, told_now = tell(
        case,
        state,
        rows,
        revision=live.revision,
        by=_last_word(rows),
        at=process.ended_at,
        message=message,
        older=is_older,
    )
    taken_back: dict[str, JsonValue] = {publishing.PUBLISHED: "", FILE: "", STATUS: publishing.TAKEN_BACK}
    draft = Draft(
        shown={
            **publishing.shown(case, rows, revision=live.revision, phase=state),
            "message": message,
            **({"approval": terms_of(case.words).approval["rejected"]} if is_taken_back else {}),
        },
        filing=Filing(status=publishing.TAKEN_BACK) if is_taken_back else Filing(),
        changes=replace(
            progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision),
            agreed={**told_now, **(ours(case, taken_back) if is_taken_back else {})},
            notices=(*told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        follow_ups=news,
        urgency=Urgency.EXPRESS,
        quiet="nothing_published",
    )
    return finish(case, draft)


def look_at_master(case: Case) -> FollowUp:
    """Another look at the master, for what could not be said of it yet."""
    return follow_ups.to_self(case, facts.LOOK_AGAIN, side=Side.APRIMO)


def _not_published(case: Case, trouble: str) -> tuple[Notice, ...]:
    return (Notice(code="not_published", text=trouble, person=told.requester(case)),) if trouble else ()


def _last_word(rows: _Rows) -> str:
    """Who decided last."""
    decided = [row for row in reviewing(rows) if row.state is ReviewState.DECIDED and row.at]
    return max(decided, key=lambda row: (row.at, row.task_id)).by if decided else ""
