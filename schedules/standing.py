"""How the jobs of the timetable stand: when each ran, when it runs next, and how far it is behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.store.page import Page
from pipeline.store.runs import JobRuns, Runs
from schedules.pace import HINT_EVERY_S
from schedules.timetable import Row


@dataclass(frozen=True, kw_only=True)
class Standing(Page):
    """A job of the timetable.

    last_run_at: when its newest run began; took_ms: how long that took, None while it runs (or when its worker died).
    lag_s: how long the oldest slot that has not begun is due; None where the job never ran.
    """

    job: str
    task: str
    every_s: str
    catch_up: str
    reason: str
    last_run_at: datetime | None
    took_ms: int | None
    next_run_at: datetime
    lag_s: int | None
    last_error: str
    last_error_at: datetime | None
    has_failed: bool
    """Its newest run ended with an error."""
    is_behind: bool
    """A slot that should have begun is due for longer than a message takes to come again, and for another period."""


def standings(rows: Sequence[Row], runs: Runs) -> tuple[Standing, ...]:
    """All jobs, in the order of the timetable."""
    return tuple(_standing(row, runs.jobs[row.job], runs.at) for row in rows)


def _standing(row: Row, runs: JobRuns, now: datetime) -> Standing:
    last, failed = runs.last, runs.failed
    lag_s = _lag_s(row, last.slot, now) if last else None
    return Standing(
        job=row.job,
        task=row.task,
        every_s=f"{row.every_s:g}",
        catch_up=row.catch_up,
        reason=row.reason,
        last_run_at=last.started_at if last else None,
        took_ms=round((last.ended_at - last.started_at) / timedelta(milliseconds=1))
        if last and last.ended_at
        else None,
        next_run_at=row.timing.next_after(now, last.slot if last else None),
        lag_s=lag_s,
        last_error=failed.error if failed else "",
        last_error_at=failed.started_at if failed else None,
        has_failed=bool(last and last.error),
        is_behind=lag_s is not None and lag_s > row.every_s + HINT_EVERY_S,
    )


def _lag_s(row: Row, last: datetime, now: datetime) -> int:
    due = row.timing.slot_of(last) + row.timing.period
    return max(0, int((now - due).total_seconds()))
