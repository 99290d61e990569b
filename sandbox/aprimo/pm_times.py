"""Times of Productivity Management: whole seconds in UTC, without a zone mark (aprimo.md §5)."""

from datetime import UTC, datetime

from sandbox.aprimo.refusals import Refusal

_FORM = "%Y-%m-%dT%H:%M:%S"


def stamp() -> str:
    """Give the present second."""
    return datetime.now(UTC).strftime(_FORM)


def precise_stamp() -> str:
    """Give the present moment with milliseconds, as webhooks carry it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")]


def read_time(value: object, name: str) -> datetime:
    """Read an ISO date or time; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as err:
        raise Refusal(400, f"'{name}' is not a date: {value!r}.") from err
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def normal(value: object, name: str) -> str:
    """Bring a time into the form in which it is answered."""
    return read_time(value, name).strftime(_FORM)
