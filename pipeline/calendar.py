"""Working time: when people work, and where a moment comes to rest that is moved by so much work.

Moments are aware; those that come back are UTC. A change of the clock within the working day makes that day shorter
or longer: work is counted in hours that really pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NO_WORK = timedelta(0)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """When people work: on these weekdays (0 is Monday), from opening to closing on the clock of a zone.

    Raises ValueError when nobody would ever work.
    """

    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset(range(5))
    opens: time = time(9)
    closes: time = time(17)
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.weekdays & frozenset(range(7)):
            raise ValueError("a calendar has at least one working weekday")
        if self.opens >= self.closes:
            raise ValueError("a working day opens before it closes")

    def work(self, length: timedelta) -> timedelta:
        """The work that a length of time stands for: whole days are working days, the rest is as long as it is.

        So `P2DT4H` is twice from opening to closing, and four hours.
        """
        day = datetime.combine(date.min, self.closes) - datetime.combine(date.min, self.opens)
        return length.days * day + timedelta(seconds=length.seconds, microseconds=length.microseconds)


def next_working(calendar: Calendar, moment: datetime) -> datetime:
    """The first moment from here on at which somebody works: this one, or an opening."""
    return forward(calendar, moment, NO_WORK)


def previous_working(calendar: Calendar, moment: datetime) -> datetime:
    """The last moment up to here at which somebody has worked: this one, or a closing."""
    return backward(calendar, moment, NO_WORK)


def forward(calendar: Calendar, moment: datetime, work: timedelta) -> datetime:
    """When so much work is done that is begun at a moment. Raises ValueError where time itself ends."""
    left, start = work, moment.astimezone(UTC)
    for opening, closing in _from(calendar, start):
        begin = max(opening, start)
        if left <= closing - begin:
            return begin + left
        left -= closing - begin
    raise ValueError("no working day is left in time")


def backward(calendar: Calendar, moment: datetime, work: timedelta) -> datetime:
    """When so much work must be begun that is done at a moment. Raises ValueError where time itself begins."""
    left, finish = work, moment.astimezone(UTC)
    for opening, closing in _back_from(calendar, finish):
        end = min(closing, finish)
        if left <= end - opening:
            return end - left
        left -= end - opening
    raise ValueError("no working day is left in time")


def between(calendar: Calendar, since: datetime, until: datetime) -> timedelta:
    """The work that can be done from one moment to a later one."""
    done = NO_WORK
    for opening, closing in _from(calendar, since):
        if opening >= until:
            break
        done += min(closing, until) - max(opening, since)
    return done


def due_dates(calendar: Calendar, wanted: datetime, lengths: Mapping[str, timedelta]) -> dict[str, datetime]:
    """When each step is due, so that the last one is done when it is wanted.

    lengths: the steps in their order, each with how long it takes, in the calendar's sense of `Calendar.work`. A step
    begins when the one before it is due; what is wanted outside working hours is due at the closing before.
    """
    dues: dict[str, datetime] = {}
    due = previous_working(calendar, wanted)
    for name in reversed(tuple(lengths)):
        dues[name] = due
        due = previous_working(calendar, backward(calendar, due, calendar.work(lengths[name])))
    return {name: dues[name] for name in lengths}


def _from(calendar: Calendar, moment: datetime) -> Iterator[Span]:
    """The working days that have not closed by then, in order."""
    today = moment.astimezone(calendar.zone).toordinal()
    for ordinal in range(today, date.max.toordinal()):
        span = _span(calendar, date.fromordinal(ordinal))
        if span is not None and span[1] > moment:
            yield span


def _back_from(calendar: Calendar, moment: datetime) -> Iterator[Span]:
    """The working days that have opened before then, latest first."""
    today = moment.astimezone(calendar.zone).toordinal()
    for ordinal in range(today, date.min.toordinal(), -1):
        span = _span(calendar, date.fromordinal(ordinal))
        if span is not None and span[0] < moment:
            yield span


def _span(calendar: Calendar, day: date) -> Span | None:
    """Opening and closing of a day in UTC; None where nobody works.

    Where the clock shows an hour twice or never, opening is read late and closing early: never outside working hours.
    """
    if day.weekday() not in calendar.weekdays or day in calendar.holidays:
        return None
    opening = max(_readings(day, calendar.opens, calendar.zone))
    closing = min(_readings(day, calendar.closes, calendar.zone))
    return (opening, closing) if opening < closing else None


def _readings(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both moments that a clock's time of a day can mean; the same one on nearly every day."""
    first, second = (datetime.combine(day, clock.replace(fold=fold), tzinfo=zone) for fold in (0, 1))
    return first.astimezone(UTC), second.astimezone(UTC)
