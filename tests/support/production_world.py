"""Lives of a content request on the rules alone: what people do, and how `contentProduction` goes on.

Each step's task opens when the one before it is done, a repeated one for every language that the variable names then;
the last one's answer ends the process or sends back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from pipeline.commands import Command, StartProcess, UpdateTask
from pipeline.flows.shared.values import instant
from pipeline.plan import Link, ProcessRead, TaskRead
from pipeline.words import JsonValue
from tests.support.flow_world import FlowWorld, StaleWriteError
from tests.support.productions import NOW, STATE_IDS, event, no_link, request, words

STEPS = ("copywriting", "design", "translation", "localization", "qa")
BACK = {"to_copy": "copywriting", "to_design": "design"}


@dataclass(kw_only=True)
class World(FlowWorld):
    """One request's life.

    unfounded: what was written as produced although not every language was done and then approved.
    """

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {**FlowWorld.DOES, UpdateTask: "do_update_task"}

    link: Link = field(default_factory=no_link)
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(request("draft").values))
    now: datetime = NOW

    # ---- what people do --------------------------------------------------------------------------------------------

    def put(self, state: str) -> None:
        """Somebody puts the request into a state; "" is one nobody named."""
        self.edit(state=state, state_id=STATE_IDS.get(state, 6))

    def decide(self, task: TaskRead, outcome: str) -> None:
        """Somebody answers a task; the last one of a step opens what comes next."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        ended = replace(task, outcome=outcome, ended_at=self.now, assignee=f"{task.definition_key}@example.test")
        live = _with_task(live, ended)
        if any(each.ended_at is None for each in live.tasks):
            self.keep(live)
            return
        step = task.definition_key
        if step == "qa" and outcome == "approved":
            self.keep(replace(live, ended_at=self.now))
            return
        following = BACK.get(outcome, "qa") if step == "qa" else STEPS[STEPS.index(step) + 1]
        opened = self._opened(following, live.instance_id, live.variables, live.tasks)
        self.keep(replace(live, tasks=(*live.tasks, *opened)))

    def move(self, task: TaskRead, due: datetime) -> None:
        """Somebody moves a due date in OpenText."""
        live = self.live()
        if live:
            self.keep(_with_task(live, replace(task, due_at=due)))

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """The first step's."""
        return self._opened(STEPS[0], instance, command.variables, ())

    def do_update_task(self, command: UpdateTask) -> None:
        """A task that waits gets another due date, if it still has the one that was read."""
        task = next((each for each in self.waiting() if each.task_id == command.task_id), None)
        live = self.live()
        if task is None or live is None or _due(task) != command.expects["dueDate"]:
            raise StaleWriteError
        due = datetime.fromisoformat(str(command.fields["dueDate"]))
        self.keep(_with_task(live, replace(task, due_at=due)))

    def _opened(
        self, step: str, instance: str, variables: Mapping[str, JsonValue], tasks: tuple[TaskRead, ...]
    ) -> tuple[TaskRead, ...]:
        languages = variables["languages"]
        if step == "translation" and not languages:
            step = "qa"
        is_repeated = step in {"translation", "localization"}
        parts = [str(each) for each in languages] if is_repeated and isinstance(languages, list) else [""]
        turn = sum(each.definition_key == step for each in tasks)
        return tuple(
            TaskRead(
                task_id=f"{instance}/{step}/{part}/{turn}",
                definition_key=step,
                category=part,
                opened_at=self.now,
                due_at=datetime.fromisoformat(str(variables[f"{step}Due"])),
            )
            for part in parts
        )

    # ---- what must not be written ----------------------------------------------------------------------------------

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Produced is only what every language was done and approved for."""
        is_claim = (name, value) in {("state", "produced"), ("percent", 100)}
        if is_claim and self.link.agreed_value(name) != value and not self._is_produced(stood):
            self.unfounded.append(f"{name} in revision {self.link.revision}")

    def _is_produced(self, stood: JsonValue) -> bool:
        """Whether every language was done and then approved, as the request says now, and nobody took it back."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        if process is None or process.ended_at is None or process.delete_reason:
            return False
        if stood in {"draft", "withdrawn", ""}:
            return False
        languages = process.variables["languages"]
        parts = {str(each) for each in languages} if isinstance(languages, list) else set()
        done = {(each.definition_key, each.category) for each in process.tasks if each.outcome is not None}
        needed = {(step, part) for step in ("translation", "localization") for part in parts}
        wanted = self.values["languages"]
        is_same = parts == {str(each) for each in wanted} if isinstance(wanted, list) else not parts
        return is_same and needed <= done and process.tasks[-1].outcome == "approved"


def _with_task(process: ProcessRead, task: TaskRead) -> ProcessRead:
    return replace(process, tasks=tuple(task if each.task_id == task.task_id else each for each in process.tasks))


def _due(task: TaskRead) -> str | None:
    return instant(task.due_at) if task.due_at else None
