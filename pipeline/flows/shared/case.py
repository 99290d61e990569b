"""A case: one event with everything its flow knows, gathered once before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.events import Event
from pipeline.flows.tenant import FlowWords
from pipeline.plan import CommentRow, Link, ProcessRead, ProcessRow, ReviewRow, Snapshot, Snapshots
from pipeline.words import JsonValue

OURS = " (Signoff)"
"""How the reason ends with which we end a process: our own end is never read as their cancellation."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known when a plan is made.

    snapshots: everything that was read. item: the Aprimo object as read, if it was. process: the live process as
    read, if it was; older: another one of ours that was read instead. live: our row of the live one, with its
    instance id. rows and comments: those of the link, with what was read worked in. why_not_item, why_not_process:
    why there is none, "" where there is one.
    """

    event: Event
    link: Link
    words: FlowWords
    now: datetime
    snapshots: Snapshots = field(default_factory=dict)
    item: Snapshot | None = None
    process: ProcessRead | None = None
    older: ProcessRead | None = None
    live: ProcessRow | None = None
    rows: tuple[ReviewRow, ...] = ()
    comments: tuple[CommentRow, ...] = ()
    why_not_item: str = ""
    why_not_process: str = ""

    @property
    def state(self) -> str:
        """Our word for the item's state as read; "" when it was not read, or has none of our words."""
        return str(self.item.values.get("state") or "") if self.item else ""

    @property
    def is_process_over(self) -> bool:
        """Whether the live process was read, and has ended."""
        return self.process is not None and self.process.ended_at is not None

    @property
    def is_own_end(self) -> bool:
        """Whether the live process was read, and we ended it."""
        return self.process is not None and self.process.delete_reason.endswith(OURS)

    def value(self, name: str) -> JsonValue:
        """A field as read, else as agreed."""
        if self.item is not None and name in self.item.values:
            return self.item.values[name]
        return self.link.agreed_value(name)


def row_of(process: ProcessRead, link: Link) -> ProcessRow | None:
    """Our row of a process that was read: by its instance id, else by the effect key of its start."""
    known = link.process_of(process.instance_id)
    if known is not None:
        return known
    effect = process.variables.get("signoffEffect")
    started = (row for row in link.processes if row.instance_id is None and row.started_effect == effect)
    row = next(started, None)
    return replace(row, instance_id=process.instance_id) if row else None


def is_started(row: ProcessRow | None) -> bool:
    """Whether a live row's process is known to exist, so that it can be spoken to."""
    return row is not None and row.is_live and row.instance_id is not None
