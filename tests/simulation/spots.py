"""How every kind of command is planned: each at a spot of its own, so that its effect is told from all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.commands import (
    AddAnnotation,
    AddCheck,
    AddComment,
    AddToCollection,
    AddVersion,
    Assign,
    Command,
    CommitmentVerb,
    CompleteTask,
    CreateObject,
    CreateRecord,
    CreateTask,
    DropPublicLink,
    EndProcess,
    OrderLinks,
    ProjectVerb,
    RegisterPublicLink,
    RemoveFromCollection,
    SendMessage,
    SetFields,
    SetRecord,
    SetVariables,
    StartProcess,
    TaskVerb,
    UpdateTask,
    Upload,
)
from pipeline.keys import aprimo_key
from pipeline.words import EffectKey, JsonValue
from tests.support.memory.system import Change, System

FLOW = "every_kind"
THING = "thing"
MODEL = "everyKind"
_VALUES = frozenset({"pm.set_fields", "dam.set_record", "ot.set_variables", "ot.update_task", "ot.assign"})
"""Kinds that write a value of the item's one object, which the next version writes anew."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where one wanted command does its work. guard: a field that must be as it was read."""

    item: int
    version: int
    place: int
    guard: str = ""

    @property
    def number(self) -> int:
        """Unique among all spots of all items."""
        return self.item * 10_000 + self.version * 10 + self.place

    @property
    def value(self) -> str:
        """A value that only this spot sets; later spots' values are greater."""
        return f"{self.version:04}.{self.place}"

    @property
    def instance(self) -> str:
        """The process that belongs to the item."""
        return f"instance-of-{self.item}"


def _record(spot: Spot) -> str:
    return f"record-{spot.item}"


