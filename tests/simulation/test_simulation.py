"""Schedules by the hundred: whatever is lost, doubled, late, killed or stopped, every invariant holds at rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands import KINDS
from pipeline.transport.effects import check_effects
from pipeline.words import Side
from tests.simulation.deck import SEEDS_FOR_EVERY_PAIR, plot_of
from tests.simulation.report import REPORT, renew_report
from tests.simulation.run import Tally, run
from tests.simulation.schedule import play
from tests.simulation.spots import COMMANDS
from tests.support import findings
from tests.support.memory import aprimo, opentext

ROOT = Path(__file__).resolve().parents[2]
SOME, MANY = 500, 10_000


def _tell(tally: Tally) -> None:
    figures = ", ".join(f"{count} {name}" for name, count in tally.figures.items())
    findings.note("simulation", f"{tally.seeds} schedules, {tally.a_minute} a minute: {figures}")


@pytest.mark.timeout(300)
def test_in_500_schedules_nothing_is_violated_and_every_failpoint_strikes_every_kind() -> None:
    assert SEEDS_FOR_EVERY_PAIR <= SOME

    tally = run(range(1, SOME + 1))

    _tell(tally)
    assert tally.violations == {}
    assert tally.missed == []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_in_10_000_schedules_nothing_is_violated() -> None:
    tally = run(range(1, MANY + 1))

    _tell(tally)
    assert tally.violations == {}
    assert tally.missed == []
    assert tally.a_minute >= 1000
    renew_report(REPORT, tally)


@pytest.mark.parametrize("seed", [1, 3, 4, 9])
def test_a_seed_is_one_log_whatever_pythons_own_hashes_are(seed: int) -> None:
    here = play(plot_of(seed))
    again = play(plot_of(seed))
    other = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert here.digest == again.digest
    assert other.stdout.splitlines()[-1] == f"seed {seed}: log {here.digest}"


def test_two_seeds_are_two_logs() -> None:
    assert play(plot_of(1)).digest != play(plot_of(2)).digest


def test_every_kind_of_command_is_played() -> None:
    assert set(COMMANDS) == set(KINDS)
    check_effects(aprimo.DOINGS, Side.APRIMO)
    check_effects(opentext.DOINGS, Side.OPENTEXT)
