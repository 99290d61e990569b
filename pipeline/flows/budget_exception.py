"""Flow 5, budget exceptions: what a campaign may spend beyond its budget, and commitments above their limit.

A commitment that waits for approval and a campaign whose spend crosses the rule both ask for an exception; `_by_ask`
tells the situations apart. An amount is approved that the approvers were shown, by the people who were asked, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.commands import Command, CommitmentVerb
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.agreements import Agreement, Stand
from pipeline.flows.shared import (
    asking,
    endings,
    escalation,
    holding,
    looking,
    messages,
    notes,
    progress,
    reviews,
    showing,
    spending,
    starting,
    submission,
    told,
    writing,
)
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.spending import Ask, SpendTerms
from pipeline.flows.shared.values import instant, text
from pipeline.flows.shared.writing import Draft, finish, ours
from pipeline.flows.tenant import FlowWords
from pipeline.flows.toml_table import Table
from pipeline.keys import is_notes
from pipeline.plan import Link, LinkChanges, Notice, Plan, ProcessRow, Snapshots, Want, ignore, refuse
from pipeline.words import Decision, EndedBy, JsonValue, ProcessState, ReviewState, Urgency, WakeReason

NAME = "budget_exception"
STARTS = (
    "A commitment waits for approval above its limit, spend exceeds a"
    " campaign's budget, or an exception is asked for."
)
STATES = ("draft", "submitted", "approved", "rejected", "cancelled")
FIELDS = ("name", "amount", "currency", "matrix", "decision", "message")
ALSO: Mapping[str, tuple[str, ...]] = {"campaign": ("name", "currency", "hold", "message")}
ANSWERS = frozenset({"justified"})

AGREES = (
    Agreement(
        states=frozenset({"submitted"}),
        stand=Stand.LIVE,
        is_mutual=True,
        equal={"amount": "amount", "currency": "currency"},
        concerns=asking.is_due,
    ),
    Agreement(
        states=frozenset({"approved"}),
        stand=Stand.APPROVED,
        concerns=asking.is_above_limit,
        approves=asking.standing,
    ),
)
"""What must be true of both systems at rest: no commitment above its limit waits or is approved without a process."""

_IN_APPROVAL = "in approval"
_VERBS: Mapping[Decision, str] = {Decision.APPROVED: "approve", Decision.REJECTED: "reject"}
"""What a decision does to a commitment; any other leaves it as it is."""


def read_terms(root: Table) -> SpendTerms:
    """The rule and the limits."""
    return spending.read_terms(root)


def wants(event: Event, snapshots: Snapshots, link: Link | None, words: FlowWords) -> tuple[Want, ...]:
    """The item or its process; of a campaign also the accounts that its money comes from."""
    if is_notes(event.line_key):
        return ()
    wanted = looking.wants(event, link, words)
    if asking.is_commitment(words) or not looking.is_item(event.subject, words):
        return wanted
    if event.type == facts.DUE and event.data.get("reason") == WakeReason.SPEND:
        wanted = tuple(dict.fromkeys((*looking.item_wanted(event, link, words), *wanted)))
    item = looking.item_in(snapshots, event.subject)
    return (*wanted, *(asking.accounts_wanted(item, words) if item and event.type != holding.HOLD else ()))


def plan(event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """What is to be done about a commitment or a campaign."""
    if is_notes(event.line_key):
        return notes.carry(event, link)
    if looking.is_provisional(link):
        return looking.place(event, looking.process_in(snapshots), words)
    case = looking.gather(event, snapshots, link, asking.for_tier(words, text(link.agreed_value(asking.TIER))))
    without = endings.without_reading(case)
    made = without or (_held(case) if event.type == holding.HOLD else _by_ask(case, words))
    return holding.with_campaigns(made, case)


# ---- situations --------------------------------------------------------------------------------------------------


def _by_ask(case: Case, words: FlowWords) -> Plan:
    """What is asked for now, beside what was asked for when its process began, says which situation this is.

    words: with the roles of every tier.
    """
    if case.item is None:
        return _goes_on(case)
    if asking.is_commitment(case.words) and not case.state:
        return _waits(case)
    asks = asking.asks(case)
    return _without_process(case, asks, words) if case.live is None else _in_approval(case, asks, words)


def _without_process(case: Case, asks: tuple[Ask, ...], words: FlowWords) -> Plan:
    """No process lives: the first thing that is asked for and was not answered yet begins one."""
    ask = next((each for each in asks if asking.is_new(case, each)), None)
    return _unusable(case) or (_start(case, ask, words) if ask else _quiet(case, asks))


def _in_approval(case: Case, asks: tuple[Ask, ...], words: FlowWords) -> Plan:
    """A process lives: its start is finished, another amount ends it, or it goes on."""
    live, shown = case.live, asking.as_shown(case, asks)
    by_hand = (asking.by_hand(case),) if asking.is_decided_by_hand(case) else ()
    if live is not None and live.state is ProcessState.STARTING and shown is not None:
        return _start(case, shown, words)
    if case.is_own_end:
        return endings.own_end(case)
    if shown is None:
        return _changed(case, next(iter(asks), None), by_hand)
    if facts.is_restart_asked(case.event) and not case.is_process_over and not by_hand:
        return endings.restart(case)
    return _goes_on(case, by_hand)


def _unusable(case: Case) -> Plan | None:
    """A commitment that waits for approval and does not say what is needed: one error that lists all of it."""
    if case.item is None or not asking.is_waiting(case):
        return None
    values, words = case.item.values, case.words
    lacking = submission.missing(words, values)
    if lacking:
        return refuse("values_missing", f"Fill in: {submission.names(lacking)}.")
    wrong = submission.malformed(words, values)
    if wrong:
        return refuse("value_malformed", f"Not of its type: {submission.names(wrong)}.")
    currency = text(values.get("currency"))
    if currency not in words.terms_of(SpendTerms).limits:
        return refuse("limits_missing", f"The flow's file has no limits for {currency}: add [limits.{currency}].")
    return None


def _start(case: Case, ask: Ask, words: FlowWords) -> Plan:
    """A new revision: its process is started with the amount that is to be approved, in the tier of that amount."""
    item = case.item
    if item is None:
        return ignore("not_read")
    tier = words.terms_of(SpendTerms).limits[ask.currency].tier(ask.amount)
    case = replace(case, words=asking.for_tier(words, tier))
    revision = case.live.revision if case.live else starting.next_revision(case.link)
    command = starting.start(
        case.event,
        case.link,
        case.words,
        item,
        revision=revision,
        now=case.now,
        variables={**asking.variables(case, ask, tier), **asking.periods(case.words)},
    )
    rows = reviews.opening(case.words, {}, revision=revision, now=case.now)
    remarks, remarked = notes.remarked(case)
    process = starting.begun(command, item_version=ask.name)
    remembered: dict[str, JsonValue] = {
        "submitted": True,
        "submitted_as": ask.name,
        asking.TIER: tier,
        asking.SHOWN: asking.shown_wire(case),
    }
    hold = holding.holding(case, holding.held_by(case, add=holding.SELF))
    changes = LinkChanges(
        state="in_approval",
        revision=revision,
        agreed={
            **writing.agreed_fields(case, submission.carried(case.words)),
            **writing.agreed_start(case),
            **ours(case, remembered | hold.agreed),
            **remarked,
        },
        processes=(process,),
        reviews=rows,
        wake=asking.wake(case, rows),
    )
    shown = {
        **showing.shown(case, rows, revision=revision, phase=_IN_APPROVAL),
        **hold.shown,
        "case": case.link.business_key,
        "decision": "",
        "decided_on": "",
        "message": f"{messages.in_approval(revision)}: {ask.amount} {ask.currency}. {ask.reason}",
    }
    follow_ups = (*remarks, *endings.look_at_process(case))
    return finish(case, Draft(first=(command,), shown=shown, changes=changes, follow_ups=follow_ups))


def _waits(case: Case) -> Plan:
    """The commitment stands where nobody has a word for: a decision waits until it stands somewhere again."""
    notice = told.state_unknown(case)
    if case.live is None:
        return ignore("unknown_state", changes=LinkChanges(notices=(notice,)))
    if case.is_own_end:
        return endings.own_end(case)
    state = looking.DECISION_WAITS if case.is_process_over else case.link.state
    return _open(case, case.live, (notice,), state=state)


def _goes_on(case: Case, notices: tuple[Notice, ...] = ()) -> Plan:
    """Nothing ends and nothing begins, but for a process that is over."""
    if case.is_own_end:
        return endings.own_end(case)
    if case.is_process_over:
        return _decided(case, notices)
    if case.live is None:
        return finish(case, Draft())
    return _open(case, case.live, notices, state="in_approval")


def _open(case: Case, live: ProcessRow, notices: tuple[Notice, ...], *, state: str) -> Plan:
    """Reviews come in, remarks travel, hand edits are put right. state: of the link."""
    escalated = escalation.Escalated(commands=(), rows=case.rows)
    if case.process is not None and not case.is_process_over:
        escalated = escalation.escalate(case.process, case.rows, case.words, now=case.now)
    remarks, remarked = notes.remarked(case)
    changes = progress.going_on(case, escalated.rows, state=state)
    draft = Draft(
        first=escalated.commands,
        shown={
            **showing.shown(case, escalated.rows, revision=live.revision, phase=_IN_APPROVAL),
            **asking.given(case),
        },
        changes=replace(
            changes,
            agreed=remarked,
            wake=asking.wake(case, escalated.rows),
            notices=(*notices, *told.outcomes_unknown(case)),
        ),
        follow_ups=remarks,
        quiet="not_yet" if case.event.type == facts.DUE else "unchanged",
    )
    return finish(case, draft)


def _decided(case: Case, notices: tuple[Notice, ...]) -> Plan:
    """The process has ended by itself or by others: the decision, with its evidence, is carried out and written."""
    process, live = case.process, case.live
    if process is None or live is None or process.ended_at is None:
        return ignore("no_live_process")
    if endings.is_history_late(replace(case, rows=asking.deciding(case.rows)), asking.required(case)):
        return ignore("not_yet", changes=LinkChanges(wake=endings.soon(case)))
    decision = asking.decide(case, process, live)
    rows = reviews.closed(case.rows, ReviewState.NOT_NEEDED)
    message = messages.decided(decision, live.revision, rows, case.words, why=process.delete_reason)
    # A refused spend stays on hold until it is within its budget again.
    hold = holding.by_own_spend(case, asking.answers(case), is_refused=decision is Decision.REJECTED)
    changes = progress.over(case, rows, by=EndedBy.THEM, outcome=decision, state=decision)
    shown = {
        **showing.shown(case, rows, revision=live.revision, phase=decision.replace("_", " ")),
        **asking.given(case),
        **hold.shown,
        "decision": decision.value,
        "decided_on": instant(process.ended_at),
        "message": message,
    }
    if decision is Decision.APPROVED:
        shown |= {"approved_amount": live.item_version.partition(" ")[0], "approvers": asking.approvers(case)}
    verb = _verb(case, decision, live)
    draft = Draft(
        first=verb,
        shown=shown,
        expects=asking.expected_amount(case) if decision is Decision.APPROVED else {},
        changes=replace(
            changes,
            agreed=ours(case, asking.answered(case, decision, live, has_verb=bool(verb)) | hold.agreed),
            wake=asking.wake(case, ()),
            notices=(*notices, *told.decided(case, decision, message), *told.outcomes_unknown(case)),
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _changed(case: Case, ask: Ask | None, notices: tuple[Notice, ...]) -> Plan:
    """Another amount, or nothing, is asked for: the process ends; what is left begins a new revision in its tier."""
    live = case.live
    if live is None:
        return ignore("no_live_process")
    why = f"The amount is {ask.name} now" if ask else _why_nothing(case)
    outcome = "superseded" if ask else "withdrawn"
    rows = reviews.closed(case.rows, ReviewState.WITHDRAWN)
    message = f"{why}: the approval of revision {live.revision} was ended. {messages.NOTHING_APPROVED}"
    hold = holding.by_own_spend(case, [each.name for each in asking.asks(case)])
    changes = progress.over(case, rows, by=EndedBy.US, outcome=outcome, state=outcome)
    draft = Draft(
        first=progress.end_commands(case, why),
        shown={
            **showing.shown(case, rows, revision=live.revision, phase=outcome),
            **hold.shown,
            "decision": "",
            "message": message,
        },
        changes=replace(
            changes,
            revision=live.revision if live.revision != case.link.revision else None,
            agreed={**writing.agreed_state(case), **ours(case, {"submitted": False} | hold.agreed)},
            wake=asking.wake(case, ()),
            notices=(*notices, told.edited(case, message)),
        ),
        follow_ups=(
            *endings.hear_last_words(case),
            *((endings.start_again(case),) if ask else ()),
        ),
        urgency=Urgency.EXPRESS,
    )
    return finish(case, draft)


def _why_nothing(case: Case) -> str:
    if asking.is_decided_by_hand(case):
        return f"The commitment was {case.state} by hand with another amount"
    return "Withdrawn, or within the rule again"


def _quiet(case: Case, asks: tuple[Ask, ...]) -> Plan:
    """Nothing is to begin: what is no longer asked for may be asked again, and no longer holds the campaign.

    Where it stands is agreed on, unless it was approved by hand and nobody was asked: that is told as any hand edit.
    """
    names = {ask.name for ask in asks}
    still: list[JsonValue] = [each for each in asking.answers(case) if each in names]
    hold = holding.by_own_spend(case, names)
    is_news = bool(case.state) and case.link.agreed_value(writing.STATE) != case.state
    agreed = writing.agreed_state(case) if is_news and not asking.is_unasked(case) else {}
    draft = Draft(
        shown=hold.shown,
        changes=LinkChanges(
            agreed={**agreed, **ours(case, {asking.ANSWERED: still} | hold.agreed)},
            wake=asking.wake(case, ()),
            notices=asking.unusable_spend(case),
        ),
        quiet="nothing_to_approve",
    )
    return finish(case, draft)


def _held(case: Case) -> Plan:
    """An exception of one of the campaign's commitments began or is over: its flag follows."""
    by, is_held = text(case.event.data.get("by")), case.event.data.get("is_held") is True
    hold = holding.holding(case, holding.held_by(case, **({"add": by} if is_held else {"drop": by})))
    return finish(case, Draft(shown=hold.shown, changes=LinkChanges(agreed=ours(case, hold.agreed))))


def _verb(case: Case, decision: Decision, live: ProcessRow) -> tuple[Command, ...]:
    """The commitment is approved or rejected, if it still waits for that with the amount that was shown."""
    is_decided = case.item is not None and not asking.is_waiting(case)
    if decision not in _VERBS or not asking.is_commitment(case.words) or is_decided:
        return ()
    return (
        CommitmentVerb(
            verb=_VERBS[decision],
            committed_id=int(asking.item_id(case)),
            revision=live.revision,
            expects=asking.expected(case),
        ),
    )
