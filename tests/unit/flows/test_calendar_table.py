"""A flow's `[calendar]`: what it says, and every fault of it at once."""

from __future__ import annotations

import tomllib
from datetime import date, time
from zoneinfo import ZoneInfo

from pipeline.calendar import Calendar
from pipeline.flows.calendar_table import read_calendar
from pipeline.flows.toml_table import Table

WHOLE = """
[calendar]
zone = "Asia/Dubai"
weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday"]
opens = "08:30"
closes = "18:00"
holidays = [2026-12-02, 2026-12-03]
"""


def read(text: str) -> tuple[Calendar, list[str]]:
    faults: list[str] = []
    root = Table("", tomllib.loads(text), faults)
    calendar = read_calendar(root)
    root.done()
    return calendar, faults


def test_a_calendar_is_read_with_all_it_says() -> None:
    assert read(WHOLE) == (
        Calendar(
            zone=ZoneInfo("Asia/Dubai"),
            weekdays=frozenset({6, 0, 1, 2, 3}),
            opens=time(8, 30),
            closes=time(18),
            holidays=frozenset({date(2026, 12, 2), date(2026, 12, 3)}),
        ),
        [],
    )


def test_what_it_does_not_say_is_office_hours() -> None:
    assert read('[calendar]\nzone = "Europe/Berlin"') == (Calendar(zone=ZoneInfo("Europe/Berlin")), [])


def test_all_faults_are_told_at_once_with_place_and_example() -> None:
    _, faults = read(
        """
[calendar]
zone = "Europe/Atlantis"
weekdays = ["monday", "mon"]
opens = "25:00"
closes = 17
holidays = ["2026-12-25"]
lunch = "12:00"
"""
    )

    days = "monday, tuesday, wednesday, thursday, friday, saturday, sunday"
    assert faults == [
        f'calendar.weekdays: must be among {days}, not \'mon\' (example: ["monday", "tuesday"])',
        "calendar.opens: must be a time of day, not '25:00' (example: \"09:00\")",
        'calendar.closes: must be a time of day, not 17 (example: "17:00")',
        "calendar.zone: is no time zone that this machine knows: 'Europe/Atlantis' (example: \"Europe/Berlin\")",
        "calendar.holidays: must be a list of dates, not ['2026-12-25'] (example: [2026-12-25])",
        "calendar.lunch: is not known here; known are: closes, holidays, opens, weekdays, zone",
    ]


def test_a_day_that_closes_before_it_opens_is_told() -> None:
    _, faults = read('[calendar]\nzone = "UTC"\nopens = "17:00"\ncloses = "09:00"')

    assert faults == ['calendar.closes: must be later than opens, 17:00 (example: "17:00")']


def test_a_zone_that_cannot_even_be_looked_up_is_told() -> None:
    _, faults = read('[calendar]\nzone = "../etc/passwd"')

    assert len(faults) == 1


def test_a_missing_calendar_is_told() -> None:
    assert read("") == (
        Calendar(zone=ZoneInfo("UTC")),
        ["calendar: is missing", 'calendar.zone: is missing (example: "Europe/Berlin")'],
    )
