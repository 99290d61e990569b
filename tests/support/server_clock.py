"""A clock for the Redis that lives in a test's process: it stands still until it is moved."""

from __future__ import annotations

import time

import pytest


class ServerClock:
    """The server's time, and a monotonic clock and a sleep that go with it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_768_212_000.0
        self.slept: list[float] = []
        monkeypatch.setattr(time, "time", lambda: self.now)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