COMMANDS: Mapping[str, Callable[[Spot], Command]] = {
    "pm.set_fields": lambda spot: SetFields(
        object_kind=THING, object_id=spot.item, fields={"shown": spot.value}, expects={"guard": spot.guard}
    ),
    "pm.project_verb": lambda spot: ProjectVerb(verb="start", project_id=spot.number, revision=spot.version),
    "pm.commitment_verb": lambda spot: CommitmentVerb(
        verb="approve",
        committed_id=spot.number,
        revision=spot.version,
        expects={"commitmentStatus": 2, "totalAmount": "12.00"},
    ),
    "pm.task_verb": lambda spot: TaskVerb(verb="close", task_id=spot.number),
    "pm.add_annotation": lambda spot: AddAnnotation(
        asset_id=spot.item, version=1, origin="opentext", origin_id=spot.value, text="Seen"
    ),
    "pm.create_task": lambda spot: CreateTask(
        project_id=spot.item,
        name="Late",
        description="It is late.",
        business_key=aprimo_key(THING, spot.item),
        revision=spot.version,
        purpose=str(spot.place),
    ),
    "pm.create_object": lambda spot: CreateObject(
        object_kind="generic_object_alpha",
        reference_field="extrAttr360",
        reference=f"signoff:{spot.number}",
        fields={"name": "Late"},
    ),
    "dam.set_record": lambda spot: SetRecord(record_id=_record(spot), fields={"shown": spot.value}),
    "dam.add_check": lambda spot: AddCheck(
        record_id=_record(spot),
        file_version_id=f"file-{spot.item}",
        check="Brand",
        outcome="pass",
        description="Fine",
        origin=spot.value,
    ),
    "dam.create_record": lambda spot: CreateRecord(
        reference_field="reference",
        reference=f"signoff:{spot.number}",
        content_type="image",
        status="draft",
        classifications=("Localized",),
    ),
    "dam.add_version": lambda spot: AddVersion(
        record_id=_record(spot),
        file_id=f"file-{spot.number}",
        business_key=aprimo_key(THING, spot.item),
        revision=spot.version,
        upload=f"upload:{spot.number}",
    ),
    "dam.add_to_collection": lambda spot: AddToCollection(
        collection=f"collection-{spot.item}", record_ids=(f"new-{spot.number}",)
    ),
    "dam.remove_from_collection": lambda spot: RemoveFromCollection(
        collection=f"collection-{spot.item}", record_ids=(f"old-{spot.number}",)
    ),
    "dam.upload": lambda spot: Upload(
        business_key=aprimo_key(THING, spot.item),
        revision=spot.number,
        source="https://files.example.test/a.png",
        file_name=f"{spot.number}.png",
    ),
    "dam.order": lambda spot: OrderLinks(
        versions={_record(spot): f"file-{spot.number}"},
        business_key=aprimo_key(THING, spot.item),
        revision=spot.number,
    ),
    "dam.public_link": lambda spot: RegisterPublicLink(
        record_id=_record(spot),
        file_version_id=f"file-{spot.number}",
        rendition="web",
        uri=f"https://cdn.example.test/{spot.number}",
        provider="cdn",
        business_key=aprimo_key(THING, spot.item),
        revision=spot.version,
    ),
    "dam.drop_public_link": lambda spot: DropPublicLink(
        record_id=_record(spot), public_link_id=f"link-{spot.number}"
    ),
    "ot.start_process": lambda spot: StartProcess(
        flow=FLOW,
        process_key=MODEL,
        business_key=aprimo_key(THING, spot.item),
        revision=spot.number,
        name="Every kind",
        variables={},
    ),
    "ot.end_process": lambda spot: EndProcess(instance_id=f"instance-{spot.number}", reason="withdrawn (Signoff)"),
    "ot.set_variables": lambda spot: SetVariables(instance_id=spot.instance, variables={"shown": spot.value}),
    "ot.send_message": lambda spot: SendMessage(
        instance_id=spot.instance, activity_id="waits", message="escalate", marker=f"sent{spot.number}"
    ),
    "ot.add_comment": lambda spot: AddComment(
        instance_id=spot.instance, origin="aprimo", origin_id=spot.value, text="Seen"
    ),
    "ot.update_task": lambda spot: UpdateTask(
        task_id=f"changed-{spot.item}", fields={"description": spot.value}, expects={"category": ""}
    ),
    "ot.assign": lambda spot: Assign(verb="assign", task_id=f"changed-{spot.item}", user=spot.value),
    "ot.complete_task": lambda spot: CompleteTask(task_id=f"done-{spot.number}", outcome="done"),
}
"""How each kind is planned."""


def spots_of(item: int, wanted: object, *, after: int, guard: str = "") -> list[tuple[str, Spot]]:
    """What the versions after one want, in order."""
    versions = wanted if isinstance(wanted, Mapping) else {}
    return [
        (kind, Spot(item=item, version=int(version), place=place, guard=guard))
        for version, kinds in versions.items()
        if int(version) > after
        for place, kind in enumerate(kinds)
    ]


def without_overwritten(spots: Sequence[tuple[str, Spot]]) -> list[tuple[str, Spot]]:
    """Of values that one object has for a time, only the last: a flow never writes what is out of date already."""
    last = {kind: spot for kind, spot in spots if kind in _VALUES}
    return [(kind, spot) for kind, spot in spots if last.get(kind, spot) == spot]


def trace_of(change: Change) -> str:
    """What took effect, told in a way that no other spot's effect is."""
    return change.identity or f"{change.target} {sorted(change.values.items())}"


def expected_trace(system: System, command: Command) -> str:
    """What a command must have brought about exactly once in its system."""
    identity = system.doings[command.KIND].identity(command, EffectKey(""))
    return identity or f"{command.target()} {sorted(_values(command).items())}"


def _values(command: Command) -> Mapping[str, JsonValue]:
    match command:
        case SetFields() | SetRecord() | UpdateTask():
            return command.fields
        case SetVariables():
            return command.variables
        case Assign():
            return {"assignee": command.user}
        case AddToCollection():
            return {"added": [*command.record_ids]}
        case RemoveFromCollection():
            return {"removed": [*command.record_ids]}
        case Upload():
            return {}
    raise TypeError(f"no values of {command.KIND}")
