"""`signoff schedules list` and what `signoff status` says of the timetable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.ports import Tx
from pipeline.store.runs import JobRun, JobRuns, Runs
from pipeline.words import CatchUp
from schedules.standing import Standing, standings
from schedules.timetable import Row
from tests.support.hook_samples import NOW
from tests.support.terminal import Terminal
from tests.support.web_rows import Rows

ROW = Row(job="poll_aprimo", every_s=60.0, reason="Webhooks get lost.", catch_up=CatchUp.ONCE)
SLOT = ROW.timing.slot_of(NOW)


def _stands(
    *, slots_ago: int = 0, took_s: float | None = 1.5, error: str = "", failed: JobRun | None = None
) -> Standing:
    slot = SLOT - slots_ago * timedelta(seconds=60)
    ended_at = None if took_s is None else slot + timedelta(seconds=took_s)
    run = JobRun(slot=slot, by="worker-1", started_at=slot, ended_at=ended_at, error=error)
    (standing,) = standings([ROW], Runs(at=NOW, jobs={ROW.job: JobRuns(last=run, failed=failed)}))
    return standing


def test_a_job_that_has_run_in_its_slot_is_not_behind() -> None:
    standing = _stands()

    assert (standing.last_run_at, standing.took_ms, standing.next_run_at) == (
        SLOT,
        1500,
        SLOT + timedelta(seconds=60),
    )
    assert (standing.lag_s, standing.is_behind, standing.has_failed) == (0, False, False)


def test_a_job_that_runs_has_not_taken_any_time_yet() -> None:
    assert _stands(took_s=None).took_ms is None


@pytest.mark.parametrize(("slots_ago", "lag_s", "is_behind"), [(1, 0, False), (3, 120, False), (4, 180, True)])
def test_a_job_is_behind_from_the_slot_on_that_did_not_begin(slots_ago: int, lag_s: int, is_behind: bool) -> None:
    standing = _stands(slots_ago=slots_ago)

    assert (standing.lag_s, standing.is_behind, standing.next_run_at) == (lag_s, is_behind, SLOT)


def test_an_old_error_is_told_and_does_not_count_as_failing_now() -> None:
    before = JobRun(
        slot=SLOT, by="w", started_at=SLOT - timedelta(hours=1), ended_at=SLOT, error="TransientError: 503"
    )

    assert _stands(failed=before).last_error == "TransientError: 503"
    assert not _stands(failed=before).has_failed
    assert _stands(error="TransientError: 503").has_failed


def test_a_job_that_never_ran_is_due_now() -> None:
    (standing,) = standings([ROW], Runs(at=NOW, jobs={ROW.job: JobRuns()}))

    assert (standing.last_run_at, standing.lag_s, standing.next_run_at, standing.is_behind) == (
        None,
        None,
        SLOT,
        False,
    )


def _fail(behind: Rows, job: str) -> None:
    def work(tx: Tx) -> None:
        tx.ledger.begin_tick(job, SLOT, "worker-1")
        tx.ledger.end_tick(job, SLOT, "worker-1", "TransientError: 503")

    behind.store.run(work)


def test_the_list_shows_every_job_with_its_last_run_and_error(terminal: Terminal, behind: Rows) -> None:
    _fail(behind, "poll_aprimo")

    jobs = {job["job"]: job for job in terminal.json("schedules", "list")["jobs"]}

    told = {name: jobs["poll_aprimo"][name] for name in ("task", "every_s", "catch_up", "last_error", "took_ms")}
    assert told == {
        "task": "signoff.job.poll_aprimo",
        "every_s": "60",
        "catch_up": "once",
        "last_error": "TransientError: 503",
        "took_ms": 0,
    }
    assert jobs["poll_aprimo"]["last_run_at"] == NOW.isoformat()
    assert jobs["sweep"]["last_run_at"] is None
    assert "Webhooks get lost" in terminal.run("schedules", "list").stdout


def test_the_status_names_jobs_that_failed(terminal: Terminal, behind: Rows) -> None:
    assert "Jobs that failed" not in terminal.run("status").stdout

    _fail(behind, "poll_aprimo")

    told = terminal.run("status").stdout
    assert "Jobs that failed or are behind" in told
    assert "TransientError: 503" in told
    assert "poll_opentext" not in told
