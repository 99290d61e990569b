"""Lives of a campaign's performance reviews on the rules alone, and of the asset whose results they find.

Campaign and asset are lines of their own: what a review found is worked on the asset's, with a link of its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

from pipeline.commands import Command, CreateTask, SetRecord, StartProcess
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.reading import read_words
from pipeline.flows.registry import bind
from pipeline.flows.shared.insights import VERDICTS, Terms
from pipeline.flows.shared.values import moment, text
from pipeline.flows.tenant import FlowWords
from pipeline.keys import aprimo_key, kind_of, line_key
from pipeline.plan import Link, ProcessRead, Snapshot, TaskRead, Want
from pipeline.words import InstanceId, JsonValue, Side
from tests.support import briefs
from tests.support.flow_world import FlowWorld

FLOW, PROCESS = "performance_insight", "performanceReview"
HERO = "a" * 32
CAMPAIGN, ASSET = aprimo_key("activity", 5012), aprimo_key("record", HERO)
BEGIN, END = "2025-10-01", "2025-12-20"
NEXT_END = "2025-12-28"
AFTER_END, UNTIL = timedelta(days=14), timedelta(days=60)


@cache
def words() -> FlowWords:
    """The words of the shipped file."""
    path = Path(__file__).parents[2] / "config" / "flows" / f"{FLOW}.toml"
    return read_words(FLOW, tomllib.loads(path.read_text(encoding="utf-8")))


def event(side: Side, kind: str = "", **changes: object) -> Event:
    """An event of the flow."""
    return briefs.event(side, kind, **{"flow": FLOW, **changes})


@dataclass(kw_only=True)
class _World(FlowWorld):
    """A line of the flow. archives: whether the tenant archives what is to be retired."""

    WORDS = staticmethod(words)
    EVENT = staticmethod(event)

    archives: bool = False

    def __post_init__(self) -> None:
        """The words of the kind of item that the life is about, with a project for tasks."""
        super().__post_init__()
        terms = replace(self.words.terms_of(Terms), archives=self.archives, task_project=6100)
        known = replace(self.words, terms=terms)
        self.flow = bind(FLOW, known)
        self.words = known.as_kind(kind_of(self.link.business_key))
        self.values = {**dict.fromkeys(self.words.fields, ""), **self.values}

    def event(self, side: Side, kind: str = "", **changes: object) -> Event:
        """An event on the line, of OpenText's about the newest process."""
        key = self.link.business_key
        usual = f"aprimo.{kind_of(key)}.updated" if side is Side.APRIMO else ""
        told = {"instance_id": self.newest()} if side is Side.OPENTEXT and self.processes else {}
        return event(
            side, kind or usual, **{"subject": key, "line_key": line_key(FLOW, key), "data": told, **changes}
        )


@dataclass(kw_only=True)
class AssetWorld(_World):
    """The asset's life. filed: the paths of the classifications under which it is."""

    DOES: ClassVar[Mapping[type[Command], str]] = {SetRecord: "do_set_record", CreateTask: "do_create_task"}

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=ASSET))
    values: dict[str, JsonValue] = field(
        default_factory=lambda: {"type_id": "Asset", "title": "Hero", "record_status": "released", "state": ""}
    )
    filed: set[str] = field(default_factory=set)

    def read(self, want: Want) -> Snapshot:
        """The asset with its classifications."""
        rows: list[JsonValue] = [{"id": path, "path": path} for path in sorted(self.filed)]
        made = super().read(want)
        return replace(made, values={**made.values, "classifications": rows})

    def file_by_hand(self, verdict: str) -> None:
        """Somebody takes the verdict's classification away, or gives it."""
        self.edit()
        self.filed ^= {self.words.terms_of(Terms).paths[verdict]}

    def do_set_record(self, command: SetRecord) -> None:
        """The asset's fields, classifications and status change."""
        self.write(command.fields, command.expects)
        self.filed = (self.filed | set(command.add_classifications)) - set(command.remove_classifications)
        self.values["record_status"] = command.status or self.values["record_status"]

    def do_create_task(self, command: CreateTask) -> None:
        """Somebody is to revise the asset."""
        self.written.append(("task", command.purpose))

    def verdicts(self) -> set[str]:
        """The verdicts that its classifications say."""
        paths = self.words.terms_of(Terms).paths
        return {verdict for verdict in VERDICTS if paths[verdict] in self.filed}

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """An asset has no process of its own."""
        raise AssertionError("an asset never starts one")


