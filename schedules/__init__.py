"""The timetable, put onto the app when a scheduler starts."""

from __future__ import annotations

from celery import Celery

from config.settings import Settings
from schedules.timetable import timetable


def install(app: Celery, settings: Settings) -> None:
    """Give the app its timetable; tasks never import schedules."""
    app.conf.beat_schedule = {
        row.job: {
            "task": row.task,
            "schedule": row.every_s,
            "options": {"queue": "timetable", "expires": row.every_s},
        }
        for row in timetable(settings)
    }
