"""Values of flow 2 for tests: the shipped words, a record as the DAM shows it, a process as OpenText shows it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from pipeline.events import Event
from pipeline.flows import asset_review
from pipeline.flows.reading import read_words
from pipeline.flows.shared import versions
from pipeline.flows.shared.loops import guarded
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import CommentRead, Link, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import EventId, InstanceId, JsonValue, Side
from tests.support import briefs
from tests.support.briefs import NOW

FLOW = "asset_review"
RECORD = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
KEY = aprimo_key("record", RECORD)
LINE = line_key(FLOW, KEY)
NOTES = line_key(FLOW, KEY, is_notes=True)
INSTANCE = InstanceId("instance-1")
V2, V3 = "2" * 32, "3" * 32
ITEM_WANT = Want(flow=FLOW, side=Side.APRIMO, kind="record", object_id=RECORD)
OWNER: JsonValue = {"id": "88" * 16, "email": "", "name": "Owner One"}
ROLES = ("compliance", "legal", "product")


@cache
@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    path = Path(__file__).parents[2] / "config" / "flows" / "asset_review.toml"
    return read_words(FLOW, tomllib.loads(path.read_text(encoding="utf-8")))


def version(version_id: str = V2) -> dict[str, JsonValue]:
    """A version of the master file; its number is the digit that its id repeats."""
    return {"id": version_id, "number": int(version_id[0]), "label": "", "sha256": f"hash-{version_id[0]}"}


def asset(state: str = "submitted", *, at: datetime = NOW, latest: str = V2, **values: JsonValue) -> Snapshot:
    """A record as it was read, with no OpenText-owned field set; latest "" is one without a file."""
    known = words()
    told: dict[str, JsonValue] = {
        **dict.fromkeys(known.fields, ""),
        "name": "Hero banner",
        "campaign": "SPRING-26",
        "product": "Oat drink",
        "claims": "Half the sugar",
        "owner": OWNER,
        "editor": OWNER,
        "state": state,
        "state_id": known.states.get(state, "On hold"),
        "state_name": known.states.get(state, "On hold"),
        "type_id": "Asset",
        "file_version": version(latest) if latest else None,
        "preview_link": "https://preview.example.test/0a1b?signed",
        **values,
    }
    wire = {word.wire: told[name] for name, word in known.fields.items()}
    return Snapshot(want=ITEM_WANT, read_at=at, version=at.isoformat(), values=told, wire=wire)


def file_version(*said: CommentRead, version_id: str = V2, at: datetime = NOW) -> Snapshot:
    """A file version with what people say of it."""
    return Snapshot(want=versions.want(FLOW, version_id), read_at=at, version=version_id, comments=said)


def task(
    key: str,
    outcome: str | None = None,
    *,
    comment: str = "",
    due: datetime | None = None,
    by: str = "",
    opened: datetime = NOW,
    gone: str = "",
    description: str = "",
) -> TaskRead:
    """A task of the process: open, decided with an outcome an hour later, or taken away with a reason."""
    is_over = outcome is not None or bool(gone)
    return TaskRead(
        task_id=f"task-{key}",
        definition_key=key,
        name=key,
        assignee=by or (f"{key}.one@example.test" if outcome is not None else ""),
        opened_at=opened,
        due_at=due or NOW + timedelta(days=3),
        ended_at=opened + timedelta(hours=1) if is_over else None,
        delete_reason=gone,
        outcome=outcome,
        comment=comment,
        description=description,
    )


def reviews(outcome: str | None = None, **others: str | None) -> tuple[TaskRead, ...]:
    """The three reviews, all alike but those that are named."""
    return tuple(task(key, others.get(key, outcome)) for key in ROLES)


def process(
    *tasks: TaskRead,
    at: datetime = NOW,
    ended: datetime | None = None,
    reason: str = "",
    comments: tuple[CommentRead, ...] = (),
    instance: str = INSTANCE,
    revision: int = 1,
    **variables: JsonValue,
) -> Snapshot:
    """The process of a revision as it was read: the first one, about version 2, unless told otherwise."""
    read = ProcessRead(
        instance_id=InstanceId(instance),
        process_key="assetReview",
        business_key=KEY,
        started_at=NOW,
        ended_at=ended,
        delete_reason=reason,
        variables={
            "signoffEffect": f"start:{FLOW}:{KEY}:{revision}",
            "fileVersionId": V2,
            "fileVersionNumber": "2",
            "feedback": "",
            **variables,
        },
        tasks=tasks,
        comments=comments,
    )
    want = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=instance)
    return Snapshot(want=want, read_at=at, process=read)


def event(side: Side = Side.APRIMO, kind: str = "", **changes: object) -> Event:
    """A look at one side of the record; `kind` names another type."""
    usual = "aprimo.record.updated" if side is Side.APRIMO else "opentext.workflow.task.completed"
    made = briefs.event(side, kind or usual, flow=FLOW, subject=KEY, line_key=LINE, id=EventId("ev-1"))
    return replace(made, **changes)  # type: ignore[arg-type]  # Tests name real fields.


def no_link() -> Link:
    """A record nobody has told us of."""
    return Link(id=None, flow=FLOW, business_key=KEY)


def plan(link: Link, *snapshots: Snapshot, what: Event | None = None, by: FlowWords | None = None) -> Plan:
    """What flow 2 plans; the event looks at the first snapshot's side unless another is given."""
    read: Mapping[Want, Snapshot] = {snapshot.want: snapshot for snapshot in snapshots}
    head = what or event(snapshots[0].want.side)
    known = by or words()
    return guarded(asset_review.plan(head, read, link, known), head, read, link, known)


def after(link: Link, *snapshots: Snapshot, what: Event | None = None, instance: str = INSTANCE) -> Link:
    """The link after a look, carried and settled."""
    return briefs.applied(link, plan(link, *snapshots, what=what).changes, instance)


def in_review(**values: JsonValue) -> Link:
    """The link of a record whose first revision was started and settled, about version 2."""
    return after(no_link(), asset(**values))


def shown(
    link: Link, state: str = "submitted", *, at: datetime = NOW, latest: str = V2, **values: JsonValue
) -> Snapshot:
    """The record as it reads after everything agreed was written; `values` are then changed by hand."""
    agreed = {name: known.value for name, known in link.agreed.items() if name in words().fields}
    return asset(state, at=at, latest=latest, **{**agreed, **values})