@dataclass(kw_only=True)
class World(_World):
    """A campaign's life with its asset's.

    unfounded: results that came to the asset although no lead had signed them off.
    """

    link: Link = field(default_factory=lambda: Link(id=None, flow=FLOW, business_key=CAMPAIGN))
    values: dict[str, JsonValue] = field(
        default_factory=lambda: {
            "name": "Spring launch",
            "begin": BEGIN,
            "end": END,
            "assets": [HERO],
            "owner": briefs.OWNER,
            "type_id": 17,
            "state": "",
        }
    )

    def __post_init__(self) -> None:
        """With an asset of the same tenant."""
        super().__post_init__()
        self.asset = AssetWorld(archives=self.archives)

    # ---- what people do --------------------------------------------------------------------------------------------

    def answer(self, outcome: str, *results: dict[str, JsonValue]) -> None:
        """Whoever's turn it is answers, an assessment with results, and the process goes on as the model does."""
        self.now += timedelta(minutes=1)
        live, task = self.live(), next(iter(self.waiting()), None)
        if live is None or task is None:
            return
        step = task.definition_key
        answered = replace(task, outcome=outcome, ended_at=self.now, assignee=f"{step}@example.test")
        given = {"results": [*results]} if step == "assessment" else {}
        tasks = tuple(answered if each == task else each for each in live.tasks)
        live = replace(live, tasks=tasks, variables={**live.variables, **given})
        following = {"assessment": "sign_off", "sign_off": "assessment" if outcome == "changes_requested" else ""}
        self.keep(self._opened(live, following[step]) if following[step] else replace(live, ended_at=self.now))

    def sign_off(self, *results: dict[str, JsonValue]) -> None:
        """The analyst writes results, and the lead signs them off."""
        while task := next(iter(self.waiting()), None):
            self.answer("done" if task.definition_key == "assessment" else "approved", *results)

    def begin_there(self, *, end: str = END) -> None:
        """Somebody starts a review of the campaign in OpenText, over a time of their own."""
        begun = ProcessRead(
            instance_id=InstanceId(f"instance-{len(self.processes) + 1}"),
            process_key=PROCESS,
            business_key=CAMPAIGN,
            started_at=self.now,
            variables={"signoffEffect": "", "periodBegin": BEGIN, "periodEnd": end, "assets": [HERO], "results": []},
        )
        self.keep(self._opened(begun, "assessment"))

    # ---- what the engine does --------------------------------------------------------------------------------------

    def work(self, head: Event) -> None:
        """What a review found is worked on the asset's line."""
        if head.subject != ASSET:
            super().work(head)
            return
        if not self._is_signed_off(head.data):
            self.unfounded.append(f"{head.data['verdict']} in revision {self.link.revision}")
        self.asset.now = max(self.now, self.asset.now)
        self.asset.work(head)
        self.now = self.asset.now

    def look_at_asset(self) -> None:
        """Somebody tells us of the asset."""
        self.asset.now = max(self.now, self.asset.now)
        self.asset.look(Side.APRIMO)
        self.now = self.asset.now

    def its_time_comes(self) -> None:
        """The timetable looks at a campaign whose time has come."""
        if self.link.wake_at is not None and self.link.wake_at <= self.now:
            self.look(Side.OPENTEXT, facts.DUE, data={"reason": self.link.wake_reason})

    # ---- what is so ------------------------------------------------------------------------------------------------

    def latest(self) -> Mapping[str, JsonValue] | None:
        """What the review of the latest period has found of the asset; of several, the one that was over last."""
        known = {row.instance_id for row in self.link.processes}
        over = [each for each in self.processes.values() if each.instance_id in known and _is_approved(each)]
        over = [each for each in over if _usable(each)]
        newest = max(over, key=lambda each: (_end(each), each.ended_at or each.started_at), default=None)
        return _usable(newest) if newest else None

    def is_time(self) -> bool:
        """Whether a review of the campaign is due, and not too late to begin by itself."""
        end = moment(self.values["end"])
        return end is not None and end + AFTER_END <= self.now <= end + AFTER_END + UNTIL

    def period(self) -> str:
        """The campaign's own time."""
        return " to ".join(text(self.values[name])[:10] for name in ("begin", "end") if self.values[name])

    # ---- how the model goes on -------------------------------------------------------------------------------------

    def first_tasks(self, command: StartProcess, instance: str) -> tuple[TaskRead, ...]:
        """The assessment."""
        del command
        return (self._task(instance, "assessment", 0),)

    def _opened(self, process: ProcessRead, step: str) -> ProcessRead:
        return replace(process, tasks=(*process.tasks, self._task(process.instance_id, step, len(process.tasks))))

    def _task(self, instance: str, step: str, number: int) -> TaskRead:
        return TaskRead(
            task_id=f"{instance}/{number}",
            definition_key=step,
            opened_at=self.now,
            due_at=self.now + timedelta(days=5),
        )

    def _is_signed_off(self, told: Mapping[str, JsonValue]) -> bool:
        """Whether a review that was signed off says so of the asset."""
        signed_off = [each for each in self.processes.values() if _is_approved(each) and _end(each) == told["end"]]
        return any((_usable(each) or {}).get("verdict") == told["verdict"] for each in signed_off)


def _is_approved(process: ProcessRead) -> bool:
    last = process.tasks[-1]
    is_over = process.ended_at is not None and not process.delete_reason
    return is_over and (last.definition_key, last.outcome) == ("sign_off", "approved")


def _usable(process: ProcessRead) -> Mapping[str, JsonValue] | None:
    """The one result of the asset, where every result of the review can be used."""
    rows = process.variables["results"]
    given = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    is_whole = bool(given) and all(row["verdict"] in VERDICTS for row in given)
    return given[0] if is_whole and len(given) == 1 else None


def _end(process: ProcessRead) -> str:
    return text(process.variables["periodEnd"])


def result(verdict: str = "reuse", score: str = "82.5") -> dict[str, JsonValue]:
    """What an analyst writes of the asset."""
    return {"recordId": HERO, "score": score, "verdict": verdict, "findings": "Good."}


def reviewed(**values: JsonValue) -> World:
    """A campaign whose review has begun, and everything done about it."""
    world = World()
    world.edit(**values)
    world.settle_down()
    return world
