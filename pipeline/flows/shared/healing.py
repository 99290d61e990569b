"""Healing: a difference that a person or reconciliation wants mended, and the way back. Alike in every flow.

A heal writes one value over another, ends the process that is one too many, or has the flow look again: it decides
nothing. It writes only over what was seen when the difference was found. What was written over can be had back as
long as nobody has changed it since; it is left alone from then on. Where only a decision puts an item, nothing is had
back, and nothing is approved again whose version is another one now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline import ownership
from pipeline.commands import Command, EndProcess, SetRecord, SetVariables
from pipeline.differences import HAND_EDITS, STATE, Cause
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.agreements import Agreement
from pipeline.flows.shared import endings, filing, looking, loops, versions
from pipeline.flows.shared.case import OURS
from pipeline.flows.shared.comparing import (
    expected_variable,
    shown_state,
    variable_name,
)
from pipeline.flows.shared.sides import role_of, words_of_key
from pipeline.flows.shared.values import same, text
from pipeline.flows.shared.writing import BY_US, approved_content, as_wire, set_fields, status_holds
from pipeline.flows.tenant import FieldType, FlowWords
from pipeline.keys import kind_of, split_aprimo_key
from pipeline.plan import Link, LinkChanges, Plan, ProcessRead, Snapshot, Snapshots, Want, deliver, ignore
from pipeline.words import JsonValue, Side

CHANGED = "changed_since"
"""Somebody changed either side since the difference was found, or since it was healed: nothing is written over."""
NOT_OURS = "not_ours_to_write"
NOT_UNDOABLE = "not_undoable"
_DONE = "unchanged"
_IN_OPENTEXT = frozenset({Cause.EDITED_IN_OPENTEXT})


def is_heal(event: Event) -> bool:
    """Whether an event is a heal, or the way back from one."""
    return event.type in {facts.HEAL, facts.UNDO}


def is_by_person(event: Event) -> bool:
    """Whether a person asked for it: then no count of how often it was written stands against it."""
    return is_heal(event) and text(event.data.get("by")) not in {"", BY_US}


def as_look(event: Event) -> Event:
    """An event as the flow is to plan it: a heal that writes nothing by itself is a look at both sides.

    What is gone is told to be gone, as its own source would have told it.
    """
    if event.type != facts.HEAL:
        return event
    kind = kind_of(event.subject)
    is_gone = event.data.get("cause") == Cause.ITEM_DELETED and kind
    look = f"aprimo.{kind}.deleted" if is_gone else facts.LOOK_AGAIN
    return replace(event, type=look, stale_count=max(event.stale_count, 1))


def wants(
    event: Event, link: Link | None, words: FlowWords, agreements: Sequence[Agreement]
) -> tuple[Want, ...] | None:
    """What a heal reads: the side that it writes. None where the flow's own look says what to read."""
    cause = event.data.get("cause")
    if link is None or not is_heal(event):
        return None
    if cause in HAND_EDITS:
        item = item_want(link, words, agreements)
        return (item,) if item else ()
    if cause == Cause.PROCESS_DOUBLED:
        return tuple(_process_want(each, words) for each in _instances(event))
    if cause in _IN_OPENTEXT or event.type == facts.UNDO:
        live = link.live_process()
        return (_process_want(live.instance_id, words),) if live and live.instance_id else ()
    return None


def plan(
    event: Event, snapshots: Snapshots, link: Link, words: FlowWords, agreements: Sequence[Agreement]
) -> Plan | None:
    """What a heal, or the way back, does. None where the flow plans it, as a look at both sides."""
    if not is_heal(event):
        return None
    heal = _Heal(event=event, snapshots=snapshots, link=link, words=words, agreements=tuple(agreements))
    cause, is_undo = event.data.get("cause"), event.type == facts.UNDO
    if cause in HAND_EDITS:
        return _in_aprimo(heal, is_undo=is_undo)
    if cause in _IN_OPENTEXT or (cause == Cause.EDITED_IN_BOTH and is_undo):
        return _in_opentext(heal, is_undo=is_undo)
    if is_undo or (cause == Cause.EDITED_IN_BOTH and _is_another_there(heal)):
        return ignore(NOT_UNDOABLE if is_undo else CHANGED)
    if cause == Cause.PROCESS_DOUBLED:
        return _end_others(heal)
    return _begin_again(heal) if cause == Cause.PROCESS_MISSING else None


def item_want(link: Link, words: FlowWords, agreements: Sequence[Agreement]) -> Want | None:
    """How the item of a link is read, the object of a part in its own role; None where it has none in Aprimo."""
    kind, role = kind_of(link.item_key), role_of(link.business_key, agreements)
    if not kind or (role and not link.item):
        return None
    _, object_id, _ = split_aprimo_key(link.item_key)
    return Want(flow=words.flow, side=Side.APRIMO, kind=kind, object_id=object_id, role=role)


