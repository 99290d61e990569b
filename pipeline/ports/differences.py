"""What reconciliation keeps, as a protocol: runs, differences, and what our tables know of the items that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pipeline.differences import Explained, Known
from pipeline.flows.tenant import Policy
from pipeline.plan import Link
from pipeline.words import BusinessKey, EventId, JsonValue


class Mode(StrEnum):
    """How much a run compares."""

    RECENT = "recent"
    """What has changed since the run before, what lives, and what is known to differ."""
    FULL = "full"
    """Everything."""
    ITEM = "item"
    """One item."""


class Phase(StrEnum):
    """Where a run stands; each phase goes on from a cursor of its own."""

    ITEMS = "items"
    """Pages of Aprimo's items."""
    PROCESSES = "processes"
    """Pages of OpenText's living processes."""
    UNSEEN = "unseen"
    """Links that no page has shown, although both sides should."""
    KNOWN = "known"
    """Items whose differences are open, and which the run has not looked at yet."""
    OVER = "over"


class DifferenceState(StrEnum):
    """What has become of a difference."""

    OPEN = "open"
    HEALING = "healing"
    """A heal is accepted; the next run says whether it has helped."""
    UNDOING = "undoing"
    """A heal is being taken back; the next run says whether its former value was written."""
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of reconciliation, with how far it has come.

    id: ids sort by the time at which runs began, so that what a newer run has met an older one need not look at.
    since: what has not changed since then is not read in Aprimo, None for everything. suspects: what pages until the
    cursor gave reason to look at and is not looked at yet, as JSON. counts: what it came to so far, in numbers;
    report: what it found beside differences, as JSON. ended_at in another phase than the last: it was ended, and its
    report says as what.
    """

    id: str
    flow: str
    mode: Mode
    started_at: datetime
    since: datetime | None = None
    phase: Phase = Phase.ITEMS
    cursor: str = ""
    suspects: Sequence[JsonValue] = ()
    ended_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    report: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference as it is kept. aprimo and opentext: what each side showed when it was seen last.

    run_id: the last run that saw it, "" where a flow found it itself. cause: a `Cause`, or a flow's own word. former:
    what the heal overwrote. undo_event_id: the newest way back that was asked for; undone_at: when it had written
    that, None as long as it has not. closed_by: who or what closed it.
    """

    id: str
    flow: str
    business_key: BusinessKey
    field: str
    agreed: JsonValue
    aprimo: JsonValue
    opentext: JsonValue
    cause: str
    policy: Policy
    state: DifferenceState
    first_seen: datetime
    last_seen: datetime
    evidence: Mapping[str, JsonValue]
    run_id: str = ""
    heal_event_id: EventId | None = None
    former: JsonValue = None
    undo_event_id: EventId | None = None
    undone_at: datetime | None = None
    closed_by: str = ""


class Differences(Protocol):
    """Runs, differences, and what is read beside them."""

    def put_run(self, run: Run) -> None:
        """Insert or update."""

    def runs(
        self,
        flow: str = "",
        *,
        mode: Mode | None = None,
        is_over: bool | None = None,
        since: datetime | None = None,
        limit: int = 20,
    ) -> list[Run]:
        """Runs, the newest first.

        is_over: True for those that came to their end, False for those not ended yet. since: those that began since
        then.
        """

    def in_use_since(self, flow: str) -> datetime | None:
        """When the flow's first full run began that came to its end; None where none did."""

    def told_made(self, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, datetime]:
        """When items of a flow were made, as Aprimo's notices of that say; absent where none came."""

    def links_of(self, flow: str, items: Sequence[BusinessKey]) -> dict[BusinessKey, tuple[Link, ...]]:
        """The links of a flow whose business key this is, or whose item in Aprimo; absent where there is none."""

    def links_of_instances(self, flow: str, instances: Sequence[str]) -> dict[str, Link]:
        """The links of a flow by the instance of one of their processes."""

    def mark(self, run_id: str, *, items: Sequence[Link] = (), processes: Sequence[Link] = ()) -> None:
        """Note that a run has met the items, or the processes, of these links; a newer run's mark stays."""

    def met_items(self, flow: str, run_id: str, keys: Sequence[BusinessKey]) -> frozenset[BusinessKey]:
        """Those of these items of a flow that a run has met, or one that began after it."""

    def unseen_items(self, flow: str, run_id: str, *, limit: int) -> list[Link]:
        """Links with a process that has not ended whose item the run has not met, by business key."""

    def unseen_processes(self, flow: str, run_id: str, *, limit: int) -> list[Link]:
        """Links with a process that has not ended which the run has not met, by business key."""

    def known(self, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, Known]:
        """What our tables know of these items; `mapping_now` is left to the caller."""

    def keep(self, run_id: str, flow: str, found: Mapping[BusinessKey, Sequence[Explained]]) -> list[Difference]:
        """Make exactly these the open differences of these items; returns them.

        An open one gets the newest values; one that is not among them any more is closed. Where either side shows
        something else than before, a heal that has ended was about something else, and is forgotten. One whose heal
        is being taken back stands as it is until that has ended: then it is undone where its former value was
        written, and else stands again, with why in its evidence.
        """

    def find(
        self,
        *,
        ids: Sequence[str] = (),
        flow: str = "",
        keys: Sequence[BusinessKey] = (),
        cause: str = "",
        is_open: bool | None = True,
        after: str = "",
        limit: int = 1000,
    ) -> list[Difference]:
        """Differences by id or filter, in the order in which they were first seen; after: the id to go on from."""

    def undone(self, flow: str, keys: Sequence[BusinessKey]) -> list[Difference]:
        """Differences of these items whose heal a person has undone: what it wrote over was written again."""

    def begin_heal(self, difference_id: str, event_id: EventId, former: JsonValue) -> bool:
        """An open difference is being healed; False where it is not open any more."""

    def begin_undo(self, difference_id: str, event_id: EventId, *, instead_of: EventId | None = None) -> bool:
        """A heal is being taken back; False where somebody else was first, or another difference stands there.

        instead_of: a way back that was asked for before and has come to nothing.
        """
