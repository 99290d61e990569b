"""What follows from the outcome of an attempt: one table, from verdicts to moves.

Certain to have had no effect: another try, a person, or a gate. Perhaps an effect: `unknown`, and only a
look-up goes on. A look-up that finds counts at once; one that finds nothing counts only when it left after
the moment from which an unanswered call can no longer take effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from pipeline.errors import (
    LeaseLostError,
    MisconfiguredError,
    PermanentError,
    StaleError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.ports import AttemptEnd, Delivery, Limits, NotThere, Sent
from pipeline.words import DeliveryState, Purpose, WaitReason


class Next(Enum):
    """Where a member goes after an attempt."""

    GO_ON = auto()
    """Its next call, here."""
    WAIT = auto()
    GATE = auto()
    """Every call would fail: a gate closes, no attempt is spent."""
    REPLAN = auto()
    DIE = auto()
    DROP_OUT = auto()
    """The lease is somebody else's: write nothing."""


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """An attempt that came back. started_at is the database's time of its row."""

    delivery: Delivery
    purpose: Purpose
    number: int
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The row to write and what follows. wait: wait_s from now, or until a moment, whichever is given."""

    next: Next
    row: AttemptEnd | None = None
    wait_s: float = 0.0
    wait_until: datetime | None = None
    wait_reason: WaitReason | None = None
    code: str = ""
    hint: str = ""
    is_effect: bool = False

    def wait_from(self, now: datetime) -> float:
        """Seconds to wait from now, never negative."""
        if self.wait_until is None:
            return self.wait_s
        return max(0.0, (self.wait_until - now).total_seconds())


def judge(  # noqa: PLR0911 - One table, one return a row.
    outcome: object, attempted: Attempted, limits: Limits, *, chance: float
) -> Ended:
    """What follows from an outcome: a value the vendor's adapter returned, or the error it raised."""
    match outcome:
        case Sent(how=how, vendor_ref=ref):
            row = _row(attempted, how, DeliveryState.DONE, vendor_ref=ref)
            return Ended(next=Next.GO_ON, row=row, is_effect=True)
        case NotThere():
            return _not_there(attempted)
        case LeaseLostError():
            return Ended(next=Next.DROP_OUT)
        case StaleError():
            row = _row(attempted, "stale", _back(attempted), detail=str(outcome))
            return Ended(next=Next.REPLAN, row=row)
        case MisconfiguredError(code=code, hint=hint):
            row = _row(attempted, "misconfigured", _back(attempted), status=outcome.status, code=code, detail=hint)
            return Ended(next=Next.GATE, row=row, code=code, hint=hint)
        case PermanentError(code=code, hint=hint):
            return _permanent(attempted, outcome)
        case TransientError():
            return _transient(attempted, outcome, limits, chance)
        case UnknownOutcomeError():
            return _unknown(attempted, str(outcome), outcome.status, limits, chance)
        case _:
            # A fault of ours in mid-call: nobody can say whether bytes had left.
            return _unknown(attempted, f"{type(outcome).__name__}: {outcome}", None, limits, chance)


def _back(attempted: Attempted) -> DeliveryState:
    """Where a delivery goes that certainly had no effect: a send is planned again, a look-up leaves it unknown."""
    return DeliveryState.PLANNED if attempted.purpose is Purpose.SEND else DeliveryState.UNKNOWN


def _row(  # One attempt has this many facts to keep.
    attempted: Attempted,
    outcome: str,
    after: DeliveryState,
    *,
    status: int | None = None,
    code: str = "",
    detail: str = "",
    wait_s: float | None = None,
    vendor_ref: str = "",
    failures: int | None = None,
    late_s: float = 0.0,
) -> AttemptEnd:
    is_send = attempted.purpose is Purpose.SEND
    return AttemptEnd(
        delivery_id=attempted.delivery.id,
        number=attempted.number,
        outcome=outcome,
        before=DeliveryState.SENDING if is_send else DeliveryState.UNKNOWN,
        after=after,
        status=status,
        code=code,
        detail=detail,
        wait_s=wait_s,
        vendor_ref=vendor_ref,
        failures=attempted.delivery.failures if failures is None else failures,
        late_s=late_s,
    )


def _not_there(attempted: Attempted) -> Ended:
    settled = attempted.delivery.settled_after
    if settled is None or attempted.started_at >= settled:
        return Ended(next=Next.GO_ON, row=_row(attempted, "not_there", DeliveryState.PLANNED))
    row = _row(attempted, "not_yet", DeliveryState.UNKNOWN)
    return Ended(next=Next.WAIT, row=row, wait_until=settled, wait_reason=WaitReason.LOOKUP)


def _permanent(attempted: Attempted, error: PermanentError) -> Ended:
    # A look-up that the vendor refuses says nothing about the effect: the delivery stays unknown.
    after = DeliveryState.FAILED if attempted.purpose is Purpose.SEND else DeliveryState.UNKNOWN
    row = _row(attempted, "permanent", after, status=error.status, code=error.code, detail=error.hint)
    return Ended(next=Next.DIE, row=row, code=error.code, hint=error.hint)


def _transient(attempted: Attempted, error: TransientError, limits: Limits, chance: float) -> Ended:
    failures = attempted.delivery.failures + (0 if error.is_outage else 1)
    wait_s = limits.retry.wait_s(failures, chance=chance) if error.wait_s is None else error.wait_s
    row = _row(
        attempted,
        "transient",
        _back(attempted),
        status=error.status,
        detail=str(error),
        wait_s=wait_s,
        failures=failures,
    )
    if limits.retry.is_spent(failures):
        return Ended(next=Next.DIE, row=row, code="tries_spent", hint=str(error))
    reason = error.reason if attempted.purpose is Purpose.SEND else WaitReason.LOOKUP
    return Ended(next=Next.WAIT, row=row, wait_s=wait_s, wait_reason=reason)


def _unknown(attempted: Attempted, detail: str, status: int | None, limits: Limits, chance: float) -> Ended:
    failures = attempted.delivery.failures + 1
    wait_s = limits.retry.wait_s(failures, chance=chance)
    row = _row(
        attempted,
        "unknown",
        DeliveryState.UNKNOWN,
        status=status,
        detail=detail,
        wait_s=wait_s,
        failures=failures,
        late_s=late(attempted.delivery, limits).total_seconds(),
    )
    if limits.retry.is_spent(failures):
        return Ended(next=Next.DIE, row=row, code="tries_spent", hint=detail)
    return Ended(next=Next.WAIT, row=row, wait_s=wait_s, wait_reason=WaitReason.LOOKUP)


def late(delivery: Delivery, limits: Limits) -> timedelta:
    """How long an unanswered call of this delivery may still take effect."""
    return timedelta(seconds=delivery.command.LATE_S * limits.late_factor)
