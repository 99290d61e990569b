"""Whether each worker works: a message goes through its own queue again and again, and must come to something.

A worker can be connected and take nothing, or take messages and end none; its process looks well all the while. So
not the process is watched but what it does: the supervisor sends a pulse, a task that writes down its number, and a
worker that has written none for too long although the broker answers is replaced. The pulse's queue comes before all
others, and no step outlives the hard limit, so that work alone never makes a worker late.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LOOKS_PER_LIMIT = 6
LONGEST_PERIOD_S = 10.0
BACKLOG_MAX = 3
"""Pulses that may wait in a queue: a worker that takes none must not find hundreds when it wakes up."""


def pulse_queue(role: str, data_dir: Path) -> str:
    """The queue that only this installation's worker of the role reads; the same after every restart."""
    place = hashlib.sha256(f"{socket.gethostname()}:{data_dir.resolve()}".encode()).hexdigest()[:8]
    return f"pulse.{role}.{place}"


class Line(Protocol):
    """The way to one worker and back."""

    def send(self, number: int) -> bool:
        """Put a pulse onto the worker's queue, unless enough wait there. False when the broker does not answer."""

    def last(self) -> int | None:
        """The number of the last pulse that the worker wrote down, 0 for none; None as for `send`."""


class Workers(Protocol):
    """What is needed of the supervisor."""

    def pid(self, role: str) -> int | None:
        """The process id of a role, or None while it has no process."""

    def is_ready(self, role: str) -> bool:
        """Whether the role's present process can be used."""

    def replace(self, role: str, why: str) -> None:
        """Kill the role's process, so that another is started."""


@dataclass(kw_only=True)
class _Owed:
    """What a worker's process has not answered: since when, and from which pulse on an answer counts."""

    pid: int | None = None
    since: float | None = None
    number: int = 0


class Pulse:
    """Watches workers until it is stopped. lines: role -> the way to it, made in the watching thread."""

    def __init__(
        self,
        workers: Workers,
        open_lines: Callable[[], Mapping[str, Line]],
        *,
        deaf_after_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._workers = workers
        self._open_lines = open_lines
        self._deaf_after_s = deaf_after_s
        self._monotonic = monotonic
        self._clock = clock
        self._owed: dict[str, _Owed] = {}
        self._number = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to watch; the first pulse leaves after a period."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch. Safe to call again."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _watch(self) -> None:
        period_s = min(LONGEST_PERIOD_S, self._deaf_after_s / LOOKS_PER_LIMIT)
        if self._is_over.wait(period_s):
            return
        lines = self._open_lines()
        while True:
            self.look(lines)
            if self._is_over.wait(period_s):
                return

    def look(self, lines: Mapping[str, Line]) -> None:
        """Send every worker a pulse, and replace who has answered none for too long."""
        # By the clock, so that a worker's answers to an earlier supervisor count for nothing.
        self._number = max(self._number + 1, int(self._clock()))
        for role, line in lines.items():
            self._listen(role, line, self._owed.setdefault(role, _Owed()))

    def _listen(self, role: str, line: Line, owed: _Owed) -> None:
        pid, last = self._workers.pid(role), line.last()
        if last is None or pid != owed.pid or not self._workers.is_ready(role) or last >= owed.number:
            owed.pid, owed.since = pid, None  # It has answered; or nobody could: the clock starts anew.
        now = self._monotonic()
        if owed.since is not None and now - owed.since > self._deaf_after_s:
            self._workers.replace(role, f"has worked nothing off for {now - owed.since:.0f} s")
            owed.since = None
        elif line.send(self._number) and owed.since is None:
            owed.since, owed.number = now, self._number
