"""What time asks for while a process runs: overdue reviews, dates that were moved, and remarks to look for.

Nothing tells us of an annotation in the DAM, so the timetable looks for remarks while a process lives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipeline.commands import Command
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import dues, escalation, notes
from pipeline.flows.shared.case import Case, is_started
from pipeline.plan import LinkChanges, Plan, ReviewRow, Wake, ignore
from pipeline.words import WakeReason


@dataclass(frozen=True, kw_only=True)
class Timely:
    """The commands, and the rows as they are once those are done."""

    commands: tuple[Command, ...]
    rows: tuple[ReviewRow, ...]


def due_now(case: Case) -> Timely:
    """Reviews moved to a date that was typed in Aprimo, and escalations of what is overdue then."""
    moved = dues.move(case, case.rows)
    if case.process is None or case.is_process_over:
        return Timely(commands=moved.commands, rows=moved.rows)
    escalated = escalation.escalate(case.process, moved.rows, case.words, now=case.now)
    return Timely(commands=(*moved.commands, *escalated.commands), rows=escalated.rows)


def wake(case: Case, rows: Sequence[ReviewRow], *, listen_every: timedelta) -> Wake | None:
    """When the timetable looks again, for an overdue review or for remarks; None leaves it as it is."""
    link, due = case.link, escalation.wake(rows)
    if case.is_process_over:
        return Wake(at=None) if link.wake_at else None
    is_set = link.wake_reason == WakeReason.REMARKS and link.wake_at is not None and link.wake_at > case.now
    listen = Wake(at=link.wake_at if is_set else case.now + listen_every, reason=WakeReason.REMARKS)
    first = due if due.at and listen.at and due.at <= listen.at else listen
    return first if (first.at, first.reason) != (link.wake_at, link.wake_reason) else None


def is_listening(event: Event) -> bool:
    """Whether the timetable woke the link only to look for remarks."""
    return event.type == facts.DUE and event.data.get("reason") == WakeReason.REMARKS


def listen(case: Case, *, listen_every: timedelta) -> Plan:
    """Remarks that are new travel to the reviewers. What was read is the file version under review, or nothing."""
    if not is_started(case.live):
        return ignore("no_live_process", changes=LinkChanges(wake=Wake(at=None)))
    remarks = notes.attached(next(iter(case.snapshots.values()), None), case.link)
    changes = LinkChanges(wake=wake(case, case.rows, listen_every=listen_every))
    return ignore("not_yet", changes=changes, follow_ups=notes.to_reviewers(case, remarks))
