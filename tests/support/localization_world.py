"""Lives of one market of a master on the rules alone: the master, its record, and how `localization` goes on."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

from pipeline.commands import AddVersion, Command, CreateRecord, SetRecord, StartProcess, UpdateTask, Upload
from pipeline.events import Event
from pipeline.flows.reading import read_words
from pipeline.flows.shared import versions
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import Link, LinkChanges, Snapshot, TaskRead, Want
from pipeline.words import BusinessKey, EventId, JsonValue, Side
from tests.support import briefs
from tests.support.flow_world import FlowWorld, StaleWriteError

FLOW, MASTER, MARKET = "localization", "a" * 32, "DACH"
KEY = aprimo_key("record", MASTER, MARKET)
DRAFT = "d" * 32
"""A record that a translator made and names."""
STEPS = ("translation", "market_legal", "regional_brand")


@cache
@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    path = Path(__file__).parents[2] / "config" / "flows" / "localization.toml"
    return read_words(FLOW, tomllib.loads(path.read_text(encoding="utf-8")))


def event(side: Side = Side.APRIMO, kind: str = "", **changes: object) -> Event:
    """A look at one side of the market; of Aprimo's at its record."""
    usual = "aprimo.record.updated" if side is Side.APRIMO else "opentext.workflow.task.completed"
    made = briefs.event(side, kind or usual, flow=FLOW, subject=KEY, line_key=line_key(FLOW, KEY), id=EventId("ev-1"))
    return replace(made, **changes)  # type: ignore[arg-type]  # Tests name real fields.


def version(number: int) -> dict[str, JsonValue]:
    """A version of a file."""
    return {"id": f"{number:032d}", "number": number, "label": "", "sha256": ""}


