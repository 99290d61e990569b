"""Ticks: a job of the timetable runs once in each of its slots, however many schedulers ask for it.

Who inserts the row (job, slot) runs the job. What was begun by somebody who has died since is begun again, unless its
rule is to leave out what is late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.errors import PipelineError
from pipeline.ports import Ports, Tx
from pipeline.slots import Timing
from pipeline.words import CatchUp


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A slot that was run here; error is "" when it went well."""

    slot: datetime
    error: str = ""


def run(job: str, timing: Timing, work: Callable[[datetime], object], ports: Ports) -> list[Ran]:
    """Run the job for every slot that is to be begun now; how each ended stays on its row.

    A vendor that is away or throttles ends its slot with an error. Raises whatever else the work raises.
    """
    began = ports.monotonic()
    ran: list[Ran] = []
    while ports.monotonic() - began < ports.limits.no_new_call_after_s:
        slot = ports.store.run(lambda tx: _take(tx, job, timing, ports))
        if slot is None:
            break
        ran.append(_once(job, slot, work, ports))
        if timing.catch_up is not CatchUp.ALL:
            break
    return ran


def _once(job: str, slot: datetime, work: Callable[[datetime], object], ports: Ports) -> Ran:
    error = ""
    try:
        work(slot)
    except PipelineError as failure:
        error = _said(failure)
    except Exception as failure:
        error = _said(failure)
        raise
    finally:
        ports.store.run(lambda tx: tx.ledger.end_tick(job, slot, ports.me, error))
    return Ran(slot=slot, error=error)


def _take(tx: Tx, job: str, timing: Timing, ports: Ports) -> datetime | None:
    last = tx.ledger.last_tick(job) if timing.catch_up is CatchUp.ALL else None
    for slot in timing.to_begin(tx.now, last):
        if tx.ledger.begin_tick(job, slot, ports.me):
            return slot
    if timing.catch_up is CatchUp.SKIP:
        return None
    # Later slots make up for earlier ones, unless each counts by itself.
    oldest = None if timing.catch_up is CatchUp.ALL else timing.slot_of(tx.now)
    dead_since = tx.now - timedelta(seconds=ports.limits.lease_s)
    return tx.ledger.retake_tick(job, ports.me, begun_before=dead_since, oldest=oldest)


def _said(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}"
