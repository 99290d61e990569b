"""What asks for a budget exception, who decides it, and what a decision of it means for commitment and campaign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from pipeline.flows import facts
from pipeline.flows.shared import escalation, reviews, spending, unasked
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.spending import Ask, Spend, SpendTerms, decimal
from pipeline.flows.shared.values import duration, text
from pipeline.flows.shared.writing import STATE, SUBMITTED
from pipeline.flows.tenant import FlowWords, Policy
from pipeline.keys import split_aprimo_key
from pipeline.plan import Link, Notice, ProcessRead, ProcessRow, ReviewRow, Snapshot, Wake, Want
from pipeline.words import Decision, JsonValue, ReviewState, Side, WakeReason

FUNDING = "funding_summary"

TIER, SHOWN, ANSWERED = "tier", "shown_wire", "answered"
"""Agreed: the tier, the status and amount that were shown, and what was answered already: the names of asks."""
GRANTED = "granted:"
"""Agreed, with a currency's name: up to which amount a campaign may spend."""

_COMMITMENT = "commitment"
_APPROVED = "approved"
_BY_VERB = frozenset({_APPROVED, "rejected"})
"""States of a commitment that a decision gives it."""
_SHOWN = ("amount", "currency")
"""What of a commitment the approvers are shown, and approve."""
_JUSTIFICATION, _FINANCE = "justification", "finance"
_APPROVERS: Mapping[str, tuple[str, ...]] = {
    **{tier: (tier,) for tier in spending.TIERS},
    spending.FOUR_EYES: ("cfo", "second"),
}
"""Tier -> whose approval it takes beside that of finance."""
_TIERED = frozenset(key for keys in _APPROVERS.values() for key in keys)


# ---- which item, which roles -------------------------------------------------------------------------------------


def is_commitment(words: FlowWords) -> bool:
    """Whether the item is a commitment, not a campaign."""
    return words.object_kind == _COMMITMENT


def item_id(case: Case) -> str:
    """The item's id in Aprimo."""
    return split_aprimo_key(case.link.business_key)[1]


def is_waiting(case: Case) -> bool:
    """Whether a commitment was read that waits for approval."""
    return is_commitment(case.words) and case.state == SUBMITTED


def for_tier(words: FlowWords, tier: str) -> FlowWords:
    """The words with the roles that a tier asks, all of them where it is not known yet.

    A commitment's status is set by verbs only: a hand edit of it is never put back by a write.
    """
    asked = _APPROVERS.get(tier, tuple(_TIERED))
    roles = tuple(each for each in words.stakeholders if each.key not in _TIERED or each.key in asked)
    policy = words.policies.get("state", Policy.PROPOSE)
    policies = {**words.policies, "state": Policy.PROPOSE if policy is Policy.AUTOMATIC else policy}
    return replace(words, stakeholders=roles, policies=policies)


# ---- what is asked for -------------------------------------------------------------------------------------------


def accounts_wanted(item: Snapshot, words: FlowWords) -> tuple[Want, ...]:
    """The funding accounts that the campaign's attribute or the flow's file names."""
    if item.is_absent:
        return ()
    named = [part.strip() for part in text(item.values.get("account")).replace(",", ";").split(";")]
    known = {int(part) for part in named if part.isdecimal()} | set(words.terms_of(SpendTerms).accounts)
    return tuple(Want(flow=words.flow, side=Side.APRIMO, kind=FUNDING, object_id=str(each)) for each in sorted(known))


def asks(case: Case) -> tuple[Ask, ...]:
    """What the item asks for now: its request first, then its spend."""
    if case.item is None:
        return ()
    found = (_of_commitment(case),) if is_commitment(case.words) else (_requested(case), *_of_spend(case))
    return tuple(dict.fromkeys(ask for ask in found if ask))


