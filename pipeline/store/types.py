"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    _Time = TypeDecorator[datetime]
    _Text = TypeDecorator[str]
    _Json = TypeDecorator[Any]
else:
    _Time = _Text = _Json = TypeDecorator

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class UtcTime(_Time):
    """A moment: timestamptz on PostgreSQL, fixed-width text on SQLite, aware UTC in Python.

    The fixed width makes text compare as time does.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column as the database knows it."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(26))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - As SQLAlchemy declares it.
        """The value as the driver wants it. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        if dialect.name == "sqlite":
            return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 - As SQLAlchemy declares it.
        """The value as aware UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value.astimezone(UTC)  # type: ignore[no-any-return]  # The driver gives a datetime.


class Word(_Text):
    """Text of ours or a vendor's; enums are stored as their value."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without what PostgreSQL refuses."""
        del dialect
        return None if value is None else clean(str(value))


class Json(_Json):
    """A JSON value: JSONB on PostgreSQL, text on SQLite. Python's None is SQL's null."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column as the database knows it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - As SQLAlchemy declares it.
        """The value without what PostgreSQL refuses."""
        del dialect
        return clean_json(value)


BigInt = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is INTEGER."""


def clean(text: str) -> str:
    """Text that both databases take: no NUL, no lone surrogate.

    A vendor's JSON may hold either as an escape; one such notice must not stop its whole group.
    """
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_json(value: Any) -> Any:  # noqa: ANN401 - Any JSON value.
    """The value with every text in it cleaned."""
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, dict):
        return {clean(str(name)): clean_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    return value
