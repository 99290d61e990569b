"""Replay plans: what replaying dead letters would come to, read now and shown before anything is done.

Each letter's event is read and planned as the worker would do it, without a claim; nothing is sent. What is shown is
stored under the hash of its content, and `replay_runs` does exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from pipeline import pins, preview, rounds, steps
from pipeline.changes import PlannedCall, changes, target, target_in
from pipeline.commands import Cause, Command
from pipeline.errors import PermanentError, PipelineError
from pipeline.events import Event
from pipeline.flows.tenant import FlowWords
from pipeline.keys import digest
from pipeline.plan import Link, Plan, Snapshot, Snapshots, Verdict, Want, deliver
from pipeline.ports import Delivery, Letter, Ports, ReplayItem, ReplayPlan, Tx
from pipeline.preview import Preview
from pipeline.rounds import Inquiry
from pipeline.words import BusinessKey, DeliveryState, EffectKey, EventId, EventState, Side

Words = Mapping[str, FlowWords]
NOT_OPEN = "It is no open dead letter any more."
_HASH_DIGITS = 16

DONE = "done already: not sent again"
THERE = "there already: changes nothing"
UNKNOWN = "perhaps done: looked up first"
LEFT_UNKNOWN = "perhaps done: looked up, and not sent again"


def make(
    letters: Sequence[Letter], *, is_resume: bool, by: str, at: datetime, words: Words, ports: Ports
) -> ReplayPlan:
    """Read what these letters are about, plan their replay, and keep the plan. at: what the flows take for now."""
    batch = ports.limits.batch_lines
    items = [
        item
        for start in range(0, len(letters), batch)
        for item in foresee(letters[start : start + batch], is_resume=is_resume, at=at, words=words, ports=ports)
    ]
    content = [[item.letter_id, item.resumes, item.digest, dict(item.seen), item.left] for item in items]
    made = ReplayPlan(
        hash=digest([is_resume, content])[:_HASH_DIGITS], is_resume=is_resume, by=by, at=at, items=tuple(items)
    )

    def keep(tx: Tx) -> None:
        tx.replays.save(made)

    ports.store.run(keep)
    return made


def foresee(
    letters: Sequence[Letter], *, is_resume: bool, at: datetime, words: Words, ports: Ports
) -> list[ReplayItem]:
    """What replaying each of these letters would come to, if it was done now."""
    known = ports.store.run(partial(_load, letters))
    asked = [_inquiry(letter, known, at) for letter in letters]
    inquiries = [inquiry for inquiry in asked if inquiry is not None]
    previews = dict(zip(map(id, inquiries), preview.preview_all(inquiries, ports), strict=True))
    outlooks = [
        _Outlook(
            letter=letter,
            head=inquiry.head,
            left=known.left.get(letter.event_id, ()),
            seen=_resumed(previews[id(inquiry)], known.left.get(letter.event_id, ()), is_resume=is_resume),
            is_resume=is_resume,
        )
        for letter, inquiry in zip(letters, asked, strict=True)
        if inquiry is not None
    ]
    _read_targets(outlooks, known, ports)
    done = ports.store.run(partial(_done, [key for outlook in outlooks for key in outlook.effect_keys()]))
    items = {outlook.letter.id: outlook.item(words, done) for outlook in outlooks}
    return [items.get(letter.id) or _left(letter, NOT_OPEN) for letter in letters]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is stored of some letters: their events, links and open deliveries, and who may not be called."""

    heads: Mapping[EventId, Event]
    links: Mapping[tuple[str, BusinessKey], Link]
    left: Mapping[EventId, tuple[Delivery, ...]]
    closed_sides: frozenset[Side]


def _load(letters: Sequence[Letter], tx: Tx) -> _Known:
    firsts = tx.events.next_open([letter.line_key for letter in letters])
    heads = {event.id: event for event in firsts.values() if event.state is EventState.DEAD}
    return _Known(
        heads=heads,
        links=tx.links.of([(each.flow, each.subject) for each in heads.values()]),
        left=tx.deliveries.open_of(list(heads)),
        closed_sides=steps.closed_sides(tx),
    )


def _done(keys: Sequence[EffectKey], tx: Tx) -> frozenset[EffectKey]:
    return frozenset(tx.deliveries.refs(keys))


def _inquiry(letter: Letter, known: _Known, at: datetime) -> Inquiry | None:
    """The dead event as the worker would take it up; None where the letter is not open any more."""
    head = known.heads.get(letter.event_id)
    if head is None:
        return None
    link = known.links.get((head.flow, head.subject)) or Link(id=None, flow=head.flow, business_key=head.subject)
    fresh = replace(head, state=EventState.ACCEPTED, stale_count=0)
    return Inquiry(head=fresh, link=link, closed_sides=known.closed_sides, as_of=at)


def _resumed(found: Preview | PipelineError, left: Sequence[Delivery], *, is_resume: bool) -> Preview | PipelineError:
    """What was read, with what stands planned already in place of a new plan where there is any."""
    if isinstance(found, PipelineError) or not (is_resume and left):
        return found
    return replace(found, plan=deliver(*(delivery.command for delivery in left)))


def _read_targets(outlooks: Sequence[_Outlook], known: _Known, ports: Ports) -> None:
    """Read what would be written and was not read by the flow, so that its values now are shown and compared."""
    wanted = list(dict.fromkeys(want for outlook in outlooks for want in outlook.unread()))
    read = rounds.read_all(wanted, known.closed_sides, preview.bounds(ports), ports) if wanted else {}
    for outlook in outlooks:
        outlook.take({want: read[want] for want in outlook.unread()})


@dataclass(kw_only=True)
class _Outlook:
    """One letter on its way to its item. targets: what its calls would write, read besides."""

    letter: Letter
    head: Event
    left: tuple[Delivery, ...]
    seen: Preview | PipelineError
    is_resume: bool
    targets: dict[Want, Snapshot] = field(default_factory=dict)

    def unread(self) -> list[Want]:
        """Targets that nobody has read yet."""
        if isinstance(self.seen, PipelineError):
            return []
        commands = [command for command in self.seen.plan.commands if target_in(command, self.seen.read) is None]
        found = [target(command, self.head.flow) for command in commands]
        return list(dict.fromkeys(want for want in found if want is not None))

    def take(self, read: Mapping[Want, Snapshot | PipelineError]) -> None:
        """Keep the targets; one that cannot be read at all is not compared, one that cannot be read now ends it."""
        for want, found in read.items():
            if isinstance(found, Snapshot):
                self.targets[want] = found
            elif not isinstance(found, PermanentError):
                self.seen = found

    def effect_keys(self) -> list[EffectKey]:
        """The effect keys that the calls of a new plan would have."""
        return [] if isinstance(self.seen, PipelineError) else [self._key(each) for each in self.seen.plan.commands]

    def item(self, words: Words, done: frozenset[EffectKey]) -> ReplayItem:
        """What is shown of the letter."""
        if isinstance(self.seen, PipelineError):
            return _left(self.letter, f"It cannot be read now: {self.seen}")
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


def _left(letter: Letter, why: str) -> ReplayItem:
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
