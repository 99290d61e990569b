"""A flow's table `[calendar]`: when the people work who do its steps."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.calendar import Calendar
from pipeline.flows.toml_table import Table


class Weekday(StrEnum):
    """The days of the week, as the file names them."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_DAYS = tuple(Weekday)
_OFFICE = tuple(str(day) for day in _DAYS[:5])


def read_calendar(root: Table) -> Calendar:
    """The working calendar of a flow's file. A flow calls it in its `read_terms`; faults go where the table's go."""
    table = root.table("calendar")
    names = table.texts("weekdays", example='["monday", "tuesday"]') or _OFFICE
    days = frozenset(_DAYS.index(Weekday(name)) for name in names if name in set(_DAYS))
    for name in names:
        if name not in set(_DAYS):
            table.fault(
                "weekdays", f"must be among {', '.join(_DAYS)}, not {name!r}", example='["monday", "tuesday"]'
            )
    opens = table.clock("opens", example='"09:00"', default=time(9))
    closes = table.clock("closes", example='"17:00"', default=time(17))
    if opens >= closes:
        table.fault("closes", f"must be later than opens, {opens:%H:%M}", example='"17:00"')
        opens, closes = time(9), time(17)
    calendar = Calendar(
        zone=_zone(table),
        weekdays=days or frozenset(range(5)),
        opens=opens,
        closes=closes,
        holidays=table.dates("holidays", example="[2026-12-25]"),
    )
    table.done()
    return calendar


def _zone(table: Table) -> ZoneInfo:
    name = table.text("zone", example='"Europe/Berlin"')
    if not name:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.fault("zone", f"is no time zone that this machine knows: {name!r}", example='"Europe/Berlin"')
        return ZoneInfo("UTC")
