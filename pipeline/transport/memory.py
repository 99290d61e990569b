"""Remembers what seldom changes for a while: users, names of statuses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

ENTRIES_MAX = 10_000
"""More than a tenant has people; beyond it everything is forgotten at once, which is simple and rare."""


AGAIN_S = 5.0
"""What was read this short ago is not read again for something unknown: a typing error costs one call."""


class Memory(Generic[KeyT, ValueT]):
    """Values by key, each for so many seconds. Thread-safe; two threads may look the same thing up at once."""

    def __init__(self, life_s: float, monotonic: Callable[[], float]) -> None:
        self._life_s = life_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: dict[KeyT, tuple[float, ValueT]] = {}
        """When each was looked up, and what was found."""

    def get(self, key: KeyT, look_up: Callable[[KeyT], ValueT], *, within_s: float | None = None) -> ValueT:
        """The remembered value, else what `look_up` gives; its errors are not remembered.

        within_s: how old a remembered value may be; None: as old as any.
        """
        life_s = self._life_s if within_s is None else min(within_s, self._life_s)
        with self._lock:
            entry = self._entries.get(key)
        if entry is not None and self._monotonic() - entry[0] < life_s:
            return entry[1]
        value = look_up(key)
        self.keep(key, value)
        return value

    def keep(self, key: KeyT, value: ValueT) -> None:
        """Remember a value from now on."""
        with self._lock:
            if len(self._entries) >= ENTRIES_MAX:
                self._entries.clear()
            self._entries[key] = (self._monotonic(), value)

    def unknown(self, keys: Iterable[KeyT]) -> list[KeyT]:
        """Those of the keys that nothing is remembered of."""
        now = self._monotonic()
        with self._lock:
            return [key for key in keys if key not in self._entries or now - self._entries[key][0] >= self._life_s]
