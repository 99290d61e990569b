"""Everybody who knows a period and the time means the same slot, and a missed one is made up for by its rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.slots import MADE_UP_AT_ONCE, Timing
from pipeline.words import CatchUp

NINE = datetime(2026, 2, 3, 9, tzinfo=UTC)
TIMES = st.integers(min_value=0, max_value=10**16).map(lambda us: NINE + timedelta(microseconds=us - 10**15))
PERIODS = st.sampled_from([0.1, 0.7, 1.0, 5.0, 60.0, 3600.0, 86_400.0])


def _minutes(*minutes: float) -> list[datetime]:
    return [NINE + timedelta(minutes=each) for each in minutes]


def _timing(catch_up: CatchUp, every_s: float = 300.0) -> Timing:
    return Timing(every_s=every_s, catch_up=catch_up)


@given(at=TIMES, every_s=PERIODS)
def test_a_moment_lies_in_one_slot_and_slots_follow_each_other_without_a_gap(at: datetime, every_s: float) -> None:
    timing = _timing(CatchUp.ONCE, every_s)

    slot = timing.slot_of(at)

    assert slot <= at < slot + timing.period
    assert timing.slot_of(slot) == slot
    assert timing.slot_of(slot + timing.period) == slot + timing.period
    assert timing.slot_of(slot - timedelta(microseconds=1)) == slot - timing.period


@pytest.mark.parametrize(
    ("catch_up", "begun"), [(CatchUp.ONCE, [20]), (CatchUp.SKIP, []), (CatchUp.ALL, [10, 15, 20])]
)
def test_after_a_gap_each_rule_makes_up_for_what_was_missed_in_its_own_way(
    catch_up: CatchUp, begun: list[float]
) -> None:
    (last,) = _minutes(5)
    (now,) = _minutes(23)

    assert list(_timing(catch_up).to_begin(now, last)) == _minutes(*begun)


@pytest.mark.parametrize("catch_up", CatchUp)
def test_a_job_that_never_ran_begins_with_the_present_slot(catch_up: CatchUp) -> None:
    assert list(_timing(catch_up).to_begin(NINE, None)) == [NINE]


def test_where_all_were_run_nothing_is_to_be_begun() -> None:
    assert list(_timing(CatchUp.ALL).to_begin(NINE + timedelta(minutes=1), NINE)) == []


@pytest.mark.parametrize(("every_s", "late_s"), [(60.0, 30.0), (86_400.0, 120.0)])
def test_what_may_be_left_out_is_late_after_half_of_its_period_and_after_two_minutes_at_most(
    every_s: float, late_s: float
) -> None:
    timing = _timing(CatchUp.SKIP, every_s)
    slot = timing.slot_of(NINE)
    in_time = slot + timedelta(seconds=late_s)

    assert list(timing.to_begin(in_time, None)) == [slot]
    assert list(timing.to_begin(in_time + timedelta(microseconds=1), None)) == []


def test_a_long_gap_is_made_up_for_in_parts() -> None:
    timing = _timing(CatchUp.ALL, 1.0)

    begun = list(timing.to_begin(NINE + timedelta(days=1), NINE))

    assert begun == [NINE + timedelta(seconds=number) for number in range(1, MADE_UP_AT_ONCE + 1)]


def test_a_longer_period_goes_on_with_the_slot_after_the_last_run() -> None:
    timing = _timing(CatchUp.ALL, 3600.0)

    assert list(timing.to_begin(NINE + timedelta(hours=2), NINE + timedelta(minutes=35))) == _minutes(60, 120)


@pytest.mark.parametrize(
    ("catch_up", "last", "following"),
    [
        (CatchUp.ONCE, 20, 25),
        (CatchUp.ONCE, 5, 20),
        (CatchUp.ALL, 5, 10),
        (CatchUp.SKIP, 5, 25),
        (CatchUp.SKIP, 20, 25),
    ],
)
def test_the_next_run_is_in_the_first_slot_that_may_still_be_begun(
    catch_up: CatchUp, last: float, following: float
) -> None:
    (now, before, after) = _minutes(23, last, following)

    assert _timing(catch_up).next_after(now, before) == after