@dataclass(kw_only=True)
class World(FlowWorld):
    """One market's life. What it tells the master's line is kept in `told`, and not worked."""

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)
    DOES: ClassVar[Mapping[type[Command], str]] = {
        **FlowWorld.DOES,
        SetRecord: "do_set_record",
        CreateRecord: "do_create_record",
        AddVersion: "do_add_version",
        Upload: "do_upload",
        UpdateTask: "do_update_task",
    }

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=KEY))
    values: dict[str, JsonValue] = field(
        default_factory=lambda: {
            "name": "Hero banner",
            "markets": [],
            "type_id": "Asset",
            "state": "",
            "preview_link": "",
            "file_version": version(1),
        }
    )
    records: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    told: list[Mapping[str, JsonValue]] = field(default_factory=list)
    version_count: int = 1

    # ---- what people do --------------------------------------------------------------------------------------------

    def distribute(self, *markets: str) -> None:
        """A marketer lists the markets, and the master's line tells this one to look."""
        self.edit(markets=list(markets))
        self.look(Side.APRIMO, "signoff.market_added" if MARKET in markets else "signoff.market_removed")

    def upload(self) -> None:
        """A marketer puts a new version of the master up."""
        self.version_count += 1
        self.edit(file_version=version(self.version_count))

    def translate_anew(self, record_id: str) -> None:
        """Somebody puts another file onto a localized record."""
        self.version_count += 1
        self.records[record_id]["file_version"] = version(self.version_count)

    def decide(self, outcome: str, **named: str) -> None:
        """Whoever's turn it is answers, and the process goes on as the model does."""
        self.now += timedelta(minutes=1)
        live = self.live()
        task = next(iter(self.waiting()), None)
        if live is None or task is None:
            return
        step = STEPS.index(task.definition_key)
        decided = replace(task, outcome=outcome, ended_at=self.now, assignee=f"{task.definition_key}@example.test")
        tasks = tuple(decided if each == task else each for each in live.tasks)
        live = replace(live, tasks=tasks, variables={**live.variables, **named})
        following = 0 if outcome == "changes_requested" else step + 1
        is_over = following == len(STEPS) or (step > 0 and outcome not in {"approved", "changes_requested"})
        if is_over:
            self.keep(replace(live, ended_at=self.now))
        else:
            self.keep(replace(live, tasks=(*tasks, self._task(live.instance_id, STEPS[following], len(tasks)))))

    def all_approve(self, **named: str) -> None:
        """Everybody does what leads to an approval."""
        for _ in STEPS:
            task = next(iter(self.waiting()), None)
            is_work = task is not None and task.definition_key == "translation"
            self.decide("done" if is_work else "approved", **(named if is_work else {}))

    def make_draft(self) -> str:
        """A translator's own record; its id."""
        self.version_count += 1
        names = self.words.as_role("localized").fields
        self.records[DRAFT] = {
            **dict.fromkeys(names, ""),
            "type_id": "LocalizedAsset",
            "record_status": "draft",
            "file_id": "file",
            "file_version": version(self.version_count),
            "classifications": [],
        }
        return DRAFT

    def file(self, record_id: str, *paths: str, leaves: Collection[str] = ()) -> None:
        """A localized record comes under these classifications, and leaves others."""
        filed = {*self.filed(record_id), *paths} - {*leaves}
        self.records[record_id]["classifications"] = [{"id": each, "path": each} for each in sorted(filed)]

    def filed(self, record_id: str) -> set[str]:
        """The paths of its classifications."""
        rows = self.records[record_id]["classifications"]
        return {str(row["path"]) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()

    def released(self) -> list[str]:
        """The records that are released."""
        return [each for each, values in self.records.items() if values["record_status"] == "released"]

    # ---- what the engine does --------------------------------------------------------------------------------------

    def work(self, head: Event) -> None:
        """Facts for the master's line are only kept."""
        if head.subject == KEY:
            super().work(head)
        else:
            self.told.append(head.data)

    def settle(self, changes: LinkChanges) -> None:
        """As every world does; a record that was made, or named, is the link's."""
        super().settle(changes)
        made = aprimo_key("record", self.made[changes.made.effect]) if changes.made else changes.item
        self.link = replace(self.link, item=made or BusinessKey(self.link.item))

    def read(self, want: Want) -> Snapshot:
        """A localized record, or what every world shows."""
        if want.role != "localized":
            return super().read(want)
        known = self.records.get(want.object_id)
        return Snapshot(
            want=want,
            read_at=self.now,
            is_absent=known is None,
            version=self.now.isoformat(),
            values=dict(known or {}),
        )

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """The translation."""
        del command
        return (self._task(instance, "translation", 0),)

    def do_upload(self, command: Upload) -> None:
        """A file comes to Aprimo."""

    def do_create_record(self, command: CreateRecord) -> None:
        """A record is made, released."""
        record_id = self.make_draft()
        self.records["e" * 32] = self.records.pop(record_id)
        self.made[f"create-record:{command.reference}"] = "e" * 32
        self._set("e" * 32, command.fields, command.status)
        self.file("e" * 32, *command.classifications)

    def do_add_version(self, command: AddVersion) -> None:
        """A record's file gets another version."""
        self.translate_anew(command.record_id)

    def do_update_task(self, command: UpdateTask) -> None:
        """A task that waits is told what is wanted."""
        if command.task_id not in {each.task_id for each in self.waiting()}:
            raise StaleWriteError

    def do_set_record(self, command: SetRecord) -> None:
        """A localized record changes, if what is expected of it holds."""
        known = self.records[command.record_id]
        names = {word.wire: name for name, word in self.words.as_role("localized").fields.items()}
        for wire, expected in command.expects.items():
            now = (
                versions.latest_id(self.read(_want(command.record_id)))
                if wire == "fileVersion"
                else known[names[wire]]
            )
            if now != expected:
                raise StaleWriteError
        self._set(command.record_id, command.fields, command.status)
        self.file(command.record_id, *command.add_classifications, leaves=command.remove_classifications)

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _set(self, record_id: str, fields: Mapping[str, JsonValue], status: str) -> None:
        names = {word.wire: name for name, word in self.words.as_role("localized").fields.items()}
        self.records[record_id] |= {names[wire]: value for wire, value in fields.items()}
        self.records[record_id]["record_status"] = status or self.records[record_id]["record_status"]
        if status == "released" and not (self._is_approved() or self._is_put_back(record_id)):
            self.unfounded.append(f"released in revision {self.link.revision}")
        self.now += timedelta(seconds=1)

    def _is_approved(self) -> bool:
        """Whether both reviews approved in the process that lives for us, and the market is still listed."""
        row = self.link.live_process()
        process = self.processes.get(row.instance_id or "") if row else None
        if process is None or process.ended_at is None or process.delete_reason:
            return False
        last = {each.definition_key: each.outcome for each in process.tasks}
        markets = self.values["markets"]
        is_listed = isinstance(markets, list) and MARKET in markets
        return is_listed and [last.get(each) for each in STEPS[1:]] == ["approved", "approved"]

    def _is_put_back(self, record_id: str) -> bool:
        """Whether both agree that the record is released, with the very file that it has."""
        file = versions.latest_id(self.read(_want(record_id)))
        known = (self.link.agreed_value("record_status"), self.link.agreed_value("published_file"))
        return self.link.item == aprimo_key("record", record_id) and known == ("released", file)

    def _task(self, instance: str, key: str, number: int) -> TaskRead:
        return TaskRead(
            task_id=f"{instance}/{number}",
            definition_key=key,
            opened_at=self.now,
            due_at=self.now + timedelta(days=3),
        )


def _want(record_id: str) -> Want:
    return Want(flow=FLOW, side=Side.APRIMO, kind="record", object_id=record_id, role="localized")
