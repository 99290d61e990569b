"""Values a flow works on and gives back: snapshots, the link, the plan.

A flow is `plan(event, snapshots, link, words) -> Plan`, pure: everything it needs is in these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from pipeline.commands import Command
from pipeline.words import (
    BusinessKey,
    Decision,
    EndedBy,
    InstanceId,
    JsonValue,
    LineKey,
    LinkId,
    ProcessState,
    ReviewState,
    Side,
    Urgency,
    WakeReason,
)


@dataclass(frozen=True, kw_only=True)
class Want:
    """An object to read: kind is `activity`, `process`, …; id as the vendor gives it.

    flow names whose words translate the object; role: as which of the flow's further objects, "" for the kind's own.
    """

    flow: str
    side: Side
    kind: str
    object_id: str
    role: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskRead:
    """A task of a process as OpenText's history shows it, open or ended.

    outcome is the raw word of the model, None while open or where none was given.
    delete_reason: why the engine took the task away undecided.
    """

    task_id: str
    definition_key: str
    name: str = ""
    category: str = ""
    assignee: str = ""
    opened_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    delete_reason: str = ""
    outcome: str | None = None
    comment: str = ""
    description: str = ""
    owner: str = ""
    priority: int | None = None


@dataclass(frozen=True, kw_only=True)
class CommentRead:
    """A comment as a system shows it; origin_id is that system's id of it."""

    origin_id: str
    author: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ProcessRead:
    """A process instance as read: runtime and history in one."""

    instance_id: InstanceId
    process_key: str
    business_key: BusinessKey
    started_at: datetime | None = None
    ended_at: datetime | None = None
    delete_reason: str = ""
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    tasks: tuple[TaskRead, ...] = ()
    comments: tuple[CommentRead, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One side as it was read: our field names and values, or absent (404: unknown or hidden).

    version: what orders snapshots of this object (`modifiedDate` for PM).
    wire: the fields as the vendor renders them, by wire name; `expects` compares with these.
    process: what was read of an OpenText process. created_at: when the object was made, None where nobody says.
    """

    want: Want
    read_at: datetime
    is_absent: bool = False
    version: str = ""
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    wire: Mapping[str, JsonValue] = field(default_factory=dict)
    comments: tuple[CommentRead, ...] = ()
    process: ProcessRead | None = None
    created_at: datetime | None = None


Snapshots: TypeAlias = "Mapping[Want, Snapshot]"
"""What was read for an event, by what was asked for."""


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What both systems last agreed on for one field, and who owns it."""

    value: JsonValue
    owner: Side
    written_by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The loop counter of one field that we write: how often our write only led to another.

    written and at: a digest of what was written last, and when. rounds: how often in a row the same was written
    again, because somebody had changed it. over: a digest of what the last round overwrote, "" for none. is_stopped:
    it went round too often, and is not written until a person says so. field: its name in our words.
    """

    field: str
    written: str
    at: datetime
    rounds: int = 0
    over: str = ""
    is_stopped: bool = False


@dataclass(frozen=True, kw_only=True)
class ProcessRow:
    """Our row of a process: one per link and revision."""

    revision: int
    process_key: str
    state: ProcessState
    instance_id: InstanceId | None = None
    item_version: str = ""
    seen_hash: str = ""
    ended_by: EndedBy | None = None
    outcome: str = ""
    started_effect: str = ""
    """The effect key of the start: settle takes the instance id from the delivery that bears it."""

    @property
    def is_live(self) -> bool:
        """Whether it has not ended, as far as we know."""
        return self.state is not ProcessState.ENDED


@dataclass(frozen=True, kw_only=True)
class ReviewRow:
    """One stakeholder's review in a process; stakeholder is our name, e.g. `brand` or `regional:DACH`."""

    revision: int
    stakeholder: str
    state: ReviewState
    task_id: str = ""
    opened_at: datetime | None = None
    assignee: str = ""
    due_at: datetime | None = None
    escalated_at: datetime | None = None
    decision: Decision | None = None
    outcome_raw: str = ""
    by: str = ""
    at: datetime | None = None
    comment: str = ""
    item_version: str = ""
    evidence: str = ""
    """Where the decision was read, e.g. `historic-task-instances/<id>`."""


@dataclass(frozen=True, kw_only=True)
class CommentRow:
    """A comment we know of; target_id is its id (or marker) on the other side once carried."""

    origin: Side
    origin_id: str
    author: str
    text: str
    at: datetime
    target_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One Aprimo item and its processes in one flow: what we remember between two looks.

    processes and reviews are in the order of their revisions; a link without an id is not stored yet.
    """

    id: LinkId | None
    flow: str
    business_key: BusinessKey
    state: str = ""
    revision: int = 0
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    processes: tuple[ProcessRow, ...] = ()
    reviews: tuple[ReviewRow, ...] = ()
    comments: tuple[CommentRow, ...] = ()
    wake_at: datetime | None = None
    wake_reason: WakeReason | None = None
    row_version: int = 0
    item: str = ""
    """The object in Aprimo that a link has whose business key names none, as a business key; "" for none."""
    loops: Mapping[str, Loop] = field(default_factory=dict)
    """By target and field, e.g. `activity:5012 extrAttr306`."""

    @property
    def item_key(self) -> BusinessKey:
        """What the link is about in Aprimo: the business key, or the object of a link whose key names none."""
        return BusinessKey(self.item) if self.item else self.business_key

    def live_process(self) -> ProcessRow | None:
        """The one process that has not ended, if any."""
        return next((row for row in reversed(self.processes) if row.is_live), None)

    def process_of(self, instance_id: str) -> ProcessRow | None:
        """The process with this instance id, if it is ours."""
        return next((row for row in self.processes if row.instance_id == instance_id), None)

    def agreed_value(self, name: str) -> JsonValue:
        """The agreed value of a field; None when nothing was agreed yet."""
        known = self.agreed.get(name)
        return known.value if known else None


class Verdict(StrEnum):
    """What a plan says of its event."""

    DELIVER = "deliver"
    IGNORE = "ignore"
    SUPERSEDE = "supersede"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a person must be told until it is seen; person "" means the operators."""

    code: str
    text: str
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class Met:
    """A person whom a plan came across in one system. name: as people know them, "" where the user says it.

    match: the user in the other system, "" where none is known yet; how: `override` or `e-mail`, "" for no match.
    """

    side: Side
    user: str
    name: str = ""
    match: str = ""
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class FoundDifference:
    """A field whose two sides differ and whose policy is not to write it now, as a comparison would find it.

    theirs: what the side shows that was edited, which is Aprimo unless the cause names OpenText; ours: what both
    agree on, by our own words, which we would write there.
    """

    field: str
    ours: JsonValue
    theirs: JsonValue
    cause: str
    policy: str

    @property
    def agreed(self) -> JsonValue:
        """What both agree on: what a heal writes, and holds to."""
        return self.ours

    @property
    def aprimo(self) -> JsonValue:
        """What Aprimo shows, or would."""
        return self.ours if self._is_in_opentext else self.theirs

    @property
    def opentext(self) -> JsonValue:
        """What OpenText shows, or would; a state stands in Aprimo alone."""
        if self._is_in_opentext:
            return self.theirs
        return None if self.field == "state" else self.ours

    @property
    def _is_in_opentext(self) -> bool:
        return self.cause == f"edited_in_{Side.OPENTEXT}"


@dataclass(frozen=True, kw_only=True)
class Wake:
    """When the timetable is to look at the link again, and why; at=None clears it."""

    at: datetime | None
    reason: WakeReason | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a time without a reason: no job would find it."""
        if (self.at is None) is not (self.reason is None):
            raise ValueError(f"a wake needs both its time and its reason, or neither: {self.at}, {self.reason}")


@dataclass(frozen=True, kw_only=True)
class MadeItem:
    """The object in Aprimo that a plan makes for its link: settle takes its id from the delivery with this effect."""

    kind: str
    effect: str


@dataclass(frozen=True, kw_only=True)
class LinkChanges:
    """What becomes true of the link once the plan's commands are done (or at once when there are none).

    agreed: fields to set. process: rows to insert or update (by revision); a row in state `starting` is
    stored with the plan, so that one link never has two live processes. item: the Aprimo object of a link whose
    business key names none; made: the same, where this plan makes it. reviews: rows to insert or update
    (by revision and stakeholder and task). comments: rows to insert or update (by origin and origin id).
    people: whom the plan came across, and loops: what is remembered of its writes; no flow fills them in,
    `flows.shared.met` and `flows.shared.loops` do. mapping_version: a digest of the words that it was planned by, ""
    leaves what is known.
    """

    state: str | None = None
    revision: int | None = None
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    processes: tuple[ProcessRow, ...] = ()
    reviews: tuple[ReviewRow, ...] = ()
    comments: tuple[CommentRow, ...] = ()
    wake: Wake | None = None
    notices: tuple[Notice, ...] = ()
    differences: tuple[FoundDifference, ...] = ()
    item: BusinessKey | None = None
    made: MadeItem | None = None
    people: tuple[Met, ...] = ()
    loops: Mapping[str, Loop] = field(default_factory=dict)
    mapping_version: str = ""


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """A fact for a line, stored when the plan that caused it is settled."""

    line_key: LineKey
    subject: BusinessKey
    flow: str
    type: str
    side: Side
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    urgency: Urgency = Urgency.STANDARD


@dataclass(frozen=True, kw_only=True, order=True)
class Hold:
    """The right to write some fields of an object that several flows write.

    object: whose it is, as in `dam:record:5f3a…`. field_set: our name for the fields, e.g. `release`.
    """

    object: str
    field_set: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done about an event.

    reason: the code of an ignore, supersede or refuse. hint: what a person can do about a refuse.
    holds: what nobody else may write until the event has ended; a plan that sends nothing needs none.
    """

    verdict: Verdict
    reason: str = ""
    hint: str = ""
    commands: tuple[Command, ...] = ()
    changes: LinkChanges = field(default_factory=LinkChanges)
    follow_ups: tuple[FollowUp, ...] = ()
    holds: tuple[Hold, ...] = ()
    urgency: Urgency = Urgency.BULK
    """Raises the line's urgency for these commands (a decision is express); never lowers it."""


def deliver(
    *commands: Command,
    changes: LinkChanges | None = None,
    follow_ups: tuple[FollowUp, ...] = (),
    holds: tuple[Hold, ...] = (),
) -> Plan:
    """A plan that carries commands (none: only the link moves on)."""
    return Plan(
        verdict=Verdict.DELIVER,
        commands=commands,
        changes=changes or LinkChanges(),
        follow_ups=follow_ups,
        holds=holds,
    )


def ignore(reason: str, *, changes: LinkChanges | None = None, follow_ups: tuple[FollowUp, ...] = ()) -> Plan:
    """A plan that sends nothing and says why."""
    return Plan(verdict=Verdict.IGNORE, reason=reason, changes=changes or LinkChanges(), follow_ups=follow_ups)


def refuse(code: str, hint: str) -> Plan:
    """A plan that needs a person: the event becomes a dead letter with this code."""
    return Plan(verdict=Verdict.REFUSE, reason=code, hint=hint)
