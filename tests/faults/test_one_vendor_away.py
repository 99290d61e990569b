"""One vendor is down or slow: work for the other goes on as on a quiet day, and what waited drains on the return."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos.checker.evidence import Run
from tests.chaos.checker.verdict import judge
from tests.chaos.seed import at_rest
from tests.chaos.witness import evidence_of
from tests.support import findings
from tests.support.databases import Postgres, postgres
from tests.support.reports import REPORTS, renew
from tests.support.vendor_away import Away, Drain, Pace, installed
from tests.support.vendor_away_waits import Waits, share_below, waits

__all__ = ["postgres"]

OTHER = {"aprimo": "opentext", "opentext": "aprimo"}
SUBJECT = "one vendor away, steps for the other"
SLOWER_MAX = 1.25
MORE_S = 0.05
INTAKE_S = 0.15
DRAINED = 0.9
"""What is promised: p95 of the quiet time times this, and so much more; p99 of the intake; of the budget's rate."""
WARM_S = 4.0
FEWEST = 10
"""Of fewer steps no p95 is told."""
DRAINS_WITHIN_S = 240.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long each phase lasts, and how many briefs are handed in each second."""

    quiet_s: float
    away_s: float
    briefs_per_s: float


@dataclass(frozen=True, kw_only=True)
class Course:
    """What one absence came to: of steps for the healthy vendor, of the intake, and of what waited."""

    quiet: Waits
    away: Waits
    intake_s: float
    drain: Drain
    refused: int
    load: float

    @property
    def p95_s(self) -> dict[str, tuple[float, float]]:
        """The quiet p95 and that of the absence, of reads and of writes, where both had enough steps."""
        both = {"reads": (self.quiet.reads, self.away.reads), "writes": (self.quiet.writes, self.away.writes)}
        return {
            name: (share_below(quiet, 0.95), share_below(away, 0.95))
            for name, (quiet, away) in both.items()
            if min(len(quiet), len(away)) >= FEWEST
        }

    def figures(self) -> dict[str, object]:
        """A row of the report; ms and s as they are named there."""
        shown = {name: f"{quiet * 1000:.0f} → {away * 1000:.0f}" for name, (quiet, away) in self.p95_s.items()}
        quiet, absent = (f"{len(each.reads)}+{len(each.writes)}" for each in (self.quiet, self.away))
        return {
            "steps": f"{quiet} → {absent}",
            "reads p95 ms": shown.get("reads", "-"),
            "writes p95 ms": shown.get("writes", "-"),
            "intake p99 ms": f"{self.intake_s * 1000:.0f}",
            "backlog lines": self.drain.backlog,
            "drained in s": f"{self.drain.seconds:.1f}",
            "of the budget": f"{self.drain.rate:.0%}",
            "429": self.refused,
            "load": f"{self.load:.1f}",
        }


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_each_vendor_in_turn_down_and_slow_for_minutes_delays_no_step_for_the_other(
    postgres: Postgres, tmp_path: Path
) -> None:
    plan = Plan(quiet_s=45.0, away_s=120.0, briefs_per_s=0.4)
    with _installed(tmp_path, postgres, plan) as away:
        for how in ("down", "slow"):
            for vendor in OTHER:
                away.settle(limit_s=DRAINS_WITHIN_S)
                course = _played(away, vendor, how, plan)
                findings.note(SUBJECT, f"{vendor} {how}: {course.figures()}")
                _renew(f"{vendor} {how} {plan.away_s:.0f} s", course)
                _holds(course)
        away.settle(limit_s=DRAINS_WITHIN_S)
        _is_in_order(away)


def _installed(folder: Path, server: Postgres, plan: Plan) -> AbstractContextManager[Away]:
    url = server.empty_database().replace("postgresql://", "postgresql+psycopg://", 1)
    return installed(folder, url, decides_after_s=(1.0, plan.quiet_s))


def _played(away: Away, vendor: str, how: str, plan: Plan) -> Course:
    refused = away.refused()
    pace = Pace(office=away.office, briefs_per_s=plan.briefs_per_s)
    with pace.kept():
        time.sleep(WARM_S)
        quiet_at = datetime.now(UTC)
        time.sleep(plan.quiet_s)
        with away.vendor(vendor, how):
            away_at, began = datetime.now(UTC), time.monotonic()
            time.sleep(plan.away_s)
            intake_s = share_below(pace.told_since(began), 0.99)
            back_at, load = datetime.now(UTC), os.getloadavg()[0]
        drain = away.drain(vendor, limit_s=DRAINS_WITHIN_S)
    # Read only now: a step that left long after it was ready belongs to the time when it was ready.
    return Course(
        quiet=waits(away.reader, OTHER[vendor], quiet_at, away_at),
        away=waits(away.reader, OTHER[vendor], away_at, back_at),
        intake_s=intake_s,
        drain=drain,
        refused=away.refused() - refused,
        load=load,
    )


def _holds(course: Course) -> None:
    assert course.p95_s
    for name, (quiet_s, away_s) in course.p95_s.items():
        assert away_s <= quiet_s * SLOWER_MAX + MORE_S, name
    assert course.intake_s < INTAKE_S
    assert course.drain.rate >= DRAINED
    assert course.refused == 0


def _is_in_order(away: Away) -> None:
    evidence = at_rest(lambda: evidence_of(away.office, Run(), ""))
    assert judge(evidence) == []


def _renew(row: str, course: Course) -> None:
    renew(
        REPORTS / "one-vendor-away.md",
        title="One vendor away",
        about=(
            "One vendor is down (503) or slow (10 s an answer) for all that Signoff asks, while briefs and notices"
            " come at a steady pace; on PostgreSQL. Quiet time → absence, in one installation: steps (reads+writes)"
            " for the other vendor, and the p95 from ready to leaving (of reads: to the stored plan, so the answer"
            " counts too). Then what waited, and which part of the rate budget was used until nothing waited. load:"
            " of the whole machine. Renewed by `./run test --long`."
        ),
        row=row,
        figures=course.figures(),
    )
