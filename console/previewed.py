"""What a preview shows: the verdict, and each command with what it would change, by our names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.tables import Table
from pipeline import ownership
from pipeline.commands import Command, CreateObject, CreateRecord, SetFields, SetRecord
from pipeline.flows.tenant import RECORD, FlowWords
from pipeline.plan import Snapshot
from pipeline.preview import Preview
from pipeline.words import JsonValue

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


def changes(command: Command, seen: Preview, words: FlowWords) -> list[Change]:
    """Everything that a command would set, in its own order."""
    found = [*_settings(command, seen), *_fields(command, seen, words)]
    return [*found, *_variables(command, seen)]


def as_json(seen: Preview, words: FlowWords) -> dict[str, Any]:
    """The preview for programs."""
    plan, link = seen.plan, seen.link
    return {
        "flow": words.flow,
        "item": link.business_key,
        "known": None if link.id is None else {"state": link.state, "revision": link.revision},
        "read": [_object(each) for each in seen.read.values()],
        "verdict": plan.verdict,
        "reason": plan.reason,
        "hint": plan.hint,
        "commands": [
            {
                "command": command.KIND,
                "system": command.SIDE,
                "target": command.target(),
                "changes": [vars(change) for change in changes(command, seen, words)],
            }
            for command in plan.commands
        ],
        "told": [vars(notice) for notice in plan.changes.notices],
    }


def as_tables(seen: Preview, words: FlowWords) -> tuple[Table, ...]:
    """The preview for people."""
    plan, link = seen.plan, seen.link
    facts = (
        ("flow", words.flow),
        ("item", link.business_key),
        ("known", "no" if link.id is None else f"{link.state or 'not in approval'}, revision {link.revision}"),
        ("read", ", ".join(map(_object, seen.read.values())) or "nothing"),
        ("verdict", plan.verdict),
        ("reason", plan.reason),
        ("hint", plan.hint),
        *(("told", f"{notice.person or 'operators'}: {notice.text}") for notice in plan.changes.notices),
    )
    return (
        Table(title="Preview", rows=tuple(fact for fact in facts if fact[1])),
        Table(
            title="Would be sent",
            columns=("command", "target", "what", "name", "now", "then"),
            rows=tuple(_rows(plan.commands, seen, words)),
        ),
    )


def _rows(commands: Iterable[Command], seen: Preview, words: FlowWords) -> Iterator[tuple[object, ...]]:
    for command in commands:
        found = changes(command, seen, words) or [Change(what="", name="", now=None, then=None)]
        for change in found:
            yield (command.KIND, command.target(), change.what, change.name, _text(change.now), _text(change.then))


def _settings(command: Command, seen: Preview) -> Iterator[Change]:
    """What a command says beside fields and variables; nothing where it says nothing of it."""
    values = {each.name: getattr(command, each.name) for each in dataclasses.fields(command)}
    item = _read_of(command, seen)
    now = item.values.get("record_status") if isinstance(command, SetRecord) and item else None
    for name, value in values.items():
        if name not in _OTHERWISE | _IN_TARGET and value not in ("", (), None):
            then = list(value) if isinstance(value, tuple) else value
            yield Change(what="setting", name=name, now=now if name == "status" else None, then=then)


def _fields(command: Command, seen: Preview, words: FlowWords) -> Iterator[Change]:
    item = _read_of(command, seen)
    views = ownership.views(words, _kind(command))
    for wire, value in _mapping(command, "fields").items():
        view = next((view for view in views if wire in view.wire_names()), None)
        if view is not None and wire == view.state_wire:
            now = item.values.get("state_id") if item else command.expects.get(wire)
            yield Change(what="field", name="state", now=_state(view, now), then=_state(view, value))
        else:
            now = item.wire.get(wire) if item else command.expects.get(wire)
            yield Change(what="field", name=_name(wire, view), now=now, then=value)


def _variables(command: Command, seen: Preview) -> Iterator[Change]:
    process = next((each.process for each in seen.read.values() if each.process is not None), None)
    is_read = process is not None and process.instance_id == getattr(command, "instance_id", None)
    known = process.variables if process is not None and is_read else {}
    secret = getattr(command, "secret_variables", ())
    for name, value in _mapping(command, "variables").items():
        then = SECRET if name in secret else value
        yield Change(what="variable", name=name, now=None if name in secret else known.get(name), then=then)


def _kind(command: Command) -> str:
    """The kind of Aprimo object that a command sets fields of."""
    match command:
        case SetFields(object_kind=kind) | CreateObject(object_kind=kind):
            return kind
        case SetRecord() | CreateRecord():
            return RECORD
        case _:
            return ""


def _read_of(command: Command, seen: Preview) -> Snapshot | None:
    """The object of a command as it was read."""
    object_id = str(getattr(command, "object_id", getattr(command, "record_id", "")))
    wanted = (_kind(command), object_id)
    return next((each for each in seen.read.values() if (each.want.kind, each.want.object_id) == wanted), None)


def _mapping(command: Command, name: str) -> Mapping[str, JsonValue]:
    value = getattr(command, name, None)
    return value if isinstance(value, Mapping) else {}


def _name(wire: str, view: FlowWords | None) -> str:
    words = view.fields.values() if view else ()
    return next((word.name for word in words if word.wire == wire), wire)


def _state(view: FlowWords, value: JsonValue) -> str:
    """A state by our word and as Aprimo stores it, e.g. `submitted (2)`."""
    word = view.state_word(value)
    return f"{word} ({value})" if word else _text(value)


def _object(snapshot: Snapshot) -> str:
    want = snapshot.want
    return f"{want.kind} {want.object_id}" + (" (not there)" if snapshot.is_absent else "")


def _text(value: JsonValue) -> str:
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    return "" if value is None else str(value)
