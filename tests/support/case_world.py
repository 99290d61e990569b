"""Lives of a case on the rules alone: what people do in both systems, and how `operationalCase` goes on.

The responsible groups work side by side, else the triage names them; then comes the resolution, then the requester's
word, which ends the case or sends it to the triage again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

from pipeline.commands import (
    Assign,
    Command,
    CompleteTask,
    CreateObject,
    SendMessage,
    SetFields,
    StartProcess,
    UpdateTask,
)
from pipeline.events import Event
from pipeline.flows import case_parts, facts
from pipeline.flows.case_terms import Terms
from pipeline.flows.reading import read_words
from pipeline.flows.shared import late
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key, process_key
from pipeline.plan import Link, LinkChanges, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import BusinessKey, InstanceId, JsonValue, ProcessState, Side
from tests.support import briefs
from tests.support.flow_world import FlowWorld, StaleWriteError

FLOW, PROCESS = "operational_case", "operationalCase"
KEY = aprimo_key("generic_object_alpha", 71)
BEGUN_THERE = process_key("instance-1")
LATE = late.case_key("task-brand")
SUBJECT = "aprimo:activity:5012"
STATES = ("open", "in_progress", "resolved", "reopened", "closed", "cancelled", "on_hold")
OVER = frozenset({"closed", "cancelled"})
KINDS = {"missing asset": "3571", "late approval": "3572", "blocker": "3573", "change": "3574"}
LOW, NORMAL, HIGH, URGENT = "3581", "3582", "3583", "3584"
_GROUPS = ("marketing", "procurement", "legal", "agency")


def shipped() -> dict[str, object]:
    """The parsed file that Signoff ships for flow 7."""
    path = Path(__file__).parents[2] / "config" / "flows" / f"{FLOW}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    return read_words(FLOW, shipped())


def event(side: Side, kind: str = "", **changes: object) -> Event:
    """An event on the line of a case of Aprimo's."""
    return briefs.event(side, kind, **{"flow": FLOW, "subject": KEY, "line_key": line_key(FLOW, KEY), **changes})


