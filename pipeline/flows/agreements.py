"""What must agree between the two systems, as data: a flow says it, whoever compares both systems reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.flows.tenant import FlowWords
from pipeline.plan import Link, Snapshot
from pipeline.words import Decision


class Stand(StrEnum):
    """How the newest process of an item stands."""

    LIVE = "live"
    APPROVED = "approved"
    """It ended by itself, and every review that it takes approved; of work in steps, the last step."""
    NONE = "none"
    """The item has no process of its own: its parts have, or none is due."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """While an item is in one of these states its newest process stands so, and these values are equal.

    role and state_field: as which of the flow's further objects the item is read ("" for its own), and where its
    state stands. states: our words of it; none: whatever its state, and nothing is said of the process. concerns: of
    which of those items, beside what is known of them, it is said, where not of all. is_mutual: a process that lives
    means one of the states as well. equal: our field in Aprimo -> the process variable with the same value, compared
    while the process lives. outcomes: how the newest process may have ended, as its row has it, where the item stands
    approved. approves: under which name that row has what stands approved, e.g. `120000 EUR`; None where an approval
    is of no amount, and "" where the item does not say. carries: whether Aprimo's fields are as both agreed last, and
    so in the variables of a process that lives: an edit travels, or begins anew. version: under which name the latest
    file version is agreed, "" for none. begins_again: whether a new revision may begin while the item stands so.
    lasts: whether an approval holds whatever became of later revisions, so that any process may have given it.
    strays: those of the states that are Aprimo's and begin nothing: who puts an item there after its process has
    edited it. parts: a field of the item's -> the parts that the item names, each with a process of its own.
    """

    states: frozenset[str]
    stand: Stand
    is_mutual: bool = False
    equal: Mapping[str, str] = field(default_factory=dict)
    outcomes: frozenset[str] = frozenset({Decision.APPROVED})
    approves: Callable[[Snapshot, FlowWords], str] | None = None
    role: str = ""
    state_field: str = "state"
    concerns: Callable[[Snapshot, Link | None, FlowWords], bool] | None = None
    carries: bool = False
    version: str = ""
    begins_again: bool = False
    lasts: bool = False
    strays: frozenset[str] = frozenset()
    parts: Mapping[str, Callable[[Snapshot, FlowWords], Sequence[str]]] = field(default_factory=dict)
