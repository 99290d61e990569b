"""The broker is away, is wiped, or comes back empty: that costs seconds, and nothing else."""

from __future__ import annotations

from console.demo_scenario import Story
from tests.support.bad_days import Day, bad_day
from tests.support.bad_days_office import Office

AWAY_S = 10.0


def test_a_broker_that_is_away_for_ten_seconds_loses_nothing(office: Office) -> None:
    with bad_day(office, "Broker away") as day:
        day.play_until(lambda: day.effects.of("start") >= 2, what="two starts")
        office.running.halt("broker")
        day.play_for(AWAY_S)
        office.running.resume("broker")
        day.end()


def test_a_broker_that_is_wiped_twice_loses_nothing(office: Office) -> None:
    with bad_day(office, "Broker wiped", is_withdrawn=True) as day:
        day.play_until(lambda: day.effects.of("start") >= 1, what="the first start")
        office.wipe_broker()
        day.play_until(lambda: day.effects.of("start") >= 4, what="the fourth start")
        office.wipe_broker()
        day.end()


def test_a_broker_that_comes_back_empty_loses_nothing(office: Office) -> None:
    with bad_day(office, "Broker emptied") as day:
        day.play_until(lambda: _is_in_mid_run(day), what="the middle of the run")
        office.empty_broker_folder()
        day.end()


def _is_in_mid_run(day: Day) -> bool:
    return day.effects.of("start") >= 3 and not day.role(Story.ESCALATED).is_over