def is_due(item: Snapshot, link: Link | None, words: FlowWords) -> bool:
    """Whether a commitment, as a page or a read shows it, waits above its limit for an answer that it has not got."""
    ask = _of_values(item.values, words) if is_commitment(words) else None
    return ask is not None and (link is None or ask.name not in answered_of(link))


def is_above_limit(item: Snapshot, link: Link | None, words: FlowWords) -> bool:
    """Whether a commitment is above its limit, wherever it stands."""
    del link
    return bool(standing(item, words))


def standing(item: Snapshot, words: FlowWords) -> str:
    """What an approval of a commitment as it stands is one of, e.g. `120000.00 EUR`; "" for one that needs none."""
    ask = _of_values({**item.values, "state": SUBMITTED}, words) if is_commitment(words) else None
    return ask.name if ask else ""


def is_new(case: Case, ask: Ask) -> bool:
    """Whether it was not answered yet, was submitted again since, or a person wants it asked again."""
    is_decided = case.link.agreed_value(STATE) in _BY_VERB
    return case.event.type == facts.RESTART or is_decided or ask.name not in answers(case)


def as_shown(case: Case, asked: Iterable[Ask]) -> Ask | None:
    """What the approvers were shown, if it still stands there, whatever somebody has made of its status by hand.

    asked: what is asked for now.
    """
    if is_decided_by_hand(case) and case.item is not None:
        asked = filter(None, [_of_values({**case.item.values, STATE: SUBMITTED}, case.words)])
    return next((each for each in asked if case.live and each.name == case.live.item_version), None)


def answers(case: Case) -> tuple[str, ...]:
    """The names of what was answered already and is asked for still."""
    return answered_of(case.link)


def answered_of(link: Link) -> tuple[str, ...]:
    """The same, by what is remembered of the item."""
    known = link.agreed_value(ANSWERED)
    return tuple(text(each) for each in known) if isinstance(known, list) else ()


def granted(link: Link) -> dict[str, Decimal]:
    """Currency -> up to which amount a campaign may spend."""
    return {
        name.removeprefix(GRANTED): amount
        for name, known in link.agreed.items()
        if name.startswith(GRANTED) and (amount := decimal(known.value)) is not None
    }


def unusable_spend(case: Case) -> tuple[Notice, ...]:
    """To the operators: accounts that nobody shows us, and spend in a currency that the file has no limits for."""
    hidden = [want.object_id for want, each in case.snapshots.items() if want.kind == FUNDING and each.is_absent]
    unlimited = spending.unlimited((each.currency for each in _spends(case)), case.words.terms_of(SpendTerms))
    notices = [
        Notice(code=f"account_unknown:{each}", text=f"Aprimo shows no funding account {each}.") for each in hidden
    ]
    notices += [
        Notice(code=f"limits_missing:{each}", text=f"Spend in {each} is not watched: add [limits.{each}].")
        for each in unlimited
    ]
    return tuple(notices)


def _of_commitment(case: Case) -> Ask | None:
    return _of_values(case.item.values, case.words) if case.item else None


def _of_values(values: Mapping[str, JsonValue], words: FlowWords) -> Ask | None:
    amount, currency = decimal(values.get("amount")), text(values.get("currency"))
    limits = words.terms_of(SpendTerms).limits.get(currency)
    if values.get("state") != SUBMITTED or amount is None or limits is None:
        return None
    return spending.of_commitment(amount, currency, limits)


def _requested(case: Case) -> Ask | None:
    values = case.item.values if case.item else {}
    amount, currency = decimal(values.get("request")), text(values.get("currency"))
    if amount is None or amount <= 0 or currency not in case.words.terms_of(SpendTerms).limits:
        return None
    budget = decimal(values.get("budget")) or Decimal(0)
    return Ask(amount=amount, currency=currency, budget=budget, reason="The requester asks for an exception.")


def _of_spend(case: Case) -> tuple[Ask, ...]:
    return spending.of_spends(_spends(case), case.words.terms_of(SpendTerms), granted(case.link))


