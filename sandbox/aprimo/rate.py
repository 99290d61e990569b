"""The tenant's one rate, shared by all clients: 15/s, then delay, then 429 (aprimo.md §9)."""

import time
from typing import Any


class Bucket:
    """A token bucket that may go into debt: the debt is the queue of delayed requests.

    It holds at most one second's worth, so an idle tenant takes a burst of `rate_per_s`.
    """

    def __init__(self, *, rate_per_s: float, delayed_max: int, send_retry_after: bool) -> None:
        self.set(rate_per_s=rate_per_s, delayed_max=delayed_max, send_retry_after=send_retry_after)

    def set(self, *, rate_per_s: float, delayed_max: int, send_retry_after: bool) -> None:
        """Use other limits from now on; the bucket is full and the counts start again."""
        self._rate_per_s = rate_per_s
        self._delayed_max = delayed_max
        self.send_retry_after = send_retry_after
        self._tokens = self._full = max(1.0, rate_per_s)
        self._at = time.monotonic()
        self._delayed = self._refused = 0

    def limits(self) -> dict[str, Any]:
        """Give the limits in force."""
        return {
            "rate_per_s": self._rate_per_s,
            "delayed_max": self._delayed_max,
            "send_retry_after": self.send_retry_after,
        }

    def as_json(self) -> dict[str, Any]:
        """Show the limits and how many requests were delayed and refused so far."""
        return {**self.limits(), "delayed": self._delayed, "refused": self._refused}

    def take(self) -> float | None:
        """Give the seconds a request has to wait; None when it is refused."""
        now = time.monotonic()
        self._tokens = min(self._full, self._tokens + (now - self._at) * self._rate_per_s)
        self._at = now
        if self._tokens - 1 < -self._delayed_max:
            self._refused += 1
            return None
        self._tokens -= 1
        if self._tokens >= 0:
            return 0.0
        self._delayed += 1
        return -self._tokens / self._rate_per_s
