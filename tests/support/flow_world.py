"""Both systems and the engine in one small value: whole lives of an item are played on a flow's rules alone.

Aprimo holds the item's values, OpenText its processes; a look reads what the flow wants, in rounds, plans, carries
and settles, as the engine does: stale writes are planned again with both sides read, a start whose effect is there is
not repeated, follow-ups are worked next. Each flow's world adds what its people do and how its model goes on.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from pipeline.commands import (
    AddComment,
    Cause,
    Command,
    EndProcess,
    SendMessage,
    SetFields,
    SetVariables,
    StartProcess,
)
from pipeline.events import Event
from pipeline.flows.registry import bind
from pipeline.flows.tenant import FlowWords
from pipeline.keys import comment_marker
from pipeline.plan import CommentRead, Link, LinkChanges, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.rounds import READING_ROUNDS
from pipeline.words import EventId, InstanceId, JsonValue, ProcessState, Side
from tests.support.briefs import NOW, applied

STALE_MAX = 3


class StaleWriteError(Exception):
    """What a write expected is not there."""


@dataclass(kw_only=True)
class FlowWorld:
    """One item's life.

    written: every field that was ever written with its value, in order. unfounded: what was written as approved, or
    as done, although that was not so; a flow's own `check` finds it.
    """

    WORDS: ClassVar[Callable[[], FlowWords]]
    EVENT: ClassVar[Callable[..., Event]]
    DOES: ClassVar[Mapping[type[Command], str]] = {
        StartProcess: "do_start",
        EndProcess: "do_end_process",
        SetVariables: "do_set_variables",
        SendMessage: "do_send_message",
        AddComment: "do_add_comment",
        SetFields: "do_set_fields",
    }
    """Kind of command -> the method that does it."""

    link: Link
    values: dict[str, JsonValue]
    processes: dict[str, ProcessRead] = field(default_factory=dict)
    now: datetime = NOW
    done: set[str] = field(default_factory=set)
    written: list[tuple[str, JsonValue]] = field(default_factory=list)
    sent: list[Command] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unfounded: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.words = type(self).WORDS()
        self.flow = bind(self.words.flow, self.words)
        self.values = {**dict.fromkeys(self.words.fields, ""), **self.values}

    # ---- what a flow's world says ----------------------------------------------------------------------------------

    @abstractmethod
    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """The tasks that a process begins with."""

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Note in `unfounded` what is written of a field, while the item stood in a state, and is not so."""

    # ---- what people do --------------------------------------------------------------------------------------------

    def edit(self, **values: JsonValue) -> None:
        """Somebody edits the item in Aprimo."""
        self.now += timedelta(minutes=1)
        self.values |= values

    def live(self) -> ProcessRead | None:
        """The process that runs."""
        return next((each for each in self.processes.values() if each.ended_at is None), None)

    def waiting(self) -> tuple[TaskRead, ...]:
        """Tasks that wait for somebody."""
        live = self.live()
        return tuple(each for each in live.tasks if each.ended_at is None) if live else ()

    def delete_process(self, reason: str = "cleaned up") -> None:
        """Somebody deletes the live process in OpenText."""
        live = self.live()
        if live:
            self.end(live, reason)

    def end_early(self) -> None:
        """The model ends although somebody has not answered: a fault of the model."""
        live = self.live()
        if live:
            tasks = tuple(taken(each, "ended early", self.now) for each in live.tasks)
            self.keep(replace(live, tasks=tasks, ended_at=self.now))

    def comment(self, text: str) -> None:
        """A reviewer comments on the live process."""
        live = self.live()
        if live:
            self.say(live, "reviewer@example.test", text)

    # ---- what the engine does --------------------------------------------------------------------------------------

    def look(self, side: Side, kind: str = "", **changes: object) -> None:
        """An event is worked, and then every follow-up it causes."""
        self.work(self.event(side, kind, **changes))

    def event(self, side: Side, kind: str = "", **changes: object) -> Event:
        """An event on the item's line."""
        return type(self).EVENT(side, kind, **changes)

    def look_and_die(self, side: Side, *, after: int, kind: str = "", **changes: object) -> None:
        """An event is planned and carried in part; then it is given up by a person, and nothing of it is settled."""
        self.count += 1
        head = self.event(side, kind, **{**changes, "id": EventId(f"ev-{self.count}"), "time": self.now})
        plan = self._plan(head)
        with suppress(StaleWriteError):
            self._carry(replace(plan, commands=plan.commands[:after]), head)
        rows = {row.revision: row for row in self.link.processes}
        for row in plan.changes.processes:
            if row.state is ProcessState.STARTING and row.started_effect in self.done:
                # As the store shows it: a done start's instance is known before settle; one never sent is not shown.
                rows[row.revision] = replace(row, instance_id=InstanceId(self.newest()))
        self.link = replace(self.link, processes=tuple(rows[key] for key in sorted(rows)))

    def settle_down(self, most: int = 8) -> None:
        """Looks at both sides until a round sends nothing. Fails when they never stop."""
        for _ in range(most):
            before = len(self.sent)
            self.look(Side.APRIMO)
            self.look(Side.OPENTEXT)
            if len(self.sent) == before:
                return
        raise AssertionError(f"still writing after {most} rounds: {self.sent[-2:]}")

    def read(self, want: Want) -> Snapshot:
        """What a system shows now."""
        if want.side is Side.OPENTEXT:
            known = self.processes.get(want.object_id)
            return Snapshot(want=want, read_at=self.now, process=known, is_absent=known is None)
        wire = {word.wire: self.values[name] for name, word in self.words.fields.items()}
        version = self.now.isoformat()
        return Snapshot(want=want, read_at=self.now, version=version, values=dict(self.values), wire=wire)

    def work(self, head: Event) -> None:
        """An event is worked, planned anew where a write finds it stale; then every follow-up it causes."""
        for stale_count in range(STALE_MAX):
            self.count += 1
            now = replace(
                head, id=EventId(f"ev-{self.count}"), time=self.now, plan_number=stale_count, stale_count=stale_count
            )
            try:
                plan = self._plan(now)
                self._carry(plan, now)
            except StaleWriteError:
                continue
            self.settle(plan.changes)
            for each in plan.follow_ups:
                told = {"subject": each.subject, "line_key": each.line_key, "data": each.data}
                self.work(self.event(each.side, each.type, **told))
            return
        raise AssertionError("stale three times")

    def _plan(self, head: Event) -> Plan:
        is_ours = head.subject == self.link.business_key
        link = self.link if is_ours else replace(self.link, business_key=head.subject, processes=())
        read: dict[Want, Snapshot] = {}
        for _ in range(READING_ROUNDS):
            wanted = [want for want in self.flow.wants(head, read, link) if want not in read]
            if not wanted:
                break
            read |= {want: self.read(want) for want in wanted}
        plan = self.flow.plan(head, read, link)
        self.plans.append(plan)
        return plan

    def _carry(self, plan: Plan, head: Event) -> None:
        for command in plan.commands:
            key = command.effect_key(Cause(event_id=head.id, plan_number=1))
            if key not in self.done:
                getattr(self, self.DOES[type(command)])(command)
                self.done.add(key)
                self.sent.append(command)

    def settle(self, changes: LinkChanges) -> None:
        """The link moves on once a plan's commands are done."""
        self.link = applied(self.link, changes, self.newest())

    def newest(self) -> str:
        """The instance that began last; "" before there is one."""
        return next(reversed(self.processes), "")

    # ---- what commands do ------------------------------------------------------------------------------------------

    def do_start(self, command: StartProcess) -> None:
        """A process begins."""
        instance = f"instance-{len(self.processes) + 1}"
        self.keep(
            ProcessRead(
                instance_id=InstanceId(instance),
                process_key=command.process_key,
                business_key=command.business_key,
                started_at=self.now,
                variables=command.variables,
                tasks=self.first_tasks(command, instance),
            )
        )

    def do_end_process(self, command: EndProcess) -> None:
        """It ends; one that has ended is left as it is."""
        known = self.processes[command.instance_id]
        if known.ended_at is None:
            self.end(known, command.reason)

    def do_set_variables(self, command: SetVariables) -> None:
        """Variables of a running process change."""
        known = self.running(command.instance_id)
        self.keep(replace(known, variables={**known.variables, **command.variables}))

    def do_send_message(self, command: SendMessage) -> None:
        """A running process takes a message, and bears its mark."""
        known = self.running(command.instance_id)
        self.keep(replace(known, variables={**known.variables, command.marker: "sent"}))

    def do_add_comment(self, command: AddComment) -> None:
        """A remark of ours stands on the process, with its marker."""
        marker = comment_marker(command.effect_key(Cause(event_id=EventId("any"), plan_number=1)))
        self.say(self.processes[command.instance_id], "signoff@example.test", f"{command.text} {marker}")

    def do_set_fields(self, command: SetFields) -> None:
        """The item's fields change, if what is expected of them holds."""
        self.write(command.fields, command.expects)

    # ---- parts -----------------------------------------------------------------------------------------------------

    def write(self, fields: Mapping[str, JsonValue], expects: Mapping[str, JsonValue]) -> None:
        """One write of the item, by wire names."""
        by_wire = {word.wire: name for name, word in self.words.fields.items()} | {self.words.state_wire: "state_id"}
        for wire, expected in expects.items():
            if self.standing(wire, by_wire) != expected:
                raise StaleWriteError
        stood = self.values["state"]
        for wire, value in fields.items():
            named = {by_wire[wire]: value}
            if wire == self.words.state_wire:
                state = self.words.state_word(value)
                named |= {"state": state, "state_name": state}
            for name, each in named.items():
                self.check(name, each, stood)
            self.values |= named
            self.written += named.items()
        self.now += timedelta(seconds=1)

    def standing(self, wire: str, by_wire: Mapping[str, str]) -> JsonValue:
        """What a write's expectation is compared with."""
        return self.values[by_wire[wire]]

    def running(self, instance_id: str) -> ProcessRead:
        """A process that must still run."""
        known = self.processes[instance_id]
        if known.ended_at is not None:
            raise StaleWriteError
        return known

    def keep(self, process: ProcessRead) -> None:
        """A process as it is now."""
        self.processes[process.instance_id] = process

    def end(self, process: ProcessRead, reason: str) -> None:
        """A process is deleted with a reason."""
        self.now += timedelta(minutes=1)
        tasks = tuple(taken(each, reason, self.now) for each in process.tasks)
        self.keep(replace(process, tasks=tasks, ended_at=self.now, delete_reason=reason))

    def say(self, process: ProcessRead, author: str, text: str) -> None:
        """Somebody comments on a process."""
        origin_id = f"{process.instance_id}/c-{len(process.comments)}"
        said = CommentRead(origin_id=origin_id, author=author, text=text, at=self.now)
        self.keep(replace(process, comments=(*process.comments, said)))


def taken(task: TaskRead, reason: str, at: datetime) -> TaskRead:
    """A task that the engine takes away undecided, if it waits."""
    return task if task.ended_at else replace(task, ended_at=at, delete_reason=reason)
