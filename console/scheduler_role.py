"""Runs Celery beat with our timetable."""

from __future__ import annotations

from functools import partial

from celery import signals

from config.settings import Settings
from console.ready import keep_our_logs, say_ready
from schedules import install
from schedules.clock import DatabaseClock
from schedules.timetable import timetable
from tasks import wiring
from tasks.app import create


def run(settings: Settings) -> None:
    """Sends what is due until told to stop."""
    app = create(settings)
    install(app, timetable(settings), DatabaseClock(wiring.current().store).now)
    keep_our_logs()
    signals.beat_init.connect(partial(say_ready, "scheduler"), weak=False)
    app.Beat(quiet=True, loglevel=settings.log_level).run()
