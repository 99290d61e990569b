"""The timetable as data: what runs how often, why, and what becomes of the times it missed.

Any number of schedulers may run. What is due in a slot is done by whoever inserts its row (job, slot) first, and that
is all they know of each other (`pipeline.ticks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from pipeline.slots import Timing
from pipeline.words import CatchUp
from tasks.chain import job_task


@dataclass(frozen=True, kw_only=True)
class Row:
    """A job: its period in seconds, the reason it exists, and what becomes of the slots it missed.

    Most work from a watermark or a due date, so that one run makes up for all that were missed.
    """

    job: str
    every_s: float
    reason: str
    catch_up: CatchUp = CatchUp.ONCE

    @property
    def task(self) -> str:
        """The task that does it."""
        return job_task(self.job)

    @property
    def timing(self) -> Timing:
        """Its slots."""
        return Timing(every_s=self.every_s, catch_up=self.catch_up)


POLLERS = frozenset({"poll_aprimo", "poll_opentext", "poll_opentext_lists"})


def timetable(settings: Settings) -> tuple[Row, ...]:
    """All rows, with the periods of this installation; without the pollers where it has none."""
    return tuple(row for row in _rows(settings) if settings.polling.enabled or row.job not in POLLERS)


def _rows(settings: Settings) -> tuple[Row, ...]:
    polling = settings.polling
    return (
        Row(
            job="sweep",
            every_s=settings.engine.sweep_every_s,
            reason="Messages are hints: what SQL knows to be due is published again.",
        ),
        Row(
            job="poll_aprimo",
            every_s=polling.aprimo_every_s,
            reason="Webhooks get lost, and Aprimo switches a failing subscription off.",
        ),
        Row(
            job="poll_opentext",
            every_s=polling.opentext_every_s,
            reason="Audit logs are the one documented way to see what happens in OpenText.",
        ),
        Row(
            job="poll_opentext_lists",
            every_s=polling.opentext_list_every_s,
            reason="Audit rows tell neither comments nor edits of a task.",
        ),
        Row(
            job="reconcile",
            every_s=settings.reconciliation.step_every_s,
            reason="Both systems are held against what they last agreed on, step by step: notices get lost.",
        ),
        Row(
            job="match_people",
            every_s=polling.people_every_s,
            reason="Who met nobody in the other system is looked for, until an e-mail or an override is there.",
        ),
        Row(
            job="overdue",
            every_s=polling.overdue_every_s,
            reason="A review past its due time is escalated to the lead of its group.",
        ),
        Row(
            job="gates",
            every_s=polling.gates_every_s,
            reason="A closed gate holds work up, and alert rules read of it in the log.",
            catch_up=CatchUp.SKIP,
        ),
        Row(
            job="audit_root",
            every_s=polling.audit_root_every_s,
            reason="A tail that was cut off the audit chain shows against what was written down before.",
        ),
        Row(
            job="silence",
            every_s=polling.silence_every_s,
            reason="A source that tells nothing any more fails nowhere: others tell what it should have told.",
        ),
        Row(
            job="subscription",
            every_s=polling.subscription_every_s,
            reason="Aprimo switches a subscription off after a few failed deliveries, and tells nobody.",
        ),
        Row(
            job="history",
            every_s=polling.history_every_s,
            reason="A process's history may lag behind its end, and a decision waits for all of it.",
        ),
        Row(
            job="spend",
            every_s=polling.spend_every_s,
            reason="No notice tells that a campaign's spend has crossed its budget.",
        ),
        Row(
            job="embargo",
            every_s=polling.embargo_every_s,
            reason="What is approved is released when its date has come, and not before.",
        ),
        Row(
            job="reviews_due",
            every_s=polling.reviews_due_every_s,
            reason="A campaign's performance is reviewed some time after its end.",
        ),
        Row(
            job="late_cases",
            every_s=polling.late_cases_every_s,
            reason="A review that stays overdue after its escalation becomes a case.",
        ),
        Row(
            job="remarks",
            every_s=polling.remarks_every_s,
            reason="Aprimo tells nobody of an annotation on a file that is in review.",
        ),
        Row(
            job="retention",
            every_s=settings.retention.every_s,
            reason="What is over keeps its hashes and its place, and not what people wrote in it.",
        ),
    )
