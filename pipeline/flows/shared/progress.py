"""What becomes true of the link while a process goes on, and when it is over, whoever ended it."""

from __future__ import annotations

from dataclasses import replace

from pipeline.commands import EndProcess
from pipeline.flows.shared import escalation, remarks, reviews
from pipeline.flows.shared.case import OURS, Case
from pipeline.plan import LinkChanges, ProcessRow, ReviewRow, Wake
from pipeline.words import EndedBy, ProcessState


def end_commands(case: Case, why: str) -> tuple[EndProcess, ...]:
    """The command that ends the live process; none where it is over, or was never seen to exist.

    One that surfaces later under a row of ours that has ended is ended then.
    """
    live = case.live
    if live is None or live.instance_id is None or case.is_process_over:
        return ()
    return (EndProcess(instance_id=live.instance_id, reason=why + OURS),)


def going_on(case: Case, rows: tuple[ReviewRow, ...], *, state: str) -> LinkChanges:
    """The process runs: what of it is new, and when the timetable is to look again.

    A row that is starting stays so: only the plan of its start, with all it agrees on, makes it run.
    """
    if case.live is None:
        return LinkChanges()
    live = case.live
    if live.state is not ProcessState.STARTING and case.process is not None and not case.is_process_over:
        live = replace(live, state=ProcessState.RUNNING, seen_hash=reviews.seen(case.process))
    wake = escalation.wake(rows)
    return _changes(case, live, rows, state=state, wake=wake if wake.at != case.link.wake_at else None)


def over(case: Case, rows: tuple[ReviewRow, ...], *, by: EndedBy, outcome: str, state: str) -> LinkChanges:
    """The process is over: nothing wakes the link any more."""
    wake = Wake(at=None) if case.link.wake_at is not None else None
    row = replace(case.live, state=ProcessState.ENDED, ended_by=by, outcome=outcome) if case.live else None
    return _changes(case, row, rows, state=state, wake=wake)


def _changes(
    case: Case, process: ProcessRow | None, rows: tuple[ReviewRow, ...], *, state: str, wake: Wake | None
) -> LinkChanges:
    known = case.link.processes
    told = [row for row in [process] if row and row.state is not ProcessState.STARTING and row not in known]
    return LinkChanges(
        state=state if state != case.link.state else None,
        processes=tuple(told),
        reviews=reviews.changed(rows, case.link.reviews),
        comments=remarks.changed(case.comments, case.link.comments),
        wake=wake,
    )
