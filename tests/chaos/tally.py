"""What a seed came to: the useful work of it, and what the checker found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.chaos.checker.evidence import Fault, Row, Rows
from tests.chaos.checker.violation import Violation

Work = Mapping[str, int]
"""What is played -> how many deliveries that takes without a fault."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """One seed. useful: share of the deliveries of the run without faults."""

    seed: int
    events: int
    faults: tuple[Fault, ...]
    useful: float
    recovery_s: float
    seconds: float
    violations: tuple[Violation, ...]
    done: Work
    """What was delivered for each thing that was played."""
    notes: tuple[str, ...] = ()
    """What people saw that does not fit, when the seed did not come to its end."""


@dataclass(frozen=True, kw_only=True)
class Total:
    """All seeds together, as `--json` prints them."""

    seeds: int
    events: int
    faults: dict[str, int]
    lost: int
    doubled: int
    disordered: int
    useful: float
    slowest_recovery_s: float
    failing_seeds: list[int] = field(default_factory=list)


def broken(seed: int, why: str) -> Played:
    """A seed that could not be played to its end."""
    violation = Violation(invariant="run", about=f"seed {seed}", says=f"it could not be played: {why}")
    return Played(
        seed=seed, events=0, faults=(), useful=0.0, recovery_s=0.0, seconds=0.0, violations=(violation,), done={}
    )


def total(played: list[Played]) -> Total:
    """The sum of what was played."""
    found = Counter(violation.invariant for each in played for violation in each.violations)
    faults = Counter(fault.kind for each in played for fault in each.faults if fault.hits)
    return Total(
        seeds=len(played),
        events=sum(each.events for each in played),
        faults=dict(sorted(faults.items())),
        lost=found["I1"],
        doubled=found["I2"],
        disordered=found["I3"],
        useful=round(min((each.useful for each in played), default=0.0), 3),
        slowest_recovery_s=round(max((each.recovery_s for each in played), default=0.0), 1),
        failing_seeds=[each.seed for each in played if each.violations],
    )


def work_done(tables: Mapping[str, Rows], pieces: Mapping[str, str]) -> dict[str, int]:
    """How many different things were delivered for each piece of work.

    A field counts once however often it was written: under load one write says what several would have said.
    """
    subjects = {row["id"]: row["subject"] for row in tables["events"]}
    done: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in tables["deliveries"]:
        if row["state"] == "done":
            done[subjects[row["event_id"]]] |= _things(row)
    return {subject: len(done[subject]) for subject in pieces}


def useful(done: Mapping[str, int], pieces: Mapping[str, str], yardstick: Work) -> float:
    """The share of the yardstick's deliveries that were made; no piece of work makes up for another."""
    wanted = sum(yardstick[what] for what in pieces.values())
    return sum(min(done[subject], yardstick[what]) for subject, what in pieces.items()) / wanted


def _things(delivery: Row) -> set[tuple[str, str]]:
    fields = delivery["values"].get("fields")
    if isinstance(fields, Mapping):
        return {(delivery["kind"], name) for name in fields}
    return {(delivery["kind"], delivery["effect_key"])}
