"""How often each route was asked and what it answered, and the busiest second: for budgets and reports."""

import time
from collections import Counter
from typing import Any

NO_ANSWER = 0
"""The status counted for a request whose connection was closed without an answer."""


class RequestCounts:
    """Counts of one sandbox. Used from the event loop only."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str, int, str]] = Counter()
        self._second = 0
        self._in_second = 0
        self._peak = 0

    def arrived(self) -> None:
        """Count an arrival for the busiest second."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        self._peak = max(self._peak, self._in_second)

    def answered(self, method: str, route: str, status: int, agent: str) -> None:
        """Count an answer; `NO_ANSWER` where there was none."""
        self._answers[method, route, status, agent] += 1

    def as_json(self, agent: str | None = None) -> dict[str, Any]:
        """Total, busiest second of all, and one row per method, route and status; of one User-Agent where given."""
        rows: Counter[tuple[str, str, int]] = Counter()
        for (method, route, status, asked_by), count in self._answers.items():
            if agent in (None, asked_by):
                rows[method, route, status] += count
        shown = [
            {"method": method, "route": route, "status": status, "count": count}
            for (method, route, status), count in sorted(rows.items())
        ]
        return {"total": rows.total(), "peak_per_s": self._peak, "routes": shown}

    def clear(self) -> None:
        """Start again at nothing."""
        self._answers.clear()
        self._second = self._in_second = self._peak = 0
