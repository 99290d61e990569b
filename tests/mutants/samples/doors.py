"""A module small enough to know all that can be wrong with it."""

from __future__ import annotations


def is_open(hour: int) -> bool:
    """Whether the door is open at this hour."""
    return hour >= 8
