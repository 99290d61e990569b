"""Plays one seed: people work, troubles come, everything must come to rest, and the checker judges what is left."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import TimeoutExpired

from console.demo_http import admin
from console.demo_repair import CommandError, run_command
from tests.chaos.cast import CASTS, Cast, Play
from tests.chaos.checker.evidence import Evidence, Fault, Row, Run
from tests.chaos.checker.log import has_open_work
from tests.chaos.checker.verdict import judge
from tests.chaos.scene import NeverHappenedError, Scene, patiently
from tests.chaos.tally import Played, Work, useful, work_done
from tests.chaos.trouble import Met, Trouble

LIMIT_S = 120.0
"""After that a seed is judged as it stands."""
_TURN_EVERY_S = 0.3
_LOOK_EVERY_S = 0.2
_NORMAL_AGE_S = 4.0
"""An open event that is younger says nothing: so old they are in a run without faults, on a busy machine."""
_REST_WITHIN_S = 15.0
_BY = "chaos"


@dataclass(kw_only=True)
class _Course:
    """What happens while a seed is played. ended_at: when the last trouble was over, 0 before."""

    scene: Scene
    plays: list[Play]
    troubles: Sequence[Trouble]
    began: float = field(default_factory=time.monotonic)
    ended_at: float = 0.0
    recovered_at: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    samples: list[Row] = field(default_factory=list)

    def run(self) -> None:
        """Returns when all is over and at rest, or the limit is reached."""
        with ThreadPoolExecutor(len(self.troubles) + 2) as pool:
            strikes = [pool.submit(self._strike, trouble) for trouble in self.troubles]
            helpers = [pool.submit(self._watch), pool.submit(self._operate)]
            try:
                self._play(lambda: all(each.done() for each in strikes))
            finally:
                self.scene.is_over.set()
            self.faults = [each.result() for each in strikes]
            for each in helpers:
                each.result()

    @property
    def recovery_s(self) -> float:
        """Seconds from the end of the last trouble until the queue's age was normal."""
        return max(0.0, (self.recovered_at or time.monotonic()) - self.ended_at) if self.ended_at else 0.0

    @property
    def pieces(self) -> dict[str, str]:
        """Every piece of work."""
        return {subject: what for play in self.plays for subject, what in play.pieces.items()}

    def _play(self, troubles_are_over: Callable[[], bool]) -> None:
        while time.monotonic() < self.began + LIMIT_S:
            turned_at = time.monotonic()
            for play in self.plays:
                play.turn()
            is_over = troubles_are_over()
            if is_over and not self.ended_at:
                self.ended_at = time.monotonic()
            if is_over and all(play.is_over for play in self.plays) and patiently(self.scene.office.rows.is_at_rest):
                return
            time.sleep(max(0.0, _TURN_EVERY_S - (time.monotonic() - turned_at)))

    def _strike(self, trouble: Trouble) -> Fault:
        self.scene.is_over.wait(max(0.0, self.began + trouble.at_s - time.monotonic()))
        at = datetime.now(UTC)
        try:
            met = trouble.act(self.scene)
        except NeverHappenedError as error:
            met = Met(hits=0, facts={"waited_for": str(error)})
        return Fault(
            kind=trouble.kind, what=trouble.what, began_at=at.isoformat(), hits=met.hits, facts=dict(met.facts)
        )

    def _watch(self) -> None:
        """Notes what the metrics say that is new, and when the queue's age is normal again."""
        known: list[str] = []
        while not self.scene.is_over.wait(_LOOK_EVERY_S):
            at, unusual = datetime.now(UTC).isoformat(), self.scene.unusual()
            self.samples += [{"at": at, "series": series} for series in unusual if series not in known]
            known = unusual
            age_s = patiently(self.scene.office.rows.oldest_open_s)
            if self.ended_at and not self.recovered_at and age_s <= _NORMAL_AGE_S:
                self.recovered_at = time.monotonic()

    def _operate(self) -> None:
        """An operator who replays every dead letter that there is."""
        while not self.scene.is_over.wait(1.0):
            for letter in patiently(self.scene.office.rows.open_letters):
                note = "Looked at, and mended."
                replay = ("dead-letters", "replay", letter, "--json", "--by", _BY, "--note", note)
                # A command that was cut off, or found no database, is given again.
                with suppress(CommandError, TimeoutExpired):
                    run_command(self.scene.office.environ, *replay)
                    self.acts.append(f"dead_letter.replayed {letter}")


def play(
    scene: Scene,
    seed: int,
    troubles: Sequence[Trouble],
    yardstick: Work | None,
    *,
    casts: Sequence[Cast] = CASTS,
    keep: Path | None = None,
    recovery_limit_s: float = 60.0,
) -> Played:
    """Play a seed and judge it. Without a yardstick it makes one: there is nothing to compare its work with.

    keep: a file for the evidence, which is otherwise kept beside the logs, and only of a seed that fails.
    """
    began = time.monotonic()
    chance = random.Random(f"cast {seed}")
    with _stage(scene, f"Seed {seed}", chance, casts) as plays:
        before = patiently(scene.office.rows.counts)["events"]
        course = _Course(scene=scene, plays=plays, troubles=troubles)
        course.run()
        events = patiently(scene.office.rows.counts)["events"] - before
        notes = () if all(each.is_over for each in plays) else tuple(_wrongs(plays))
    evidence = evidence_at_rest(scene)
    done = work_done(evidence.tables, course.pieces)
    share = useful(done, course.pieces, yardstick) if yardstick else 1.0
    run = Run(
        faults=tuple(course.faults),
        acts=tuple(course.acts),
        samples=tuple(course.samples),
        is_without_faults=not troubles,
        recovery_s=course.recovery_s,
        recovery_limit_s=recovery_limit_s,
        tries_max=scene.office.running.settings.engine.retry_tries,
        useful=share,
    )
    judged = evidence.with_run(run)
    violations = tuple(judge(judged))
    if violations or keep:
        judged.save(keep or scene.office.log.with_name(f"seed-{seed}.json"))
    return Played(
        seed=seed,
        events=events,
        faults=run.faults,
        useful=share,
        recovery_s=run.recovery_s,
        seconds=time.monotonic() - began,
        violations=violations,
        notes=notes,
        done={course.pieces[subject]: number for subject, number in done.items()},
    )


def evidence_at_rest(scene: Scene) -> Evidence:
    """The evidence of a scene at a moment when nothing is open."""
    return at_rest(lambda: scene.evidence(Run()))


def at_rest(read: Callable[[], Evidence]) -> Evidence:
    """Evidence read at a moment when nothing is open: pollers go on reading, and what they read is soon done with."""
    deadline = time.monotonic() + _REST_WITHIN_S
    while True:
        evidence = read()
        if not has_open_work(evidence) or time.monotonic() > deadline:
            return evidence
        time.sleep(_LOOK_EVERY_S)


@contextmanager
def _stage(scene: Scene, name: str, chance: random.Random, casts: Sequence[Cast]) -> Iterator[list[Play]]:
    """The plays of all casts; afterwards nothing is broken any more."""
    scene.begin()
    with ExitStack() as held:
        held.callback(_calm, scene)
        yield [held.enter_context(cast(scene.office, name, chance)) for cast in casts]


def _calm(scene: Scene) -> None:
    scene.orders.withdraw()
    admin(scene.urls["aprimo"], "PUT", "webhooks", {"duplicate_share": 0.0, "reorder_share": 0.0})
    admin(scene.urls["aprimo"], "POST", "webhooks/validate")


def _wrongs(plays: Sequence[Play]) -> Iterator[str]:
    for each in plays:
        yield from each.wrongs()
