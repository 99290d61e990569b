"""What a command would change: every value by our name, as it is now and as it would be; no secret."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline import ownership
from pipeline.commands import (
    Command,
    CommitmentVerb,
    CreateObject,
    CreateRecord,
    ProjectVerb,
    SetFields,
    SetRecord,
    TaskVerb,
)
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.plan import Snapshot, Snapshots, Want
from pipeline.words import JsonValue, Side

SECRET = "(secret)"  # noqa: S105 - What is shown in its place.
_IN_TARGET = frozenset({"flow", "object_kind", "object_id", "record_id", "instance_id"})
"""What a command's target says already."""
_OTHERWISE = frozenset({"expects", "undoes", "fields", "variables", "secret_variables"})
"""What is no row of its own: shown one by one, or a condition of the write."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value that a command would set. what: field, variable or setting; now: what was read, None for nothing."""

    what: str
    name: str
    now: JsonValue
    then: JsonValue


@dataclass(frozen=True, kw_only=True)
class PlannedCall:
    """A command as a person is shown it: what it is, where it goes, what it would change, and what else to know."""

    command: str
    system: Side
    target: str
    changes: tuple[Change, ...] = ()
    note: str = ""


def changes(command: Command, read: Snapshots, words: FlowWords) -> list[Change]:
    """Everything that a command would set, in its own order."""
    found = [*_settings(command, read), *_fields(command, read, words)]
    return [*found, *_variables(command, read)]


def target(command: Command, flow: str) -> Want | None:
    """The object that a command works on, as one reads it; None where it is made only then, or part of another."""
    kind, object_id = _target(command)
    return Want(flow=flow, side=command.SIDE, kind=kind, object_id=object_id) if object_id else None


def target_in(command: Command, read: Snapshots) -> Snapshot | None:
    """The object that a command works on, as it was read in whatever role; None where it was not."""
    wanted = target(command, "")
    if wanted is None:
        return None
    key = (wanted.side, wanted.kind, wanted.object_id)
    return next(
        (each for each in read.values() if (each.want.side, each.want.kind, each.want.object_id) == key), None
    )


def _settings(command: Command, read: Snapshots) -> Iterator[Change]:
    """What a command says beside fields and variables; nothing where it says nothing of it."""
    values = {each.name: getattr(command, each.name) for each in dataclasses.fields(command)}
    item = target_in(command, read)
    now = item.values.get("record_status") if isinstance(command, SetRecord) and item else None
    for name, value in values.items():
        if name not in _OTHERWISE | _IN_TARGET and value not in ("", (), None):
            then = list(value) if isinstance(value, tuple) else value
            yield Change(what="setting", name=name, now=now if name == "status" else None, then=then)


def _fields(command: Command, read: Snapshots, words: FlowWords) -> Iterator[Change]:
    item = target_in(command, read)
    views = ownership.views(words, _kind(command))
    for wire, value in _mapping(command, "fields").items():
        view = next((view for view in views if wire in view.wire_names()), None)
        if view is not None and wire == view.state_wire:
            now = item.values.get("state_id") if item else command.expects.get(wire)
            yield Change(what="field", name="state", now=_state(view, now), then=_state(view, value))
        else:
            now = item.wire.get(wire) if item else command.expects.get(wire)
            yield Change(what="field", name=_name(wire, view), now=now, then=value)


def _variables(command: Command, read: Snapshots) -> Iterator[Change]:
    instance_id = getattr(command, "instance_id", None)
    processes = (each.process for each in read.values() if each.process is not None)
    process = next((each for each in processes if each.instance_id == instance_id), None)
    known = process.variables if process is not None else {}
    secret = getattr(command, "secret_variables", ())
    for name, value in _mapping(command, "variables").items():
        then = SECRET if name in secret else value
        yield Change(what="variable", name=name, now=None if name in secret else known.get(name), then=then)


def _target(command: Command) -> tuple[str, str]:
    """Kind and id of the object that a command works on, "" for none."""
    match command:
        case SetFields(object_kind=kind, object_id=number):
            return kind, str(number)
        case CommitmentVerb(committed_id=number):
            return "commitment", str(number)
        case ProjectVerb(project_id=number):
            return "project", str(number)
        case TaskVerb(task_id=number):
            return "task", str(number)
        case Command(SIDE=Side.APRIMO):
            return RECORD, getattr(command, "record_id", "")
        case _:
            return "process", getattr(command, "instance_id", "")


def _kind(command: Command) -> str:
    """The kind of Aprimo object that a command sets fields of."""
    match command:
        case SetFields(object_kind=kind) | CreateObject(object_kind=kind):
            return kind
        case SetRecord() | CreateRecord():
            return RECORD
        case _:
            return ""


def _mapping(command: Command, name: str) -> Mapping[str, JsonValue]:
    value = getattr(command, name, None)
    return value if isinstance(value, Mapping) else {}


def _name(wire: str, view: FlowWords | None) -> str:
    words = view.fields.values() if view else ()
    return next((word.name for word in words if word.wire == wire), wire)


def _state(view: FlowWords, value: JsonValue) -> str:
    """A state by our word and as Aprimo stores it, e.g. `submitted (2)`."""
    word = view.state_word(value)
    return f"{word} ({value})" if word else as_text(value)


def as_text(value: JsonValue) -> str:
    """A value as one line."""
    if isinstance(value, list):
        return "; ".join(map(as_text, value))
    return "" if value is None else str(value)
