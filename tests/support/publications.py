"""Values of flow 6 for tests: the shipped words, a package and its records as Aprimo shows them, its process."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from pipeline.events import Event
from pipeline.flows.reading import read_words
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import Link, Snapshot, Want
from pipeline.words import EventId, InstanceId, JsonValue, Side
from tests.support import briefs
from tests.support.briefs import NOW

FLOW = "publication"
KIND = "generic_object_bravo"
KEY = aprimo_key(KIND, 7)
LINE = line_key(FLOW, KEY)
INSTANCE = InstanceId("instance-1")
ITEM_WANT = Want(flow=FLOW, side=Side.APRIMO, kind=KIND, object_id="7")
HERO, TEASER = "a" * 32, "b" * 32
V1, V2 = "1" * 32, "2" * 32


@cache
@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    path = Path(__file__).parents[2] / "config" / "flows" / "publication.toml"
    return read_words(FLOW, tomllib.loads(path.read_text(encoding="utf-8")))


def package(state: str = "submitted", *, at: datetime = NOW, **values: JsonValue) -> Snapshot:
    """A package of two records for one channel as it was read, with no OpenText-owned field set."""
    known = words()
    told: dict[str, JsonValue] = {
        **dict.fromkeys(known.fields, ""),
        "name": "Spring package",
        "records": [HERO, TEASER],
        "channels": ["Web"],
        "state": state,
        "state_id": known.states.get(state, 99),
        "state_name": state,
        **values,
    }
    wire = {word.wire: told[name] for name, word in known.fields.items()}
    return Snapshot(want=ITEM_WANT, read_at=at, version=at.isoformat(), values=told, wire=wire)


def record_want(record_id: str) -> Want:
    """A record of the package."""
    return Want(flow=FLOW, side=Side.APRIMO, kind="record", object_id=record_id, role="asset")


def record_values(latest: str = V1, **values: JsonValue) -> dict[str, JsonValue]:
    """What a record says whose latest version is approved."""
    return {
        "title": "Hero",
        "review": "Approved",
        "approval": "Approved",
        "approved_version": latest,
        "release_state": "",
        "record_status": "draft",
        "type_id": "Asset",
        "file_version": {"id": latest, "number": int(latest[-1]), "label": "", "sha256": ""},
        "classifications": [],
        **values,
    }


def record(record_id: str = HERO, latest: str = V1, *, at: datetime = NOW, **values: JsonValue) -> Snapshot:
    """A record as it was read."""
    return Snapshot(want=record_want(record_id), read_at=at, values=record_values(latest, **values))


def event(side: Side = Side.APRIMO, kind: str = "", **changes: object) -> Event:
    """A look at one side of the package; `kind` names another type."""
    usual = "aprimo.generic_object.updated" if side is Side.APRIMO else "opentext.workflow.task.completed"
    made = briefs.event(side, kind or usual, flow=FLOW, subject=KEY, line_key=LINE, id=EventId("ev-1"))
    return replace(made, **changes)  # type: ignore[arg-type]  # Tests name real fields.


def no_link() -> Link:
    """A package nobody has told us of."""
    return Link(id=None, flow=FLOW, business_key=KEY)
