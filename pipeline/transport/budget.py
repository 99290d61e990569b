"""The rate budget of one vendor tenant, shared by all workers over Redis.

A token bucket on the server's clock. Ordinary work leaves a share of the bucket untouched, so that a decision
finds a token at once; a decision may also draw a little ahead and wait its turn. After a 429 the bucket fills at
half speed for a minute. Without Redis nothing leaves: the limit is not ours alone to break.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import redis

from pipeline.words import Urgency

SLOW_S = 60.0
"""How long a 429 halves the rate."""

AWAY_WAIT_S = 2.0
"""What a call waits when Redis cannot be asked."""

_SETTLE = """
-- KEYS[1] bucket. ARGV: rate per second, burst.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rate, burst = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2])
local b = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'slow_until', 'shut_until')
local tokens = tonumber(b[1]) or burst
local at = math.min(tonumber(b[2]) or now, now)
local slow_until, shut_until = tonumber(b[3]) or 0, tonumber(b[4]) or 0
local slow_ms = math.max(0, math.min(now, slow_until) - at)
tokens = math.min(burst, tokens + rate * ((now - at) - slow_ms / 2))
if slow_until > now then rate = rate / 2 end
local function keep()
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', now)
  redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(burst / rate + (1 - math.min(tokens, 0)) / rate,
    math.max(slow_until, shut_until) - now)) + 60000)
end
"""

_TAKE = (
    _SETTLE
    + """
-- ARGV: 3 tokens left untouched, 4 how far ahead may be drawn (ms), 5 whether to take.
-- Returns {1 if granted, ms to wait}: before the call if granted, before asking again if not.
local floor, ahead, take = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local wait = math.max(0, shut_until - now, math.ceil((1 + floor - tokens) / rate))
if wait > ahead then return {0, wait} end
if take then tokens = tokens - 1; keep() end
return {1, wait}
"""
)

_SLOW_DOWN = (
    _SETTLE
    + """
-- ARGV: 3 how long the rate is halved (ms), 4 how long nothing may leave (ms).
slow_until = math.max(slow_until, now + tonumber(ARGV[3]))
shut_until = math.max(shut_until, now + tonumber(ARGV[4]))
tokens = math.min(tokens, 0)
redis.call('HSET', KEYS[1], 'slow_until', slow_until, 'shut_until', shut_until)
keep()
return 0
"""
)


@dataclass(frozen=True, kw_only=True)
class BudgetOptions:
    """rate_per_s and burst of the tenant; reserved_share: the part of the burst that only express work may use."""

    tenant: str
    rate_per_s: float
    burst: int
    reserved_share: float


class Budget:
    """Asks the shared bucket. Thread-safe."""

    def __init__(
        self,
        client: redis.Redis,
        options: BudgetOptions,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._options = options
        self._sleep = sleep
        self._monotonic = monotonic
        self._chance = chance
        self._key = f"signoff:budget:{options.tenant}"
        self._take = client.register_script(_TAKE)
        self._slow_down = client.register_script(_SLOW_DOWN)

    def take(self, urgency: Urgency, *, max_wait_s: float) -> float:
        """Wait for a token, at most so long. Returns 0 with a token taken, else the seconds to wait without one."""
        ends = self._monotonic() + max_wait_s
        while True:
            left_s = max(0.0, ends - self._monotonic())
            ahead_s = left_s if urgency is Urgency.EXPRESS else 0.0
            is_granted, wait_s = self._ask(urgency, ahead_s=ahead_s, is_taken=True)
            if is_granted:
                self._pause(wait_s)
                return 0.0
            # Up to half a token's time of chance: those who wait together do not ask together.
            pause_s = wait_s + self._chance() * 0.5 / self._options.rate_per_s
            if pause_s > left_s:
                return wait_s
            self._pause(pause_s)

    def peek(self, urgency: Urgency) -> float:
        """Seconds until a token would be granted; takes none."""
        _, wait_s = self._ask(urgency, ahead_s=0.0, is_taken=False)
        return wait_s

    def slow_down(self, wait_s: float | None) -> None:
        """A 429 came: half the rate for a minute, and nothing for as long as the vendor said."""
        shut_ms = int((wait_s or 0.0) * 1000)
        try:
            self._slow_down(keys=[self._key], args=[*self._rate(), int(SLOW_S * 1000), shut_ms])
        except redis.RedisError:
            return  # The next `take` finds Redis away as well, and waits.

    def _ask(self, urgency: Urgency, *, ahead_s: float, is_taken: bool) -> tuple[bool, float]:
        args = [*self._rate(), self._untouched(urgency), int(ahead_s * 1000), int(is_taken)]
        try:
            is_granted, wait_ms = cast("list[int]", self._take(keys=[self._key], args=args))
        except redis.RedisError:
            return False, AWAY_WAIT_S
        return bool(is_granted), wait_ms / 1000

    def _rate(self) -> tuple[float, int]:
        return self._options.rate_per_s, self._options.burst

    def _untouched(self, urgency: Urgency) -> float:
        if urgency is Urgency.EXPRESS:
            return 0.0
        # A full bucket is enough for anyone, however large the share.
        return min(self._options.reserved_share * self._options.burst, self._options.burst - 1.0)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)
