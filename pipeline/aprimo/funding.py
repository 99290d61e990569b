"""Funding accounts: what was budgeted, committed and spent, in the account's own currency.

Source: public clients of `GET /api/funding-accounts/{id}` and `/{id}/summary`, read 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marshmallow import fields

from pipeline.aprimo.schemas import AprimoSchema
from pipeline.transport.messages import Answer

AMOUNTS = {
    "budget": "budget",
    "in_bound": "inBound",
    "out_bound": "outBound",
    "adjusted_budget": "adjustedBudget",
    "pending": "pending",
    "total_commit": "totalCommit",
    "paid": "paid",
    "outstanding": "outstanding",
    "available_budget": "availableBudget",
    "uncommitted_budget": "uncommittedBudget",
    "forecast_amount": "forecastAmount",
}
"""Our name of an amount -> the vendor's."""


@dataclass(frozen=True, kw_only=True)
class Funding:
    """An account's standing. currency_id: None where the account names none; amounts: by our names of AMOUNTS."""

    account_id: int
    title: str
    currency_id: int | None
    amounts: Mapping[str, Decimal]


class AccountSchema(AprimoSchema):
    """The part of an account that its summary leaves out."""

    title = fields.String(load_default="", allow_none=True)
    currency_id = fields.Integer(load_default=None, allow_none=True, data_key="budgetedCurrency")


SummarySchema = AprimoSchema.from_dict(
    {ours: fields.Decimal(required=True, data_key=theirs) for ours, theirs in AMOUNTS.items()}, name="SummarySchema"
)
"""An amount that is missing is an error: it must not be taken for none spent."""


def load_funding(account_id: int, account: Answer, summary: Answer) -> Funding:
    """Both answers as one value. Raises ValidationError or UnreadableAnswerError."""
    named: dict[str, Any] = AccountSchema().load(account.json_object())
    amounts: dict[str, Decimal] = SummarySchema().load(summary.json_object())
    return Funding(
        account_id=account_id, title=named["title"] or "", currency_id=named["currency_id"], amounts=amounts
    )
