"""What drives a step: the queue, the flows, the figures it keeps to, and all ports in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.backoff import RetryPolicy
from pipeline.differences import Explained, Known, Mismatch, Pair
from pipeline.events import Event
from pipeline.plan import Link, Plan, Snapshots, Want
from pipeline.ports.rows import (
    Hint,
)
from pipeline.ports.store import (
    Store,
)
from pipeline.ports.vendors import (
    Vendor,
)
from pipeline.words import (
    EventId,
    Side,
)


class Waker(Protocol):
    """The queue: hints only; a lost one costs seconds."""

    def wake(self, hints: Sequence[Hint]) -> None:
        """Publish; never raises for a queue that is away."""

    def room(self, mark: int) -> int:
        """How many messages the lanes' queues are short of the mark; 0 when the queue is away."""

    def tell_dead(self, event_ids: Sequence[EventId]) -> None:
        """Put ids of dead events onto the queue `dead_letters`."""


class Bulkhead(Protocol):
    """Keeps a vendor that answers slowly from taking all processes of the other's worker."""

    def place(self) -> AbstractContextManager[bool]:
        """A place in which to wait for the other vendor, while it is entered; False: none is free, call it later."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The figures a step keeps to; see docs/settings.md for each."""

    batch_lines: int = 50
    lease_s: float = 90.0
    call_deadline_s: float = 25.0
    no_new_call_after_s: float = 45.0
    countdown_max_s: float = 30.0
    budget_wait_max_s: float = 1.0
    kick_every_s: float = 10.0
    rehint_after_s: float = 30.0
    held_again_s: float = 60.0
    late_factor: float = 1.0
    stale_max: int = 3
    crash_max: int = 3
    call_threads: int = 8
    queue_mark: int = 500
    refused_kept_max: int = 1000
    gate_s: float = 60.0
    bulkhead_wait_s: float = 1.0
    replays_per_s: float = 5.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything a use case is handed."""

    store: Store
    vendors: Mapping[Side, Vendor]
    waker: Waker
    flows: Mapping[str, FlowPort]
    limits: Limits
    me: str
    new_id: Callable[[str], str]
    chance: Callable[[], float]
    monotonic: Callable[[], float]
    bulkhead: Bulkhead


class FlowPort(Protocol):
    """A flow with its words bound: rules on values, nothing else."""

    @property
    def name(self) -> str:
        """The flow's name."""

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        """What to read for an event of a line, given what was read already: asked until it wants nothing more."""

    def plan(self, event: Event, snapshots: Snapshots, link: Link) -> Plan:
        """What is to be done."""

    @property
    def mapping_version(self) -> str:
        """A short name of the words by which both systems are read."""

    def item_want(self, link: Link) -> Want | None:
        """How the item of a link is read; None where it has none in Aprimo."""

    def suspects(self, pair: Pair) -> tuple[Mismatch, ...]:
        """What a page's row gives reason to read in full."""

    def mismatches(self, pair: Pair) -> tuple[Mismatch, ...]:
        """In what both sides of a pair that was read in full differ."""

    def explain(self, mismatch: Mismatch, pair: Pair, known: Known) -> Explained:
        """Why they differ, and what may be done about it."""
