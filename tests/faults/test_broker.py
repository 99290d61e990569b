"""The broker is away, is wiped, or comes back empty: that costs seconds, and nothing else."""

from __future__ import annotations

from tests.support.bad_days import WITHDRAWN_TOO, bad_day
from tests.support.bad_days_office import Office

AWAY_S = 10.0


def test_a_broker_that_is_away_for_ten_seconds_loses_nothing(office: Office) -> None:
    with bad_day(office, "Broker away") as day:
        day.play_until(lambda: day.effects.of("start") >= 2, what="two starts")
        office.running.halt("broker")
        day.play_for(AWAY_S)
        office.running.resume("broker")
        day.end()


def test_a_broker_that_is_wiped_twice_and_comes_back_empty_loses_nothing(office: Office) -> None:
    with bad_day(office, "Broker wiped", WITHDRAWN_TOO) as day:
        day.play_until(lambda: day.effects.of("start") >= 1, what="the first start")
        office.wipe_broker()
        day.play_until(lambda: day.effects.of("start") >= 3, what="the third start")
        office.wipe_broker()
        day.play_until(lambda: day.effects.of("start") >= 5, what="the fifth start")
        assert not day.stage.is_over
        office.empty_broker_folder()
        day.end()
