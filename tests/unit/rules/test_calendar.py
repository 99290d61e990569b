"""The working calendar: what is moved rests in working hours, there and back again, also where the clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calendar import Calendar, backward, between, due_dates, forward, next_working, previous_working

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(zone=BERLIN, holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
NIGHT = Calendar(zone=BERLIN, weekdays=frozenset(range(7)), opens=time(0, 30), closes=time(6))
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
HOURS = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any calendar: day and night, in zones whose clocks change, with holidays."""
    opens, closes = sorted(draw(st.lists(st.integers(0, 95), min_size=2, max_size=2, unique=True)))
    return Calendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        weekdays=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        opens=time(*divmod(opens * 15, 60)),
        closes=time(*divmod(closes * 15, 60)),
        holidays=draw(st.frozensets(st.dates(date(2011, 12, 1), date(2012, 4, 30)), max_size=20)),
    )


# Around two changes of the clock in both halves of the world, and the day that Samoa left out.
MOMENTS = st.datetimes(datetime(2011, 9, 1), datetime(2012, 5, 1), timezones=st.just(UTC))  # noqa: DTZ001 - The zone comes with it.
WORK = st.timedeltas(timedelta(0), 20 * HOURS)
SOME_WORK = st.timedeltas(SECOND, 20 * HOURS)


def is_within(calendar: Calendar, moment: datetime) -> bool:
    """Whether the clock on the wall shows working hours, closing included."""
    wall = moment.astimezone(calendar.zone)
    is_day = wall.weekday() in calendar.weekdays and wall.date() not in calendar.holidays
    return is_day and calendar.opens <= wall.time() <= calendar.closes


# ---- what always holds ---------------------------------------------------------------------------------------------


@given(calendars(), MOMENTS, WORK)
def test_what_is_moved_rests_in_working_hours(calendar: Calendar, moment: datetime, work: timedelta) -> None:
    later, earlier = forward(calendar, moment, work), backward(calendar, moment, work)

    assert is_within(calendar, later)
    assert is_within(calendar, earlier)
    assert earlier <= moment <= later


@given(calendars(), MOMENTS, WORK)
def test_as_much_work_lies_between_as_it_was_moved_by(calendar: Calendar, moment: datetime, work: timedelta) -> None:
    assert between(calendar, moment, forward(calendar, moment, work)) == work
    assert between(calendar, backward(calendar, moment, work), moment) == work


@given(calendars(), MOMENTS, SOME_WORK)
def test_there_and_back_again_is_where_somebody_works(calendar: Calendar, moment: datetime, work: timedelta) -> None:
    there, back = forward(calendar, moment, work), backward(calendar, moment, work)

    assert backward(calendar, there, work) == next_working(calendar, moment)
    assert forward(calendar, back, work) == previous_working(calendar, moment)


@given(calendars(), MOMENTS, MOMENTS, WORK)
def test_who_begins_later_is_not_done_earlier(
    calendar: Calendar, one: datetime, other: datetime, work: timedelta
) -> None:
    first, second = sorted([one, other])

    assert forward(calendar, first, work) <= forward(calendar, second, work)
    assert backward(calendar, first, work) <= backward(calendar, second, work)


@given(calendars(), MOMENTS, WORK, SOME_WORK)
def test_more_work_takes_longer(calendar: Calendar, moment: datetime, work: timedelta, more: timedelta) -> None:
    begun = next_working(calendar, moment)

    assert forward(calendar, begun, work) < forward(calendar, begun, work + more)
    assert backward(calendar, moment, work + more) < backward(calendar, moment, work)


@given(calendars(), MOMENTS)
def test_nobody_works_before_the_next_working_moment(calendar: Calendar, moment: datetime) -> None:
    after, before = next_working(calendar, moment), previous_working(calendar, moment)

    assert between(calendar, moment, after) == timedelta(0)
    assert between(calendar, before, moment) == timedelta(0)
    assert next_working(calendar, after) == after
    assert previous_working(calendar, before) == before


