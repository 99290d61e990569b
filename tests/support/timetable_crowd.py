"""Several schedulers and a worker as processes: killed, paused and away in turns, and what their notes came to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from sqlalchemy import select

from pipeline.store.engine import reader
from pipeline.store.tables import ticks
from schedules.timetable import Row
from tests.support.processes import wait_until
from tests.support.timetable_app import READY, ROWS, RUNS, sent

SCHEDULERS = ("one", "two", "three")
TURN_S = 2.0
QUIET_S = 2.5
"""How long nothing runs while all are away: several slots of every job."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A job that ran: its slot, and when, in seconds since the epoch."""

    job: str
    slot: float
    at: float


@dataclass
class Crowd:
    """The processes of one timetable."""

    folder: Path
    environ: dict[str, str]
    kills: int = 0
    pauses: int = 0
    away: list[tuple[float, float]] = field(default_factory=list)
    """When no scheduler was there, from and to."""
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def runs(self) -> list[Run]:
        """Every run so far, in the order they were noted."""
        told = [line.split() for line in _lines(self.folder / RUNS)]
        return [Run(job=job, slot=float(slot), at=float(at)) for job, slot, at in told]

    @property
    def messages(self) -> dict[str, int]:
        """How many messages each scheduler has sent."""
        return {name: len(_lines(self.folder / sent(name))) for name in SCHEDULERS}

    def start(self, role: str, *names: str) -> None:
        """Start processes, and wait until each says that it works."""
        before = Counter(_lines(self.folder / READY))
        for name in names:
            argv = [sys.executable, "-m", "tests.support.timetable_app", role, name]
            log = (self.folder / f"{name}.log").open("ab")
            self._running[name] = subprocess.Popen(argv, env=self.environ, stdout=log, stderr=log)
            log.close()
        wanted = before + Counter(names)
        wait_until(lambda: Counter(_lines(self.folder / READY)) == wanted, limit_s=120, what=" and ".join(names))

    def run_for(self, ticks: int, *, within_s: float) -> None:
        """One is killed and one paused at a time, the third is left; once in the middle all are away."""
        deadline = time.monotonic() + within_s
        turns = cycle(((0, 1), (1, 2), (2, 0)))
        while len(self.runs) < ticks or not self._has_come_back():
            assert time.monotonic() < deadline, f"{len(self.runs)} of {ticks} ticks after {within_s:g} s"
            killed, paused = next(turns)
            self._turn(SCHEDULERS[killed], SCHEDULERS[paused])
            if not self.away and len(self.runs) > ticks // 2:
                self._all_away()

    def stop(self) -> None:
        """End every process that is left."""
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(20)

    def _has_come_back(self) -> bool:
        """Whether every job has run again after all were away."""
        return bool(self.away) and {run.job for run in self.runs if run.at > self.away[0][1]} == {r.job for r in ROWS}

    def _turn(self, killed: str, paused: str) -> None:
        self._kill(killed)
        self._running[paused].send_signal(signal.SIGSTOP)
        self.pauses += 1
        time.sleep(TURN_S)
        self._running[paused].send_signal(signal.SIGCONT)
        self.start("scheduler", killed)

    def _all_away(self) -> None:
        for name in SCHEDULERS:
            self._kill(name)
        began = time.time()
        # What was sent before may still wait for the worker.
        wait_until(lambda: time.time() > max(began, self.runs[-1].at) + QUIET_S, limit_s=60, what="the quiet")
        self.start("scheduler", *SCHEDULERS)
        self.away.append((began, time.time()))

    def _kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait(20)
        self.kills += 1


@contextmanager
def crowd(folder: Path, *, broker_url: str, database_url: str) -> Iterator[Crowd]:
    """Three schedulers and a worker, until the block ends."""
    settings = {
        "BROKER_URL": broker_url,
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "SANDBOXES": "true",
        "LOG_LEVEL": "warning",
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SIGNOFF_")}
    environ |= {f"SIGNOFF_{name}": value for name, value in settings.items()} | {"TIMETABLE_NOTES": str(folder)}
    made = Crowd(folder=folder, environ=environ)
    try:
        made.start("worker", "worker")
        made.start("scheduler", *SCHEDULERS)
        yield made
    finally:
        made.stop()


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What became of a job's slots, from its first run to its last."""

    job: str
    ran: int
    doubled: int
    missing: int
    missing_while_away: int
    """Of them those in which no scheduler was there."""
    latest_s: float
    """The longest time from the beginning of a slot to that of its run."""


def judge(crowd: Crowd, row: Row, database_url: str) -> Judged:
    """Hold the runs of a job, as it noted them itself, against its slots."""
    runs = [run for run in crowd.runs if run.job == row.job]
    times = Counter(run.slot for run in runs)
    count = round((max(times) - min(times)) / row.every_s) + 1
    missing = [slot for slot in (min(times) + number * row.every_s for number in range(count)) if slot not in times]
    return Judged(
        job=row.job,
        ran=len(runs),
        doubled=len(runs) - len(times),
        missing=len(missing),
        missing_while_away=sum(began < slot < ended for slot in missing for began, ended in crowd.away),
        latest_s=max(_latenesses(row.job, database_url)),
    )


def _latenesses(job: str, database_url: str) -> list[float]:
    """How late each slot began, in seconds, by the database's clock."""
    engine = reader(database_url)
    with engine.connect() as conn:
        found = conn.execute(select(ticks.c.slot, ticks.c.started_at).where(ticks.c.job == job))
        late = [(row.started_at - row.slot).total_seconds() for row in found]
    engine.dispose()
    return late


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
