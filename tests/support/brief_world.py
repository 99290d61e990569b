"""Lives of a brief on the rules alone: what marketers and reviewers do, and how `campaignBrief` goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

from pipeline.commands import Command, ProjectVerb, StartProcess
from pipeline.keys import line_key, process_key
from pipeline.plan import Link, TaskRead
from pipeline.words import JsonValue, Side
from tests.support.briefs import FLOW, KEY, STATE_IDS, brief, event, words
from tests.support.flow_world import FlowWorld, taken

ROLES = ("brand", "legal", "finance")


@dataclass(kw_only=True)
class World(FlowWorld):
    """One brief's life.

    unfounded: approvals that were written although the live process's reviewers had not all approved what the brief
    says, and that was not written before.
    """

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {**FlowWorld.DOES, ProjectVerb: "do_project_verb"}

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=KEY))
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(brief("draft").values))

    # ---- what people do --------------------------------------------------------------------------------------------

    def put(self, state: str) -> None:
        """Somebody puts the brief into a state; "" is one nobody named."""
        self.edit(state=state, state_id=STATE_IDS.get(state, 8), state_name=state or "On hold")

    def decide(self, task: TaskRead, outcome: str, comment: str = "") -> None:
        """A reviewer decides; what is not an approval ends the rest, the last approval ends the process."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        decided = replace(
            task, outcome=outcome, comment=comment, ended_at=self.now, assignee=f"{task.definition_key}@example.test"
        )
        tasks = tuple(decided if each.task_id == task.task_id else each for each in live.tasks)
        is_over = outcome != "approved" or all(each.ended_at for each in tasks)
        if is_over:
            tasks = tuple(taken(each, "boundary event", self.now) for each in tasks)
        self.keep(replace(live, tasks=tasks, ended_at=self.now if is_over else None))

    def provisional(self, instance: str) -> None:
        """A look at an instance that no line is known for."""
        subject = process_key(instance)
        self.look(Side.OPENTEXT, subject=subject, line_key=line_key(FLOW, subject), data={"instance_id": instance})

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """One review of each role, and one of each region."""
        regions = command.variables["regions"]
        parts = [("regional", str(region)) for region in (regions if isinstance(regions, list) else [])]
        return tuple(
            TaskRead(
                task_id=f"{instance}/{key}/{part}",
                definition_key=key,
                category=part,
                opened_at=self.now,
                due_at=self.now + timedelta(days=3),
            )
            for key, part in [*((role, "") for role in ROLES), *parts]
        )

    def do_project_verb(self, command: ProjectVerb) -> None:
        """A project takes a verb."""
        self.written.append(("project", command.verb))

    # ---- what must not be written ----------------------------------------------------------------------------------

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Approved is only what everybody approved."""
        is_approval = (name, value) in {("state", "in_production"), ("decision", "approved")}
        if is_approval and self.link.agreed_value(name) != value and not self._is_approved(stood):
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


def submitted(**values: JsonValue) -> World:
    """A world whose brief is in approval. values: what it says besides."""
    world = World()
    world.edit(**values)
    world.put("submitted")
    world.settle_down()
    return world


def approved() -> World:
    """A world whose brief everybody has approved."""
    world = submitted()
    while world.waiting():
        world.decide(world.waiting()[0], "approved")
    world.settle_down()
    return world
