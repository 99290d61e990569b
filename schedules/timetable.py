"""The timetable as data: what runs how often, and why.

Any number of schedulers may run: a job that must not run twice takes its (job, slot) row first (`tasks.jobs`).
Every job works from a watermark or a due date, so a tick that was missed is made up for by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: the task, its period in seconds, and the reason it exists."""

    job: str
    task: str
    every_s: float
    reason: str


def timetable(settings: Settings) -> tuple[Row, ...]:
    """All rows, with the periods of this installation."""
    polling = settings.polling
    return (
        Row(
            job="sweep",
            task="signoff.job.sweep",
            every_s=settings.engine.sweep_every_s,
            reason="Messages are hints: what SQL knows to be due is published again.",
        ),
        Row(
            job="poll_aprimo",
            task="signoff.job.poll_aprimo",
            every_s=polling.aprimo_every_s,
            reason="Webhooks get lost, and Aprimo switches a failing subscription off.",
        ),
        Row(
            job="poll_opentext",
            task="signoff.job.poll_opentext",
            every_s=polling.opentext_every_s,
            reason="Audit logs are the one documented way to see what happens in OpenText.",
        ),
        Row(
            job="poll_opentext_lists",
            task="signoff.job.poll_opentext_lists",
            every_s=polling.opentext_list_every_s,
            reason="Audit rows tell neither comments nor edits of a task.",
        ),
        Row(
            job="match_people",
            task="signoff.job.match_people",
            every_s=polling.people_every_s,
            reason="Who met nobody in the other system is looked for, until an e-mail or an override is there.",
        ),
        Row(
            job="overdue",
            task="signoff.job.overdue",
            every_s=polling.overdue_every_s,
            reason="A review past its due time is escalated to the lead of its group.",
        ),
        Row(
            job="history",
            task="signoff.job.history",
            every_s=polling.history_every_s,
            reason="A process's history may lag behind its end, and a decision waits for all of it.",
        ),
        Row(
            job="spend",
            task="signoff.job.spend",
            every_s=polling.spend_every_s,
            reason="No notice tells that a campaign's spend has crossed its budget.",
        ),
        Row(
            job="embargo",
            task="signoff.job.embargo",
            every_s=polling.embargo_every_s,
            reason="What is approved is released when its date has come, and not before.",
        ),
        Row(
            job="reviews_due",
            task="signoff.job.reviews_due",
            every_s=polling.reviews_due_every_s,
            reason="A campaign's performance is reviewed some time after its end.",
        ),
        Row(
            job="late_cases",
            task="signoff.job.late_cases",
            every_s=polling.late_cases_every_s,
            reason="A review that stays overdue after its escalation becomes a case.",
        ),
        Row(
            job="remarks",
            task="signoff.job.remarks",
            every_s=polling.remarks_every_s,
            reason="Aprimo tells nobody of an annotation on a file that is in review.",
        ),
    )
