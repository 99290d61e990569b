"""Both systems and the engine in one small value, so that whole lives of a brief can be played on the rules alone.

Aprimo holds the brief's values, OpenText its processes; a look reads them, plans, carries and settles, as the engine
does: stale writes are planned again with both sides read, a start whose effect is there is not repeated, follow-ups
are worked next.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline.commands import (
    AddComment,
    Cause,
    Command,
    EndProcess,
    ProjectVerb,
    SendMessage,
    SetFields,
    SetVariables,
    StartProcess,
)
from pipeline.events import Event
from pipeline.flows.registry import bind
from pipeline.keys import comment_marker, line_key, process_key
from pipeline.plan import CommentRead, FollowUp, Link, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import EventId, InstanceId, JsonValue, ProcessState, Side
from tests.support.briefs import FLOW, KEY, NOW, STATE_IDS, applied, brief, event, words

ROLES = ("brand", "legal", "finance")
STALE_MAX = 3


class StaleWriteError(Exception):
    """What a write expected is not there."""


@dataclass
class World:
    """One brief's life.

    written: every field that was ever written with its value, in order. unfounded: approvals that were written
    although the live process's reviewers had not all approved what the brief says, and that was not written before.
    """

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=KEY))
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(brief("draft").values))
    processes: dict[str, ProcessRead] = field(default_factory=dict)
    now: datetime = NOW
    done: set[str] = field(default_factory=set)
    written: list[tuple[str, JsonValue]] = field(default_factory=list)
    sent: list[Command] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unfounded: list[str] = field(default_factory=list)
    _events: int = 0

    def __post_init__(self) -> None:
        self._words = words()
        self._flow = bind(FLOW, self._words)
        self.values = {**dict.fromkeys(self._words.fields, ""), **self.values}

    # ---- what people do --------------------------------------------------------------------------------------------

    def edit(self, **values: JsonValue) -> None:
        """Somebody edits the brief in Aprimo."""
        self.now += timedelta(minutes=1)
        self.values |= values

    def put(self, state: str) -> None:
        """Somebody puts the brief into a state; "" is one nobody named."""
        self.edit(state=state, state_id=STATE_IDS.get(state, 8), state_name=state or "On hold")

    def live(self) -> ProcessRead | None:
        """The process that runs."""
        return next((each for each in self.processes.values() if each.ended_at is None), None)

    def open_reviews(self) -> tuple[TaskRead, ...]:
        """Tasks that wait for a reviewer."""
        live = self.live()
        return tuple(each for each in live.tasks if each.ended_at is None) if live else ()

    def decide(self, task: TaskRead, outcome: str, comment: str = "") -> None:
        """A reviewer decides; what is not an approval ends the rest, the last approval ends the process."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        decided = replace(
            task, outcome=outcome, comment=comment, ended_at=self.now, assignee=f"{task.definition_key}@example.test"
        )
        tasks = [decided if each.task_id == task.task_id else each for each in live.tasks]
        is_over = outcome != "approved" or all(each.ended_at for each in tasks)
        if is_over:
            tasks = [self._taken(each, "boundary event") for each in tasks]
        self._keep(replace(live, tasks=tuple(tasks), ended_at=self.now if is_over else None))

    def delete_process(self, reason: str) -> None:
        """Somebody deletes the live process in OpenText."""
        live = self.live()
        if live:
            self._end(live, reason)

    def end_early(self) -> None:
        """The model ends although somebody has not decided: a fault of the model."""
        live = self.live()
        if live:
            tasks = tuple(self._taken(each, "ended early") for each in live.tasks)
            self._keep(replace(live, tasks=tasks, ended_at=self.now))

    def comment(self, text: str) -> None:
        """A reviewer comments on the live process."""
        live = self.live()
        if live:
            self._add_comment(live, "reviewer@example.test", text)

    # ---- what the engine does --------------------------------------------------------------------------------------

    def look(self, side: Side, kind: str = "", **changes: object) -> None:
        """An event is worked, and then every follow-up it causes."""
        self._work(event(side, kind, **changes))

    def look_and_die(self, side: Side, *, after: int) -> None:
        """An event is planned and carried in part; then it is given up by a person, and nothing of it is settled."""
        self._events += 1
        head = event(side, id=EventId(f"ev-{self._events}"), time=self.now)
        plan = self._plan(head)
        with suppress(StaleWriteError):
            self._carry(replace(plan, commands=plan.commands[:after]), head)
        begun = [row for row in plan.changes.processes if row.state is ProcessState.STARTING]
        rows = {row.revision: row for row in self.link.processes}
        for row in begun:
            if row.started_effect in self.done:
                # As the store shows it: a done start's instance is known before settle; one never sent is not shown.
                rows[row.revision] = replace(row, instance_id=InstanceId(self._instance_of_last_start()))
        self.link = replace(self.link, processes=tuple(rows[key] for key in sorted(rows)))

    def settle_down(self, most: int = 6) -> None:
        """Looks at both sides until two rounds in a row send nothing. Fails when they never stop."""
        quiet = 0
        for _ in range(most):
            before = len(self.sent)
            self.look(Side.APRIMO)
            self.look(Side.OPENTEXT)
            quiet = quiet + 1 if len(self.sent) == before else 0
            if quiet:
                return
        raise AssertionError(f"still writing after {most} rounds: {self.sent[-2:]}")

    def _work(self, head: Event) -> None:
        for stale_count in range(STALE_MAX):
            self._events += 1
            now = replace(head, id=EventId(f"ev-{self._events}"), time=self.now, stale_count=stale_count)
            try:
                plan = self._plan(now)
                self._carry(plan, now)
            except StaleWriteError:
                continue
            self.link = applied(self.link, plan.changes, self._instance_of_last_start())
            for follow_up in plan.follow_ups:
                self._work(self._event_of(follow_up))
            return
        raise AssertionError("stale three times")

    def _plan(self, head: Event) -> Plan:
        link = self.link if head.subject == KEY else replace(self.link, business_key=head.subject, processes=())
        snapshots = {want: self._read(want) for want in self._flow.wants(head, {}, link)}
        plan = self._flow.plan(head, snapshots, link)
        self.plans.append(plan)
        return plan

    def _event_of(self, follow_up: FollowUp) -> Event:
        return event(
            follow_up.side,
            follow_up.type,
            subject=follow_up.subject,
            line_key=follow_up.line_key,
            data=follow_up.data,
        )

    def provisional(self, instance: str) -> None:
        """A look at an instance that no line is known for."""
        subject = process_key(instance)
        self.look(Side.OPENTEXT, subject=subject, line_key=line_key(FLOW, subject), data={"instance_id": instance})

    def _read(self, want: Want) -> Snapshot:
        if want.side is Side.APRIMO:
            wire = {word.wire: self.values[name] for name, word in self._words.fields.items() if name in self.values}
            return Snapshot(
                want=want, read_at=self.now, version=self.now.isoformat(), values=dict(self.values), wire=wire
            )
        known = self.processes.get(want.object_id)
        return Snapshot(want=want, read_at=self.now, process=known, is_absent=known is None)

    def _carry(self, plan: Plan, head: Event) -> None:
        for command in plan.commands:
            key = command.effect_key(Cause(event_id=head.id, plan_number=1))
            if key in self.done:
                continue
            _DOES[type(command)](self, command)
            self.done.add(key)
            self.sent.append(command)

    # ---- what commands do ------------------------------------------------------------------------------------------

    def _start(self, command: StartProcess) -> None:
        instance = f"instance-{len(self.processes) + 1}"
        regions = command.variables["regions"]
        parts = [("regional", str(region)) for region in (regions if isinstance(regions, list) else [])]
        tasks = tuple(
            TaskRead(
                task_id=f"{instance}/{key}/{part}",
                definition_key=key,
                category=part,
                opened_at=self.now,
                due_at=self.now + timedelta(days=3),
            )
            for key, part in [*((role, "") for role in ROLES), *parts]
        )
        self._keep(
            ProcessRead(
                instance_id=InstanceId(instance),
                process_key=command.process_key,
                business_key=command.business_key,
                started_at=self.now,
                variables=command.variables,
                tasks=tasks,
            )
        )

    def _end_process(self, command: EndProcess) -> None:
        known = self.processes[command.instance_id]
        if known.ended_at is None:
            self._end(known, command.reason)

    def _set_variables(self, command: SetVariables) -> None:
        known = self.processes[command.instance_id]
        self._keep(replace(known, variables={**known.variables, **command.variables}))

    def _send_message(self, command: SendMessage) -> None:
        known = self.processes[command.instance_id]
        if known.ended_at is not None:
            raise StaleWriteError
        self._keep(replace(known, variables={**known.variables, command.marker: "sent"}))

    def _add_remark(self, command: AddComment) -> None:
        key = command.effect_key(Cause(event_id=EventId("any"), plan_number=1))
        known = self.processes[command.instance_id]
        self._add_comment(known, "signoff@example.test", f"{command.text} {comment_marker(key)}")

    def _set_fields(self, command: SetFields) -> None:
        by_wire = {word.wire: name for name, word in self._words.fields.items()}
        for wire, expected in command.expects.items():
            current = self.values["state_id"] if wire == self._words.state_wire else self.values[by_wire[wire]]
            if current != expected:
                raise StaleWriteError
        stood = self.values["state"]
        for wire, value in command.fields.items():
            if wire == self._words.state_wire:
                state = self._words.state_word(value)
                self.values |= {"state": state, "state_id": value, "state_name": state}
                self.written.append(("state", state))
                self._check("state", state, "in_production", stood=stood)
            else:
                self._check(by_wire[wire], value, "approved", stood=stood)
                self.values[by_wire[wire]] = value
                self.written.append((by_wire[wire], value))
        self.now += timedelta(seconds=1)

    def _check(self, name: str, value: JsonValue, approval: str, *, stood: JsonValue) -> None:
        is_approval = name in {"state", "decision"} and value == approval
        if is_approval and self.link.agreed_value(name) != approval and not self._is_approved(stood):
            self.unfounded.append(f"{name} in revision {self.link.revision}")

    def _is_approved(self, stood: JsonValue) -> bool:
        """Whether everybody approved what the brief says now, while it was not taken back."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        if process is None or process.ended_at is None or process.delete_reason:
            return False
        if stood in {"draft", "withdrawn", ""} or process.variables["budget"] != self.values["budget"]:
            return False
        regions = process.variables["regions"]
        count = len(ROLES) + len(regions if isinstance(regions, list) else [])
        return [task.outcome for task in process.tasks] == ["approved"] * count

    def _verb(self, command: ProjectVerb) -> None:
        self.written.append(("project", command.verb))

    def _keep(self, process: ProcessRead) -> None:
        self.processes[process.instance_id] = process

    def _end(self, process: ProcessRead, reason: str) -> None:
        self.now += timedelta(minutes=1)
        tasks = tuple(self._taken(each, reason) for each in process.tasks)
        self._keep(replace(process, tasks=tasks, ended_at=self.now, delete_reason=reason))

    def _taken(self, task: TaskRead, reason: str) -> TaskRead:
        return task if task.ended_at else replace(task, ended_at=self.now, delete_reason=reason)

    def _add_comment(self, process: ProcessRead, author: str, text: str) -> None:
        said = CommentRead(origin_id=f"c-{len(process.comments)}", author=author, text=text, at=self.now)
        self._keep(replace(process, comments=(*process.comments, said)))

    def _instance_of_last_start(self) -> str:
        return next(reversed(self.processes), "")


_DOES: dict[type[Command], Callable[..., None]] = {
    StartProcess: World._start,
    EndProcess: World._end_process,
    SetVariables: World._set_variables,
    SendMessage: World._send_message,
    AddComment: World._add_remark,
    SetFields: World._set_fields,
    ProjectVerb: World._verb,
}
