"""Rows and values that cross the ports of the store and the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.commands import Command
from pipeline.events import NewEvent
from pipeline.plan import FollowUp, Hold, LinkChanges
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
    WakeReason,
)


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

    ready_at, lane and vendor are those of a line that starts; None and "" leave the line's own.
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
    """What accept stored: an event with its id and its place on its line."""

    id: EventId
    line_key: LineKey
    position: int
    event: NewEvent


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A line we hold under a lease: every later write names its token.

    is_taken_over: the lease of another worker had run out. wanted: the holds it waited for before.
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
    wanted: tuple[Hold, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """How a step leaves a line it holds; the lease ends.

    ready_at None: the line is idle or held by a dead letter. head None: unchanged.
    failures: reads that failed in a row (0 resets). wanted: the holds it waits for.
    """

    key: LineKey
    token: int
    step: Step
    lane: str
    vendor: Side
    route: str = ""
    ready_at: datetime | None = None
    wait_reason: WaitReason | None = None
    wanted: tuple[Hold, ...] = ()
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


class HoldAnswer(StrEnum):
    """What came of asking for holds."""

    TAKEN = "taken"
    READ_AGAIN = "read_again"
    """They are the event's now; another one gave one of them back after the read began, so it is read again."""
    HELD = "held"
    """Another event has one of them, so none was taken."""


@dataclass(frozen=True, kw_only=True)
class HoldsWanted:
    """What an event's new plan wants to hold; what the event has besides is given back.

    read_at: when the read began that the plan rests on. keeps_own: nothing is given back, because a call of the
    event may still take effect.
    """

    event_id: EventId
    flow: str
    business_key: BusinessKey
    holds: tuple[Hold, ...]
    read_at: datetime
    keeps_own: bool = False


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of asking for holds, per event, and what was given back on the way."""

    answers: Mapping[EventId, HoldAnswer] = field(default_factory=dict)
    freed: tuple[Hold, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HoldWait:
    """A line that waits for holds, with its head event."""

    key: LineKey
    lane: str
    event_id: EventId
    wanted: tuple[Hold, ...]


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
    late_s: float = 0.0
    """For a send that ended unknown: from now on the effect may still be that late, however long the call waited."""


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
class Anchor:
    """An entry of the audit chain as it was when it was the newest. at: when that was written down, where known."""

    number: int
    hash: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ToldAlone:
    """Changes that a source told of before anybody else: how many, and when the first of those came."""

    source: str
    events: int
    first_at: datetime


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
class LiveProcess:
    """A running process as we know it. row_version: its link's, which every settled look moves on."""

    business_key: BusinessKey
    instance_id: str
    seen_hash: str
    row_version: int


@dataclass(frozen=True, kw_only=True)
class DueLink:
    """A link whose `wake_at` has come."""

    flow: str
    business_key: BusinessKey
    wake_at: datetime
    wake_reason: WakeReason


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How far a feed was read. window_until: the end of the window being read, None between windows."""

    feed: str
    watermark: datetime
    window_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SeenRow:
    """What a list showed of an object last, as a hash, and how often it had changed by then."""

    object_id: str
    hash: str
    changes: int


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person in both systems, as far as known. name: as people know them, where the user does not say it.

    how: `override` or `e-mail`; unresolved_since: from when on nobody could match the other side; checked_at: when
    somebody was looked for there last. Neither a match nor unresolved: nobody was looked for yet.
    """

    aprimo_user: str | None = None
    opentext_user: str | None = None
    how: str = ""
    unresolved_since: datetime | None = None
    name: str = ""
    checked_at: datetime | None = None
