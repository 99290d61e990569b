"""The rate budget of one vendor tenant, shared by all workers over Redis.

A token bucket on the server's clock. Ordinary work leaves a share of the bucket untouched, so that a decision
finds a token at once; a decision may also draw a little ahead and wait its turn. While ordinary work waits, a small
share of what flows in is kept for it, so that decisions without end do not starve it. A 429 halves the rate, which
then climbs back slowly. Without Redis nothing leaves: the limit is not ours alone to break.
What is granted is counted in the same breath (`tally`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import redis

from pipeline.transport import tally
from pipeline.words import Urgency

RECOVERY_S = 60.0
"""How long a rate that was halved takes to be whole again."""

LEAST_FACTOR = 0.125
"""What is left of the rate at least, however many 429s come."""

ONE_429_S = 5.0
"""Calls that were under way together are refused together: within this they halve the rate once."""

WANTED_S = 2.0
"""How much later than it was told to may ordinary work ask again and still find what was kept for it."""

AWAY_WAIT_S = 2.0
"""What a call waits when Redis cannot be asked."""

_SETTLE = f"""
-- KEYS[1] bucket. ARGV: 1 rate per second, 2 burst, 3 the share of the rate kept for ordinary work while it waits.
local growth, wanted_ms = {0.5 / (RECOVERY_S * 1000)!r}, {WANTED_S * 1000:.0f}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rate, burst, share = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2]), tonumber(ARGV[3])
local b = redis.call('HMGET', KEYS[1], 'tokens', 'kept', 'at', 'factor', 'slowed_at', 'shut_until', 'wanted_until')
local tokens, kept = tonumber(b[1]) or burst, tonumber(b[2]) or 0
local at, factor = math.min(tonumber(b[3]) or now, now), tonumber(b[4]) or 1
local slowed_at, shut_until, wanted_until = tonumber(b[5]) or 0, tonumber(b[6]) or 0, tonumber(b[7]) or 0
-- The rate climbs in a straight line: what flowed in is the area under it.
local since = now - at
local climb = math.min(since, (1 - factor) / growth)
local filled = rate * (factor * climb + growth * climb * climb / 2 + since - climb)
factor = math.min(1, factor + growth * since)
rate = rate * factor
if wanted_until > now then
  local more = math.min(1 - kept, filled * share)
  kept, filled = kept + more, filled - more
else
  kept, filled = 0, filled + kept
end
tokens = math.min(burst - kept, tokens + filled)
local function keep()
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'kept', string.format('%.6f', kept),
    'at', now, 'factor', string.format('%.6f', factor), 'slowed_at', slowed_at, 'shut_until', shut_until,
    'wanted_until', wanted_until)
  local full_ms = (burst + 1 - math.min(tokens, 0)) / rate + (1 - factor) / growth
  redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(full_ms, shut_until - now)) + 60000)
end
"""

_TAKE = (
    _SETTLE
    + """
-- ARGV: 4 tokens left untouched, 5 how far ahead may be drawn (ms), 6 whether to take, 7 whether it is ordinary work,
-- 8 what a call that is granted is counted under in KEYS[2], '' for nothing.
-- Returns {1 if granted, ms to wait}: before the call if granted, before asking again if not.
local untouched, ahead, take, is_ordinary = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7] == '1'
local wait
if is_ordinary then
  wait = math.ceil((1 + untouched - tokens - kept) / rate)
  if share > 0 then wait = math.min(wait, math.ceil((1 - kept) / (rate * share))) end
else
  wait = math.ceil((1 - tokens) / (wanted_until > now and rate * (1 - share) or rate))
end
wait = math.max(0, shut_until - now, wait)
if wait > ahead then
  if is_ordinary then
    wanted_until = math.max(wanted_until, now + wait + wanted_ms)
    keep()
  end
  return {0, wait}
end
if take then
  local of_kept = is_ordinary and math.min(kept, 1) or 0
  kept, tokens = kept - of_kept, tokens - 1 + of_kept
  keep()
  if ARGV[8] ~= '' then redis.call('HINCRBY', KEYS[2], ARGV[8], 1) end
end
return {1, wait}
"""
)

_SLOW_DOWN = (
    _SETTLE
    + f"""
-- ARGV: 4 how long nothing may leave (ms).
if now - slowed_at > {ONE_429_S * 1000:.0f} then
  factor, slowed_at = math.max(factor / 2, {LEAST_FACTOR!r}), now
end
shut_until = math.max(shut_until, now + tonumber(ARGV[4]))
tokens, kept = math.min(tokens, 0), 0
keep()
return 0
"""
)


@dataclass(frozen=True, kw_only=True)
class BudgetOptions:
    """rate_per_s and burst of the tenant, and who gets what of them.

    reserved_share: the part of the burst that only express work may use. kept_share: the part of the rate that other
    work gets in any case while it waits.
    """

    tenant: str
    rate_per_s: float
    burst: int
    reserved_share: float
    kept_share: float = 0.1


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

    def take(self, urgency: Urgency, *, max_wait_s: float, count_as: str = "") -> float:
        """Wait for a token, at most so long. Returns 0 with a token taken, else the seconds to wait without one.

        count_as: what a call that is granted is counted under in `tally`, "" for nothing.
        """
        ends = self._monotonic() + max_wait_s
        while True:
            left_s = max(0.0, ends - self._monotonic())
            ahead_s = left_s if urgency is Urgency.EXPRESS else 0.0
            is_granted, wait_s = self._ask(urgency, ahead_s=ahead_s, is_taken=True, count_as=count_as)
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
        """A 429 came: half the rate, and nothing for as long as the vendor said."""
        shut_ms = int((wait_s or 0.0) * 1000)
        try:
            self._slow_down(keys=[self._key], args=[*self._rate(), shut_ms])
        except redis.RedisError:
            return  # The next `take` finds Redis away as well, and waits.

    def _ask(self, urgency: Urgency, *, ahead_s: float, is_taken: bool, count_as: str = "") -> tuple[bool, float]:
        is_ordinary = urgency is not Urgency.EXPRESS
        args: list[float | str] = [*self._rate(), self._untouched(urgency), int(ahead_s * 1000)]
        args += [int(is_taken), int(is_ordinary), count_as]
        try:
            is_granted, wait_ms = cast("list[int]", self._take(keys=[self._key, tally.KEY], args=args))
        except redis.RedisError:
            return False, AWAY_WAIT_S
        return bool(is_granted), wait_ms / 1000

    def _rate(self) -> tuple[float, int, float]:
        return self._options.rate_per_s, self._options.burst, self._options.kept_share

    def _untouched(self, urgency: Urgency) -> float:
        if urgency is Urgency.EXPRESS:
            return 0.0
        # A full bucket is enough for anyone, however large the share.
        return min(self._options.reserved_share * self._options.burst, self._options.burst - 1.0)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)
