"""A worker's app with one task that notes its start, waits for a file to appear, and notes its end; real options."""

from __future__ import annotations

import os
import time
from pathlib import Path

from celery import Celery

from config.celery_options import celery_options
from config.settings import load

LONGEST_S = 60.0

app = Celery("held-task")
app.config_from_object(celery_options(load(os.environ)))


@app.task(name="hold")
def hold(folder: str) -> None:
    """Write `started`, wait for `go`, write `ended`; each line is one run."""
    place = Path(folder)
    _note(place / "started")
    deadline = time.monotonic() + LONGEST_S
    while not (place / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    _note(place / "ended")


def _note(path: Path) -> None:
    with path.open("a", encoding="utf-8") as lines:
        lines.write(f"{os.getpid()}\n")
