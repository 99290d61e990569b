"""What the timetable's tasks run: each takes its (job, slot) row first, so that two schedulers do a job once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from config.settings import Settings
from pipeline import codes, matching, polling
from pipeline import watch as watching
from pipeline.errors import PipelineError
from pipeline.ports import Letter, Tx
from pipeline.words import EventId
from tasks.wiring import Wiring

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of the timetable and where its period stands in the settings."""

    name: str
    every_s: Callable[[Settings], float]


MATCH_PEOPLE = Job(name="match_people", every_s=lambda settings: settings.polling.people_every_s)
OVERDUE = Job(name="overdue", every_s=lambda settings: settings.polling.overdue_every_s)
HISTORY = Job(name="history", every_s=lambda settings: settings.polling.history_every_s)
SPEND = Job(name="spend", every_s=lambda settings: settings.polling.spend_every_s)
EMBARGO = Job(name="embargo", every_s=lambda settings: settings.polling.embargo_every_s)
REVIEWS_DUE = Job(name="reviews_due", every_s=lambda settings: settings.polling.reviews_due_every_s)
LATE_CASES = Job(name="late_cases", every_s=lambda settings: settings.polling.late_cases_every_s)
REMARKS = Job(name="remarks", every_s=lambda settings: settings.polling.remarks_every_s)
POLL_APRIMO = Job(name="poll_aprimo", every_s=lambda settings: settings.polling.aprimo_every_s)
POLL_OPENTEXT = Job(name="poll_opentext", every_s=lambda settings: settings.polling.opentext_every_s)
POLL_OPENTEXT_LISTS = Job(name="poll_opentext_lists", every_s=lambda settings: settings.polling.opentext_list_every_s)


def once(job: Job, made: Wiring, work: Callable[[Wiring], object]) -> None:
    """Run a job's work if this slot of it is still free; how it ended stays on its row."""
    slot = _slot_of(made, job)
    if not made.store.run(lambda tx: tx.ledger.begin_tick(job.name, slot, made.ports.me)):
        return
    error = ""
    try:
        work(made)
    except PipelineError as failure:
        # The vendor is away or throttles: the next slot reads from the same watermark.
        error = f"{type(failure).__name__}: {failure}"
        log.warning("job_waits", job=job.name, slot=slot, error=error)
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
        raise
    finally:
        made.store.run(lambda tx: tx.ledger.end_tick(job.name, slot, error))


def poll_aprimo(made: Wiring) -> None:
    """One read of Aprimo's change lists."""
    overlap_s = made.settings.polling.aprimo_overlap_s
    polled = polling.poll_aprimo(made.aprimo.feed, made.routes, overlap_s=overlap_s, ports=made.ports)
    log.debug("polled", feed="aprimo", rows=polled.rows, stored=polled.stored)


def poll_opentext(made: Wiring) -> None:
    """One read of OpenText's audit logs."""
    overlap_s = made.settings.opentext.audit_overlap_s
    polled = polling.poll_opentext(made.opentext.feed, made.routes, overlap_s=overlap_s, ports=made.ports)
    log.debug("polled", feed="opentext", rows=polled.rows, stored=polled.stored)


def poll_opentext_lists(made: Wiring) -> None:
    """One comparison of OpenText's lists."""
    polled = polling.poll_opentext_lists(made.opentext.feed, made.routes, ports=made.ports)
    log.debug("polled", feed="opentext_lists", rows=polled.rows, stored=polled.stored)


def match_people(made: Wiring) -> None:
    """One look for people without a match."""
    overrides = {key: user for words in made.words.values() for key, user in words.people.items()}
    matched = matching.match_people(made.aprimo.users, overrides, made.ports)
    log.debug("matched", looked_for=matched.looked_for, found=matched.found)


def watch(which: watching.Watch) -> Callable[[Wiring], object]:
    """A job that looks for what has fallen due for the watch's reasons."""
    return lambda made: watching.look(which, made.ports)


def watch_reviews(made: Wiring) -> None:
    """What is overdue; and the gates that are closed, one log line each: alert rules read them."""
    watching.look(watching.OVERDUE, made.ports)
    for gate in made.store.run(lambda tx: tx.ledger.gates()):
        log.error("gate_closed", scope=gate.scope, kind=gate.kind, reason=gate.reason, by=gate.by, until=gate.until)


def tell_dead(event_ids: Sequence[EventId], made: Wiring) -> None:
    """One log line a letter that is still open: alert rules read them."""

    def letters(tx: Tx) -> list[Letter]:
        return tx.letters.find(event_ids=event_ids, limit=len(event_ids))

    for letter in made.store.run(letters):
        log.error(
            "event_dead",
            letter=letter.id,
            flow=letter.flow,
            event_id=letter.event_id,
            subject=letter.subject,
            code=letter.code,
            cure=codes.cure(letter.code),
        )


def _slot_of(made: Wiring, job: Job) -> str:
    """The slot of now: the period's number since the epoch, by the database's clock."""
    now: datetime = made.store.run(lambda tx: tx.now)
    return f"{job.every_s(made.settings):g}s#{int(now.timestamp() // job.every_s(made.settings))}"
