"""Plays many seeds, on every core, and adds up what they came to."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.simulation.deck import EVERY_PAIR, plot_of
from tests.simulation.scene import Target
from tests.simulation.schedule import Verdict, play

SHARE = 25
"""Seeds that a process takes at a time."""


@dataclass(kw_only=True)
class Tally:
    """What seeds came to. violations: by seed. struck: the pairs of failpoint and kind at which a process died."""

    seeds: int = 0
    seconds: float = 0.0
    violations: dict[int, tuple[str, ...]] = field(default_factory=dict)
    struck: set[Target] = field(default_factory=set)
    figures: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """One more seed."""
        self.seeds += 1
        self.struck |= verdict.struck
        self.figures.update(verdict.figures)
        if verdict.violations:
            self.violations[verdict.seed] = verdict.violations

    @property
    def missed(self) -> list[str]:
        """Pairs at which no process died."""
        return [f"{pair.kind} at {pair.point}" for pair in EVERY_PAIR if pair not in self.struck]

    @property
    def a_minute(self) -> int:
        """Schedules a minute."""
        return round(self.seeds / self.seconds * 60) if self.seconds else 0

    def to_json(self) -> dict[str, object]:
        """The figures for programs."""
        return {
            "seeds": self.seeds,
            "violations": sum(map(len, self.violations.values())),
            "failing_seeds": sorted(self.violations),
            "pairs": len(EVERY_PAIR),
            "pairs_missed": self.missed,
            "schedules_a_minute": self.a_minute,
            **self.figures,
        }


def run(seeds: Sequence[int], *, processes: int | None = None) -> Tally:
    """Play the seeds, side by side in processes of their own."""
    tally, began = Tally(), time.monotonic()
    shares = [seeds[first : first + SHARE] for first in range(0, len(seeds), SHARE)]
    with _pool(processes or os.cpu_count() or 1) as pool:
        for verdicts in pool.map(_play_all, shares):
            for verdict in verdicts:
                tally.add(verdict)
    tally.seconds = time.monotonic() - began
    return tally


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    # A fork would take along the threads of schedules that were played here before.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def _play_all(seeds: Sequence[int]) -> list[Verdict]:
    return [play(plot_of(seed)).without_log() for seed in seeds]
