"""What keeps the tables small and forgets people, as a protocol: payloads and values go, everything else stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pipeline.identity import Eraser, Identity


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
    REPLAYS = "replays"
    RUNS = "runs"
    DIFFERENCES = "differences"


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A page of a table that was looked through for a person.

    rows: how many name them; in_use: those besides that work is under way on, each by what it is about. met: what the
    page tells of the same person; last: the key behind which the next page begins, None after the last one.
    """

    rows: int = 0
    in_use: tuple[str, ...] = ()
    met: Identity = field(default_factory=Identity)
    last: tuple[Any, ...] | None = None


class Upkeep(Protocol):
    """What the timetable does to rows that nobody works on any more."""

    def prune(self, payload: Payload, *, before: datetime, limit: int) -> int:
        """Empty or delete rows of a class that were over before then, the oldest first; returns how many.

        What open work, an open letter or a promise needs is passed over, however old it is.
        """

    def swept_tables(self) -> tuple[str, ...]:
        """The tables that could hold values of a person."""

    def known_as(self, identity: Identity) -> Identity:
        """A person with what else the table of people knows of them."""

    def look(self, table: str, eraser: Eraser, *, after: tuple[Any, ...] | None, limit: int) -> Swept:
        """What a page of a table has of the person; nothing is changed."""

    def erase(self, table: str, eraser: Eraser, *, after: tuple[Any, ...] | None, limit: int) -> Swept:
        """Replace what a page of a table has of the person, but for rows that are in use."""

    def forget(self, identity: Identity) -> int:
        """Take a person out of the table of people; returns how many rows."""

    def erase_audit(self, eraser: Eraser) -> tuple[int, str]:
        """Erase a person from the audit log; returns how many entries, and how an entry must tell of it (`after`)."""
