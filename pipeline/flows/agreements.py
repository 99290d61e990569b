"""What must agree between the two systems, as data: a flow says it, whoever compares both systems reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Stand(StrEnum):
    """How the newest process of an item stands."""

    LIVE = "live"
    APPROVED = "approved"
    """It ended by itself, and every review that it takes approved; of work in steps, the last step."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """While an item is in one of these states its newest process stands so, and these values are equal.

    role and state_field: as which of the flow's further objects the item is read ("" for its own), and where its
    state stands. states: our words of it. is_mutual: a process that stands so means one of the states as well.
    equal: our field in Aprimo -> the process variable with the same value. derived: our fields in Aprimo that hold
    what the flow makes of the process's tasks and variables: planned anew, nothing would be written.
    """

    states: frozenset[str]
    stand: Stand
    is_mutual: bool = False
    equal: Mapping[str, str] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    role: str = ""
    state_field: str = "state"