@dataclass(frozen=True, kw_only=True)
class _Heal:
    """One heal with what was read for it."""

    event: Event
    snapshots: Snapshots
    link: Link
    words: FlowWords
    agreements: tuple[Agreement, ...]

    @property
    def field(self) -> str:
        """What differs."""
        return text(self.event.data.get("field"))

    @property
    def former(self) -> JsonValue:
        """What is, or was, written over."""
        return self.event.data.get("seen")

    @property
    def agreed(self) -> JsonValue:
        """What both agree on."""
        return self.link.agreed_value(self.field)

    @property
    def now(self) -> datetime:
        """When it was read."""
        return max((each.read_at for each in self.snapshots.values()), default=self.event.time)


# ---- one value over another ----------------------------------------------------------------------------------------


def _in_aprimo(heal: _Heal, *, is_undo: bool) -> Plan:
    """What we show stands in Aprimo again, or what a person had put there."""
    view = words_of_key(heal.link.business_key, heal.words, heal.agreements)
    want = item_want(heal.link, heal.words, heal.agreements)
    item = heal.snapshots.get(want) if want else None
    if item is None or item.is_absent:
        return ignore(looking.GONE)
    target, expected = (heal.former, heal.agreed) if is_undo else (heal.agreed, heal.former)
    kind = FieldType.TEXT if heal.field == STATE else _type(view, heal.field)
    current = _current(heal, item, view)
    why = _why_not(heal, current, target=target, expected=expected, kind=kind)
    if heal.field == STATE and is_undo and ownership.state_owner(view, text(target)) is Side.OPENTEXT:
        why = why or NOT_UNDOABLE
    approved = _version_of(heal, text(target)) if heal.field in {STATE, ownership.STATUS} else ""
    content = approved_content(heal.link, text(target), view) if heal.field == STATE else {}
    if (approved and approved != versions.latest_id(item)) or not content.items() <= item.wire.items():
        why = why or CHANGED
    if why:
        return ignore(why)
    if heal.field in filing.KINDS:
        return _filed(heal, item, filing.towards(heal.field, current, target), is_undo=is_undo)
    wire, value = _as_written(view, heal.field, target)
    if not wire:
        return ignore(NOT_OURS)
    wires = {wire: item.values.get("state_id")} if heal.field == STATE else item.wire
    expects = {wire: wires[wire]} if wire in wires else {}
    expects |= {**(versions.expected(approved) if approved else {}), **content}
    object_kind, object_id, _ = split_aprimo_key(heal.link.item_key)
    command = set_fields(object_kind, object_id, {wire: value}, expects)
    return deliver(command, changes=_left(heal, command, wire, view) if is_undo else LinkChanges())


def _current(heal: _Heal, item: Snapshot, view: FlowWords) -> JsonValue:
    """What Aprimo shows now."""
    if heal.field in filing.KINDS:
        return filing.shown(item, heal.field, heal.agreed, view)
    return shown_state(item) if heal.field == STATE else item.values.get(heal.field)


def _filed(heal: _Heal, item: Snapshot, change: filing.Filing, *, is_undo: bool) -> Plan:
    """The record is filed as both agree, or as a person had filed it."""
    object_kind, object_id, _ = split_aprimo_key(heal.link.item_key)
    write = set_fields(object_kind, object_id, {}, filing.expected(item, heal.field))
    if not isinstance(write, SetRecord):
        return ignore(NOT_OURS)
    command = filing.of(write, change)
    left = _left_as(heal, command, heal.field, heal.agreed) if is_undo else LinkChanges()
    return deliver(command, changes=left, holds=status_holds((command,)))


def _in_opentext(heal: _Heal, *, is_undo: bool) -> Plan:
    """A variable is again what Aprimo says, or what somebody in OpenText had made of it."""
    live = heal.link.live_process()
    read = _process(heal, live.instance_id if live else None)
    variable = variable_name(heal.field, heal.words, heal.agreements)
    if read is None or read.ended_at is not None:
        return ignore(CHANGED)
    if not variable:
        return ignore(NOT_OURS)
    carried = expected_variable(heal.field, heal.agreed, heal.words)
    target, expected = (heal.former, carried) if is_undo else (carried, heal.former)
    kind = FieldType.LIST if isinstance(target, list) else FieldType.TEXT
    why = _why_not(heal, read.variables.get(variable), target=target, expected=expected, kind=kind)
    if why:
        return ignore(why)
    seen = {variable: read.variables[variable]} if variable in read.variables else {}
    command = SetVariables(instance_id=read.instance_id, variables={variable: target}, expects=seen)
    return deliver(command, changes=_left(heal, command, variable, heal.words) if is_undo else LinkChanges())


