"""The timetable, put onto the app when a scheduler starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from celery import Celery

from schedules.pace import HINT_EVERY_S, LONG_AGO, Pace
from schedules.timetable import Row

EXPIRES_S = (10.0, HINT_EVERY_S)
"""Bounds of a message's life: another one comes soon, and a worker that was away must not find a heap of them."""


def install(app: Celery, rows: Sequence[Row], now: Callable[[], datetime]) -> None:
    """Give the app its timetable, by the database's clock; tasks never import schedules."""
    app.conf.beat_schedule = {row.job: _entry(row, now) for row in rows}


def _entry(row: Row, now: Callable[[], datetime]) -> dict[str, Any]:
    shortest, longest = EXPIRES_S
    return {
        "task": row.task,
        "schedule": Pace(row.every_s, now),
        "last_run_at": LONG_AGO,
        "kwargs": {"every_s": row.every_s, "catch_up": row.catch_up.value},
        "options": {"queue": "timetable", "expires": max(shortest, min(row.every_s, longest))},
    }
