"""The tasks: ids in, use case called, nothing else; outcomes and next times are rows.

The chain's message carries a batch of event ids. The lane is the queue the message came on.
"""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery, Task, shared_task

from pipeline import carry as carrying
from pipeline import settle as settling
from pipeline import transform as transforming
from pipeline.slots import Timing
from pipeline.words import CatchUp, EventId
from tasks import jobs, wiring
from tasks import pulse as pulses


def lane_of(task: Task) -> str:
    """The queue that the running task's message came on, which is its lane."""
    return str(task.request.delivery_info["routing_key"])


@shared_task(name="signoff.transform", bind=True)
def transform(self: Task, event_ids: list[EventId]) -> list[EventId]:
    """Plan what is due of a batch; safe to run twice. Returns the ids to carry."""
    return transforming.transform(event_ids, lane_name=lane_of(self), ports=wiring.current().ports)


@shared_task(name="signoff.carry", bind=True)
def carry(self: Task, event_ids: list[EventId]) -> list[EventId]:
    """Carry what is due of a batch; safe to run twice. Returns the ids to settle."""
    return carrying.carry(event_ids, lane_name=lane_of(self), ports=wiring.current().ports)


@shared_task(name="signoff.settle", bind=True)
def settle(self: Task, event_ids: list[EventId]) -> list[EventId]:
    """Record what was carried of a batch; safe to run twice."""
    return settling.settle(event_ids, lane_name=lane_of(self), ports=wiring.current().ports)


@shared_task(name="signoff.tell_dead")
def tell_dead(event_ids: list[EventId]) -> None:
    """Tell people of dead letters: a log line each, which alert rules read; the letters themselves are rows."""
    jobs.tell_dead(event_ids, wiring.current())


@shared_task(name=pulses.PULSE)
def pulse(queue: str, number: int) -> None:
    """Write down that this worker works: its supervisor waits for it."""
    pulses.write_down(wiring.current().redis, queue, number)


def job_task(job: str) -> str:
    """The name of a job's task."""
    return f"signoff.job.{job}"


def register(app: Celery) -> None:
    """Make the tasks known to an app: importing this module has done it for the chain's, for every app."""
    for job in jobs.JOBS:
        app.task(_run(job), name=job_task(job), shared=False)
    app.finalize()


def _run(job: str) -> Callable[[float, str], None]:
    """A job's task. The message brings what the timetable's row says of it."""

    def run(every_s: float, catch_up: str) -> None:
        jobs.run(job, Timing(every_s=every_s, catch_up=CatchUp(catch_up)), wiring.current())

    return run
