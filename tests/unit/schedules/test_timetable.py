"""The timetable names every job there is, and beat hints at each in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from celery.beat import Scheduler

from config.settings import Settings
from pipeline.errors import StoreAwayError
from schedules import install
from schedules.clock import ASK_EVERY_S, DatabaseClock
from schedules.pace import LATER_S, LONG_AGO, Pace
from schedules.timetable import Row, timetable
from tasks.jobs import JOBS

NINE = datetime(2026, 2, 3, 9, tzinfo=UTC)


def test_every_job_is_on_the_timetable_once_and_every_row_names_a_job() -> None:
    assert sorted(row.job for row in timetable(Settings())) == sorted(JOBS)


def test_every_row_says_why_it_exists() -> None:
    assert [row.job for row in timetable(Settings()) if not row.reason.endswith(".")] == []


def _pace(every_s: float, now: datetime) -> Pace:
    return Pace(every_s, lambda: now)


def test_a_scheduler_that_starts_hints_at_every_job() -> None:
    assert _pace(5.0, NINE + timedelta(seconds=3)).is_due(LONG_AGO) == (True, 2 + LATER_S)


@pytest.mark.parametrize(
    ("every_s", "sent_s_ago", "is_due"),
    [(5.0, 1.9, True), (5.0, 1.5, False), (86_400.0, 62.0, True), (86_400.0, 1.5, False)],
)
def test_a_hint_is_sent_when_a_slot_begins_and_every_minute_of_a_long_one(
    every_s: float, sent_s_ago: float, is_due: bool
) -> None:
    now = NINE + timedelta(seconds=1.6)

    assert _pace(every_s, now).is_due(now - timedelta(seconds=sent_s_ago)).is_due is is_due


def test_a_message_brings_what_the_worker_must_know_and_does_not_outlive_the_next_one() -> None:
    app = Celery("timetable", set_as_current=False)
    row = Row(job="poll_aprimo", every_s=86_400.0, reason="It is a day.")

    install(app, [row, Row(job="sweep", every_s=2.0, reason="It is soon.")], lambda: NINE)

    entries = Scheduler(app).schedule
    assert entries["poll_aprimo"].task == "signoff.job.poll_aprimo"
    assert entries["poll_aprimo"].kwargs == {"every_s": 86_400.0, "catch_up": "once"}
    assert entries["poll_aprimo"].options == {"queue": "timetable", "expires": 60.0}
    assert entries["sweep"].options["expires"] == 10.0
    assert entries["sweep"].is_due().is_due
    app.close()


class _Database:
    """A store whose clock is ahead of this machine's by some time; away where that is None."""

    def __init__(self) -> None:
        self.ahead: timedelta | None = timedelta(hours=1)
        self.asked = 0

    def run(self, _: object) -> datetime:
        self.asked += 1
        if self.ahead is None:
            raise StoreAwayError("away")
        return datetime.now(UTC) + self.ahead


def _is_ahead_by(clock: DatabaseClock, ahead: timedelta) -> bool:
    return abs(clock.now() - datetime.now(UTC) - ahead) < timedelta(seconds=10)


def test_slots_are_named_by_the_databases_clock_which_is_asked_now_and_then() -> None:
    database, at = _Database(), [0.0]
    clock = DatabaseClock(database, monotonic=lambda: at[0])  # type: ignore[arg-type] # the store's clock alone

    assert _is_ahead_by(clock, timedelta(hours=1))
    database.ahead = timedelta(hours=2)
    assert _is_ahead_by(clock, timedelta(hours=1))
    at[0] += ASK_EVERY_S
    assert _is_ahead_by(clock, timedelta(hours=2))
    assert database.asked == 2


def test_while_the_database_is_away_its_clock_is_counted_on() -> None:
    database, at = _Database(), [0.0]
    clock = DatabaseClock(database, monotonic=lambda: at[0])  # type: ignore[arg-type] # as above
    clock.now()
    database.ahead = None
    at[0] += ASK_EVERY_S

    assert _is_ahead_by(clock, timedelta(hours=1))
