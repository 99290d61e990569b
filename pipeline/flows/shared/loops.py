"""Loops: a write of ours that somebody changes again and again, so that one write only leads to the next.

No flow asks for it: every plan of every flow is looked through where flows are bound to their words. What was written
last is remembered field by field; writing the very same again means that somebody changed it in between. Where it was
changed to what was overwritten before, a person decides. A field that goes round too often within an hour is not
written any more until a person says so: by then it is a rule or a robot over there, and two of those never stop. What
is new and urgent, such as a decision, or begins a process is written all the same: no loop loses an approval.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline.commands import Command, SetFields, SetRecord, SetVariables, StartProcess, UpdateTask
from pipeline.differences import Cause
from pipeline.events import Event
from pipeline.flows.policies import cause_of_edit, policy_of
from pipeline.flows.shared.comparing import shown_state
from pipeline.flows.shared.filing import KINDS, Filing
from pipeline.flows.shared.filing import shown as filing_shown
from pipeline.flows.shared.values import text
from pipeline.flows.shared.writing import STATE, as_wire
from pipeline.flows.tenant import FlowWords, Policy
from pipeline.keys import digest
from pipeline.ownership import CLASSIFICATIONS, STATUS
from pipeline.plan import Agreed, FoundDifference, Link, Loop, Notice, Plan, Snapshots, Verdict, ignore
from pipeline.words import JsonValue, Side, Urgency

ROUNDS_MAX = 3
WITHIN = timedelta(hours=1)
"""A round counts where it follows the last write that soon."""

_DIGITS = 12
_SYSTEMS = {Side.APRIMO: "Aprimo", Side.OPENTEXT: "OpenText"}


def guarded(plan: Plan, event: Event, snapshots: Snapshots, link: Link, words: FlowWords) -> Plan:
    """The plan with its writes counted, and without those that a person must decide on."""
    now = max([event.accepted_at, *(snapshot.read_at for snapshot in snapshots.values())])
    guard = _Guard(
        link=link,
        snapshots=snapshots,
        words=words,
        agreed=plan.changes.agreed,
        now=now,
        is_urgent=plan.urgency is Urgency.EXPRESS,
        begins=any(isinstance(command, StartProcess) for command in plan.commands),
    )
    commands = tuple(kept for command in plan.commands if (kept := guard.keep(command)) is not None)
    changes = replace(
        plan.changes,
        loops=guard.loops,
        notices=(*plan.changes.notices, *guard.notices),
        differences=(*plan.changes.differences, *guard.differences),
    )
    if plan.commands and not commands and plan.verdict is Verdict.DELIVER:
        return ignore("hand_edit_kept", changes=changes, follow_ups=plan.follow_ups)
    return replace(plan, commands=commands, changes=changes)


def key_of(command: Command, name: str) -> str:
    """Where a field's counter is kept."""
    return f"{command.target()} {name}"


def left(given: JsonValue, *, field: str, written: JsonValue, revision: int, at: datetime) -> Loop:
    """What is remembered where a person had back what we wrote over: as long as that stands it is not written over.

    given: what is given back; field: our name for it; written: what we had written.
    """
    over = digest([revision, given])[:_DIGITS]
    return Loop(field=field, written=digest(written)[:_DIGITS], at=at, over=over)


def fields_of(command: Command) -> Mapping[str, JsonValue]:
    """What a command sets in place, by wire name; nothing where it makes or adds something."""
    match command:
        case SetFields() | SetRecord() | UpdateTask():
            return command.fields
        case SetVariables():
            return command.variables
        case _:
            return {}


