"""Tasks, commitments and generic objects: one schema and one translation for what is no activity and no project.

What Aprimo's pages say of them is less than of activities, so only the id is demanded; the rest is the tenant's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields

from pipeline.aprimo.schemas import AprimoSchema, Person, flat, object_id
from pipeline.aprimo.translate import as_json, field_value, integer, is_same, money
from pipeline.aprimo.wire import ObjectKind
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.plan import Snapshot, Want
from pipeline.transport.times import Instant, instant, sortable
from pipeline.words import JsonValue

TASK_STATUS = "workFlowTaskStatus"
"""The key in live use; an SDK types `status`, and both are accepted."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """An object as read. values: every field by its wire name, extended attributes as `extrAttr<id>`.

    modified_at: None where the kind does not say.
    """

    object_id: int
    modified_at: datetime | None
    modified_by: int | None
    values: Mapping[str, Any]
    raw: Mapping[str, Any]


class StampSchema(AprimoSchema):
    """When an object changed and by whom. Source: public clients; generic objects are shown without both."""

    modified_at = Instant(load_default=None, allow_none=True, data_key="modifiedDate")
    modified_by = fields.Integer(load_default=None, allow_none=True, data_key="modifiedUser")


def load_row(body: Mapping[str, Any], kind: ObjectKind, *, ea_value_key: str) -> Row:
    """An object. Raises ValidationError."""
    stamp = StampSchema().load(body)
    return Row(
        object_id=object_id(body, kind.id_key), values=flat_object(body, kind, ea_value_key), raw=body, **stamp
    )


def flat_object(body: Mapping[str, Any], kind: ObjectKind, ea_value_key: str) -> dict[str, Any]:
    """All fields by wire name; a task's status under one name, whichever of the two it came by."""
    values = flat(body, ea_value_key)
    if kind.resource == "tasks" and TASK_STATUS not in values and "status" in values:
        values[TASK_STATUS] = values["status"]
    return values


def people_in(row: Row, want: Want, words: FlowWords) -> frozenset[int]:
    """The ids of users whom the flow's fields name; none where the object is not the flow's own item."""
    if want.kind != words.object_kind:
        return frozenset()
    wires = [word.wire for word in words.fields.values() if word.type is FieldType.USER]
    return frozenset(number for wire in wires if (number := integer(row.values.get(wire))) is not None)


def snapshot(
    want: Want, row: Row, words: FlowWords, people: Mapping[int, Person], read_at: datetime, *, status: str
) -> Snapshot:
    """An object as the flow sees it.

    The flow's own item: the fields of its TOML, `state` and `state_id`. Any other object: every field by its wire
    name. Both: `status` (the tenant's own name of it, "" where none is known) and `modified_by`.
    """
    values: dict[str, JsonValue] = dict(row.values)
    if want.kind == words.object_kind:
        values = {
            name: field_value(word, row.values.get(word.wire), words, people) for name, word in words.fields.items()
        }
        state_id = integer(row.values.get(words.state_wire))
        values |= {"state": words.state_word(state_id), "state_id": state_id, "type_id": None}
    values |= {"status": status, "modified_by": row.modified_by, **_spent_for(want, row)}
    version = sortable(row.modified_at) if row.modified_at else ""
    wire = {name: as_json(value) for name, value in row.values.items()}
    return Snapshot(
        want=want, read_at=read_at, version=version, values=values, wire=wire, created_at=_created_at(want, row)
    )


def _created_at(want: Want, row: Row) -> datetime | None:
    """When a commitment was made: of no other kind the pages show a time for that."""
    said = row.values.get("createdDate") if want.kind == "commitment" else None
    try:
        return instant(str(said)) if said else None
    except ValueError:
        return None


def _spent_for(want: Want, row: Row) -> dict[str, JsonValue]:
    """`activities`: the ids of the activities that a commitment's items are for, each once, in order."""
    if want.kind != "commitment":
        return {}
    items = row.values.get("commitmentItems")
    ids = (
        [integer(each.get("activityId")) for each in items if isinstance(each, dict)]
        if isinstance(items, list)
        else []
    )
    return {"activities": [*sorted({each for each in ids if each is not None})]}


def holds(now: object, expected: object) -> bool:
    """Whether what is expected of a field is true: as `is_same`, and `12000.0` is the 12000.00 that was shown."""
    return is_same(now, expected) or money(now) == money(expected)
