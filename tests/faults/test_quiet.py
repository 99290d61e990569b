"""The control run: a day on which nothing goes wrong."""

from __future__ import annotations

from tests.support.bad_days import bad_day
from tests.support.bad_days_office import Office


def test_on_a_quiet_day_both_systems_agree(office: Office) -> None:
    with bad_day(office, "Quiet") as day:
        figures = day.end()

    assert figures.lost == 0
