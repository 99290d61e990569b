"""Values of flow 3 for tests: shipped words, a request as Aprimo shows it, a process as OpenText's history does."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pipeline.events import Event
from pipeline.flows import content_production
from pipeline.flows.reading import read_words
from pipeline.flows.shared.loops import guarded
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import CommentRead, Link, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import InstanceId, JsonValue, Side
from tests.support import briefs
from tests.support.briefs import applied

FLOW = "content_production"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""
WANTED = "2026-03-13T00:00:00Z"
"""The Friday after next. With languages the copy is due on the 3rd, the design on the 6th, then the 10th and 12th."""
KIND = "generic_object_charlie"
KEY = aprimo_key(KIND, 71)
INSTANCE = InstanceId("instance-1")
ITEM_WANT = Want(flow=FLOW, side=Side.APRIMO, kind=KIND, object_id="71")
PROCESS_WANT = Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=INSTANCE)
STATE_IDS = {"draft": 1, "submitted": 2, "produced": 3, "withdrawn": 4, "cancelled": 5}
OWNER = {"id": 88, "email": "requester.one@example.test", "name": "Requester One"}
DUES = {
    "copywriting": datetime(2026, 3, 3, 16, 0, tzinfo=UTC),
    "design": datetime(2026, 3, 6, 16, 0, tzinfo=UTC),
    "translation": datetime(2026, 3, 10, 16, 0, tzinfo=UTC),
    "localization": datetime(2026, 3, 12, 16, 0, tzinfo=UTC),
    "qa": datetime(2026, 3, 13, 16, 0, tzinfo=UTC),
}
LANGUAGES = ("de", "fr")
DUE_VARIABLES: Mapping[str, JsonValue] = {f"{step}Due": f"{due:%Y-%m-%dT%H:%M:%SZ}" for step, due in DUES.items()}


def shipped() -> dict[str, object]:
    """The parsed file that Signoff ships for flow 3."""
    path = Path(__file__).parents[2] / "config" / "flows" / f"{FLOW}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _shipped_words() -> FlowWords:
    return read_words(FLOW, shipped())


def words(**changes: object) -> FlowWords:
    """The words of the shipped file."""
    return replace(_shipped_words(), **changes)  # type: ignore[arg-type]  # Tests name real fields.


def request(state: str = "submitted", *, at: datetime = NOW, **values: JsonValue) -> Snapshot:
    """A request as it was read: two languages, no OpenText-owned field set."""
    told: dict[str, JsonValue] = {
        "name": "Spring page",
        "brief": "A page for the offer.",
        "wanted": WANTED,
        "languages": [*LANGUAGES],
        "owner": OWNER,
        "remark": "",
        "state": state,
        "state_id": STATE_IDS.get(state, 6),
        "type_id": None,
        "modified_by": 88,
        **values,
    }
    wire = {word.wire: told[name] for name, word in words().fields.items() if name in told}
    return Snapshot(want=ITEM_WANT, read_at=at, version=at.isoformat(), values=told, wire=wire)


def task(
    step: str,
    outcome: str | None = None,
    *,
    part: str = "",
    turn: int = 1,
    opened: datetime = NOW,
    ended: datetime | None = None,
    due: datetime | None = None,
    by: str = "",
    gone: str = "",
) -> TaskRead:
    """A task of the process: open, done with an answer, or taken away with a reason."""
    is_over = outcome is not None or gone
    return TaskRead(
        task_id=f"task-{step}{'-' + part if part else ''}-{turn}",
        definition_key=step,
        category=part,
        assignee=by or (f"{step}.one@example.test" if outcome is not None else ""),
        opened_at=opened,
        due_at=due or DUES[step],
        ended_at=(ended or opened + timedelta(hours=1)) if is_over else None,
        delete_reason=gone,
        outcome=outcome,
    )


def done(*steps: str, turn: int = 1, since: datetime = NOW) -> tuple[TaskRead, ...]:
    """Steps that were done one after the other, an hour each; repeated ones for both languages."""
    tasks = []
    for place, step in enumerate(steps):
        opened = since + timedelta(hours=place)
        parts = LANGUAGES if step in {"translation", "localization"} else ("",)
        tasks += [task(step, "done", part=part, turn=turn, opened=opened) for part in parts]
    return tuple(tasks)


def process(
    *tasks: TaskRead,
    at: datetime = NOW,
    ended: datetime | None = None,
    reason: str = "",
    comments: tuple[CommentRead, ...] = (),
    **variables: JsonValue,
) -> Snapshot:
    """The process of the first revision as it was read."""
    read = ProcessRead(
        instance_id=INSTANCE,
        process_key="contentProduction",
        business_key=KEY,
        started_at=NOW,
        ended_at=ended,
        delete_reason=reason,
        variables={
            "signoffEffect": f"start:{FLOW}:{KEY}:1",
            "languages": [*LANGUAGES],
            "wantedDate": WANTED,
            **DUE_VARIABLES,
            **variables,
        },
        tasks=tasks,
        comments=comments,
    )
    return Snapshot(want=PROCESS_WANT, read_at=at, process=read)


def event(side: Side = Side.APRIMO, kind: str = "", **changes: object) -> Event:
    """A look at one side; `kind` names another type."""
    of_flow = {"flow": FLOW, "subject": KEY, "line_key": line_key(FLOW, KEY), "time": NOW, "accepted_at": NOW}
    return briefs.event(side, kind, **{**of_flow, **changes})


def no_link() -> Link:
    """An item nobody has told us of."""
    return Link(id=None, flow=FLOW, business_key=KEY)


def plan(link: Link, *snapshots: Snapshot, what: Event | None = None, by: FlowWords | None = None) -> Plan:
    """What flow 3 plans; the event looks at the first snapshot's side unless another is given."""
    read = {snapshot.want: snapshot for snapshot in snapshots}
    head = what or event(snapshots[0].want.side)
    known = by or words()
    return guarded(content_production.plan(head, read, link, known), head, read, link, known)


def in_production(*, by: FlowWords | None = None, **values: JsonValue) -> Link:
    """The link of a request whose first revision was started and settled."""
    return applied(no_link(), plan(no_link(), request(**values), by=by).changes)


def seen(link: Link, *snapshots: Snapshot) -> Link:
    """The link after a look, carried and settled."""
    return applied(link, plan(link, *snapshots).changes)


def shown(link: Link, state: str = "submitted", *, at: datetime = NOW, **values: JsonValue) -> Snapshot:
    """The request as it reads after everything agreed was written; `values` are then changed by hand."""
    agreed = {name: known.value for name, known in link.agreed.items() if name in words().fields}
    return request(state, at=at, **{**agreed, **values})


def written(made: Plan) -> dict[str, JsonValue]:
    """What a plan writes into Aprimo, by our field names; the state as our word. Nothing where it does not write."""
    known = words()
    by_wire = {word.wire: name for name, word in known.fields.items()} | {known.state_wire: "state"}
    for command in made.commands:
        if command.KIND == "pm.set_fields":
            fields: Mapping[str, JsonValue] = command.fields  # type: ignore[attr-defined]  # It is a SetFields.
            named = {by_wire[wire]: value for wire, value in fields.items()}
            return named | ({"state": known.state_word(named["state"])} if "state" in named else {})
    return {}
