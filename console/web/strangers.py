"""What callers can make us say: a count, and one log line a minute for each door and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

LOG_EVERY_S = 60.0


class Strangers:
    """Counts calls that brought nothing we can use; used on the event loop only.

    seen: bad or missing proofs, by door. refused: signed bodies that are kept and not understood, by door and reason.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._logged_at: dict[tuple[str, ...], float] = {}
        self._unsaid: Counter[tuple[str, ...]] = Counter()
        self.seen: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()

    def count(self, door: str) -> None:
        """One more whose signature or token was bad or missing."""
        self.seen[door] += 1
        self._say("hook_unauthorized", door=door)

    def count_refused(self, door: str, reason: str) -> None:
        """One more signed body that cannot be used; its sender was told 202, so nobody else will notice."""
        self.refused[door, reason] += 1
        self._say("hook_refused", door=door, reason=reason)

    def _say(self, event: str, **fields: str) -> None:
        key = (event, *fields.values())
        self._unsaid[key] += 1
        now = self._monotonic()
        if now - self._logged_at.get(key, now - LOG_EVERY_S) < LOG_EVERY_S:
            return
        log.warning(event, **fields, calls=self._unsaid[key])
        self._logged_at[key] = now
        self._unsaid[key] = 0
