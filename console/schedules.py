"""`signoff schedules`: what runs by the clock, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from config.running import current
from console import installation
from console.shown import EXIT_CODES, as_json, print_json, print_tables, reachable
from console.tables import Table, age

if TYPE_CHECKING:
    from pipeline.store.pages import SqlPages
    from schedules.standing import Standing


@click.group(epilog=EXIT_CODES)
def schedules() -> None:
    """Show what runs by the clock, and how it stands."""


@schedules.command(name="list", epilog=EXIT_CODES)
@as_json
@reachable
def list_jobs(*, as_json: bool) -> None:
    """List the jobs: when each ran and runs next, how far it is behind, its last error, its period and reason."""
    jobs = read_jobs(installation.pages())
    if as_json:
        print_json({"jobs": [job.to_json() for job in jobs]})
        return
    print_tables(job_table(jobs))


def read_jobs(pages: SqlPages) -> tuple[Standing, ...]:
    """How the jobs of this installation's timetable stand."""
    from schedules.standing import standings  # noqa: PLC0415 - the timetable brings Celery
    from schedules.timetable import timetable  # noqa: PLC0415 - as above

    rows = timetable(current())
    return standings(rows, pages.job_runs([row.job for row in rows]))


def job_table(jobs: Iterable[Standing], title: str = "Timetable") -> Table:
    """Jobs in a list."""
    columns = ("job", "every", "missed", "last run", "took", "next run", "behind", "last error", "why")
    return Table(title=title, columns=columns, rows=tuple(map(_row, jobs)))


def _row(job: Standing) -> tuple[object, ...]:
    error = f"{job.last_error_at:%Y-%m-%d %H:%M:%S} {job.last_error}" if job.last_error_at else ""
    took = None if job.took_ms is None else f"{job.took_ms} ms"
    return (
        job.job,
        f"{job.every_s} s",
        job.catch_up,
        job.last_run_at or "never",
        took,
        job.next_run_at,
        age(job.lag_s) if job.lag_s else "",
        error,
        job.reason,
    )
