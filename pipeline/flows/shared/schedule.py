"""When the steps of a work are due: computed backwards from the wanted date, carried as process variables.

A step reads its variable when it begins. So the date of a coming step is moved by its variable, and that of an open
one by changing its task; a date that was moved in OpenText stays until the wanted date itself changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from pipeline.calendar import Calendar, due_dates
from pipeline.commands import UpdateTask
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import instant, is_empty, is_malformed
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.plan import ReviewRow
from pipeline.words import JsonValue, ReviewState

DUES = "dues"
"""Agreed: when each step is due by its variable, as we last set or read it."""
_MIDNIGHT = time(0)


def deadline(wanted: JsonValue, calendar: Calendar) -> datetime | None:
    """When all is to be done; None where no date is given, or none that can be one.

    A date without a time of day, which Aprimo gives as midnight UTC, means that day's closing.
    """
    if is_empty(wanted) or is_malformed(wanted, FieldType.DATE):
        return None
    given = datetime.fromisoformat(str(wanted))
    moment = given if given.tzinfo else given.replace(tzinfo=UTC)
    if moment.astimezone(UTC).time() != _MIDNIGHT:
        return moment.astimezone(UTC)
    day = moment.astimezone(UTC).date()
    return datetime.combine(day, calendar.closes, tzinfo=calendar.zone).astimezone(UTC)


def backwards(
    wanted: JsonValue, words: FlowWords, lists: Mapping[str, JsonValue], calendar: Calendar
) -> dict[str, datetime] | None:
    """When each step is due, by its key; None where the wanted date cannot be reckoned with.

    lists: what steps are repeated over; a step that is repeated over nothing takes no time.
    """
    end = deadline(wanted, calendar)
    if end is None:
        return None
    lengths = {
        word.key: timedelta(0) if word.each and is_empty(lists.get(word.each)) else word.due_in
        for word in words.stakeholders
    }
    try:
        return due_dates(calendar, end, lengths)
    except (ValueError, OverflowError):
        return None


def variables(words: FlowWords, dues: Mapping[str, datetime]) -> dict[str, JsonValue]:
    """The process variables that carry due times."""
    return {
        word.due_variable: instant(dues[word.key])
        for word in words.stakeholders
        if word.due_variable and word.key in dues
    }


def known(case: Case) -> dict[str, datetime]:
    """When each step is due by its variable: as the process says, else as both systems last agreed."""
    if case.process is not None:
        read = {word.key: case.process.variables.get(word.due_variable) for word in case.words.stakeholders}
    else:
        agreed = case.link.agreed_value(DUES)
        read = dict(agreed) if isinstance(agreed, Mapping) else {}
    return {key: moment for key, value in read.items() if (moment := _moment(value)) is not None}


def agreed(dues: Mapping[str, datetime]) -> dict[str, JsonValue]:
    """Due times as they are remembered."""
    return {DUES: {key: instant(due) for key, due in dues.items()}}


def with_dues(rows: Iterable[ReviewRow], dues: Mapping[str, datetime]) -> tuple[ReviewRow, ...]:
    """The rows, where those of steps that have not begun are due as given."""
    return tuple(row if row.task_id else _due_at(row, dues) for row in rows)


def moves(
    rows: Sequence[ReviewRow], dues: Mapping[str, datetime]
) -> tuple[tuple[UpdateTask, ...], tuple[ReviewRow, ...]]:
    """What moves open tasks to when they are due now, and the rows as they are then.

    A task that somebody moves at the same moment is looked at again, never overwritten.
    """
    after = tuple(_due_at(row, dues) if row.state is ReviewState.OPEN else row for row in rows)
    changed = [(before, row) for before, row in zip(rows, after, strict=True) if row.task_id and row != before]
    commands = tuple(
        UpdateTask(
            task_id=row.task_id,
            fields={"dueDate": instant(row.due_at) if row.due_at else None},
            expects={"dueDate": instant(before.due_at) if before.due_at else None},
        )
        for before, row in changed
    )
    return commands, after


def _due_at(row: ReviewRow, dues: Mapping[str, datetime]) -> ReviewRow:
    due = dues.get(row.stakeholder.partition(":")[0])
    return row if due is None or due == row.due_at else replace(row, due_at=due)


def _moment(value: JsonValue) -> datetime | None:
    if not isinstance(value, str) or is_empty(value) or is_malformed(value, FieldType.DATE):
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
