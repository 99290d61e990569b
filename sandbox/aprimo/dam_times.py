"""Times of the DAM: UTC with a trailing Z and as many fraction digits as are needed (aprimo.md §3.4)."""

from datetime import UTC, datetime, timedelta

from sandbox.aprimo import pm_times


def stamp(*, after: str = "") -> str:
    """Give the present moment, later than another one in any case."""
    now = datetime.now(UTC)
    if after:
        now = max(now, read(after) + timedelta(microseconds=1))
    return show(now)


def in_future(seconds: float) -> str:
    """Give the moment so many seconds from now."""
    return show(datetime.now(UTC) + timedelta(seconds=seconds))


def at(timestamp: float) -> str:
    """Give the moment of a POSIX time."""
    return show(datetime.fromtimestamp(timestamp, UTC))


def has_come(moment: str) -> bool:
    """Whether a moment is past."""
    return datetime.now(UTC) >= read(moment)


def seconds_since(moment: str) -> float:
    """Seconds that have passed since a moment."""
    return (datetime.now(UTC) - read(moment)).total_seconds()


def read(text: str) -> datetime:
    """Read one of our own stamps."""
    return datetime.fromisoformat(text)


def show(moment: datetime) -> str:
    """Bring a moment into the form in which it is answered: zeros at the end of the fraction are left out."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"


def normal(value: object, name: str) -> str:
    """Read a time of a request and give it in the form of answers; refuses what is none."""
    return show(pm_times.read_time(value, name))
