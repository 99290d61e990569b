"""Our errors, by verdict.

PipelineError
    TransientError      try again; wait_s when the vendor told us; spends an attempt unless it is an outage
    PermanentError      this delivery becomes a dead letter; code and hint say what a person can do
    UnknownOutcomeError a write may or may not have taken effect; only a look-up opens the way on
    MisconfiguredError  every call would fail (a second 401, a 403); a gate closes, no attempt is spent
    GateClosedError     nothing was called: the line waits behind the gate, no attempt is spent
    StaleError          what the plan expected is no longer true in the target; plan again
    LeaseLostError      another worker took the line over; this member drops out
    StoreAwayError      SQL cannot be reached or cannot take it; nothing was stored
"""

from __future__ import annotations

from pipeline.words import WaitReason


class PipelineError(Exception):
    """Base of all errors of ours that carry a verdict."""


class TransientError(PipelineError):
    """Certainly no effect; worth another try.

    wait_s: how long the vendor asked us to wait, or None for our own backoff.
    is_outage: the vendor as a whole is away or throttles; such a wait spends no attempt.
    status: the HTTP status, where there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        wait_s: float | None = None,
        is_outage: bool = False,
        status: int | None = None,
        reason: WaitReason = WaitReason.BACKOFF,
    ) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.is_outage = is_outage
        self.status = status
        self.reason = reason


class PermanentError(PipelineError):
    """Certainly no effect, and the same call would fail again."""

    def __init__(self, code: str, hint: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {hint}")
        self.code = code
        self.hint = hint
        self.status = status


class UnknownOutcomeError(PipelineError):
    """The call left us, and no answer says whether it took effect."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class MisconfiguredError(PipelineError):
    """Every call of this kind would fail until a person mends credentials or rights."""

    def __init__(self, code: str, hint: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {hint}")
        self.code = code
        self.hint = hint
        self.status = status


class GateClosedError(PipelineError):
    """The vendor is paused, or held off for a while: nothing was called."""


class StaleError(PipelineError):
    """The target no longer is what the plan expected."""


class LeaseLostError(PipelineError):
    """Too little of the lease is left for another call, or the lease is somebody else's."""


class StoreAwayError(PipelineError):
    """SQL cannot be reached, or cannot take the write: nothing of the transaction was stored."""
