"""The vendors, as a protocol: read objects, send commands, look effects up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.commands import Command
from pipeline.errors import PipelineError
from pipeline.plan import Snapshot, Want
from pipeline.words import (
    CallPurpose,
    EffectKey,
    Side,
    Urgency,
)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a call is made for, as calls are counted. flow: "" for what no flow causes, or several at once."""

    purpose: CallPurpose
    flow: str = ""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long a step's calls may take: monotonic seconds; how urgent they are, and what they are made for.

    no_call_after: when the step starts no new call. lease_until: when the lease ends; the transport refuses to send
    with less of it left than a call may take. budget_wait_max_s: how long a call may wait for the rate budget, None
    for as long as the settings let any call.
    """

    no_call_after: float
    lease_until: float
    urgency: Urgency
    errand: Errand = Errand(purpose=CallPurpose.OTHER)
    budget_wait_max_s: float | None = None

    def of_flow(self, flow: str) -> Bounds:
        """These, for calls that this flow causes; "" for several flows at once."""
        return replace(self, errand=replace(self.errand, flow=flow))


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
