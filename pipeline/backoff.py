"""How long a failed delivery waits: doubling, capped, with full jitter."""

from __future__ import annotations

from dataclasses import dataclass


def backoff_s(attempt: int, *, base_s: float = 2.0, cap_s: float = 900.0) -> float:
    """Seconds before the next attempt, without jitter.

    attempt counts failures from 1. Doubles from base_s and never exceeds cap_s.
    Raises ValueError when attempt < 1.
    """
    if attempt < 1:
        raise ValueError(f"attempts count from 1, not {attempt}")
    # 2.0**n overflows a float beyond n = 1023; the cap is reached long before 64 doublings.
    return min(cap_s, base_s * 2.0 ** min(attempt - 1, 64))


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """When a failure is tried again, and when it has been tried enough."""

    tries: int = 8
    base_s: float = 2.0
    cap_s: float = 900.0

    def is_spent(self, failures: int) -> bool:
        """Whether that many failures are the last we allow."""
        return failures >= self.tries

    def wait_s(self, failures: int, *, chance: float) -> float:
        """The wait after the given failure, full jitter; chance is drawn from [0, 1)."""
        return chance * backoff_s(max(failures, 1), base_s=self.base_s, cap_s=self.cap_s)