@dataclass(kw_only=True)
class _Guard:
    """One plan on its way through.

    agreed: what both agree on once it is done, where that is new. begins: it starts a process, so that what it writes
    is news and answers nobody's change.
    """

    link: Link
    snapshots: Snapshots
    words: FlowWords
    agreed: Mapping[str, Agreed]
    now: datetime
    is_urgent: bool
    begins: bool
    loops: dict[str, Loop] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    differences: list[FoundDifference] = field(default_factory=list)

    def keep(self, command: Command) -> Command | None:
        """The command without the fields that are not to be written; None where nothing is left of it."""
        fields = {**fields_of(command), **self._filed(command)}
        left = {name: value for name, value in fields.items() if self._may_write(command, name, value)}
        if len(left) == len(fields):
            return command
        stopped = _without_filing(command, fields.keys() - left.keys())
        kept = {name: value for name, value in left.items() if name in fields_of(command)}
        return _with_fields(stopped, kept) if kept or _does_more(stopped) else None

    def _filed(self, command: Command) -> dict[str, JsonValue]:
        """What a write of the item makes of it beside its fields, as far as that is agreed on, or is now."""
        if not isinstance(command, SetRecord) or not self._is_item(command):
            return {}
        change = Filing(add=command.add_classifications, remove=command.remove_classifications, status=command.status)
        agreed = {name: self.agreed.get(name) or self.link.agreed.get(name) for name in KINDS if change.changes(name)}
        return {name: known.value for name, known in agreed.items() if known is not None}

    def _is_item(self, command: Command) -> bool:
        return self.link.item_key.endswith(f":{command.target()}")

    def _may_write(self, command: Command, name: str, value: JsonValue) -> bool:
        key, written = key_of(command, name), digest(value)[:_DIGITS]
        known, theirs = self.link.loops.get(key), self._theirs(command, name)
        is_known = (known is not None and known.written == written) or self._is_agreed(command, name, value)
        is_same = is_known and not self.begins
        over = digest([self.link.revision, *theirs])[:_DIGITS] if is_same and theirs else ""
        rounds = known.rounds + 1 if known and is_same and self.now - known.at <= WITHIN else 0
        is_held = known is not None and known.is_stopped and not ((self.is_urgent or self.begins) and not is_same)
        if known is not None and (is_held or rounds > ROUNDS_MAX):
            self.loops[key] = replace(known, is_stopped=True)
            self._tell(_LOOP, command, name, value)
            return False
        if known is not None and over and over == known.over:
            self._tell(_AGAIN, command, name, value)
            return False
        self.loops[key] = Loop(
            field=self._name(command, name), written=written, at=self.now, rounds=rounds, over=over
        )
        return True

    def _is_agreed(self, command: Command, name: str, value: JsonValue) -> bool:
        """Whether both systems agreed on the value last, so that it is put back and no news."""
        ours, agreed = self._name(command, name), self.link.agreed_value(self._name(command, name))
        if agreed is None or not self._is_item(command):
            return False
        if ours in KINDS:
            return agreed == value
        if ours == STATE:
            return self.words.states.get(text(agreed)) == value
        return ours in self.words.fields and as_wire(self.words.fields[ours], agreed, self.words) == value

    def _tell(self, what: tuple[str, str], command: Command, name: str, value: JsonValue) -> None:
        code, sentence = what
        ours = self._name(command, name)
        known = {"field": ours.replace("_", " "), "system": _SYSTEMS[command.SIDE]}
        self.notices.append(Notice(code=f"{code}:{ours}", text=sentence.format(**known)))
        self.differences.append(self._difference(command, name, value))

    def _difference(self, command: Command, name: str, value: JsonValue) -> FoundDifference:
        """What is not written, as a comparison would find it; no heal writes what is no agreed field of the item."""
        cause = self._cause(command)
        theirs = next(iter(self._theirs(command, name)), None)
        field_ = self._field(command, name)
        agreed = self.agreed.get(field_) or self.link.agreed.get(field_)
        if agreed is None:
            field_, policy = self._name(command, name), Policy.NEVER
            return FoundDifference(field=field_, ours=value, theirs=theirs, cause=cause, policy=policy)
        return FoundDifference(
            field=field_,
            ours=agreed.value,
            theirs=self._in_our_words(command, field_, theirs),
            cause=cause,
            policy=policy_of(self.words, field_, cause),
        )

    def _cause(self, command: Command) -> Cause:
        """Who edited what is not written over: as for any hand edit."""
        if command.SIDE is Side.OPENTEXT:
            return Cause.EDITED_IN_OPENTEXT
        read = (each for each in self.snapshots if command.target().endswith(f":{each.object_id}"))
        item = next((self.snapshots[each] for each in read if each.side is Side.APRIMO), None)
        return cause_of_edit(item.values.get("editor") if item else None, self.words.automations)

    def _field(self, command: Command, name: str) -> str:
        """Our name of the item's field that a command writes, in Aprimo or as a variable; "" for none of it."""
        if isinstance(command, SetVariables):
            live = self.link.live_process()
            is_ours = live is not None and live.instance_id == command.instance_id
            named = (word.name for word in self.words.fields.values() if is_ours and word.variable == name)
            return next(named, "")
        is_item = command.SIDE is Side.APRIMO and self._is_item(command)
        return self._name(command, name) if is_item else ""

    def _in_our_words(self, command: Command, field_: str, theirs: JsonValue) -> JsonValue:
        """What the edited side shows of a field, as the flow reads it; a variable is told as it is."""
        is_read = command.SIDE is Side.APRIMO and field_ not in KINDS
        for want, snapshot in self.snapshots.items() if is_read else ():
            if command.target().endswith(f":{want.object_id}") and want.side is Side.APRIMO:
                return shown_state(snapshot) if field_ == STATE else snapshot.values.get(field_, theirs)
        return theirs

    def _name(self, command: Command, name: str) -> str:
        """Our name of a field, where it is one of the item's; else the vendor's."""
        if command.SIDE is not Side.APRIMO:
            return name
        if name == self.words.state_wire:
            return STATE
        return next((word.name for word in self.words.fields.values() if word.wire == name), name)

    def _theirs(self, command: Command, name: str) -> tuple[JsonValue, ...]:
        """What stands in the target now; nothing where that was not read."""
        for want, snapshot in self.snapshots.items():
            if want.side is not command.SIDE or not command.target().endswith(f":{want.object_id}"):
                continue
            if name in KINDS and want.side is Side.APRIMO:
                agreed = self.agreed.get(name) or self.link.agreed.get(name)
                return (filing_shown(snapshot, name, agreed.value if agreed else None, self.words),)
            if name in snapshot.wire:
                return (snapshot.wire[name],)
            if name == self.words.state_wire and "state_id" in snapshot.values:
                return (snapshot.values["state_id"],)
            if snapshot.process is not None:
                return (snapshot.process.variables.get(name),)
        return ()


def _with_fields(command: Command, fields: Mapping[str, JsonValue]) -> Command:
    match command:
        case SetFields() | SetRecord() | UpdateTask():
            return replace(command, fields=fields)
        case SetVariables():
            return replace(command, variables=fields)
        case _:
            return command


def _without_filing(command: Command, names: Collection[str]) -> Command:
    """A write without what of the record beside its fields is not to be changed."""
    if not isinstance(command, SetRecord):
        return command
    made = replace(command, status="") if STATUS in names else command
    return replace(made, add_classifications=(), remove_classifications=()) if CLASSIFICATIONS in names else made


def _does_more(command: Command) -> bool:
    """Whether a write whose fields were all taken away still does something."""
    return isinstance(command, SetRecord) and bool(
        command.status or command.add_classifications or command.remove_classifications
    )


_AGAIN = (
    "edited_on_wrong_side",
    "The field {field} was edited in {system} again, although it is ours to write there: it is left as it is.",
)
_LOOP = (
    "loop",
    (
        "The field {field} in {system} was changed again and again right after we wrote it, so it is written no more."
        " Mend the rule there that changes it, then let it be written: signoff loops release."
    ),
)
