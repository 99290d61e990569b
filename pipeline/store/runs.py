"""What operators see of the timetable: each job's newest run, and the last one that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from pipeline.store.page import Page
from pipeline.store.tables import TICK_HAS_FAILED, holds, ticks


@dataclass(frozen=True, kw_only=True)
class JobRun(Page):
    """A job's run in one slot. ended_at None: it runs, or its worker died."""

    slot: datetime
    by: str
    started_at: datetime
    ended_at: datetime | None
    error: str


@dataclass(frozen=True, kw_only=True)
class JobRuns(Page):
    """A job's newest run and its last failure, None where there is none."""

    last: JobRun | None = None
    failed: JobRun | None = None


@dataclass(frozen=True, kw_only=True)
class Runs(Page):
    """The runs of some jobs, by job, as they stood at that moment."""

    at: datetime
    jobs: Mapping[str, JobRuns]


def read_runs(conn: Connection, jobs: Sequence[str], now: datetime) -> Runs:
    """The runs of these jobs."""
    found = {job: JobRuns(last=_newest(conn, job), failed=_newest(conn, job, has_failed=True)) for job in jobs}
    return Runs(at=now, jobs=found)


def _newest(conn: Connection, job: str, *, has_failed: bool = False) -> JobRun | None:
    found = select(ticks).where(ticks.c.job == job).order_by(ticks.c.slot.desc()).limit(1)
    if has_failed:
        found = found.where(holds("ticks", TICK_HAS_FAILED))
    row = conn.execute(found).one_or_none()
    return _run(row) if row else None


def _run(row: Row[Any]) -> JobRun:
    return JobRun(slot=row.slot, by=row.claimed_by, started_at=row.started_at, ended_at=row.ended_at, error=row.error)
