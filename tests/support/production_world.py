"""Both systems and the engine in one small value, so that whole lives of a content request are played on rules alone.

Aprimo holds the request's values, OpenText the process: each step's task opens when the one before it is done, a
repeated one for every language that the variable names then; the last one's answer ends it or sends back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline.commands import (
    AddComment,
    Cause,
    Command,
    EndProcess,
    SendMessage,
    SetFields,
    SetVariables,
    StartProcess,
    UpdateTask,
)
from pipeline.events import Event
from pipeline.flows.registry import bind
from pipeline.flows.shared.values import instant
from pipeline.keys import comment_marker
from pipeline.plan import CommentRead, Link, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import EventId, InstanceId, JsonValue, ProcessState, Side
from tests.support.briefs import applied
from tests.support.productions import FLOW, NOW, STATE_IDS, event, no_link, request, words

STEPS = ("copywriting", "design", "translation", "localization", "qa")
BACK = {"to_copy": "copywriting", "to_design": "design"}
ROUNDS = 4
STALE_MAX = 3


class StaleWriteError(Exception):
    """What a write expected is not there."""


@dataclass
class World:
    """One request's life.

    written: every field that was ever written with its value, in order. unfounded: what was written as produced
    although not every language was done and then approved.
    """

    link: Link = field(default_factory=no_link)
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(request("draft").values))
    processes: dict[str, ProcessRead] = field(default_factory=dict)
    now: datetime = NOW
    done: set[str] = field(default_factory=set)
    written: list[tuple[str, JsonValue]] = field(default_factory=list)
    sent: list[Command] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unfounded: list[str] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._words = words()
        self._flow = bind(FLOW, self._words)
        self.values = {**dict.fromkeys(self._words.fields, ""), **self.values}

    # ---- what people do --------------------------------------------------------------------------------------------

    def edit(self, **values: JsonValue) -> None:
        """Somebody edits the request in Aprimo."""
        self.now += timedelta(minutes=1)
        self.values |= values

    def put(self, state: str) -> None:
        """Somebody puts the request into a state; "" is one nobody named."""
        self.edit(state=state, state_id=STATE_IDS.get(state, 6))

    def live(self) -> ProcessRead | None:
        """The process that runs."""
        return next((each for each in self.processes.values() if each.ended_at is None), None)

    def open_tasks(self) -> tuple[TaskRead, ...]:
        """Tasks that wait for somebody."""
        live = self.live()
        return tuple(each for each in live.tasks if each.ended_at is None) if live else ()

    def do(self, task: TaskRead, outcome: str) -> None:
        """Somebody answers a task; the last one of a step opens what comes next."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        ended = replace(task, outcome=outcome, ended_at=self.now, assignee=f"{task.definition_key}@example.test")
        live = self._with_task(live, ended)
        if any(each.ended_at is None for each in live.tasks):
            self._keep(live)
            return
        step = task.definition_key
        if step == "qa" and outcome == "approved":
            self._keep(replace(live, ended_at=self.now))
            return
        following = BACK.get(outcome, "qa") if step == "qa" else STEPS[STEPS.index(step) + 1]
        self._keep(self._open(live, following))

    def move(self, task: TaskRead, due: datetime) -> None:
        """Somebody moves a due date in OpenText."""
        live = self.live()
        if live:
            self._keep(self._with_task(live, replace(task, due_at=due)))

    def delete_process(self, reason: str) -> None:
        """Somebody deletes the live process in OpenText."""
        live = self.live()
        if live:
            self._end(live, reason)

    def end_early(self) -> None:
        """The model ends although somebody has not answered: a fault of the model."""
        live = self.live()
        if live:
            tasks = tuple(_taken(each, "ended early", self.now) for each in live.tasks)
            self._keep(replace(live, tasks=tasks, ended_at=self.now))

    # ---- what the engine does --------------------------------------------------------------------------------------

    def look(self, side: Side, kind: str = "", **changes: object) -> None:
        """An event is worked, and then every follow-up it causes."""
        self._work(event(side, kind, **changes))

    def look_and_die(self, side: Side, *, after: int) -> None:
        """An event is planned and carried in part; then it is given up by a person, and nothing of it is settled."""
        self._count += 1
        head = event(side, id=EventId(f"ev-{self._count}"), time=self.now)
        plan = self._plan(head)
        with suppress(StaleWriteError):
            self._carry(replace(plan, commands=plan.commands[:after]), head)
        begun = [row for row in plan.changes.processes if row.state is ProcessState.STARTING]
        rows = {row.revision: row for row in self.link.processes}
        for row in begun:
            if row.started_effect in self.done:
                # As the store shows it: a done start's instance is known before settle; one never sent is not shown.
                rows[row.revision] = replace(row, instance_id=InstanceId(next(reversed(self.processes), "")))
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

    def _work(self, head: Event) -> None:
        for stale_count in range(STALE_MAX):
            self._count += 1
            now = replace(head, id=EventId(f"ev-{self._count}"), time=self.now, stale_count=stale_count)
            try:
                plan = self._plan(now)
                self._carry(plan, now)
            except StaleWriteError:
                continue
            self.link = applied(self.link, plan.changes, next(reversed(self.processes), ""))
            for each in plan.follow_ups:
                self._work(event(each.side, each.type, subject=each.subject, line_key=each.line_key, data=each.data))
            return
        raise AssertionError("stale three times")

    def _plan(self, head: Event) -> Plan:
        read: dict[Want, Snapshot] = {}
        for _ in range(ROUNDS):
            asked = self._flow.wants(head, read, self.link)
            if set(asked) <= set(read):
                break
            read |= {want: self._read(want) for want in asked if want not in read}
        plan = self._flow.plan(head, read, self.link)
        self.plans.append(plan)
        return plan

    def _read(self, want: Want) -> Snapshot:
        if want.side is Side.APRIMO:
            wire = {word.wire: self.values[name] for name, word in self._words.fields.items()}
            version = self.now.isoformat()
            return Snapshot(want=want, read_at=self.now, version=version, values=dict(self.values), wire=wire)
        known = self.processes.get(want.object_id)
        return Snapshot(want=want, read_at=self.now, process=known, is_absent=known is None)

    def _carry(self, plan: Plan, head: Event) -> None:
        for command in plan.commands:
            key = command.effect_key(Cause(event_id=head.id, plan_number=1))
            if key not in self.done:
                _DOES[type(command)](self, command)
                self.done.add(key)
                self.sent.append(command)

    # ---- what commands do ------------------------------------------------------------------------------------------

    def _start(self, command: StartProcess) -> None:
        begun = ProcessRead(
            instance_id=InstanceId(f"instance-{len(self.processes) + 1}"),
            process_key=command.process_key,
            business_key=command.business_key,
            started_at=self.now,
            variables=command.variables,
        )
        self._keep(self._open(begun, STEPS[0]))

    def _end_process(self, command: EndProcess) -> None:
        known = self.processes[command.instance_id]
        if known.ended_at is None:
            self._end(known, command.reason)

    def _set_variables(self, command: SetVariables) -> None:
        known = self.processes[command.instance_id]
        if known.ended_at is not None:
            raise StaleWriteError
        self._keep(replace(known, variables={**known.variables, **command.variables}))

    def _update_task(self, command: UpdateTask) -> None:
        task = next((each for each in self.open_tasks() if each.task_id == command.task_id), None)
        live = self.live()
        if task is None or live is None or _due(task) != command.expects["dueDate"]:
            raise StaleWriteError
        due = datetime.fromisoformat(str(command.fields["dueDate"]))
        self._keep(self._with_task(live, replace(task, due_at=due)))

    def _send_message(self, command: SendMessage) -> None:
        known = self.processes[command.instance_id]
        if known.ended_at is not None:
            raise StaleWriteError
        self._keep(replace(known, variables={**known.variables, command.marker: "sent"}))

    def _add_remark(self, command: AddComment) -> None:
        key = command.effect_key(Cause(event_id=EventId("any"), plan_number=1))
        known = self.processes[command.instance_id]
        text = f"{command.text} {comment_marker(key)}"
        said = CommentRead(origin_id=f"c-{len(known.comments)}", author="signoff", text=text, at=self.now)
        self._keep(replace(known, comments=(*known.comments, said)))

    def _set_fields(self, command: SetFields) -> None:
        by_wire = {word.wire: name for name, word in self._words.fields.items()} | {
            self._words.state_wire: "state_id"
        }
        for wire, expected in command.expects.items():
            if self.values[by_wire[wire]] != expected:
                raise StaleWriteError
        stood = self.values["state"]
        for wire, value in command.fields.items():
            named = {by_wire[wire]: value}
            if wire == self._words.state_wire:
                named["state"] = self._words.state_word(value)
            for name, each in named.items():
                self._check(name, each, stood)
            self.values |= named
            self.written += named.items()
        self.now += timedelta(seconds=1)

    def _check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        is_claim = (name, value) in {("state", "produced"), ("percent", 100)}
        if is_claim and self.link.agreed_value("state") != "produced" and not self._is_produced(stood):
            self.unfounded.append(f"{name} in revision {self.link.revision}")

    def _is_produced(self, stood: JsonValue) -> bool:
        """Whether every language was done and then approved, as the request says now, and nobody took it back."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        if (
            process is None
            or process.ended_at is None
            or process.delete_reason
            or stood in {"draft", "withdrawn", ""}
        ):
            return False
        languages = process.variables["languages"]
        parts = {str(each) for each in languages} if isinstance(languages, list) else set()
        done = {(each.definition_key, each.category) for each in process.tasks if each.outcome is not None}
        needed = {(step, part) for step in ("translation", "localization") for part in parts}
        wanted = self.values["languages"]
        is_same = parts == {str(each) for each in wanted} if isinstance(wanted, list) else not parts
        return is_same and needed <= done and process.tasks[-1].outcome == "approved"

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _open(self, process: ProcessRead, step: str) -> ProcessRead:
        languages = process.variables["languages"]
        if step == "translation" and not languages:
            step = "qa"
        is_repeated = step in {"translation", "localization"}
        parts = [str(each) for each in languages] if is_repeated and isinstance(languages, list) else [""]
        turn = sum(each.definition_key == step for each in process.tasks)
        opened = tuple(
            TaskRead(
                task_id=f"{process.instance_id}/{step}/{part}/{turn}",
                definition_key=step,
                category=part,
                opened_at=self.now,
                due_at=datetime.fromisoformat(str(process.variables[f"{step}Due"])),
            )
            for part in parts
        )
        return replace(process, tasks=(*process.tasks, *opened))

    def _with_task(self, process: ProcessRead, task: TaskRead) -> ProcessRead:
        return replace(process, tasks=tuple(task if each.task_id == task.task_id else each for each in process.tasks))

    def _keep(self, process: ProcessRead) -> None:
        self.processes[process.instance_id] = process

    def _end(self, process: ProcessRead, reason: str) -> None:
        self.now += timedelta(minutes=1)
        tasks = tuple(_taken(each, reason, self.now) for each in process.tasks)
        self._keep(replace(process, tasks=tasks, ended_at=self.now, delete_reason=reason))


def _taken(task: TaskRead, reason: str, at: datetime) -> TaskRead:
    return task if task.ended_at else replace(task, ended_at=at, delete_reason=reason)


def _due(task: TaskRead) -> str | None:
    return instant(task.due_at) if task.due_at else None


_DOES: Mapping[type[Command], Callable[..., None]] = {
    StartProcess: World._start,
    EndProcess: World._end_process,
    SetVariables: World._set_variables,
    UpdateTask: World._update_task,
    SendMessage: World._send_message,
    AddComment: World._add_remark,
    SetFields: World._set_fields,
}
