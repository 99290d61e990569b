"""Times as the vendors write them: with `Z`, with `+0000`, with an offset, or (PM) without any zone, meaning UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields


def instant(text: str) -> datetime:
    """The moment, aware UTC; a time without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as err:  # The first and last hours of the calendar.
        raise ValueError(f"no moment of our calendar: {text!r}") from err


def iso(moment: datetime) -> str:
    """The moment with `Z`, as we keep and send it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def sortable(moment: datetime) -> str:
    """The moment in a fixed width, so that texts sort as moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Instant(fields.Field[datetime]):
    """A moment in a schema, aware UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:  # noqa: ANN401 - marshmallow's own signature.
        del attr, data, kwargs
        if not isinstance(value, str):
            raise ValidationError("Not a time.")
        try:
            return instant(value)
        except ValueError as err:
            raise ValidationError("Not a time.") from err
