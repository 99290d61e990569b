"""Values of flow 1 for tests: the shipped words, a brief as Aprimo shows it, a process as OpenText's history does."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pipeline.events import Event
from pipeline.flows import campaign_brief
from pipeline.flows.reading import read_words
from pipeline.flows.shared.loops import guarded
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import (
    CommentRead,
    Link,
    LinkChanges,
    Plan,
    ProcessRead,
    ProcessRow,
    Snapshot,
    TaskRead,
    Want,
)
from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    EventState,
    InstanceId,
    JsonValue,
    ProcessState,
    Side,
    Urgency,
)

FLOW = "campaign_brief"
NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
KEY = aprimo_key("activity", 5012)
LINE = line_key(FLOW, KEY)
INSTANCE = InstanceId("instance-1")
ITEM_WANT = Want(flow=FLOW, side=Side.APRIMO, kind="activity", object_id="5012")
STATE_IDS = {
    "draft": 1,
    "submitted": 2,
    "in_production": 3,
    "rejected": 4,
    "changes_requested": 5,
    "withdrawn": 6,
    "cancelled": 7,
}
OWNER = {"id": 88, "email": "requester.one@example.test", "name": "Requester One"}


def shipped() -> dict[str, object]:
    """The parsed file that Signoff ships for flow 1."""
    path = Path(__file__).parents[2] / "config" / "flows" / "campaign_brief.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _words() -> FlowWords:
    return read_words(FLOW, shipped())


def words(**changes: object) -> FlowWords:
    """The words of the shipped file."""
    return replace(_words(), **changes)  # type: ignore[arg-type]  # Tests name real fields.


def brief(state: str = "submitted", *, at: datetime = NOW, version: str = "", **values: JsonValue) -> Snapshot:
    """A brief as it was read: two regions, a budget, no OpenText-owned field set."""
    told: dict[str, JsonValue] = {
        "name": "Spring launch",
        "description": "Outdoor and social",
        "budget": "12000.00",
        "currency": "EUR",
        "audience": "Families",
        "channels": ["Outdoor", "Social"],
        "regions": ["DACH", "Nordics"],
        "begin": "2026-03-01T00:00:00Z",
        "end": "2026-05-31T00:00:00Z",
        "owner": OWNER,
        "editor": OWNER,
        "project": "",
        "remark": "",
        "state": state,
        "state_id": STATE_IDS.get(state, 8),
        "state_name": state or "On hold",
        "type_id": 17,
        "modified_by": 88,
        **values,
    }
    wire = {word.wire: told[name] for name, word in words().fields.items() if name in told}
    return Snapshot(want=ITEM_WANT, read_at=at, version=version or at.isoformat(), values=told, wire=wire)


def no_brief(*, at: datetime = NOW) -> Snapshot:
    """A 404 on the brief."""
    return Snapshot(want=ITEM_WANT, read_at=at, is_absent=True)


def task(
    key: str,
    outcome: str | None = None,
    *,
    part: str = "",
    ended: datetime | None = None,
    gone: str = "",
    due: datetime | None = None,
    comment: str = "",
    by: str = "",
) -> TaskRead:
    """A task of the process: open, decided with an outcome, or taken away with a reason."""
    is_over = outcome is not None or gone
    return TaskRead(
        task_id=f"task-{key}{'-' + part if part else ''}",
        definition_key=key,
        name=key,
        category=part,
        assignee=by or (f"{key}.one@example.test" if outcome is not None else ""),
        opened_at=NOW,
        due_at=due or NOW + timedelta(days=5 if key in {"legal", "regional"} else 3),
        ended_at=(ended or NOW + timedelta(hours=1)) if is_over else None,
        delete_reason=gone,
        outcome=outcome,
        comment=comment,
    )


def all_tasks(outcome: str | None = None) -> tuple[TaskRead, ...]:
    """The five reviews of a brief for two regions, all open or all decided alike."""
    once = (task(key, outcome) for key in ("brand", "legal", "finance"))
    parts = (task("regional", outcome, part=region) for region in ("DACH", "Nordics"))
    return (*once, *parts)


def decided_at_once(outcome: str) -> tuple[TaskRead, ...]:
    """Brand decided against it, which took all other reviews away."""
    rest = (replace(each, ended_at=NOW, delete_reason="boundary event") for each in all_tasks()[1:])
    return (task("brand", outcome), *rest)


def lines(*each: str) -> str:
    """A text of several lines."""
    return "\n".join(each)


def process(
    *tasks: TaskRead,
    at: datetime = NOW,
    ended: datetime | None = None,
    reason: str = "",
    comments: tuple[CommentRead, ...] = (),
    instance: str = INSTANCE,
    business_key: BusinessKey = KEY,
    variables: Mapping[str, JsonValue] | None = None,
) -> Snapshot:
    """The process of the first revision as it was read."""
    read = ProcessRead(
        instance_id=InstanceId(instance),
        process_key="campaignBrief",
        business_key=business_key,
        started_at=NOW,
        ended_at=ended,
        delete_reason=reason,
        variables={"signoffEffect": f"start:{FLOW}:{KEY}:1", "regions": ["DACH", "Nordics"], **(variables or {})},
        tasks=tasks,
        comments=comments,
    )
    want = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=instance)
    return Snapshot(want=want, read_at=at, process=read)


def event(side: Side = Side.APRIMO, kind: str = "", **changes: object) -> Event:
    """A look at one side; `kind` names another type."""
    usual = "aprimo.activity.updated" if side is Side.APRIMO else "opentext.workflow.task.completed"
    made = Event(
        id=EventId("ev-1"),
        flow=FLOW,
        source="test",
        type=kind or usual,
        kind=EventKind.LOOK,
        side=side,
        subject=KEY,
        line_key=LINE,
        position=1,
        state=EventState.ACCEPTED,
        time=NOW,
        accepted_at=NOW,
        data={},
        urgency=Urgency.STANDARD,
        trace_id="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # Tests name real fields.


def no_link() -> Link:
    """An item nobody has told us of."""
    return Link(id=None, flow=FLOW, business_key=KEY)


def applied(link: Link, changes: LinkChanges, instance: str = INSTANCE) -> Link:
    """The link after settle: what the store makes of a plan's changes."""
    rows = tuple(
        replace(row, state=ProcessState.RUNNING, instance_id=row.instance_id or InstanceId(instance))
        if row.state is ProcessState.STARTING
        else row
        for row in changes.processes
    )
    processes = {row.revision: row for row in link.processes} | {row.revision: row for row in rows}
    reviews = {(row.revision, row.stakeholder, row.task_id): row for row in link.reviews}
    tasked = {(row.revision, row.stakeholder) for row in changes.reviews if row.task_id}
    reviews = {key: row for key, row in reviews.items() if key[2] or key[:2] not in tasked}
    reviews |= {(row.revision, row.stakeholder, row.task_id): row for row in changes.reviews}
    comments = {(row.origin, row.origin_id): row for row in (*link.comments, *changes.comments)}
    return replace(
        link,
        state=link.state if changes.state is None else changes.state,
        revision=link.revision if changes.revision is None else changes.revision,
        agreed={**link.agreed, **changes.agreed},
        seen={**link.seen, **changes.seen},
        processes=tuple(processes[key] for key in sorted(processes)),
        reviews=tuple(reviews[key] for key in sorted(reviews)),
        comments=tuple(comments.values()),
        loops={**link.loops, **changes.loops},
        wake_at=changes.wake.at if changes.wake else link.wake_at,
        wake_reason=changes.wake.reason if changes.wake else link.wake_reason,
    )


def plan(link: Link, *snapshots: Snapshot, what: Event | None = None, by: FlowWords | None = None) -> Plan:
    """What flow 1 plans; the event looks at the first snapshot's side unless another is given."""
    read = {snapshot.want: snapshot for snapshot in snapshots}
    head = what or event(snapshots[0].want.side)
    known = by or words()
    return guarded(campaign_brief.plan(head, read, link, known), head, read, link, known)


def in_approval(*, by: FlowWords | None = None, **values: JsonValue) -> Link:
    """The link of a brief whose first revision was started and settled."""
    return applied(no_link(), plan(no_link(), brief(**values), by=by).changes)


def reviewed(link: Link, snapshot: Snapshot) -> Link:
    """The link after a look at the process, carried and settled."""
    return applied(link, plan(link, snapshot).changes)


def shown(link: Link, state: str = "submitted", *, at: datetime = NOW, **values: JsonValue) -> Snapshot:
    """The brief as it reads after everything agreed was written; `values` are then changed by hand."""
    agreed = {name: known.value for name, known in link.agreed.items() if name in words().fields}
    return brief(state, at=at, **{**agreed, **values})


def ended_row(link: Link) -> ProcessRow:
    """The only process row."""
    (row,) = link.processes
    return row
