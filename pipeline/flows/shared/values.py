"""Values of fields: when two are the same, when one is empty, and how they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from pipeline.flows.tenant import FieldType
from pipeline.words import JsonValue

MINUTES = "%Y-%m-%d %H:%M"


def is_empty(value: JsonValue) -> bool:
    """Whether a field holds nothing: none, blank text, no items, or a user without an id."""
    if isinstance(value, dict):
        return all(is_empty(part) for part in value.values())
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def same(first: JsonValue, second: JsonValue, kind: FieldType = FieldType.TEXT) -> bool:
    """Whether two values of a field mean the same, however either system renders it."""
    if is_empty(first) or is_empty(second):
        return is_empty(first) and is_empty(second)
    return plain(first, kind) == plain(second, kind)


def plain(value: JsonValue, kind: FieldType) -> JsonValue:
    """A value in the one form that is compared and hashed: never shown, never sent."""
    if is_empty(value):
        return None
    return _PLAIN[kind](value)


def is_malformed(value: JsonValue, kind: FieldType) -> bool:
    """Whether a value that is there cannot be one of its type: money that is no number, a date that is none."""
    if is_empty(value):
        return False
    try:
        if kind is FieldType.MONEY:
            return not Decimal(str(value)).is_finite()
        if kind is FieldType.DATE:
            datetime.fromisoformat(str(value))
    except (InvalidOperation, ValueError):
        return True
    return False


def text(value: JsonValue) -> str:
    """A value as text: "" for none, items separated by "; "."""
    if isinstance(value, list):
        return "; ".join(text(item) for item in value)
    return "" if value is None else str(value)


def moment(value: JsonValue) -> datetime | None:
    """A date or moment, in UTC where it names no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def instant(at: datetime) -> str:
    """A moment as OpenText and Aprimo are given it, e.g. `2026-01-12T10:20:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(length: timedelta) -> str:
    """A length of time in ISO 8601, in whole seconds, e.g. `PT129600S` for a day and a half."""
    return f"PT{round(length.total_seconds())}S"


def minute(at: datetime) -> str:
    """A moment as people read it, in UTC, e.g. `2026-01-12 10:20`."""
    return at.astimezone(UTC).strftime(MINUTES)


def _plain_text(value: JsonValue) -> JsonValue:
    return str(value).replace("\r\n", "\n").strip()


def _plain_money(value: JsonValue) -> JsonValue:
    if is_malformed(value, FieldType.MONEY):
        return _plain_text(value)
    amount = f"{Decimal(str(value)):f}"
    plain_amount = amount.rstrip("0").rstrip(".") if "." in amount else amount
    return "0" if plain_amount == "-0" else plain_amount


def _plain_date(value: JsonValue) -> JsonValue:
    at = moment(value)
    return instant(at) if at else _plain_text(value)


def _plain_list(value: JsonValue) -> JsonValue:
    items = value if isinstance(value, list) else [value]
    return [*sorted({text(item).strip() for item in items})]


def _plain_user(value: JsonValue) -> JsonValue:
    """Who it is, not how he or she is called today."""
    if not isinstance(value, dict):
        return _plain_text(value)
    return str(next(value[key] for key in ("id", "email", "name") if not is_empty(value.get(key))))


_PLAIN: Mapping[FieldType, Callable[[JsonValue], JsonValue]] = {
    FieldType.TEXT: _plain_text,
    FieldType.MONEY: _plain_money,
    FieldType.DATE: _plain_date,
    FieldType.LIST: _plain_list,
    FieldType.INTEGER: _plain_text,
    FieldType.USER: _plain_user,
    FieldType.CURRENCY: _plain_text,
}
