"""The vendors of the simulation: what is asked of them takes time, and its effect and its answer go separate ways.

Once a request has left, what it brings about happens at the vendor whatever becomes of the process that sent it: at
once, later than anybody waits, or never. An effect is never later than the kind's `late` time after the moment from
which nobody can hope for an answer any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Generic, TypeVar

from pipeline import failpoints
from pipeline.commands import Command
from pipeline.errors import (
    LeaseLostError,
    MisconfiguredError,
    PermanentError,
    PipelineError,
    TransientError,
    UnknownOutcomeError,
)
from pipeline.plan import Snapshot, Want
from pipeline.ports import Bounds, Limits, NotThere, Sent
from pipeline.words import EffectKey, Purpose, Side, Urgency, WaitReason
from tests.simulation.baton import Baton
from tests.simulation.weather import Chance
from tests.support.memory.system import System

T = TypeVar("T")
LEASE_MARGIN_S = 5.0
TRAVEL_MAX_S = 2.0
SLOW_MAX_S = 12.0
GIVES_UP_S = 24.0


class Fate(Enum):
    """What becomes of a call that leaves."""

    ANSWERED = auto()
    ANSWER_LOST = auto()
    """It took effect; nobody learns of it."""
    EFFECT_LATE = auto()
    """It takes effect after everybody has given up."""
    CALL_LOST = auto()
    """It never arrives."""


@dataclass(kw_only=True)
class Seen:
    """A call that the vendor's network saw leave. is_answered: whether its sender lived to hear of it."""

    at: datetime
    purpose: Purpose
    kind: str
    effect_key: EffectKey
    is_answered: bool = False


@dataclass(kw_only=True)
class Wishes:
    """Outcomes that a schedule wants once, by kind of command, whatever the weather."""

    unanswered: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass
class _Answer(Generic[T]):
    """What comes back once the call has arrived."""

    value: T | None = None
    error: PipelineError | None = None


