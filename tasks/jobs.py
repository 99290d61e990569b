"""What the jobs of the timetable do. To add one: a line in `JOBS` here, and its row in `schedules.timetable`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from pipeline import codes, matching, polling, retention, silence, ticks
from pipeline import reconcile as reconciling
from pipeline import sweep as sweeping
from pipeline import watch as watching
from pipeline.aprimo import hooks
from pipeline.ports import Letter, Mode, Payload, Tx
from pipeline.slots import Timing
from pipeline.words import EventId
from tasks import listening
from tasks.wiring import Wiring

log = structlog.get_logger(__name__)


Work = Callable[[Wiring, datetime], object]
"""What a job does, for the slot that began then."""


def run(job: str, timing: Timing, made: Wiring) -> None:
    """Run a job of the timetable for every slot that is to be begun now."""
    for ran in ticks.run(job, timing, lambda slot: JOBS[job](made, slot), made.ports):
        if ran.error:
            # The vendor is away or throttles: the next slot reads from the same watermark.
            log.warning("job_waits", job=job, slot=ran.slot, error=ran.error)


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


def reconcile(made: Wiring, slot: datetime) -> None:
    """One step of the comparisons that are under way, or due: those of recent changes and of everything in turn."""
    told, settings = made.settings.reconciliation, made.settings
    every_s = {Mode.RECENT: told.recent_every_s, Mode.FULL: told.full_every_s}
    if int(slot.timestamp() // told.step_every_s) % 2:
        every_s = dict(reversed(every_s.items()))
    rate_per_s = min(settings.aprimo.rate_per_s, settings.opentext.rate_per_s)
    calls = max(1, int(told.share * rate_per_s * told.step_every_s))
    terms = replace(made.reconciling, calls=calls, lasts_s=min(told.step_s, settings.engine.no_new_call_after_s))
    for run in reconciling.work(every_s, inventory=made.inventory, terms=terms, ports=made.ports):
        log.info("reconciled", run=run.id, flow=run.flow, mode=run.mode, phase=run.phase, **run.counts)


def match_people(made: Wiring) -> None:
    """One look for people without a match."""
    overrides = {key: user for words in made.words.values() for key, user in words.people.items()}
    matched = matching.match_people(made.aprimo.users, overrides, made.ports)
    log.debug("matched", looked_for=matched.looked_for, found=matched.found)


def sweep(made: Wiring) -> None:
    """Top the queues up from SQL."""
    sweeping.sweep(made.ports)


def tell_gates(made: Wiring) -> None:
    """The gates that are closed, one log line each: alert rules read them."""
    for gate in made.store.run(lambda tx: tx.ledger.gates()):
        log.error("gate_closed", scope=gate.scope, kind=gate.kind, reason=gate.reason, by=gate.by, until=gate.until)


def anchor_audit(made: Wiring) -> None:
    """Write the audit chain's newest entry down, in SQL and in the log, which may be kept where SQL is not."""
    anchor = made.store.run(lambda tx: tx.ledger.anchor())
    if anchor:
        log.info("audit_anchored", number=anchor.number, hash=anchor.hash)


def listen(made: Wiring) -> None:
    """Whether a source has fallen silent; one log line each, when it is told: alert rules read them."""
    sources = listening.sources(made.settings)
    for source in silence.listen(sources, listening.patience(made.settings), made.store):
        log.error("source_silent", source=source)


def watch_subscription(made: Wiring) -> None:
    """Whether Aprimo has to deliver its webhooks again, which it does not do for long."""
    within_s = made.settings.polling.webhooks_expected_s
    again = silence.watch_deliveries(listening.PM_WEBHOOK, hooks.repeats, made.store, within_s=within_s)
    if again:
        log.warning("deliveries_repeated", source=listening.PM_WEBHOOK, notices=again)


def prune(made: Wiring) -> None:
    """Let go of payloads whose time is over."""
    told = made.settings.retention
    days: dict[Payload, int] = {payload: getattr(told, f"{payload}_days") for payload in Payload}
    pruned = retention.prune(days, made.ports, batch_rows=told.batch_rows, rest=time.sleep)
    if pruned.rows:
        log.info("pruned", is_cut_short=pruned.is_cut_short, rows=pruned.rows)


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


def _whenever(work: Callable[[Wiring], object]) -> Work:
    """A job that does the same in every slot: it works from a watermark, or from what is due."""
    return lambda made, _: work(made)


def _watch(watch: watching.Watch) -> Work:
    """A job that looks for what has fallen due for the watch's reasons."""
    return lambda made, _: watching.look(watch, made.ports)


JOBS: dict[str, Work] = {
    "sweep": _whenever(sweep),
    "poll_aprimo": _whenever(poll_aprimo),
    "poll_opentext": _whenever(poll_opentext),
    "poll_opentext_lists": _whenever(poll_opentext_lists),
    "reconcile": reconcile,
    "match_people": _whenever(match_people),
    "gates": _whenever(tell_gates),
    "audit_root": _whenever(anchor_audit),
    "silence": _whenever(listen),
    "subscription": _whenever(watch_subscription),
    "retention": _whenever(prune),
    **{watch.job: _watch(watch) for watch in watching.WATCHES},
}
"""What each job does; its period, reason and catch-up rule are its row in `schedules.timetable`."""
