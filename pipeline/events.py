"""What a producer told us: normalized, immutable, in CloudEvents terms.

Source of the field names: CloudEvents 1.0, "Context Attributes" (source, type, subject, time, data).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    EventState,
    JsonValue,
    LineKey,
    ReceiptVerdict,
    Side,
    Urgency,
)


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event that is not stored yet.

    time is the source's own, aware UTC; dedupe_key is unique per flow and never holds our receiving time.
    side: which system to read (look), or which one the fact is about.
    settle_s: how long the first read waits because the source told us before its change was visible.
    """

    flow: str
    source: str
    type: str
    kind: EventKind
    side: Side
    subject: BusinessKey
    line_key: LineKey
    dedupe_key: str
    time: datetime
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    urgency: Urgency = Urgency.STANDARD
    trace_id: str = ""
    settle_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Pin:
    """What a person was shown before an event was replayed: nothing else may come of it.

    digest: of the calls that were shown. at: when; it is planned by that clock, so that dates come out as shown.
    """

    digest: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """A stored event: where it stands on its line, and how far it came."""

    id: EventId
    flow: str
    source: str
    type: str
    kind: EventKind
    side: Side
    subject: BusinessKey
    line_key: LineKey
    position: int
    state: EventState
    time: datetime
    accepted_at: datetime
    data: Mapping[str, JsonValue]
    urgency: Urgency
    trace_id: str
    plan_number: int = 0
    stale_count: int = 0
    """How often a plan of this event turned out stale."""
    pin: Pin | None = None
    """Set where it was replayed by a replay plan."""


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One input as it arrived, before anything is believed of it.

    headers are redacted already; body is what was received, byte for byte (for a poll, one row as JSON).
    """

    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was made of one raw input: a verdict, and the events it holds (none unless handled)."""

    raw: Raw
    verdict: ReceiptVerdict
    reason: str = ""
    events: tuple[NewEvent, ...] = ()
