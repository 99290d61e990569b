"""Replay plans, as rows and as a protocol: what a person was shown of each letter, and how far it was applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pipeline.changes import PlannedCall
from pipeline.words import BusinessKey, EventId, ReplayState


@dataclass(frozen=True, kw_only=True)
class ReplayItem:
    """One letter of a plan as it was shown.

    resumes: it goes on with the step that failed. digest: of the calls it would make. seen: a digest of each object
    that was read, by `<kind> <id>`. verdict, reason and hint: as the flow planned. conflicts: what was changed since
    the letter died, as sentences. left: why it is not replayed at all, "" where it is.
    """

    letter_id: str
    event_id: EventId
    flow: str
    subject: BusinessKey
    resumes: bool = False
    digest: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    reason: str = ""
    hint: str = ""
    calls: tuple[PlannedCall, ...] = ()
    conflicts: tuple[str, ...] = ()
    left: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplayPlan:
    """What replaying some letters would come to, and how far that was done.

    at: the moment that the flows took for now. done_to: items that were dealt with, the first ones. refused: those of
    them that were not replayed, letter id to reason.
    """

    hash: str
    is_resume: bool
    by: str
    at: datetime
    items: tuple[ReplayItem, ...]
    state: ReplayState = ReplayState.PLANNED
    done_to: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReplayProgress:
    """Where a plan stands now. wait_s: how long the speed limit still holds the next letter of any plan."""

    state: ReplayState
    done_to: int
    wait_s: float


class Replays(Protocol):
    """Replay plans. Any number of people may apply one at once: whose `advance` hits deals with the item."""

    def save(self, plan: ReplayPlan) -> None:
        """Keep a plan; the same one again begins anew, unless it is being applied."""

    def find(self, plan_hash: str) -> ReplayPlan | None:
        """The plan with this hash, whole."""

    def progress(self, plan_hash: str) -> ReplayProgress:
        """How far it is."""

    def begin(self, plan_hash: str) -> None:
        """Let it be applied, or go on; one that is applied stays so."""

    def advance(self, plan_hash: str, done_to: int, *, is_last: bool, pace_s: float) -> bool:
        """Deal with the item at done_to, in this transaction; False: it is dealt with, stopped, or too early.

        pace_s: after that many seconds the next letter of any plan may go.
        """

    def refuse(self, plan_hash: str, place: int, why: str) -> None:
        """Record that the letter at a place was not replayed."""

    def stop(self, plan_hash: str) -> bool:
        """Let nothing more of it be replayed; False when it is not being applied."""