def _is_another_there(heal: _Heal) -> bool:
    """Whether the variable holds something else than was seen: what is carried over it could not be had back."""
    live = heal.link.live_process()
    read = _process(heal, live.instance_id if live else None)
    variable = variable_name(heal.field, heal.words, heal.agreements)
    return read is not None and bool(variable) and not same(read.variables.get(variable), heal.former)


def _why_not(heal: _Heal, current: JsonValue, *, target: JsonValue, expected: JsonValue, kind: FieldType) -> str:
    """Why nothing is written: it is there already, or something else is than was to be written over."""
    is_both = heal.event.type == facts.UNDO and heal.event.data.get("cause") == Cause.EDITED_IN_BOTH
    if not same(heal.agreed, heal.event.data.get("aprimo" if is_both else "agreed"), kind):
        return CHANGED
    if same(current, target, kind):
        return _DONE
    return "" if same(current, expected, kind) else CHANGED


def _version_of(heal: _Heal, state: str) -> str:
    """The file version that must be the latest in a state, as both agreed on it; "" for none."""
    names = [each.version for each in heal.agreements if state in each.states and each.version]
    return next((known for name in names if (known := text(heal.link.agreed_value(name)))), "")


def _as_written(view: FlowWords, field: str, value: JsonValue) -> tuple[str, JsonValue]:
    """The name and value of a write; no name where it is not ours to write."""
    if field == STATE:
        can_write = ownership.may_write_state(view, text(value)) and view.object_kind not in ownership.BY_VERB
        is_known = text(value) in view.states
        return (view.state_wire, view.states[text(value)]) if can_write and is_known else ("", None)
    word = view.fields.get(field)
    if word is None or ownership.owned(view, field).owner is not Side.OPENTEXT:
        return "", None
    return word.wire, as_wire(word, value, view)


def _left(heal: _Heal, command: Command, name: str, view: FlowWords) -> LinkChanges:
    """What a person had back is not written over again: it counts as what our last write wrote over."""
    written = expected_variable(heal.field, heal.agreed, view)
    if command.SIDE is Side.APRIMO:
        _, written = _as_written(view, heal.field, heal.agreed)
    return _left_as(heal, command, name, written)


def _left_as(heal: _Heal, command: Command, name: str, written: JsonValue) -> LinkChanges:
    given = loops.fields_of(command).get(name, heal.former)
    known = loops.left(given, field=heal.field, written=written, revision=heal.link.revision, at=heal.now)
    return LinkChanges(loops={loops.key_of(command, name): known})


def _type(view: FlowWords, field: str) -> FieldType:
    word = view.fields.get(field)
    return word.type if word else filing.KINDS.get(field, FieldType.TEXT)


# ---- processes -----------------------------------------------------------------------------------------------------


def _end_others(heal: _Heal) -> Plan:
    """Of several processes that live the one that is ours goes on; the others end."""
    live = heal.link.live_process()
    read = [process for each in _instances(heal.event) if (process := _process(heal, each)) is not None]
    living = [
        each.instance_id for each in read if each.ended_at is None and each.business_key == heal.link.business_key
    ]
    if live is None or live.instance_id not in living:
        return ignore(CHANGED)
    others = [each for each in living if each != live.instance_id]
    ending = [EndProcess(instance_id=each, reason="One too many" + OURS) for each in others]
    return deliver(*ending) if ending else ignore(_DONE)


def _begin_again(heal: _Heal) -> Plan | None:
    """A process that is nowhere any more is over, and a fact of ours begins the next; else it is looked at."""
    view = words_of_key(heal.link.business_key, heal.words, heal.agreements)
    case = looking.gather(heal.event, heal.snapshots, heal.link, view)
    live = heal.link.live_process()
    if live is None:
        return deliver(follow_ups=(endings.start_again(case),))
    is_nowhere = any(each.is_absent and want.object_id == live.instance_id for want, each in heal.snapshots.items())
    return replace(endings.restart(case), commands=()) if is_nowhere else None


def _instances(event: Event) -> tuple[str, ...]:
    """The processes that a difference names as living."""
    named = event.data.get("opentext")
    every = named if isinstance(named, list) else [named]
    return tuple(text(each) for each in every if each)


def _process(heal: _Heal, instance_id: str | None) -> ProcessRead | None:
    read = heal.snapshots.get(_process_want(instance_id, heal.words)) if instance_id else None
    return read.process if read else None


def _process_want(instance_id: str, words: FlowWords) -> Want:
    return Want(flow=words.flow, side=Side.OPENTEXT, kind="process", object_id=instance_id)