@given(calendars(), MOMENTS, st.lists(SOME_WORK, min_size=1, max_size=5))
def test_steps_end_when_it_is_wanted_each_with_its_time(
    calendar: Calendar, wanted: datetime, lengths: list[timedelta]
) -> None:
    steps = {f"step {number}": length for number, length in enumerate(lengths)}

    dues = due_dates(calendar, wanted, steps)

    assert list(dues) == list(steps)
    moments = list(dues.values())
    assert moments[-1] == previous_working(calendar, wanted)
    apart = [between(calendar, before, after) for before, after in pairwise(moments)]
    assert apart == [calendar.work(length) for length in lengths[1:]]
    assert all(is_within(calendar, moment) for moment in moments)


# ---- by example ----------------------------------------------------------------------------------------------------


def test_work_goes_on_after_a_weekend_and_holidays() -> None:
    assert forward(OFFICE, local(4, 2, 15), 3 * HOURS) == local(4, 7, 10)
    assert backward(OFFICE, local(4, 7, 10), 3 * HOURS) == local(4, 2, 15)


def test_a_closing_belongs_to_its_day_and_work_goes_on_at_the_next_opening() -> None:
    assert forward(OFFICE, local(1, 16, 15), 2 * HOURS) == local(1, 16, 17)
    assert next_working(OFFICE, local(1, 16, 17)) == local(1, 19, 9)
    assert previous_working(OFFICE, local(1, 19, 9)) == local(1, 16, 17)


@pytest.mark.parametrize(
    ("day", "month", "hours"), [(28, 3, 5.5), (29, 3, 4.5), (24, 10, 5.5), (25, 10, 6.5)], ids=str
)
def test_a_night_whose_clock_changes_is_shorter_or_longer(day: int, month: int, hours: float) -> None:
    assert between(NIGHT, local(month, day, 0), local(month, day, 12)) == timedelta(hours=hours)


def test_a_moment_of_another_zone_is_moved_by_hours_that_really_pass() -> None:
    """Berlin's clock goes from 2:00 to 3:00 on 29 March."""
    moved = forward(NIGHT, local(3, 29, 1, 30), 2 * HOURS)

    assert moved == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    assert moved.tzinfo is UTC


def test_days_whose_only_hour_the_clock_leaves_out_are_no_working_days() -> None:
    calendar = Calendar(zone=BERLIN, weekdays=frozenset(range(7)), opens=time(2, 15), closes=time(2, 45))

    assert next_working(calendar, local(3, 29, 0)) == local(3, 30, 2, 15)


def test_whole_days_are_working_days() -> None:
    assert OFFICE.work(timedelta(days=2, hours=4)) == 20 * HOURS
    assert NIGHT.work(timedelta(days=1, minutes=5)) == timedelta(hours=5, minutes=35)


def test_steps_of_a_production_are_due_one_after_the_other() -> None:
    """Wanted on a Sunday; Good Friday and Easter Monday are free."""
    steps = {"copy": timedelta(days=2), "design": timedelta(days=1), "qa": timedelta(hours=4)}

    dues = due_dates(OFFICE, local(4, 12, 0), steps)

    assert dues == {"copy": local(4, 9, 13), "design": local(4, 10, 13), "qa": local(4, 10, 17)}
    wanted_early = due_dates(OFFICE, local(4, 7, 13), steps)
    assert wanted_early == {"copy": local(4, 1, 17), "design": local(4, 2, 17), "qa": local(4, 7, 13)}


def test_no_steps_are_never_due() -> None:
    assert due_dates(OFFICE, local(4, 12, 0), {}) == {}


def test_no_work_can_be_done_in_no_time() -> None:
    assert between(OFFICE, local(4, 8, 10), local(4, 8, 10)) == timedelta(0)
    assert between(OFFICE, local(4, 8, 10), local(4, 7, 10)) == timedelta(0)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"weekdays": frozenset()}, "at least one working weekday"),
        ({"weekdays": frozenset({7})}, "at least one working weekday"),
        ({"opens": time(17)}, "opens before it closes"),
    ],
)
def test_a_calendar_in_which_nobody_works_is_none(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Calendar(**{"zone": BERLIN, **wrong})  # type: ignore[arg-type]  # Tests name real fields.


def test_time_itself_ends() -> None:
    with pytest.raises(ValueError, match="no working day is left"):
        forward(OFFICE, datetime(9999, 12, 29, tzinfo=UTC), 100 * HOURS)
    with pytest.raises(ValueError, match="no working day is left"):
        backward(OFFICE, datetime(1, 1, 3, tzinfo=UTC), 100 * HOURS)