def _spends(case: Case) -> list[Spend]:
    """What the campaign's own fields plan, and how its accounts stand, added up per currency."""
    values = case.item.values if case.item else {}
    spends = []
    planned, budget = decimal(values.get("planned")), decimal(values.get("budget"))
    if planned is not None and budget is not None:
        currency = text(values.get("currency"))
        spends.append(Spend(currency=currency, budget=budget, planned=planned, actual=Decimal(0)))
    accounts = [each.values for want, each in case.snapshots.items() if want.kind == FUNDING and not each.is_absent]
    for currency in sorted({text(each.get("currency")) for each in accounts}):
        same = [each for each in accounts if text(each.get("currency")) == currency]
        spends.append(
            Spend(
                currency=currency,
                budget=_sum(same, "adjusted_budget"),
                planned=_sum(same, "forecast_amount"),
                actual=_sum(same, "total_commit"),
            )
        )
    return spends


def _sum(accounts: Iterable[Mapping[str, JsonValue]], name: str) -> Decimal:
    return sum((decimal(each.get(name)) or Decimal(0) for each in accounts), Decimal(0))


# ---- what the process is given and gives back ----------------------------------------------------------------------


def variables(case: Case, ask: Ask, tier: str) -> dict[str, JsonValue]:
    """What the approvers are shown."""
    values = case.item.values if case.item else {}
    return {
        "exceptionReason": ask.reason,
        "amount": f"{ask.amount}",
        "budget": f"{ask.budget}",
        "excess": f"{ask.amount - ask.budget}",
        "currency": ask.currency,
        "tier": tier,
        "justification": text(values.get("reason")),
    }


def periods(words: FlowWords) -> dict[str, JsonValue]:
    """The terms of the tiers' approvers, which the model keeps with timers: durations, not moments."""
    return {
        each.due_variable: duration(each.due_in)
        for each in words.stakeholders
        if each.key in _TIERED and each.due_variable
    }


def given(case: Case) -> dict[str, JsonValue]:
    """The justification, once the process has one."""
    said = text(case.process.variables.get(_JUSTIFICATION)) if case.process else ""
    return {_JUSTIFICATION: said} if said else {}


# ---- deciding ------------------------------------------------------------------------------------------------------


def required(case: Case) -> frozenset[str]:
    """Whose approval it takes: finance, and the approvers of the tier the process was started in."""
    return frozenset({_FINANCE, *_APPROVERS.get(text(case.link.agreed_value(TIER)), tuple(_TIERED))})


def deciding(rows: Iterable[ReviewRow]) -> tuple[ReviewRow, ...]:
    """The rows of those who decide; a justification decides nothing."""
    return tuple(row for row in rows if row.stakeholder != _JUSTIFICATION)


def decide(case: Case, process: ProcessRead, live: ProcessRow) -> Decision:
    """What an ended process decided of the amount that was shown.

    Above the top tier two different people must have approved. Who was shown another amount, or another tier, than we
    asked for has approved nothing of ours.
    """
    if process.delete_reason:
        return Decision.CANCELLED
    justification = reviews.latest(case.rows).get(_JUSTIFICATION)
    if justification is not None and justification.decision is Decision.CANCELLED:
        return Decision.CANCELLED
    decision = reviews.decide(deciding(case.rows), required(case))
    if decision is Decision.APPROVED and not (_is_as_asked(case, process, live) and _are_different_people(case)):
        return Decision.UNKNOWN
    return decision


def approvers(case: Case) -> str:
    """Who approved, in the order of their approvals."""
    latest = reviews.latest(case.rows)
    rows = [latest[key] for key in required(case) if key in latest and latest[key].at]
    return "; ".join(
        row.by for row in sorted(rows, key=lambda row: (text(row.at.isoformat() if row.at else ""), row.by))
    )


