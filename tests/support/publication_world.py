"""Lives of a content package on the rules alone: its records in the DAM, and how `contentPackage` goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

from pipeline.commands import AddToCollection, Command, RemoveFromCollection, SetRecord, StartProcess
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.publication_parts import PACKAGE, RELEASE, VERIFY
from pipeline.flows.shared import releasing, versions
from pipeline.flows.shared.packages import Package
from pipeline.plan import Link, Plan, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import InstanceId, JsonValue, Side
from tests.support.flow_world import FlowWorld, StaleWriteError
from tests.support.publications import HERO, TEASER, event, no_link, package, record_values, words


@dataclass(kw_only=True)
class World(FlowWorld):
    """One package's life with its two records.

    meanwhile: what people do between a release and the step before it, the last one first; racing: between two
    writes of one plan. out: the records that we released, each with the revisions that did it and the versions, in
    order. hidden: the records that we cannot read. finished: the revisions whose release was told to be done.
    """

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {
        **FlowWorld.DOES,
        SetRecord: "do_set_record",
        AddToCollection: "do_add_to_collection",
        RemoveFromCollection: "do_remove_from_collection",
    }

    link: Link = field(default_factory=no_link)
    values: dict[str, JsonValue] = field(default_factory=lambda: dict(package("draft").values))
    records: dict[str, dict[str, JsonValue]] = field(
        default_factory=lambda: {HERO: record_values(), TEASER: record_values(title="Teaser")}
    )
    collections: dict[str, set[str]] = field(default_factory=dict)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    racing: list[Callable[[], None]] = field(default_factory=list)
    out: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)
    version_count: int = 1

    # ---- what people do --------------------------------------------------------------------------------------------

    def put(self, state: str) -> None:
        """Somebody puts the package into a state; "" is one nobody named."""
        self.edit(state=state, state_id=self.words.states.get(state, 99), state_name=state)

    def upload(self, record_id: str = HERO) -> None:
        """Somebody puts a new version of a record's file up, which nobody has approved."""
        self.version_count += 1
        self.now += timedelta(minutes=1)
        version_id = f"{self.version_count:032d}"
        self.records[record_id]["file_version"] = {"id": version_id, "number": self.version_count}

    def review(self, record_id: str = HERO, said: str = "Approved") -> None:
        """Somebody reviews a record's latest version."""
        latest = self.latest(record_id) if said == "Approved" else self.records[record_id]["approved_version"]
        self.records[record_id] |= {"review": said, "approval": said, "approved_version": latest}

    def decide(self, task: TaskRead, outcome: str) -> None:
        """Somebody answers, and the process goes on as the model does: the first that does not approve ends it."""
        self.now += timedelta(minutes=1)
        live = self.live()
        if live is None:
            return
        by = f"{task.definition_key}@example.test"
        decided = replace(task, outcome=outcome, ended_at=self.now, assignee=by)
        live = replace(live, tasks=tuple(decided if each == task else each for each in live.tasks))
        if outcome != "approved":
            gone = tuple(_taken(each, self) for each in live.tasks)
            live = replace(live, tasks=gone, ended_at=self.now)
        self.keep(live)
        if live.ended_at is None and not self.waiting():
            self._goes_on(live)

    def begin_there(self) -> str:
        """Somebody starts the process in OpenText, with the package's name and no versions; its id."""
        instance = InstanceId(f"instance-{len(self.processes) + 1}")
        variables: dict[str, JsonValue] = {
            "records": [{"recordId": each} for each in (HERO, TEASER)],
            "channels": ["Web"],
            "releaseDate": "",
            "signoffEffect": "",
        }
        process = ProcessRead(
            instance_id=instance,
            process_key=self.words.process_key,
            business_key=self.link.business_key,
            started_at=self.now,
            variables=variables,
            tasks=(self._task(instance, "content"),),
        )
        self.keep(process)
        return instance

    def all_approve(self) -> None:
        """Everybody who is asked approves, to the end."""
        while waiting := self.waiting():
            self.decide(waiting[0], "approved")

    def its_date_comes(self) -> None:
        """The timetable looks at a package whose time has come."""
        if self.link.wake_at is not None and self.link.wake_at <= self.now:
            self.look(Side.OPENTEXT, facts.DUE, data={"reason": self.link.wake_reason})

    def latest(self, record_id: str) -> str:
        """The id of a record's latest version."""
        found = self.records[record_id]["file_version"]
        return str(found["id"]) if isinstance(found, dict) else ""

    def released(self) -> set[str]:
        """The records that say that they are released."""
        return {each for each, values in self.records.items() if values["record_status"] == "released"}

    def stands(self, record_id: str) -> tuple[JsonValue, JsonValue, set[str]]:
        """Status, release state and classifications of a record."""
        values = self.records[record_id]
        return values["record_status"], values["release_state"], _paths(values)

    # ---- what the engine does --------------------------------------------------------------------------------------

    def work(self, head: Event) -> None:
        """As every world does; between two steps of a release somebody may come."""
        if head.type in {RELEASE, VERIFY} and self.meanwhile:
            self.meanwhile.pop()()
        super().work(head)

    def read(self, want: Want) -> Snapshot:
        """A record, or what every world shows."""
        if want.kind != "record":
            return super().read(want)
        known = None if want.object_id in self.hidden else self.records.get(want.object_id)
        return Snapshot(want=want, read_at=self.now, is_absent=known is None, values=dict(known or {}))

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """The content lead's."""
        del command
        return (self._task(instance, "content"),)

    def do_set_record(self, command: SetRecord) -> None:
        """A record changes, if what is expected of it holds."""
        if self.racing:
            self.racing.pop()()
        values, words_ = self.records[command.record_id], self.words.as_role("asset")
        by_wire = {word.wire: values[name] for name, word in words_.fields.items()}
        by_wire |= {versions.EXPECTED: self.latest(command.record_id), releasing.STATUS: values["record_status"]}
        if any(by_wire[wire] != expected for wire, expected in command.expects.items()):
            raise StaleWriteError
        paths = (_paths(values) | set(command.add_classifications)) - set(command.remove_classifications)
        names = {word.wire: name for name, word in words_.fields.items()}
        values |= {names[wire]: value for wire, value in command.fields.items()}
        values["classifications"] = [{"id": path, "path": path} for path in sorted(paths)]
        self._note_release(command)
        values["record_status"] = command.status or values["record_status"]
        self.now += timedelta(seconds=1)

    def do_add_to_collection(self, command: AddToCollection) -> None:
        """Records come into a collection."""
        self.collections.setdefault(command.collection, set()).update(command.record_ids)

    def do_remove_from_collection(self, command: RemoveFromCollection) -> None:
        """Records leave a collection."""
        self.collections.setdefault(command.collection, set()).difference_update(command.record_ids)

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def _goes_on(self, live: ProcessRead) -> None:
        """The owners of the channels are asked, then the last approval, then it ends."""
        asked = {each.definition_key for each in live.tasks}
        channels = live.variables["channels"]
        parts = [str(each) for each in channels] if isinstance(channels, list) else []
        if "channel_owner" not in asked and parts:
            opened = tuple(self._task(live.instance_id, "channel_owner", part) for part in parts)
        elif "final_approval" not in asked:
            opened = (self._task(live.instance_id, "final_approval"),)
        else:
            self.keep(replace(live, ended_at=self.now))
            return
        self.keep(replace(live, tasks=(*live.tasks, *opened)))

    def _task(self, instance: str, key: str, part: str = "") -> TaskRead:
        return TaskRead(
            task_id=f"{instance}/{key}{part}",
            definition_key=key,
            category=part,
            opened_at=self.now,
            due_at=self.now + timedelta(days=3),
        )

    # ---- what must not be written ----------------------------------------------------------------------------------

    def check(self, name: str, value: JsonValue, stood: JsonValue) -> None:
        """Approved is only what everybody approved, released only what is out."""
        del stood
        if (name, value) == ("state", "approved") and self.link.agreed_value("state") != "approved":
            row = self.link.live_process()
            process = self.processes.get(row.instance_id or "") if row else None
            if process is None or not _is_approved(process):
                self.unfounded.append(f"approved in revision {self.link.revision}")
        if (name, value) == ("state", "released"):
            self.finished.add(self.link.revision)

    def _plan(self, head: Event) -> Plan:
        plan = super()._plan(head)
        if plan.changes.state == "taken_back":
            self._note_taken_back(plan)
        return plan

    def _note_release(self, command: SetRecord) -> None:
        """A record goes out only while the package is approved, in the version that was approved, after its date."""
        if command.status != "released":
            self.out.pop(command.record_id, None)
            return
        latest = self.latest(command.record_id)
        self.out.setdefault(command.record_id, []).append((self.link.revision, latest))
        is_approved = any(
            _is_approved(each) and _names(each, command.record_id, latest) for each in self.processes.values()
        )
        is_reviewed = self.records[command.record_id]["approved_version"] == latest
        is_now = str(self.values["release_on"]) <= self.now.isoformat()
        if not (is_approved and is_reviewed and is_now and self.values["state"] == "approved"):
            self.unfounded.append(f"{command.record_id[0]} in revision {self.link.revision}")

    def _note_taken_back(self, plan: Plan) -> None:
        """A record keeps the release that was told to be done, if that is of the version that is approved now."""
        package = Package.from_json(self.link.agreed_value(PACKAGE))
        back = {each.record_id for each in plan.commands if isinstance(each, SetRecord) and each.status}
        seen = {part.record_id for part in package.parts} - self.hidden if package else set()
        out = seen & self.out.keys()
        wrong = [each for each in out if (each in back) is self._holds(each)]
        self.unfounded += [f"{each[0]} taken back in revision {self.link.revision}" for each in wrong]

    def _holds(self, record_id: str) -> bool:
        """Whether the last release of a record that was told to be done is of its latest and approved version."""
        told = [version for revision, version in self.out[record_id] if revision in self.finished]
        values, latest = self.records[record_id], self.latest(record_id)
        is_approved = values["review"] == values["approval"] == "Approved" and values["approved_version"] == latest
        return is_approved and told[-1:] == [latest]


def _paths(values: Mapping[str, JsonValue]) -> set[str]:
    rows = values["classifications"]
    return {str(each["path"]) for each in (rows if isinstance(rows, list) else []) if isinstance(each, dict)}


def _is_approved(process: ProcessRead) -> bool:
    is_over = process.ended_at is not None and not process.delete_reason
    said = [each.outcome for each in process.tasks]
    return (
        is_over and "final_approval" in {each.definition_key for each in process.tasks} and set(said) == {"approved"}
    )


def _names(process: ProcessRead, record_id: str, version_id: str) -> bool:
    """Whether a process names a record, in this version or in whichever is the latest."""
    rows = process.variables["records"]
    named = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return any(row["recordId"] == record_id and row.get("fileVersionId", version_id) == version_id for row in named)


def _taken(task: TaskRead, world: World) -> TaskRead:
    return task if task.ended_at else replace(task, ended_at=world.now, delete_reason="first refusal")
