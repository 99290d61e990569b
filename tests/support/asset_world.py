"""Lives of an asset on the rules alone: versions and what is said of them, and how `assetReview` goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from pipeline.commands import AddCheck, Command, SetRecord, StartProcess, UpdateTask
from pipeline.flows import facts
from pipeline.flows.shared import versions
from pipeline.plan import CommentRead, Link, Snapshot, TaskRead, Want
from pipeline.words import JsonValue, Side, WakeReason
from tests.support.assets import ROLES, asset, event, no_link, version, words
from tests.support.flow_world import FlowWorld, StaleWriteError


@dataclass(kw_only=True)
class World(FlowWorld):
    """One record's life.

    unfounded: what was written of an approval although the latest version was not approved by everybody as it is.
    """

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {
        **FlowWorld.DOES,
        SetRecord: "do_set_record",
        AddCheck: "do_add_check",
        UpdateTask: "do_update_task",
    }

    link: Link = field(default_factory=no_link)
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(asset("draft", latest="1" * 32).values))
    said: dict[str, list[CommentRead]] = field(default_factory=dict)
    results: list[AddCheck] = field(default_factory=list)
    version_count: int = 1

    # ---- what people do --------------------------------------------------------------------------------------------

    @property
    def latest(self) -> str:
        """The id of the latest version."""
        found = self.values["file_version"]
        return str(found["id"]) if isinstance(found, dict) else ""

    def put(self, state: str) -> None:
        """Somebody puts the record into a state; "" is one nobody named."""
        name = self.words.states.get(state, "On hold")
        self.edit(state=state, state_id=name, state_name=name)

    def upload(self) -> None:
        """Somebody puts a new version up."""
        self.version_count += 1
        self.edit(file_version={**version(), "id": f"{self.version_count:032d}", "number": self.version_count})

    def annotate(self, text: str) -> None:
        """Somebody annotates the latest version."""
        notes = self.said.setdefault(self.latest, [])
        number = sum(len(each) for each in self.said.values())
        notes.append(CommentRead(origin_id=f"annotation:{number}", author="Owner One", text=text, at=self.now))

    def decide(self, task: TaskRead, outcome: str, comment: str = "") -> None:
        """Somebody answers, and the process goes on as the model does."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        by = f"{task.definition_key}@example.test"
        decided = replace(task, outcome=outcome, comment=comment, ended_at=self.now, assignee=by)
        self.keep(replace(live, tasks=tuple(decided if each == task else each for each in live.tasks)))
        if not self.waiting():
            self._goes_on()

    def all_approve(self) -> None:
        """Everybody who is asked approves."""
        for task in self.waiting():
            self.decide(task, "approved")

    def listen(self) -> None:
        """The timetable looks for remarks."""
        self.look(Side.OPENTEXT, facts.DUE, data={"reason": WakeReason.REMARKS})

    def read(self, want: Want) -> Snapshot:
        """A file version with what is said of it, or what every world shows."""
        if want.kind != versions.KIND:
            return super().read(want)
        said = tuple(self.said.get(want.object_id, ()))
        return Snapshot(want=want, read_at=self.now, version=want.object_id, comments=said)

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """One review of each role."""
        del command
        return tuple(self._task(instance, role) for role in ROLES)

    def _task(self, instance: str, key: str, description: str = "") -> TaskRead:
        return TaskRead(
            task_id=f"{instance}/{key}",
            definition_key=key,
            opened_at=self.now,
            due_at=self.now + timedelta(days=3),
            description=description,
        )

    def _goes_on(self) -> None:
        """As the model does, once nobody is asked any more: it ends, or asks the next."""
        live = self.live()
        if live is None:
            return
        said = {task.definition_key: task.outcome for task in live.tasks}
        asked = "" if all(said[role] == "approved" for role in ROLES) else "consolidate"
        if "consolidate" in said:
            asked = "creative_revision" if said["consolidate"] == "changes_requested" else ""
        if not asked or asked in said:
            self.keep(replace(live, ended_at=self.now))
            return
        description = f"Feedback: {live.variables['feedback']}" if asked == "creative_revision" else ""
        self.keep(replace(live, tasks=(*live.tasks, self._task(live.instance_id, asked, description))))

    def do_update_task(self, command: UpdateTask) -> None:
        """A task that waits changes."""
        live = self.live()
        if live is None or command.task_id not in {each.task_id for each in self.waiting()}:
            raise StaleWriteError
        self.keep(replace(live, tasks=tuple(_changed(each, command) for each in live.tasks)))

    def do_add_check(self, command: AddCheck) -> None:
        """A check result stands on a file version."""
        self.results.append(command)

    def do_set_record(self, command: SetRecord) -> None:
        """The record's fields change, if what is expected of them and of its latest version holds."""
        self.write(command.fields, command.expects)

    def standing(self, wire: str, by_wire: Mapping[str, str]) -> JsonValue:
        """The latest version's id where that is expected, else the field."""
        return self.latest if wire == versions.EXPECTED else super().standing(wire, by_wire)

    # ---- what must not be written ----------------------------------------------------------------------------------

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Approved is only the version that everybody approved."""
        is_news = value == "Approved" and self.link.agreed_value(_AGREED_AS.get(name, name)) not in {
            value,
            "approved",
        }
        if is_news and name != "state_name" and not self._is_approved(stood):
            self.unfounded.append(f"{name} in revision {self.link.revision}")

    def _is_approved(self, stood: JsonValue) -> bool:
        """Whether everybody approved the latest version with its claims, while it was not taken back."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        if process is None or process.ended_at is None or process.delete_reason:
            return False
        if stood in {"draft", "withdrawn", ""}:
            return False
        shown = (process.variables["fileVersionId"], process.variables["claims"])
        is_same = shown == (self.latest, self.values["claims"])
        return is_same and [task.outcome for task in process.tasks] == ["approved"] * len(ROLES)

    def unfounded_passes(self) -> list[AddCheck]:
        """Results that pass although nobody approved that version under that task."""
        approved = {
            (process.variables["fileVersionId"], f"task:{task.task_id}")
            for process in self.processes.values()
            for task in process.tasks
            if task.outcome == "approved"
        }
        passed = [each for each in self.results if each.outcome == "pass"]
        return [each for each in passed if (each.file_version_id, each.origin) not in approved]


_AGREED_AS = {"state_id": "state"}
"""What is written of the state stands among what is agreed under our word for it."""


def _changed(task: TaskRead, command: UpdateTask) -> TaskRead:
    if task.task_id != command.task_id:
        return task
    if "dueDate" in command.fields:
        return replace(task, due_at=datetime.fromisoformat(str(command.fields["dueDate"])))
    return replace(task, description=str(command.fields["description"]))
