"""When spending needs an exception, and who may approve it: amounts as decimals, per currency, never as floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from pipeline.flows.toml_table import Table
from pipeline.words import JsonValue

TIERS = ("manager", "director", "cfo")
"""Who approves, up to which amount each; above the last two people do."""
FOUR_EYES = "four_eyes"
_HUNDRED = Decimal(100)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is allowed in one currency.

    commitment: a commitment above needs an exception. excess: so does spend that exceeds its budget by more. up_to:
    the greatest amount of each tier.
    """

    commitment: Decimal
    excess: Decimal
    up_to: Mapping[str, Decimal]

    def tier(self, amount: Decimal) -> str:
        """Who approves an amount."""
        return next((tier for tier in TIERS if amount <= self.up_to[tier]), FOUR_EYES)


@dataclass(frozen=True, kw_only=True)
class SpendTerms:
    """The flow's own tables: the rule, how often a campaign's spend is looked at, and the limits per currency."""

    percent: Decimal
    every: timedelta
    accounts: tuple[int, ...]
    limits: Mapping[str, Limits]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What needs an exception: the amount to be approved, what it is compared with, and the rule that was crossed."""

    amount: Decimal
    currency: str
    budget: Decimal
    reason: str

    @property
    def name(self) -> str:
        """A short name of what is asked for: equal for equal amounts, however they are written."""
        return named(self.amount, self.currency)


@dataclass(frozen=True, kw_only=True)
class Spend:
    """Where a campaign stands in one currency."""

    currency: str
    budget: Decimal
    planned: Decimal
    actual: Decimal


def read_terms(root: Table) -> SpendTerms:
    """The tables `[rule]` and `[limits.<currency>]`."""
    rule, limits = root.table("rule"), root.table("limits")
    by_currency = {currency: limits.table(currency) for currency in limits.names()}
    terms = SpendTerms(
        percent=rule.decimal("percent", example='"10"'),
        every=rule.duration("every", example='"PT1H"'),
        accounts=tuple(sorted(rule.integers("accounts", example="[410]"))),
        limits={currency: _limits(table) for currency, table in by_currency.items()},
    )
    for table in (rule, limits, *by_currency.values()):
        table.done()
    return terms


def decimal(value: JsonValue) -> Decimal | None:
    """An amount as a field holds it; None for nothing, and for what is no amount."""
    try:
        amount = Decimal(str(value).strip()) if value not in {None, ""} else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


def named(amount: Decimal, currency: str) -> str:
    """A short name of an amount, equal for equal ones, however they are written, e.g. `120000 EUR`."""
    plain = f"{amount:f}"
    return f"{plain.rstrip('0').rstrip('.') if '.' in plain else plain} {currency}"


def of_commitment(amount: Decimal, currency: str, limits: Limits) -> Ask | None:
    """What a commitment asks for, if it crosses the rule."""
    if amount <= limits.commitment:
        return None
    reason = f"A commitment above {limits.commitment} {currency} needs an approval."
    return Ask(amount=amount, currency=currency, budget=limits.commitment, reason=reason)


def of_spends(spends: Iterable[Spend], terms: SpendTerms, approved: Mapping[str, Decimal]) -> tuple[Ask, ...]:
    """What a campaign's spend asks for: one exception for each currency in which it crosses the rule, by name.

    approved: what was approved already, per currency: only what goes beyond it is asked for. A currency without
    limits crosses nothing: `unlimited` names it.
    """
    asks: dict[str, Ask] = {}
    for spend in sorted(spends, key=_by_currency):
        if ask := _of_spend(spend, terms, approved.get(spend.currency)):
            asks.setdefault(spend.currency, ask)
    return tuple(asks.values())


def unlimited(currencies: Iterable[str], terms: SpendTerms) -> tuple[str, ...]:
    """The currencies for which the flow's file has no limits."""
    return tuple(sorted({currency for currency in currencies if currency not in terms.limits}))


def _of_spend(spend: Spend, terms: SpendTerms, approved: Decimal | None) -> Ask | None:
    limits = terms.limits.get(spend.currency)
    if limits is None:
        return None
    word, amount = ("Actual", spend.actual) if spend.actual > spend.planned else ("Planned", spend.planned)
    if approved is not None and amount <= approved:
        return None
    excess = amount - spend.budget
    share = spend.budget * terms.percent / _HUNDRED
    if excess <= share and excess <= limits.excess:
        return None
    reason = f"{word} spend exceeds the budget of {spend.budget} {spend.currency} by {excess} {spend.currency}."
    return Ask(amount=amount, currency=spend.currency, budget=spend.budget, reason=reason)


def _by_currency(spend: Spend) -> str:
    return spend.currency


def _limits(table: Table) -> Limits:
    limits = Limits(
        commitment=table.decimal("commitment", example='"10000.00"'),
        excess=table.decimal("excess", example='"5000.00"'),
        up_to={tier: table.decimal(tier, example='"25000.00"') for tier in TIERS},
    )
    amounts = [limits.up_to[tier] for tier in TIERS]
    if amounts != sorted(amounts):
        table.fault("", f"each tier must reach as far as the one before it: {', '.join(TIERS)}")
    return limits
