"""What the use cases need of the world, as protocols; adapters and tests provide them.

Every method that takes a sequence does its work in one or a few statements, however long the sequence.
Times are aware UTC; within a transaction the database's clock counts (`Tx.now`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from pipeline.backoff import RetryPolicy
from pipeline.commands import Cause, Command
from pipeline.errors import PipelineError
from pipeline.events import Event, NewEvent, Reading
from pipeline.plan import FollowUp, Link, LinkChanges, Plan, Snapshot, Want
from pipeline.words import (
    BusinessKey,
    DeliveryId,
    DeliveryState,
    EffectKey,
    EventId,
    EventState,
    GateKind,
    JsonValue,
    LineKey,
    Purpose,
    Side,
    Step,
    Urgency,
    WaitReason,
)

T = TypeVar("T")

# ---- values that cross the ports -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LineNow:
    """A line as `touch` locked it: it belongs to this transaction until the commit."""

    key: LineKey
    head: int
    tail: int
    ready_at: datetime | None
    wait_reason: WaitReason | None
    is_leased: bool
    kicked_at: datetime | None
    urgency: Urgency

    @property
    def is_idle(self) -> bool:
        """Nothing open on it: the next event starts it."""
        return self.head > self.tail


@dataclass(frozen=True, kw_only=True)
class TailMove:
    """How accept leaves a line: new tail, and whether it starts or is pulled forward.

    ready_at None leaves the line's own; lane and side are set when the line starts; hinted: an id of it is published.
    """

    key: LineKey
    tail: int
    urgency: Urgency
    start: bool = False
    kick: bool = False
    ready_at: datetime | None = None
    lane: str = ""
    vendor: Side | None = None


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """What accept stored: the id to publish, and where its first step runs. is_first: the line was idle."""

    id: EventId
    line_key: LineKey
    position: int
    event: NewEvent


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A line we hold under a lease: every later write names its token.

    is_taken_over: the lease of another worker had run out.
    """

    key: LineKey
    flow: str
    token: int
    head: int
    tail: int
    crashes: int
    failures: int
    urgency: Urgency
    is_taken_over: bool
    leased_until: datetime


@dataclass(frozen=True, kw_only=True)
class Release:
    """How a step leaves a line it holds; the lease ends.

    ready_at None: the line is idle or held by a dead letter. head None: unchanged.
    failures: reads that failed in a row (0 resets).
    """

    key: LineKey
    token: int
    step: Step
    lane: str
    vendor: Side
    route: str = ""
    ready_at: datetime | None = None
    wait_reason: WaitReason | None = None
    head: int | None = None
    failures: int = 0
    hinted: bool = False


@dataclass(frozen=True, kw_only=True)
class HeldWake:
    """How a line goes on whose dead letter was closed. is_ready False: nothing is open on it any more."""

    key: LineKey
    step: Step
    lane: str
    vendor: Side
    head: int
    is_ready: bool = True


@dataclass(frozen=True, kw_only=True)
class Due:
    """A line the sweeper found due. is_expired: its lease ran out, so its hint travels alone."""

    key: LineKey
    step: Step
    lane: str
    event_id: EventId
    is_expired: bool


@dataclass(frozen=True, kw_only=True)
class EventMove:
    """A change of an event's state; plan and changes are stored with `planned`."""

    id: EventId
    before: EventState
    after: EventState
    reason: str = ""
    superseded_by: EventId | None = None


