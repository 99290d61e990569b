"""The tasks: ids in, use case called, nothing else; outcomes and next times are rows.

The chain's message carries a batch of event ids. The lane is the queue the message came on.
"""

from __future__ import annotations

from celery import Celery, Task, shared_task

from pipeline import carry as carrying
from pipeline import settle as settling
from pipeline import sweep as sweeping
from pipeline import transform as transforming
from pipeline import watch
from pipeline.words import EventId
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


@shared_task(name="signoff.job.sweep")
def sweep() -> None:
    """Top the queues up from SQL; harmless to run at any time, so it takes no slot."""
    sweeping.sweep(wiring.current().ports)


@shared_task(name="signoff.job.match_people")
def match_people() -> None:
    """Look for people who have no match in the other system."""
    jobs.once(jobs.MATCH_PEOPLE, wiring.current(), jobs.match_people)


@shared_task(name="signoff.job.overdue")
def overdue() -> None:
    """Accept a `due` fact for every item with a review past its due time."""
    jobs.once(jobs.OVERDUE, wiring.current(), jobs.watch_reviews)


@shared_task(name="signoff.job.history")
def history() -> None:
    """Accept a `due` fact for every item whose ended process had no whole history yet."""
    jobs.once(jobs.HISTORY, wiring.current(), jobs.watch(watch.HISTORY))


@shared_task(name="signoff.job.spend")
def spend() -> None:
    """Accept a `due` fact for every item whose spend is to be compared again."""
    jobs.once(jobs.SPEND, wiring.current(), jobs.watch(watch.SPEND))


@shared_task(name="signoff.job.embargo")
def embargo() -> None:
    """Accept a `due` fact for every item whose embargo has ended."""
    jobs.once(jobs.EMBARGO, wiring.current(), jobs.watch(watch.EMBARGO))


@shared_task(name="signoff.job.reviews_due")
def reviews_due() -> None:
    """Accept a `due` fact for every item whose performance is to be reviewed."""
    jobs.once(jobs.REVIEWS_DUE, wiring.current(), jobs.watch(watch.REVIEWS_DUE))


@shared_task(name="signoff.job.late_cases")
def late_cases() -> None:
    """Accept a `due` fact for every item with a review so late that it becomes a case."""
    jobs.once(jobs.LATE_CASES, wiring.current(), jobs.watch(watch.LATE_CASES))


@shared_task(name="signoff.job.remarks")
def remarks() -> None:
    """Accept a `due` fact for every item whose file is to be looked at for remarks."""
    jobs.once(jobs.REMARKS, wiring.current(), jobs.watch(watch.REMARKS))


@shared_task(name="signoff.job.poll_aprimo")
def poll_aprimo() -> None:
    """Read what has changed in Aprimo."""
    jobs.once(jobs.POLL_APRIMO, wiring.current(), jobs.poll_aprimo)


@shared_task(name="signoff.job.poll_opentext")
def poll_opentext() -> None:
    """Read OpenText's audit logs."""
    jobs.once(jobs.POLL_OPENTEXT, wiring.current(), jobs.poll_opentext)


@shared_task(name="signoff.job.poll_opentext_lists")
def poll_opentext_lists() -> None:
    """Compare OpenText's lists with what we saw last."""
    jobs.once(jobs.POLL_OPENTEXT_LISTS, wiring.current(), jobs.poll_opentext_lists)


def register(app: Celery) -> None:
    """Make the tasks known to an app: importing this module has done it, for every app."""
    app.finalize()
