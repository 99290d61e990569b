"""What keeps the tables small, as a protocol: payloads go when their time is over, everything else stays."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Payload(StrEnum):
    """A class of what may go after a time; which columns that are is the store's table of classes."""

    HANDLED = "handled"
    IGNORED = "ignored"
    REFUSED = "refused"
    EVENTS = "events"
    ATTEMPTS = "attempts"
    LETTERS = "letters"
    NOTICES = "notices"
    TICKS = "ticks"
    TRANSFERS = "transfers"
    ORDERS = "orders"


class Upkeep(Protocol):
    """What the timetable does to rows that nobody works on any more."""

    def prune(self, payload: Payload, *, before: datetime, limit: int) -> int:
        """Empty or delete rows of a class that were over before then, the oldest first; returns how many.

        What open work, an open letter or a promise needs is passed over, however old it is.
        """
