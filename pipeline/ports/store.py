"""The truth, as protocols: what the use cases ask of SQL.

Every method that takes a sequence does its work in one or a few statements, however long the sequence. Times are
aware UTC; within a transaction the database's clock counts (`Tx.now`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeVar

from pipeline.commands import Cause, Command
from pipeline.events import Event, NewEvent, Pin, Reading
from pipeline.plan import Hold, Link, LinkChanges, Notice
from pipeline.ports.differences import Differences
from pipeline.ports.progress import Progress
from pipeline.ports.replays import Replays
from pipeline.ports.rows import (
    Anchor,
    AttemptEnd,
    AuditEntry,
    Checkpoint,
    Claim,
    Delivery,
    Due,
    DueLink,
    EventMove,
    Gate,
    HeldWake,
    HoldsWanted,
    HoldWait,
    Letter,
    LineNow,
    LiveProcess,
    NewAttempt,
    NewLetter,
    Person,
    Release,
    SeenRow,
    StoredPlan,
    TailMove,
    Taken,
    ToldAlone,
)
from pipeline.ports.upkeep import Upkeep
from pipeline.words import (
    BusinessKey,
    DeliveryId,
    EffectKey,
    EventId,
    GateKind,
    LineKey,
    Step,
    WakeReason,
)

T = TypeVar("T")


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
        """Due lines that need a hint, marked as hinted now: not hinted of late, or not since their gate opened."""

    def wake_held(self, wakes: Sequence[HeldWake]) -> None:
        """Make held lines ready now (a dead letter was replayed, discarded or overtaken); hinted_at is cleared."""

    def waiting_for_holds(self) -> list[HoldWait]:
        """Lines that wait for holds and that nobody works on, those whose head was accepted first at the front."""

    def wake_waiting(self, keys: Sequence[LineKey]) -> frozenset[LineKey]:
        """Make those of these lines ready now that still wait for holds, and return them; the caller publishes."""


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

    def by_id(self, ids: Sequence[EventId]) -> dict[EventId, Event]:
        """Events by their ids, open or over; unknown ones are absent."""

    def pin(self, event_id: EventId, pin: Pin | None) -> None:
        """Bind a dead event to what a person was shown, or to nothing."""


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

    def fail_of(self, ids: Sequence[EventId]) -> None:
        """As `fail`, for all deliveries of these events, whatever they hold."""

    def refs(self, keys: Sequence[EffectKey]) -> dict[EffectKey, str]:
        """vendor_ref of the done deliveries with these effect keys."""

    def drop(self, ids: Sequence[DeliveryId]) -> None:
        """These deliveries, which are neither sending nor unknown, become `dropped`."""

    def forgive(self, ids: Sequence[EventId]) -> None:
        """Open deliveries of these events get all their tries back: a person asked for another go."""

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

    def lines_of_items(self, items: Sequence[tuple[str, BusinessKey]]) -> dict[tuple[str, BusinessKey], BusinessKey]:
        """(flow, item in Aprimo) -> business key, for items that are another line's."""

    def live(self, flow: str) -> list[LiveProcess]:
        """Every running process of a flow."""

    def due(self, reasons: Collection[WakeReason], *, limit: int) -> list[DueLink]:
        """Links whose wake_at has come for one of these reasons, those due longest first."""

    def release_loops(self, flow: str, business_key: BusinessKey, field: str) -> tuple[str, ...]:
        """Let fields be written again that a loop has stopped, all of them (field "") or one; returns their names."""


class Holds(Protocol):
    """Who may write a shared object now: an event has its holds from its plan's commit until it has ended."""

    def take(self, wanted: Sequence[HoldsWanted]) -> Taken:
        """Take all that an event wants, or none of it; an event that has some of it already keeps that.

        Rows are locked in one order, and what an event has besides is given back, so nobody waits for a holder who
        waits for him.
        """

    def give_back(self, ids: Sequence[EventId]) -> tuple[Hold, ...]:
        """Free everything that these events hold; returns what is free now."""

    def holders(self, holds: Sequence[Hold]) -> dict[Hold, EventId]:
        """Who has these; free ones are absent."""


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
        event_ids: Sequence[EventId] = (),
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

    def seen_rows(self, feed: str, object_ids: Sequence[str]) -> list[SeenRow]:
        """What a feed's list showed last of these objects; one never seen is absent."""

    def save_seen_rows(self, feed: str, rows: Sequence[SeenRow]) -> None:
        """Insert or update."""

    def begin_tick(self, job: str, slot: datetime, by: str) -> bool:
        """Take a slot of a job; False when it was taken already."""

    def retake_tick(self, job: str, by: str, *, begun_before: datetime, oldest: datetime | None) -> datetime | None:
        """Take over a slot that was begun before and never ended: the first one from `oldest` on, None for none."""

    def end_tick(self, job: str, slot: datetime, by: str, error: str) -> None:
        """Record how it ended, unless somebody else has taken it over; error "" is well."""

    def last_tick(self, job: str) -> datetime | None:
        """The newest slot of a job that was begun."""

    def close_gate(self, gate: Gate) -> None:
        """Close a gate, or move its end."""

    def open_gate(self, scope: str, kind: GateKind) -> bool:
        """Open a gate now; False when it is not closed. `Lines.due` finds what it held, however fresh the hints."""

    def gates(self) -> list[Gate]:
        """Gates that are closed now."""

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append to the audit chain. Best late in a transaction: others wait with their entries until it ends."""

    def anchor(self) -> Anchor | None:
        """Write the chain's newest entry down; None where only the last anchor has come since, or nothing."""

    def people(self, *, aprimo_users: Sequence[str] = (), opentext_users: Sequence[str] = ()) -> list[Person]:
        """Whom we know by these users of either system."""

    def put_person(self, person: Person) -> None:
        """Keep how a person is known; what was known of either user before is replaced."""

    def people_to_match(self, *, limit: int) -> list[Person]:
        """Who has no match, never looked for first, then the longest not looked for."""

    def last_heard(self, source: str) -> datetime | None:
        """When the source told something last, whatever it was."""

    def told_alone(self, sources: Sequence[str], *, since: datetime, limit: int) -> ToldAlone | None:
        """What these sources told since then and nobody had told before: at most so many, None for nothing."""

    def newest_bodies(self, source: str, *, since: datetime, limit: int) -> list[bytes]:
        """What the source brought since then, as it came, the newest first."""

    def tell_about(self, about: str, notice: Notice, *, revision: int) -> bool:
        """Tell people something that is about no item; False where they were told this revision of it already."""

    def see_about(self, about: str, code: str) -> None:
        """Take back what people were told about something: it is not so any more."""

    def see_notices(self, notice_ids: Sequence[str]) -> list[str]:
        """Mark notices seen; returns the ids of those that were not seen before, in their order."""


class Tx(Protocol):
    """One transaction: on SQLite BEGIN IMMEDIATE, on PostgreSQL READ COMMITTED."""

    now: datetime
    lines: Lines
    events: Events
    deliveries: Deliveries
    links: Links
    holds: Holds
    letters: Letters
    ledger: Ledger
    progress: Progress
    differences: Differences
    upkeep: Upkeep
    replays: Replays


class Store(Protocol):
    """The truth."""

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction: commits at the end, rolls back on an error. Raises StoreAwayError when SQL is away."""

    def run(self, work: Callable[[Tx], T]) -> T:
        """Do the work in a transaction, again as a whole after a deadlock, a serialization failure or a busy lock.

        work changes nothing but through its Tx. Raises StoreAwayError when SQL is away.
        """
