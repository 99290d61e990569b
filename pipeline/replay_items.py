"""One letter of a replay plan: the calls it would make, what else to know of them, and what was changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline import pins
from pipeline.changes import PlannedCall, changes, target, target_in
from pipeline.commands import Cause, Command
from pipeline.errors import PermanentError, PipelineError
from pipeline.events import Event
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Plan, Snapshot, Snapshots, Verdict, Want
from pipeline.ports import Delivery, Letter, ReplayItem
from pipeline.preview import Preview
from pipeline.words import DeliveryState, EffectKey, Side

Words = Mapping[str, FlowWords]

DONE = "done already: not sent again"
FOUND = "its effect is there already"
THERE = "there already: changes nothing"
UNKNOWN = "perhaps done: looked up first"
LEFT_UNKNOWN = "perhaps done: looked up, and not sent again"


@dataclass(kw_only=True)
class Outlook:
    """One letter on its way to its item.

    left: its open deliveries. closed_sides: whom nobody may call now. targets: what its calls write, read besides.
    found: effect keys of tried calls whose effect a look-up saw.
    """

    letter: Letter
    head: Event
    left: tuple[Delivery, ...]
    closed_sides: frozenset[Side]
    seen: Preview | PipelineError
    is_resume: bool
    targets: dict[Want, Snapshot] = field(default_factory=dict)
    found: set[EffectKey] = field(default_factory=set)

    def unread(self) -> list[Want]:
        """Targets that nobody has read yet."""
        if isinstance(self.seen, PipelineError):
            return []
        commands = [command for command in self.seen.plan.commands if target_in(command, self.seen.read) is None]
        found = [target(command, self.head.flow) for command in commands]
        return list(dict.fromkeys(want for want in found if want is not None))

    def take(self, read: Mapping[Want, Snapshot | PipelineError]) -> None:
        """Keep the targets; one that can never be read is not compared, one that cannot be read now ends it."""
        for want, found in read.items():
            if isinstance(found, Snapshot):
                self.targets[want] = found
            elif not isinstance(found, PermanentError):
                self.seen = found

    def effect_keys(self) -> list[EffectKey]:
        """The effect keys that the calls of a new plan would have."""
        return [] if isinstance(self.seen, PipelineError) else [self._key(each) for each in self.seen.plan.commands]

    def tried(self) -> list[Delivery]:
        """Calls that were made before and are in question: unknown ones, and those that would be made again."""
        again = self.effect_keys()
        may_ask = not isinstance(self.seen, PipelineError)
        tried = [
            each for each in self.left if each.attempts and each.command.SIDE not in self.closed_sides and may_ask
        ]
        return [each for each in tried if each.state is DeliveryState.UNKNOWN or each.effect_key in again]

    def item(self, words: Words, done: frozenset[EffectKey]) -> ReplayItem | PipelineError:
        """What is shown of the letter; the error, where it says nothing about the letter and passes."""
        if isinstance(self.seen, PermanentError):
            return left_out(self.letter, f"It cannot be read: {self.seen}")
        if isinstance(self.seen, PipelineError):
            return self.seen
        plan, read = self.seen.plan, {**self.seen.read, **self.targets}
        resumes = self.is_resume and bool(self.left)
        return ReplayItem(
            letter_id=self.letter.id,
            event_id=self.letter.event_id,
            flow=self.letter.flow,
            subject=self.letter.subject,
            resumes=resumes,
            digest=pins.of_resumed(plan.commands) if resumes else pins.of_plan(plan),
            seen={name_of(each.want): pins.of_read(each) for each in read.values()},
            verdict=plan.verdict,
            reason=plan.reason,
            hint=plan.hint,
            calls=(*self._calls(plan, read, words.get(self.letter.flow), done), *self._looked_up(plan)),
            conflicts=tuple(_conflicts(self.letter, plan, read)),
            left="It would die again." if plan.verdict is Verdict.REFUSE else "",
        )

    def _calls(
        self, plan: Plan, read: Snapshots, words: FlowWords | None, done: frozenset[EffectKey]
    ) -> list[PlannedCall]:
        return [
            replace(call, note=self._note(command, call, done))
            for command in plan.commands
            for call in [planned_call(command, read, words)]
        ]

    def _note(self, command: Command, call: PlannedCall, done: frozenset[EffectKey]) -> str:
        key = self._key(command)
        if key in done:
            return DONE
        if key in self.found:
            return FOUND
        if key in {each.effect_key for each in self.left if each.state is DeliveryState.UNKNOWN}:
            return UNKNOWN
        fields = [change for change in call.changes if change.what != "setting"]
        return THERE if fields and all(change.now == change.then for change in fields) else ""

    def _looked_up(self, plan: Plan) -> list[PlannedCall]:
        """What an earlier plan left unknown and this one does not want."""
        wanted = {self._key(command) for command in plan.commands}
        return [
            PlannedCall(command=each.kind, system=each.command.SIDE, target=each.target, note=LEFT_UNKNOWN)
            for each in self.left
            if each.state is DeliveryState.UNKNOWN and each.effect_key not in wanted
        ]

    def _key(self, command: Command) -> EffectKey:
        """A planned delivery keeps its key; a new plan has the next number."""
        if self.is_resume and self.left:
            return next(each.effect_key for each in self.left if each.command is command)
        return command.effect_key(Cause(event_id=self.head.id, plan_number=self.head.plan_number + 1))


def planned_call(command: Command, read: Snapshots, words: FlowWords | None) -> PlannedCall:
    """A command as it is shown; without words, because its flow is gone, nothing of it has a name."""
    return PlannedCall(
        command=command.KIND,
        system=command.SIDE,
        target=command.target(),
        changes=tuple(changes(command, read, words)) if words else (),
    )


def name_of(want: Want) -> str:
    """An object that was read, as people are told of it; the role tells apart what flows read of one object."""
    return f"{want.kind} {want.object_id}" + (f" ({want.role})" if want.role else "")


def left_out(letter: Letter, why: str) -> ReplayItem:
    """A letter that is not replayed, and why."""
    return ReplayItem(
        letter_id=letter.id, event_id=letter.event_id, flow=letter.flow, subject=letter.subject, left=why
    )


def _conflicts(letter: Letter, plan: Plan, read: Snapshots) -> list[str]:
    """What was changed since the letter died, and what a planned call would not find as it expects."""
    found = []
    for each in read.values():
        changed_at = _changed_at(each)
        if changed_at is not None and changed_at > letter.opened_at:
            found.append(f"{name_of(each.want)} was changed at {changed_at:%Y-%m-%d %H:%M:%S} UTC, after it died.")
    for command in plan.commands:
        item = target_in(command, read)
        wire = item.wire if item else {}
        found += [
            f"{command.target()}: {name} is {wire[name]!r}, and {value!r} is expected."
            for name, value in command.expects.items()
            if name in wire and wire[name] != value
        ]
    return found


def _changed_at(snapshot: Snapshot) -> datetime | None:
    """When an object was changed last, as its system says; None where it does not say."""
    process = snapshot.process
    if process is not None:
        times = [process.started_at, process.ended_at, *(each.at for each in process.comments)]
        times += [at for task in process.tasks for at in (task.opened_at, task.ended_at)]
        return max((at for at in times if at is not None), default=None)
    try:
        return datetime.fromisoformat(snapshot.version)
    except ValueError:
        return None
