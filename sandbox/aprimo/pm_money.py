"""Amounts of Productivity Management: read from JSON numbers and added up as decimals, never as floats."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sandbox.aprimo import pm_fields
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

_ITEM_KEYS = frozenset(
    {
        "committedItemId",
        "activityId",
        "fundingAccountId",
        "description",
        "fiscalYearId",
        "fiscalPeriodId",
        "quantity",
        "price",
        "total",
        "closed",
    }
)


def exact(value: object) -> Decimal:
    """Give a number as the decimal its text says."""
    return Decimal(str(value))


def wire(value: Decimal) -> float:
    """Give a decimal as the number JSON shows."""
    return float(value)


def amount(value: Any, name: str) -> float:  # noqa: ANN401 -- What the wire holds.
    """Read an amount."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(400, f"'{name}' must be a number.")
    return float(value)


def items(value: Any, name: str) -> list[Row]:  # noqa: ANN401 -- What the wire holds.
    """Read the items of a commitment; their totals are computed."""
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise Refusal(400, f"'{name}' needs at least one item.")
    return [_item(at, each) for at, each in enumerate(value, start=1)]


def budgets(value: Any, name: str) -> list[Row]:  # noqa: ANN401 -- What the wire holds.
    """Read the budgets of a funding account."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Refusal(400, f"'{name}' must be a list of objects.")
    return [
        {
            "fiscalPeriodId": pm_fields.number(each.get("fiscalPeriodId"), "fiscalPeriodId"),
            "enteredAmount": amount(each.get("enteredAmount"), "enteredAmount"),
        }
        for each in value
    ]


def total(rows: Iterable[Row], key: str) -> Decimal:
    """Add up one column."""
    return sum((exact(row[key]) for row in rows), Decimal(0))


def _item(at: int, given: Row) -> Row:
    unknown = sorted(set(given) - _ITEM_KEYS)
    if unknown:
        raise Refusal(400, f"An item has no '{unknown[0]}'.")
    price = amount(given.get("price"), "price")
    quantity = amount(given.get("quantity", 1), "quantity")
    return {
        "activityId": None,
        "description": "",
        "closed": 0,
        **given,
        "committedItemId": at,
        "price": price,
        "quantity": quantity,
        "total": wire(exact(price) * exact(quantity)),
    }