@dataclass(frozen=True, kw_only=True)
class StoredPlan:
    """What settle needs of a plan: kept with its event."""

    event_id: EventId
    plan_number: int
    changes: LinkChanges
    follow_ups: tuple[FollowUp, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One command planned for one target, as stored."""

    id: DeliveryId
    event_id: EventId
    plan_number: int
    ordinal: int
    kind: str
    target: str
    command: Command
    effect_key: EffectKey
    state: DeliveryState
    failures: int = 0
    attempts: int = 0
    settled_after: datetime | None = None
    """From here on a look-up that finds nothing counts: an unanswered call can no longer take effect."""
    vendor_ref: str = ""


@dataclass(frozen=True, kw_only=True)
class NewAttempt:
    """The row that is committed before a call leaves.

    late_s: for a send, `begin` sets the delivery's settled_after to now + late_s, so that a crash leaves it known.
    """

    delivery_id: DeliveryId
    number: int
    purpose: Purpose
    token: int
    late_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class AttemptEnd:
    """What became of an attempt, and where its delivery goes. outcome: the word for the timeline."""

    delivery_id: DeliveryId
    number: int
    outcome: str
    before: DeliveryState
    after: DeliveryState
    status: int | None = None
    code: str = ""
    detail: str = ""
    wait_s: float | None = None
    vendor_ref: str = ""
    failures: int = 0


@dataclass(frozen=True, kw_only=True)
class NewLetter:
    """A dead letter to open. delivery_id None: the event died in transform or settle."""

    event_id: EventId
    delivery_id: DeliveryId | None
    code: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An open or closed dead letter with what an operator needs to see."""

    id: str
    event_id: EventId
    delivery_id: DeliveryId | None
    line_key: LineKey
    flow: str
    subject: BusinessKey
    code: str
    hint: str
    state: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One entry of the audit chain. before and after are hashed, never stored."""

    actor: str
    act: str
    object: str
    before: JsonValue = None
    after: JsonValue = None


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A closed gate. scope: `flow:x`, `vendor:y` or `route:vendor.group`; until None: until a person opens it."""

    scope: str
    kind: GateKind
    until: datetime | None
    reason: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What is published after a commit: run this step, on this lane, for these events.

    wait_s: a countdown, never above the configured bound.
    """

    step: Step
    lane: str
    event_ids: tuple[EventId, ...]
    wait_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DueLink:
    """A link whose `wake_at` has come."""

    flow: str
    business_key: BusinessKey
    wake_at: datetime
    wake_reason: str


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far a feed was read. window_until: the end of the window being read, None between windows."""

    feed: str
    watermark: datetime
    window_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person in both systems, as far as known.

    how: `override` or `e-mail`; unresolved_since: from when on nobody could match the other side.
    """

    aprimo_user: str | None = None
    opentext_user: str | None = None
    how: str = ""
    unresolved_since: datetime | None = None


# ---- the store ---------------------------------------------------------------------------------------------------


class Lines(Protocol):
    """Lines: order, leases, fencing (DATA-MODEL: lines)."""

    def touch(self, wanted: Mapping[LineKey, str]) -> dict[LineKey, LineNow]:
        """Insert or lock the rows of these lines (key -> flow), in key order; they stay locked until the commit."""

    def move_tails(self, moves: Sequence[TailMove]) -> None:
        """Set tails of touched lines; start idle ones and pull kicked ones forward."""

    def claim(
        self,
        step: Step,
        lane: str,
        event_ids: Sequence[EventId],
        *,
        me: str,
        is_alone: bool,
        limit: int,
        lease_s: float,
    ) -> list[Claim]:
        """Lease due lines: those of the hinted events first, then (unless alone) others of the lane, up to limit."""

    def fence(self, claims: Iterable[Claim]) -> dict[LineKey, int]:
        """Begin a later write: lock the lines whose lease is still ours; returns key -> the tail now."""

    def release(self, releases: Sequence[Release]) -> None:
        """End leases of fenced lines; crashes back to 0."""

    def due(self, *, limit: int, rehint_after_s: float) -> list[Due]:
        """Due lines that need a hint, marked as hinted now."""

    def wake_held(self, wakes: Sequence[HeldWake]) -> None:
        """Make held lines ready now (a dead letter was replayed, discarded or overtaken); hinted_at is cleared."""


class Events(Protocol):
    """Events and their plans."""

    def known(self, keys: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Which (dedupe key, flow) pairs are stored already."""

    def insert(self, events: Sequence[tuple[EventId, int, NewEvent]]) -> None:
        """Insert new events with id and position."""

    def waiting(self, claims: Sequence[Claim]) -> dict[LineKey, tuple[Event, ...]]:
        """Per claimed line its open events from the head on, up to the tail the claim returned, in order."""

    def move(self, moves: Sequence[EventMove]) -> None:
        """Change states; each move is checked against `states`."""

    def store_plans(self, plans: Sequence[StoredPlan]) -> None:
        """Keep what settle needs; raises the event's plan_number."""

    def plans(self, ids: Sequence[EventId]) -> dict[EventId, StoredPlan]:
        """The last plan of each event."""

    def count_stale(self, ids: Sequence[EventId]) -> None:
        """Add one to the stale count."""

    def next_open(self, keys: Sequence[LineKey]) -> dict[LineKey, Event]:
        """Per line the lowest open event, absent where none is open."""


class Deliveries(Protocol):
    """Deliveries and attempts."""

    def plan(self, plans: Sequence[tuple[Cause, Sequence[Command]]]) -> None:
        """Store the commands of several events' plans, each in order.

        Open deliveries of earlier plans of the event are dropped, except `unknown` ones, which are kept (first) and
        not planned anew; a command whose effect key is `done` already is not planned again. What an ended event left
        behind is dropped too, and its `unknown` delivery is taken over by the plan: the way on is its look-up.
        """

    def take_over(self, claims: Sequence[Claim]) -> int:
        """Turn every `sending` delivery of these lines' heads into `unknown`; returns how many.

        A call of the lost lease may have left at its very end, so its `late` time is counted from now.
        """

    def open_of(self, ids: Sequence[EventId]) -> dict[EventId, tuple[Delivery, ...]]:
        """Per event its deliveries that are neither done nor dropped, in order (unknown ones first)."""

    def begin(self, attempts: Sequence[NewAttempt]) -> None:
        """Write attempt rows (started_at = Tx.now); a delivery whose purpose is send becomes `sending`."""

    def end(self, ends: Sequence[AttemptEnd]) -> None:
        """Write outcomes; each move is checked against `states`."""

    def fail(self, ids: Sequence[DeliveryId]) -> None:
        """`planned` or `sending` deliveries of a dead event become `failed`; unknown ones stay."""

    def refs(self, keys: Sequence[EffectKey]) -> dict[EffectKey, str]:
        """vendor_ref of the done deliveries with these effect keys."""

    def drop_open(self, ids: Sequence[EventId]) -> None:
        """Open deliveries of these events that are not `unknown` become `dropped`."""

    def resume(self, ids: Sequence[EventId]) -> None:
        """`failed` deliveries of these events become `planned`."""


class Links(Protocol):
    """Links, processes, reviews, comments."""

    def of(self, keys: Sequence[tuple[str, BusinessKey]]) -> dict[tuple[str, BusinessKey], Link]:
        """The links of (flow, business key); missing ones are absent.

        A process whose start is done bears its instance id even before settle; one whose start certainly had no
        effect is not shown.
        """

    def apply(self, changes: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """Make changes true, inserting links that are new. Notices and differences included."""

    def begin_processes(self, starts: Sequence[tuple[str, BusinessKey, LinkChanges]]) -> None:
        """With a plan's commit: insert the link if new, and its process rows in state `starting`."""

    def lines_of_instances(self, instance_ids: Sequence[str]) -> dict[str, tuple[str, BusinessKey]]:
        """Instance id -> (flow, business key), for instances we know."""

    def live(self, flow: str) -> list[tuple[BusinessKey, str, str]]:
        """(business key, instance id, seen hash) of every running process of a flow."""

    def due(self, *, limit: int) -> list[DueLink]:
        """Links whose wake_at has come."""


class Letters(Protocol):
    """Dead letters."""

    def open(self, letters: Sequence[NewLetter]) -> list[str]:
        """Open dead letters; returns their ids."""

    def close(self, letter_id: str, *, to: str, by: str, note: str) -> Letter | None:
        """Close an open letter; None when it was not open any more (someone else was first)."""

    def find(
        self,
        *,
        ids: Sequence[str] = (),
        flow: str = "",
        code: str = "",
        state: str = "open",
        limit: int = 1000,
    ) -> list[Letter]:
        """Letters by id or filter, oldest first."""

    def open_on(self, keys: Sequence[LineKey]) -> dict[LineKey, Letter]:
        """The open letter that holds each line, if any."""

    def has_unknown(self, event_id: EventId) -> bool:
        """Whether a delivery of the event is unknown."""


class Ledger(Protocol):
    """Receipts, checkpoints, ticks, gates, notices, audit: rows that stand alone."""

    def keep_receipts(self, readings: Sequence[tuple[Reading, EventId | None]], *, refused_kept_max: int) -> None:
        """Store what came in; of refused ones at most so many rows are kept."""

    def checkpoint(self, feed: str) -> Checkpoint | None:
        """How far a feed was read."""

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Insert or update."""

    def begin_tick(self, job: str, slot: str, by: str) -> bool:
        """Take a slot of a job; False when it was taken already."""

    def end_tick(self, job: str, slot: str, error: str) -> None:
        """Record how it ended; error "" is well."""

    def close_gate(self, gate: Gate) -> None:
        """Close a gate, or move its end."""

    def open_gate(self, scope: str, kind: GateKind) -> None:
        """Open a gate."""

    def gates(self) -> list[Gate]:
        """Gates that are closed now."""

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append to the audit chain. Best late in a transaction: others wait with their entries until it ends."""

    def people(self, *, aprimo_users: Sequence[str] = (), opentext_users: Sequence[str] = ()) -> list[Person]:
        """Whom we know by these users of either system."""

    def put_person(self, person: Person) -> None:
        """Keep how a person is known; what was known of either user before is replaced."""


class Tx(Protocol):
    """One transaction: on SQLite BEGIN IMMEDIATE, on PostgreSQL READ COMMITTED."""

    now: datetime
    lines: Lines
    events: Events
    deliveries: Deliveries
    links: Links
    letters: Letters
    ledger: Ledger


class Store(Protocol):
    """The truth."""

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction: commits at the end, rolls back on an error. Raises StoreAwayError when SQL is away."""

    def run(self, work: Callable[[Tx], T]) -> T:
        """Do the work in a transaction, again as a whole after a deadlock, a serialization failure or a busy lock.

        work changes nothing but through its Tx. Raises StoreAwayError when SQL is away.
        """


# ---- the vendors -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long a step's calls may take: monotonic seconds.

    no_call_after: when the step starts no new call. lease_until: when the lease ends; the transport refuses to send
    with less of it left than a call may take.
    """

    no_call_after: float
    lease_until: float
    urgency: Urgency


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A command that is done. how: `sent`, `found` (a look-up saw the effect), `already` (nothing to change)."""

    how: str
    vendor_ref: str = ""


@dataclass(frozen=True, kw_only=True)
class NotThere:
    """A look-up saw no effect."""


class Vendor(Protocol):
    """One system: read objects, send commands, look effects up. Thread-safe.

    Errors of all three are those of `errors`.
    """

    side: Side

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Read objects, by list where several of a kind are wanted; each its own outcome."""

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        """Check `expects`, then send. Raises the errors of `errors`."""

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        """Whether the effect took place. Raises TransientError when that cannot be told now."""

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """Seconds until budget and breaker would let a call leave; 0 now. Takes nothing."""


class Waker(Protocol):
    """The queue: hints only; a lost one costs seconds."""

    def wake(self, hints: Sequence[Hint]) -> None:
        """Publish; never raises for a queue that is away."""

    def room(self, mark: int) -> int:
        """How many messages the lanes' queues are short of the mark; 0 when the queue is away."""

    def tell_dead(self, event_ids: Sequence[EventId]) -> None:
        """Put ids of dead events onto the queue `dead_letters`."""


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
    late_factor: float = 1.0
    stale_max: int = 3
    crash_max: int = 3
    call_threads: int = 8
    queue_mark: int = 500
    refused_kept_max: int = 1000
    gate_s: float = 60.0
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


class FlowPort(Protocol):
    """A flow with its words bound: rules on values, nothing else."""

    @property
    def name(self) -> str:
        """The flow's name."""

    def wants(self, event: Event, link: Link | None) -> tuple[Want, ...]:
        """What to read for an event of a line."""

    def plan(self, event: Event, snapshots: Mapping[Side, Snapshot], link: Link) -> Plan:
        """What is to be done."""
