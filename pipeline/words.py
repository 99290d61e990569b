"""The words of the house: closed sets and ids, one name per thing.

Everything here is a plain string at run time, so that rows, messages and logs hold the word itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType, TypeAlias

EventId = NewType("EventId", str)
DeliveryId = NewType("DeliveryId", str)
LineKey = NewType("LineKey", str)
"""`<flow>/<business key>`, with `#part` and with `~notes` where a flow has them."""
BusinessKey = NewType("BusinessKey", str)
"""`aprimo:<kind>:<id>`, `opentext:process:<id>` or `signoff:<purpose>:<id>`."""
EffectKey = NewType("EffectKey", str)
LinkId = NewType("LinkId", str)
InstanceId = NewType("InstanceId", str)
"""A process instance of OpenText Workflow Service."""

JsonValue: TypeAlias = "str | int | bool | list[JsonValue] | dict[str, JsonValue] | None"
"""What our JSON columns hold. No fractions: money is Decimal, kept as text."""


class Side(StrEnum):
    """One of the two systems."""

    APRIMO = "aprimo"
    OPENTEXT = "opentext"


class Urgency(StrEnum):
    """Which queue of a target a line's work goes to; the first is the most urgent."""

    EXPRESS = "express"
    STANDARD = "standard"
    BULK = "bulk"


class Step(StrEnum):
    """The three steps of an event's chain."""

    TRANSFORM = "transform"
    CARRY = "carry"
    SETTLE = "settle"


class EventKind(StrEnum):
    """What an event means: read the object, or a meaning of its own."""

    LOOK = "look"
    FACT = "fact"


class EventState(StrEnum):
    """States of an event; the machine is in `states`."""

    ACCEPTED = "accepted"
    PLANNED = "planned"
    CARRIED = "carried"
    DELIVERED = "delivered"
    IGNORED = "ignored"
    SUPERSEDED = "superseded"
    DEAD = "dead"


class DeliveryState(StrEnum):
    """States of a delivery; the machine is in `states`."""

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"


class Purpose(StrEnum):
    """Why an attempt called the vendor."""

    SEND = "send"
    LOOK_UP = "look_up"


class CallPurpose(StrEnum):
    """What a call to a vendor is made for: the first three for the events of flows, the others for no event."""

    READ = "read"
    SEND = "send"
    LOOK_UP = "look_up"
    POLL = "poll"
    PEOPLE = "people"
    RECONCILE = "reconcile"
    TOKEN = "token"  # noqa: S105 - a purpose, no secret
    OTHER = "other"


class WaitReason(StrEnum):
    """Why a line waits for its `ready_at`."""

    BACKOFF = "backoff"
    VENDOR_WAIT = "vendor_wait"
    LOOKUP = "lookup"
    PROCESSING = "processing"
    HELD = "held"
    SETTLING = "settling"
    """A call-back leaves the engine before its transaction is visible: the look waits a moment."""


class CatchUp(StrEnum):
    """What becomes of the slots that a job of the timetable has missed."""

    ONCE = "once"
    """One run makes up for all of them."""
    SKIP = "skip"
    """They are left out; a run that would come late is left out too."""
    ALL = "all"
    """Each is run, the oldest first."""


class WakeReason(StrEnum):
    """Why the timetable is to look at a link again; each reason is looked for by one job of `watch`."""

    REVIEW_DUE = "review_due"
    """A review, step or answer has come to its due time."""
    HISTORY = "history"
    """A process has ended and its history may be whole by now."""
    SPEND = "spend"
    """What was spent or planned is to be compared with the budget again."""
    EMBARGO = "embargo"
    """The date has come before which nothing may be released."""
    REVIEW_START = "review_start"
    """A review of an item's performance is to begin."""
    LATE_CASE = "late_case"
    """A review is overdue beyond its escalation: it becomes a case."""
    REMARKS = "remarks"
    """What people remarked on a file is to be looked for, because nothing tells of it."""


class ReceiptVerdict(StrEnum):
    """What accept answered for one input."""

    HANDLED = "handled"
    IGNORED = "ignored"
    REFUSED = "refused"


class Decision(StrEnum):
    """How a review or a process was decided. Anything else a model answers is kept and shown as unknown."""

    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class ReviewState(StrEnum):
    """Where one stakeholder's review stands."""

    OPEN = "open"
    DECIDED = "decided"
    NOT_NEEDED = "not_needed"
    WITHDRAWN = "withdrawn"


class ProcessState(StrEnum):
    """Where a process stands, as far as we know."""

    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    ENDED = "ended"


class EndedBy(StrEnum):
    """Who ended a process: our own end is never read as their cancellation."""

    US = "us"
    THEM = "them"


class LetterState(StrEnum):
    """States of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    OVERTAKEN = "overtaken"


class ReplayState(StrEnum):
    """Where a replay plan stands."""

    PLANNED = "planned"
    APPLYING = "applying"
    STOPPED = "stopped"
    """A person stopped it; applying it again goes on where it stood."""
    APPLIED = "applied"


class GateKind(StrEnum):
    """Why lines are held without spending attempts."""

    PAUSE = "pause"
    BREAKER = "breaker"


def lane(urgency: Urgency, side: Side) -> str:
    """The queue for work of this urgency against this target, e.g. `express.aprimo`."""
    return f"{urgency}.{side}"


def side_of_lane(name: str) -> Side:
    """The target system of a lane. Raises ValueError for a queue that is no lane."""
    return Side(name.partition(".")[2])


def urgency_of_lane(name: str) -> Urgency:
    """The urgency of a lane. Raises ValueError for a queue that is no lane."""
    return Urgency(name.partition(".")[0])


def most_urgent(first: Urgency, second: Urgency) -> Urgency:
    """The more urgent of the two."""
    order = list(Urgency)
    return min(first, second, key=order.index)