@dataclass(kw_only=True)
class SimulatedVendor:
    """The port `Vendor` over a system in memory. away_until: nobody gets through before."""

    system: System
    reads: Callable[[Want, datetime], Snapshot]
    baton: Baton
    chance: Chance
    limits: Limits
    wishes: Wishes
    on_call: Callable[[Seen], None] = lambda _call: None
    calls: list[Seen] = field(default_factory=list)
    away_until: datetime | None = None

    @property
    def side(self) -> Side:
        """Which vendor it is."""
        return self.system.side

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        """Read objects in one call, as they are when it arrives."""
        try:
            self._admit(bounds)
            began = self.baton.now
            return {**self._exchange(lambda: {want: self.reads(want, began) for want in wants})}
        except PipelineError as error:
            return dict.fromkeys(wants, error)

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        """Check `expects` and bring the effect about, when the call arrives."""
        self._admit(bounds, kind=command.KIND)
        fate = self._fate(command)
        call = self._seen(Purpose.SEND, command, effect_key)
        if fate is Fate.ANSWERED:
            return self._exchange(lambda: self.system.send(command, effect_key), call)
        self._unanswered(command, effect_key, fate)
        raise UnknownOutcomeError(f"{self.side} gave no answer")

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        """Whether the effect is there, when the call arrives."""
        self._admit(bounds)
        call = self._seen(Purpose.LOOK_UP, command, effect_key)
        return self._exchange(lambda: self.system.look_up(command, effect_key), call)

    def wait_s(self, route: str, urgency: Urgency) -> float:
        """Seconds until a call could get through, as a breaker would tell."""
        del route, urgency
        if self.away_until is None:
            return 0.0
        return max(0.0, (self.away_until - self.baton.now).total_seconds())

    # ---- before it leaves ------------------------------------------------------------------------------------------

    def _admit(self, bounds: Bounds, *, kind: str = "") -> None:
        """The checks of the transport, and refusals that are certain to have had no effect."""
        now = self.baton.monotonic()
        if now >= bounds.no_call_after:
            raise TransientError("this step's time is used up", wait_s=0.0, is_outage=True)
        if bounds.lease_until - now < self.limits.call_deadline_s + LEASE_MARGIN_S:
            raise LeaseLostError("too little of the lease is left")
        if (away_s := self.wait_s("", Urgency.STANDARD)) > 0:
            raise TransientError("no connection", wait_s=away_s, is_outage=True, reason=WaitReason.VENDOR_WAIT)
        if self.chance.strikes("throttled"):
            wait_s = self.chance.between("throttle", 1.0, 60.0)
            raise TransientError("429", wait_s=wait_s, is_outage=True, reason=WaitReason.VENDOR_WAIT, status=429)
        if self.chance.strikes("unavailable"):
            raise TransientError("refused connection")
        if self.chance.strikes("denied"):
            raise MisconfiguredError("client_refused", "the client is refused", status=401)
        if kind and (_granted(self.wishes.refused, kind) or self.chance.strikes("refused")):
            raise PermanentError("refused_by_vendor", "refused", status=400)

    def _fate(self, command: Command) -> Fate:
        if _granted(self.wishes.unanswered, command.KIND):
            return Fate.ANSWER_LOST
        if self.chance.strikes("call_lost"):
            return Fate.CALL_LOST
        if self.chance.strikes("answer_lost"):
            return Fate.ANSWER_LOST
        return Fate.EFFECT_LATE if command.LATE_S > 0 and self.chance.strikes("effect_late") else Fate.ANSWERED

    # ---- on its way ------------------------------------------------------------------------------------------------

    def _exchange(self, arrive: Callable[[], T], call: Seen | None = None) -> T:
        """Let a call arrive and wait for its answer. Raises what the vendor answers."""
        out_s, back_s = self._travel_s(), self._travel_s()
        answer: _Answer[T] = _Answer()
        self.baton.after(out_s, lambda: _take(answer, arrive))
        if call is not None:
            failpoints.bytes_left(may_change=True)
        self.baton.sleep(out_s + back_s)
        if call is not None:
            call.is_answered = True
        if answer.error is not None:
            raise answer.error
        return answer.value  # type: ignore[return-value]  # It has arrived.

    def _unanswered(self, command: Command, effect_key: EffectKey, fate: Fate) -> None:
        """Let a call arrive or not, and wait in vain."""
        waits_s = self.chance.between("waiting", 0.1, GIVES_UP_S)
        if fate is Fate.ANSWER_LOST:
            arrives_s = waits_s * self.chance.between("arrival", 0.0, 1.0)
        else:
            # Exactly at the end of the `late` time on some days: that is where an error by one would show.
            lateness = min(1.0, self.chance.between("effect", 0.0, 1.3))
            arrives_s = waits_s + command.LATE_S * self.limits.late_factor * lateness
        if fate is not Fate.CALL_LOST:
            nobody: _Answer[Sent] = _Answer()
            self.baton.after(arrives_s, lambda: _take(nobody, lambda: self.system.send(command, effect_key)))
        failpoints.bytes_left(may_change=True)
        self.baton.sleep(waits_s)

    def _travel_s(self) -> float:
        is_slow = self.chance.stream("travel").random() < 0.1
        return self.chance.between("travel", 0.01, SLOW_MAX_S if is_slow else TRAVEL_MAX_S)

    def _seen(self, purpose: Purpose, command: Command, effect_key: EffectKey) -> Seen:
        call = Seen(at=self.baton.now, purpose=purpose, kind=command.KIND, effect_key=effect_key)
        self.calls.append(call)
        self.on_call(call)
        return call

    def go_away(self, seconds: float) -> None:
        """Let nobody through for so long."""
        self.away_until = self.baton.now + timedelta(seconds=seconds)


def _take(answer: _Answer[T], arrive: Callable[[], T]) -> None:
    try:
        answer.value = arrive()
    except PipelineError as error:
        answer.error = error


def _granted(wishes: list[str], kind: str) -> bool:
    """Whether a wish for this kind is granted now; each is granted once."""
    if kind not in wishes:
        return False
    wishes.remove(kind)
    return True