def answered(case: Case, decision: Decision, live: ProcessRow, *, has_verb: bool) -> dict[str, JsonValue]:
    """What is agreed once the decision is written."""
    names: list[JsonValue] = [*dict.fromkeys([*answers(case), live.item_version])]
    agreed: dict[str, JsonValue] = {"submitted": False, ANSWERED: names}
    if has_verb or case.state == decision:
        agreed[STATE] = decision.value
    if decision is Decision.APPROVED and not is_commitment(case.words):
        amount, _, currency = live.item_version.partition(" ")
        agreed[GRANTED + currency] = str(max(Decimal(amount), granted(case.link).get(currency, Decimal(0))))
    return agreed


def _is_as_asked(case: Case, process: ProcessRead, live: ProcessRow) -> bool:
    shown, amount = process.variables, decimal(process.variables.get("amount"))
    is_same_tier = shown.get("tier") == case.link.agreed_value(TIER)
    is_same = amount is not None and spending.named(amount, text(shown.get("currency"))) == live.item_version
    return is_same and is_same_tier


def _are_different_people(case: Case) -> bool:
    latest = reviews.latest(case.rows)
    people = [latest[key].by for key in required(case) - {_FINANCE} if key in latest]
    return all(people) and len(set(people)) == len(people)


# ---- what of a commitment was shown ----------------------------------------------------------------------------


def shown_wire(case: Case) -> dict[str, JsonValue]:
    """That it waits, and amount and currency as Aprimo rendered them for the approvers; nothing of a campaign."""
    if case.item is None or not is_commitment(case.words):
        return {}
    wires = [case.words.fields[name].wire for name in _SHOWN]
    return {case.words.state_wire: case.words.states[SUBMITTED], **{wire: case.item.wire.get(wire) for wire in wires}}


def expected(case: Case) -> dict[str, JsonValue]:
    """That the commitment still waits for approval, of what the approvers were shown."""
    known = case.link.agreed_value(SHOWN)
    return dict(known) if isinstance(known, dict) else {}


def expected_amount(case: Case) -> dict[str, JsonValue]:
    """That amount and currency are still what was shown, whatever became of the status."""
    return {wire: value for wire, value in expected(case).items() if wire != case.words.state_wire}


def is_decided_by_hand(case: Case) -> bool:
    """Whether somebody approved or rejected a commitment in Aprimo while its process runs."""
    return is_commitment(case.words) and case.state in _BY_VERB


def is_unasked(case: Case) -> bool:
    """Whether a commitment above its limit, which we have seen otherwise, was approved and no process ever begun."""
    if case.item is None or case.state != _APPROVED or not standing(case.item, case.words):
        return False
    return bool(unasked.proof(case.item, case.link, case.words, None).get("seen"))


def by_hand(case: Case) -> Notice:
    """To the operators: what no process approved."""
    text_ = f"The commitment was set to {case.state} in Aprimo while its exception is in approval."
    return Notice(code=f"{case.state}_by_hand", text=text_)


# ---- when to look again --------------------------------------------------------------------------------------------


def wake(case: Case, rows: Sequence[ReviewRow]) -> Wake | None:
    """The next review that is due, or the next look at the campaign's spend; None where that is known already."""
    review, spend = escalation.wake(_terms_kept_by_us(rows)), _next_spend(case)
    first = (
        review if spend is None or (review.at is not None and review.at <= spend) else Wake(at=spend, reason=_SPEND)
    )
    return first if (first.at, first.reason) != (case.link.wake_at, case.link.wake_reason) else None


_SPEND = WakeReason.SPEND


def _terms_kept_by_us(rows: Iterable[ReviewRow]) -> tuple[ReviewRow, ...]:
    """The model keeps the terms of the tiers' approvers with timers of its own."""
    return tuple(row for row in rows if row.stakeholder not in _TIERED and row.state is ReviewState.OPEN)


def _next_spend(case: Case) -> datetime | None:
    if is_commitment(case.words):
        return None
    if case.item is None and case.link.wake_reason == _SPEND:
        return case.link.wake_at
    return case.now + case.words.terms_of(SpendTerms).every
