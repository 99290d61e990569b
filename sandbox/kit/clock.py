"""Time stamps of the sandboxes: always real, always UTC."""

from datetime import UTC, datetime


def now_iso() -> str:
    """Give the present moment as ISO 8601 in UTC, with microseconds and a trailing Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
