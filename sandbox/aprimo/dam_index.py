"""The search index, which learns of a write some time after it (aprimo.md §4.2). Reads by id never lag."""

import time
from collections import deque

from sandbox.aprimo.state import Row


class Index:
    """Records as the index knows them. Used from the event loop only."""

    def __init__(self, records: list[Row], *, lag_s: float) -> None:
        self.lag_s = lag_s
        self._known = {row["id"]: row for row in records}
        self._coming: deque[tuple[float, str, Row | None]] = deque()
        self._version = 0

    def learn(self, record_id: str, row: Row | None, *, is_immediate: bool) -> None:
        """Take up a record as it is now, None for a deleted one; at once where the caller asked for that."""
        if is_immediate:
            self._coming = deque(each for each in self._coming if each[1] != record_id)
            self._set(record_id, row)
        else:
            self._coming.append((time.monotonic() + self.lag_s, record_id, row))

    def rows(self) -> list[Row]:
        """List what can be found now."""
        self._take_in()
        return list(self._known.values())

    def version(self) -> int:
        """Give a number that is another one whenever something else can be found."""
        self._take_in()
        return self._version

    def clear(self) -> None:
        """Forget everything."""
        self._version += 1
        self._known.clear()
        self._coming.clear()

    def _take_in(self) -> None:
        now = time.monotonic()
        while self._coming and self._coming[0][0] <= now:
            _, record_id, row = self._coming.popleft()
            self._set(record_id, row)

    def _set(self, record_id: str, row: Row | None) -> None:
        self._version += 1
        if row is None:
            self._known.pop(record_id, None)
        else:
            self._known[record_id] = row
