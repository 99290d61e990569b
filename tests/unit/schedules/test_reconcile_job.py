"""The job `reconcile`: what a step of it may ask for, and whose turn comes first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from pipeline.ports import Mode
from pipeline.walk import Terms
from tasks import jobs

NINE = datetime(2026, 2, 3, 9, tzinfo=UTC)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[Mode, float], Terms]]:
    """The steps that the job asked for: how far apart runs begin, the first mode first, and the terms."""
    asked: list[tuple[dict[Mode, float], Terms]] = []

    def work(every_s: Mapping[Mode, float], *, terms: Terms, **_: object) -> tuple[()]:
        asked.append((dict(every_s), terms))
        return ()

    monkeypatch.setattr(jobs.reconciling, "work", work)
    return asked


def step(slot: datetime) -> None:
    """The job in a slot, with the settings' defaults."""
    made: Any = SimpleNamespace(settings=Settings(), reconciling=Terms(), inventory=None, ports=None)
    jobs.reconcile(made, slot)


def test_a_step_lasts_less_than_the_sweeper_waits_and_asks_for_its_share_between_two_steps(
    steps: list[tuple[dict[Mode, float], Terms]],
) -> None:
    step(NINE)

    ((_, terms),) = steps
    assert terms.lasts_s == 4.0 < Settings().engine.sweep_every_s
    assert terms.calls == int(0.25 * 5 * 10)


def test_recent_changes_and_everything_come_first_in_turn(steps: list[tuple[dict[Mode, float], Terms]]) -> None:
    step(NINE)
    step(NINE + timedelta(seconds=10))

    assert [list(every_s.items()) for every_s, _ in steps] == [
        [(Mode.RECENT, 300.0), (Mode.FULL, 86_400.0)],
        [(Mode.FULL, 86_400.0), (Mode.RECENT, 300.0)],
    ]
