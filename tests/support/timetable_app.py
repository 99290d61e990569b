"""A scheduler or a worker as they really run, with a timetable of three jobs that only note when they ran.

`python -m tests.support.timetable_app scheduler|worker NAME`; notes go to the folder TIMETABLE_NOTES.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path

from celery import signals

from config.settings import Settings, load
from console import worker_role
from pipeline.words import CatchUp
from schedules import install
from schedules.clock import DatabaseClock
from schedules.timetable import Row
from tasks import jobs, wiring
from tasks.app import create

ROWS = (
    Row(job="once", every_s=0.5, reason="One run makes up for what was missed.", catch_up=CatchUp.ONCE),
    Row(job="skip", every_s=0.5, reason="What was missed is left out.", catch_up=CatchUp.SKIP),
    Row(job="all", every_s=0.25, reason="Each slot counts.", catch_up=CatchUp.ALL),
)
RUNS, READY = "runs", "ready"


def sent(name: str) -> str:
    """The file in which a scheduler notes each message it sent."""
    return f"sent-{name}"


def main(role: str, name: str) -> None:
    """Works until it is ended."""
    settings, folder = load(os.environ), Path(os.environ["TIMETABLE_NOTES"])
    jobs.JOBS.clear()
    jobs.JOBS.update({row.job: partial(_run, folder, row.job) for row in ROWS})
    if role == "worker":
        signals.worker_ready.connect(partial(_note, folder / READY, name), weak=False)
        worker_role.run(settings, name, ["timetable"])
    else:
        _schedule(settings, folder, name)


def _schedule(settings: Settings, folder: Path, name: str) -> None:
    app = create(settings)
    install(app, ROWS, DatabaseClock(wiring.current().store).now)
    signals.beat_init.connect(partial(_note, folder / READY, name), weak=False)
    signals.after_task_publish.connect(partial(_note, folder / sent(name), "message"), weak=False)
    app.Beat(quiet=True, loglevel="WARNING").run()


def _run(folder: Path, job: str, _: object, slot: datetime) -> None:
    _note(folder / RUNS, f"{job} {slot.timestamp()} {time.time()}")


def _note(path: Path, line: str, **_: object) -> None:
    """One write per line: many processes add to one file."""
    with path.open("ab", buffering=0) as lines:
        lines.write(f"{line}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