@dataclass(kw_only=True)
class World(FlowWorld):
    """One case's life. is_made: whether there is an object of it in Aprimo.

    unfounded: what was written of where it stands although the tasks did not say so.
    """

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {
        **FlowWorld.DOES,
        UpdateTask: "do_update_task",
        Assign: "do_assign",
        CompleteTask: "do_complete_task",
        CreateObject: "do_create_object",
    }

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=KEY))
    values: dict[str, JsonValue] = field(default_factory=lambda: {"state": "", "state_id": None, "type_id": None})
    candidates: list[tuple[str, str]] = field(default_factory=list)
    is_made: bool = False

    # ---- what people do --------------------------------------------------------------------------------------------

    def make(self, state: str = "open", **values: JsonValue) -> None:
        """Somebody makes an object in Aprimo."""
        self.is_made = True
        given: dict[str, JsonValue] = {
            "name": "Hero image",
            "kind": KINDS["change"],
            "about": SUBJECT,
            "requester": briefs.OWNER,
            "priority": NORMAL,
            "type_id": None,
        }
        self.edit(**{**given, **values})
        self.put(state)

    def put(self, state: str) -> None:
        """Somebody puts it into a status; "" is one nobody named."""
        state_id = self.words.states.get(state, 8)
        self.edit(state=state, state_id=state_id, state_name=state or "Odd")

    def start_there(self, *, business_key: str = "", **variables: JsonValue) -> None:
        """Somebody starts a case in OpenText."""
        given: dict[str, JsonValue] = {
            "caseTitle": "The printer is on strike",
            "caseKind": "Campaign change",
            "subjectItem": SUBJECT,
            "priority": 75,
            "requester": "buyer.one@example.test",
            "responsible": "",
            **variables,
        }
        begun = ProcessRead(
            instance_id=InstanceId(f"instance-{len(self.processes) + 1}"),
            process_key=PROCESS,
            business_key=BusinessKey(business_key),
            started_at=self.now,
            variables=given,
        )
        self.keep(self._asks_groups(begun))

    def task(self, step: str) -> TaskRead:
        """The open task of a step."""
        (found,) = (each for each in self.waiting() if each.definition_key == step)
        return found

    def decide(self, task: TaskRead, outcome: str, *, by: str = "", **variables: JsonValue) -> None:
        """Somebody answers a task; what it ends or opens follows."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        who = by or task.assignee or f"{task.definition_key}@example.test"
        answered = replace(task, outcome=outcome, ended_at=self.now, assignee=who)
        self.keep(self._next(_with(replace(live, variables={**live.variables, **variables}), answered), answered))

    def do(self, *steps: str, outcome: str = "done", **variables: JsonValue) -> None:
        """Somebody does steps one after the other, and each is looked at."""
        for step in steps:
            self.decide(self.task(step), outcome, **variables)
            self.look(Side.OPENTEXT)

    def change(self, task: TaskRead, **values: object) -> None:
        """Somebody changes an open task in OpenText."""
        live = self.live()
        if live:
            self.keep(_with(live, replace(task, **values)))  # type: ignore[arg-type]  # Tests name real fields.

    # ---- what the engine does --------------------------------------------------------------------------------------

    def event(self, side: Side, kind: str = "", **changes: object) -> Event:
        """An event on the case's line, of OpenText's about the newest process."""
        key = self.link.business_key
        told = {"instance_id": self.newest()} if side is Side.OPENTEXT and self.processes else {}
        return event(side, kind, **{"subject": key, "line_key": line_key(FLOW, key), "data": told, **changes})

    def read(self, want: Want) -> Snapshot:
        """What every world shows; no object before it is made."""
        if want.side is Side.APRIMO and not self.is_made:
            return Snapshot(want=want, read_at=self.now, is_absent=True)
        return super().read(want)

    def settle(self, changes: LinkChanges) -> None:
        """The link moves on; one that has made its object knows it then."""
        super().settle(changes)
        if changes.made:
            self.link = replace(self.link, item=KEY)

    # ---- what commands do ------------------------------------------------------------------------------------------

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """Of the groups that are named, else of the triage."""
        begun = ProcessRead(
            instance_id=InstanceId(instance),
            process_key=PROCESS,
            business_key=command.business_key,
            variables=command.variables,
        )
        return self._asks_groups(begun).tasks

    def do_send_message(self, command: SendMessage) -> None:
        """A message; `close` ends the case wherever it stands, which is no deletion."""
        super().do_send_message(command)
        if command.message == "close":
            self.end(self.processes[command.instance_id], "closed")
            self.keep(replace(self.processes[command.instance_id], delete_reason=""))

    def do_update_task(self, command: UpdateTask) -> None:
        """The priority of a task that waits."""
        self.change(self._expected(command.task_id, command), priority=command.fields["priority"])

    def do_assign(self, command: Assign) -> None:
        """A task gets a holder, or one more who may take it."""
        task = self._expected(command.task_id, command)
        if command.verb == "assign":
            self.change(task, assignee=command.user)
        else:
            self.candidates.append((task.definition_key, command.user))

    def do_complete_task(self, command: CompleteTask) -> None:
        """We answer a task that waits."""
        self.decide(self._expected(command.task_id, command), command.outcome, by="signoff@example.test")

    def do_create_object(self, command: CreateObject) -> None:
        """An object is made, and bears its reference."""
        self.is_made = True
        self.write({**command.fields, command.reference_field: command.reference}, {})

    def do_set_fields(self, command: SetFields) -> None:
        """The object's fields change, if there is one."""
        if not self.is_made:
            raise StaleWriteError
        super().do_set_fields(command)

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def _next(self, process: ProcessRead, task: TaskRead) -> ProcessRead:
        """What follows once a task is done: nothing while others are open beside it."""
        if any(each.ended_at is None for each in process.tasks):
            return process
        match task.definition_key:
            case "triage":
                return self._asks_groups(process)
            case "resolution":
                return self._opened(process, "confirm")
            case "confirm" if task.outcome == "confirmed":
                return replace(process, ended_at=self.now)
            case "confirm":
                return self._opened(process, "triage" if task.outcome == "reopened" else "confirm")
            case _:
                return self._opened(process, "resolution")

    def _asks_groups(self, process: ProcessRead) -> ProcessRead:
        named = str(process.variables.get("responsible") or "")
        return self._opened(process, *([group for group in _GROUPS if group in named] or ["triage"]))

    def _opened(self, process: ProcessRead, *steps: str) -> ProcessRead:
        priority = process.variables.get("priority")
        for step in steps:
            turn = sum(each.definition_key == step for each in process.tasks)
            task = TaskRead(
                task_id=f"{process.instance_id}/{step}/{turn}",
                definition_key=step,
                opened_at=self.now + timedelta(seconds=turn),
                due_at=self.now + timedelta(days=3),
                priority=priority if isinstance(priority, int) else None,
            )
            process = replace(process, tasks=(*process.tasks, task))
        return process

    def _expected(self, task_id: str, command: Command) -> TaskRead:
        task = next((each for each in self.waiting() if each.task_id == task_id), None)
        if task is None or any(getattr(task, name) != value for name, value in command.expects.items()):
            raise StaleWriteError
        return task

    # ---- what must not be written ----------------------------------------------------------------------------------

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Where it stands is what the tasks say; over is only what has ended, cancelled what somebody ended.

        One that has no process yet may be closed, too: the review that it is about is done. A start that was given up
        half way says how the case began, until its process is looked at.
        """
        row = self.link.live_process()
        is_unsettled = row is not None and row.state is ProcessState.STARTING
        if name != "state" or value == self.link.agreed_value("state") or is_unsettled:
            return
        newest = self.processes.get(self.newest())
        is_over = newest is None or newest.ended_at is not None
        is_cancelled = newest is not None and bool(newest.delete_reason)
        is_ended_so = is_over and (is_cancelled is (value == "cancelled") or stood == "open")
        if not (is_ended_so if value in OVER else value == (self.stands() or "open")):
            self.unfounded.append(f"{value} in revision {self.link.revision}")

    def stands(self) -> str:
        """Where the open tasks say that it stands; "" where none is open."""
        waiting = {each.definition_key for each in self.waiting()}
        live = self.live()
        if live is None or not waiting:
            return ""
        if waiting & {case_parts.CONFIRM}:
            return "resolved"
        if waiting != {case_parts.TRIAGE}:
            return "in_progress"
        was_resolved = any(each.definition_key == case_parts.CONFIRM for each in live.tasks)
        return "reopened" if was_resolved else "open"

    def level(self) -> str:
        """What Aprimo is to show of the priority of the open tasks, which all have the same."""
        (number,) = {each.priority for each in self.waiting()}
        return self.words.terms_of(Terms).level_at(number or 0).value


def opened(state: str = "open", **values: JsonValue) -> World:
    """A case that somebody opened in Aprimo, and everything done about it."""
    world = World()
    world.make(state, **values)
    world.settle_down()
    return world


def started(**variables: JsonValue) -> World:
    """A case that somebody started in OpenText, and everything done about it."""
    world = World(link=Link(id=None, flow=FLOW, business_key=BEGUN_THERE))
    world.start_there(**variables)
    world.look(Side.OPENTEXT)
    world.settle_down()
    return world


def opened_late() -> World:
    """A case that a late review opened by itself, and everything done about it."""
    world = World(link=Link(id=None, flow=FLOW, business_key=LATE))
    world.look(Side.APRIMO, facts.REVIEW_LATE, data={"title": "Brand", "item": SUBJECT, "what": "Brand is late."})
    world.settle_down()
    return world


def _with(process: ProcessRead, task: TaskRead) -> ProcessRead:
    return replace(process, tasks=tuple(task if each.task_id == task.task_id else each for each in process.tasks))
