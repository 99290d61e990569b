"""The breaker: when a group of routes fails again and again, its calls stop for a while, for all workers.

Closed, open, half-open: after the wait one call at a time may try; the first that succeeds closes the breaker. The
state stands in Redis, so that one worker's failures spare the others theirs. Without Redis calls pass: a breaker
only saves work, it never carries truth.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import redis

PROBE_WAIT_S = 1.0
"""What a call waits while another is the probe."""

_ADMIT = """
-- KEYS[1] breaker. ARGV: 1 probe's life (ms), 2 whether to take a probe.
-- Returns {state, ms}: 0 closed, 1 closed with failures, 2 the probe, 3 open for so long, 4 another is the probe.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local b = redis.call('HMGET', KEYS[1], 'failures', 'open_until', 'probe_until')
local open_until = tonumber(b[2])
if not open_until then return {(tonumber(b[1]) or 0) > 0 and 1 or 0, 0} end
if open_until > now then return {3, open_until - now} end
local probe_until = tonumber(b[3]) or 0
if probe_until > now then return {4, probe_until - now} end
if ARGV[2] == '1' then redis.call('HSET', KEYS[1], 'probe_until', now + tonumber(ARGV[1])) end
return {2, 0}
"""

_FAILED = """
-- KEYS[1] breaker. ARGV: 1 failures that open it, 2 how long it stays open (ms), 3 how long a failure counts (ms),
-- 4 whether the call was the probe. Returns until when it is open now (ms since the epoch), 0 if nothing changed.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local open_until = tonumber(redis.call('HGET', KEYS[1], 'open_until'))
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[3]) + tonumber(ARGV[2]))
if open_until and ARGV[4] == '0' then return 0 end
if not open_until and failures < tonumber(ARGV[1]) then return 0 end
open_until = now + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'open_until', open_until)
redis.call('HDEL', KEYS[1], 'probe_until')
return open_until
"""

_SUCCEEDED = """
-- KEYS[1] breaker. ARGV: 1 whether the call was the probe. A call from before it opened does not close it.
if ARGV[1] == '1' or not redis.call('HGET', KEYS[1], 'open_until') then redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, kw_only=True)
class BreakerOptions:
    """When a vendor's breakers open, and for how long.

    failures: so many in a row open it. window_s: how long a failure is remembered. probe_s: how long the one
    probe may take.
    """

    vendor: str
    failures: int = 5
    open_s: float = 30.0
    window_s: float = 120.0
    probe_s: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Whether a call may leave. wait_s: 0 when it may. has_failures: a success is worth telling."""

    route: str
    wait_s: float = 0.0
    is_probe: bool = False
    has_failures: bool = False


OnOpen = Callable[[str, datetime, str], None]
"""Told when a breaker opens: scope (`route:<vendor>.<route>`), until when, why."""


class Breaker:
    """Asks and tells the shared breakers of one vendor. Thread-safe."""

    def __init__(self, client: redis.Redis, options: BreakerOptions, *, on_open: OnOpen | None = None) -> None:
        self._client = client
        self._options = options
        self._on_open = on_open
        self._admit = client.register_script(_ADMIT)
        self._failed = client.register_script(_FAILED)
        self._succeeded = client.register_script(_SUCCEEDED)

    def admit(self, route: str) -> Admission:
        """Ask to leave; while it is half-open the one who may becomes the probe, and must tell how it went."""
        return self._ask(route, is_taken=True)

    def peek(self, route: str) -> float:
        """Seconds until a call of this route might leave; becomes no probe."""
        return self._ask(route, is_taken=False).wait_s

    def succeeded(self, admission: Admission) -> None:
        """The vendor answered sensibly."""
        if not (admission.is_probe or admission.has_failures):
            return
        try:
            self._succeeded(keys=[self._key(admission.route)], args=[int(admission.is_probe)])
        except redis.RedisError:
            return  # Its keys end by themselves.

    def failed(self, admission: Admission, reason: str) -> None:
        """The vendor failed; tells `on_open` when this opens the breaker."""
        options = self._options
        args = [
            options.failures,
            int(options.open_s * 1000),
            int(options.window_s * 1000),
            int(admission.is_probe),
        ]
        try:
            until_ms = cast("int", self._failed(keys=[self._key(admission.route)], args=args))
        except redis.RedisError:
            return
        if until_ms and self._on_open is not None:
            # Whoever is told adds comfort (a gate that holds lines); the breaker holds the calls without it, and the
            # failure that opened it must reach its own caller, not theirs.
            with contextlib.suppress(Exception):
                self._on_open(self._scope(admission.route), datetime.fromtimestamp(until_ms / 1000, UTC), reason)

    def give_back(self, admission: Admission) -> None:
        """A call that was admitted did not leave after all: another may be the probe."""
        if not admission.is_probe:
            return
        try:
            self._client.hdel(self._key(admission.route), "probe_until")
        except redis.RedisError:
            return

    def _ask(self, route: str, *, is_taken: bool) -> Admission:
        args = [int(self._options.probe_s * 1000), int(is_taken)]
        try:
            state, wait_ms = cast("list[int]", self._admit(keys=[self._key(route)], args=args))
        except redis.RedisError:
            return Admission(route=route)
        match state:
            case 1:
                return Admission(route=route, has_failures=True)
            case 2:
                return Admission(route=route, is_probe=True)
            case 3:
                return Admission(route=route, wait_s=wait_ms / 1000)
            case 4:
                return Admission(route=route, wait_s=min(wait_ms / 1000, PROBE_WAIT_S))
            case _:
                return Admission(route=route)

    def _scope(self, route: str) -> str:
        return f"route:{self._options.vendor}.{route}"

    def _key(self, route: str) -> str:
        return f"signoff:breaker:{self._options.vendor}.{route}"
