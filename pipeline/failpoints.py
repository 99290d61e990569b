"""Named places where a test may end, stop or disturb this process: at every commit, and around every call.

Off, they cost one look at an empty list. What strikes at them lives with the tests alone, and only a test build can
arm it (`console.test_build`); a crash that a place stands for leaves everything exactly as a real one would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import TypeAlias

from pipeline.words import Purpose, Step


class Point(StrEnum):
    """Every failpoint. `in_commit`: all is written and nothing committed; `after_commit`: nothing published yet."""

    ACCEPT_IN_COMMIT = "accept.in_commit"
    ACCEPT_AFTER_COMMIT = "accept.after_commit"
    SWEEP_AFTER_COMMIT = "sweep.after_commit"
    REPLAY_IN_COMMIT = "replay.in_commit"
    REPLAY_AFTER_COMMIT = "replay.after_commit"

    TRANSFORM_BEFORE_CLAIM = "transform.before_claim"
    TRANSFORM_AFTER_CLAIM = "transform.after_claim"
    TRANSFORM_AFTER_READ = "transform.after_read"
    TRANSFORM_IN_COMMIT = "transform.in_commit"
    TRANSFORM_AFTER_COMMIT = "transform.after_commit"
    TRANSFORM_BEFORE_ACK = "transform.before_ack"

    CARRY_BEFORE_CLAIM = "carry.before_claim"
    CARRY_AFTER_CLAIM = "carry.after_claim"
    CARRY_IN_COMMIT = "carry.in_commit"
    CARRY_AFTER_INTENT = "carry.after_intent"
    """The attempt's row is committed, the call has not begun."""
    SEND_BEFORE = "send.before"
    SEND_DURING = "send.during"
    """The request's bytes have left, its answer is not read."""
    SEND_AFTER = "send.after"
    """The answer was read, its outcome is not committed."""
    LOOK_UP_BEFORE = "look_up.before"
    LOOK_UP_DURING = "look_up.during"
    LOOK_UP_AFTER = "look_up.after"
    CARRY_AFTER_CONFIRM = "carry.after_confirm"
    """The outcome is committed, what follows has not begun."""
    CARRY_BEFORE_ACK = "carry.before_ack"

    SETTLE_BEFORE_CLAIM = "settle.before_claim"
    SETTLE_AFTER_CLAIM = "settle.after_claim"
    SETTLE_IN_COMMIT = "settle.in_commit"
    SETTLE_AFTER_COMMIT = "settle.after_commit"
    SETTLE_BEFORE_ACK = "settle.before_ack"


BEFORE_CLAIM = {step: Point(f"{step}.before_claim") for step in Step}
AFTER_CLAIM = {step: Point(f"{step}.after_claim") for step in Step}

Strike: TypeAlias = Callable[[Point, tuple[str, ...]], None]
"""Acts at a place, or does nothing: it is told the place and the kinds of command that are concerned."""

_armed: list[Strike] = []
_call: ContextVar[tuple[Point, str] | None] = ContextVar("failpoints_call", default=None)


def hit(point: Point, *kinds: str) -> None:
    """This process is at a place. Raises whatever the strike raises."""
    for strike in _armed:
        strike(point, kinds)


def arm(strike: Strike) -> Callable[[], None]:
    """Let a strike act at every place from now on; gives what takes it back."""
    _armed.append(strike)
    return lambda: _armed.remove(strike)


@contextmanager
def around(purpose: Purpose, kind: str) -> Iterator[None]:
    """A call for a command of this kind: the places before, during and after it."""
    hit(Point(f"{purpose}.before"), kind)
    token = _call.set((Point(f"{purpose}.during"), kind))
    try:
        yield
    finally:
        _call.reset(token)
    hit(Point(f"{purpose}.after"), kind)


@contextmanager
def aside() -> Iterator[None]:
    """A request that the call needs and that is no part of it: its bytes are not the call's."""
    token = _call.set(None)
    try:
        yield
    finally:
        _call.reset(token)


def bytes_left(*, may_change: bool) -> None:
    """A request is on its way: the place during the call, unless a send is still only reading."""
    if _armed and (call := _call.get()) and (may_change or call[0] is not Point.SEND_DURING):
        hit(call[0], call[1])
