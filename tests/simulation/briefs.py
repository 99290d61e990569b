"""Flow 1 as a play: marketers and reviewers at work on real briefs, with the words that are shipped.

What an approval rests on is judged here from the processes themselves, and not from any row of Signoff's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipeline.flows.registry import bind
from pipeline.flows.shared.case import OURS
from pipeline.keys import aprimo_key, opentext_call_back
from pipeline.plan import ProcessRead, Snapshot, TaskRead, Want
from pipeline.ports import FlowPort
from pipeline.routes import opentext_look
from pipeline.words import JsonValue
from tests.simulation.plays import World
from tests.support.briefs import FLOW, OWNER, STATE_IDS, brief
from tests.support.briefs import words as shipped_words
from tests.support.memory.opentext import MemoryOpenText, Opening
from tests.support.memory.system import Change, Thing

ACTIVITY = "activity"
ONCE = ("brand", "legal", "finance")
OUTCOMES = (*(("approved",) * 14), "rejected", "changes_requested")
SETTLE_S = 1.0
words = functools.cache(shipped_words)
_OPEN_STATES = frozenset({"draft", "withdrawn"})
"""States in which a marketer has the brief."""
_STATE_OF = {
    "approved": "in_production",
    "rejected": "rejected",
    "changes_requested": "changes_requested",
    "cancelled": "cancelled",
}


def open_reviews(system: MemoryOpenText, process: ProcessRead) -> Iterable[TaskRead]:
    """What the model of a brief opens at its start: a review for each group, and one for each region."""
    regions = process.variables.get("regions")
    parts = [("regional", str(region)) for region in (regions if isinstance(regions, list) else [])]
    for key, part in [*((each, "") for each in ONCE), *parts]:
        yield TaskRead(
            task_id=f"task-{system.new_id()}",
            definition_key=key,
            category=part,
            opened_at=system.now,
            due_at=system.now + timedelta(minutes=system.new_id() % 9 + 1),
        )


@dataclass(kw_only=True)
class Briefs:
    """The play."""

    items: int
    flow: FlowPort = field(default_factory=lambda: bind(FLOW, words()))
    kinds: Sequence[str] = (ACTIVITY,)
    process_key: str = field(default_factory=lambda: words().process_key)
    opening: Opening | None = open_reviews
    acts: tuple[int, int] = (6, 30)
    unfounded: list[str] = field(default_factory=list)
    """Approvals that were written although not everybody had approved what the brief says."""
    _world: World | None = None

    @property
    def world(self) -> World:
        """Where it plays."""
        if self._world is None:
            raise RuntimeError("it has not begun")
        return self._world

    def begin(self, world: World) -> None:
        self._world = world
        for number in range(self.items):
            told = dict(brief("draft").values)
            thing = {word.wire: told.get(name, "") for name, word in words().fields.items()}
            state = {words().state_wire: STATE_IDS["draft"], "modified": world.aprimo.now}
            world.aprimo.things[ACTIVITY, str(5001 + number)] = {**thing, **state}
            self._put(str(5001 + number), "submitted")

    def mend(self, event_id: str) -> None:
        """Nothing here needs a hand."""

    # ---- what people do --------------------------------------------------------------------------------------------

    def act(self) -> None:
        draws = self.world.scene.chance.stream("people")
        act = draws.choices([each for each, _ in _ACTS], weights=[weight for _, weight in _ACTS])[0]
        act(self, str(5001 + draws.randrange(self.items)))

    def _submit(self, item: str) -> None:
        if self._state(item) != "submitted":
            self._put(item, "submitted")

    def _take_back(self, item: str) -> None:
        self._put(item, self._draw(("withdrawn", "draft")))

    def _edit_what_matters(self, item: str) -> None:
        self._edit(item, budget=f"{self._draw(range(1, 99))}000.00")

    def _edit_regions(self, item: str) -> None:
        self._edit(item, regions=self._draw((["DACH"], ["DACH", "Nordics"], [])))

    def _edit_what_does_not(self, item: str) -> None:
        self._edit(item, description=f"Outdoor and social, {self.world.scene.new_id('edit')}")

    def _remark(self, item: str) -> None:
        self._edit(item, remark=f"Please hurry, {self.world.scene.new_id('remark')}")

    def _decide(self, item: str) -> None:
        live = self._live(item)
        waiting = [task for task in live.tasks if task.ended_at is None] if live else []
        if live is None or not waiting:
            return
        task, outcome = self._draw(waiting), self._draw(OUTCOMES)
        decided = replace(task, outcome=outcome, ended_at=self._now, assignee=f"{task.definition_key}@example.test")
        self._say(f"{item}: {task.definition_key} {task.category} {outcome}")
        self.world.opentext.put_task(live, decided)
        live = self.world.opentext.processes[live.instance_id]
        if outcome != "approved" or all(each.ended_at for each in live.tasks):
            tasks = tuple(self.world.opentext.taken(each, "boundary event") for each in live.tasks)
            self.world.opentext.keep(replace(live, tasks=tasks, ended_at=self._now))
        self._call_back(live, "workflow.task.completed")

    def _comment(self, item: str) -> None:
        live = self._live(item)
        if live is not None:
            self.world.opentext.say(live, "brand@example.test", f"Which one? {self.world.scene.new_id('said')}")

    def _delete(self, item: str) -> None:
        live = self._live(item)
        if live is not None:
            self._say(f"{item}: process deleted")
            self.world.opentext.finish(live, "no longer needed")
            self._call_back(live, "workflow.process.deleted")

    def _end_early(self, item: str) -> None:
        """The model ends although somebody has not decided."""
        live = self._live(item)
        if live is not None:
            self._say(f"{item}: process ended early")
            tasks = tuple(self.world.opentext.taken(each, "ended early") for each in live.tasks)
            self.world.opentext.keep(replace(live, tasks=tasks, ended_at=self._now))
            self._call_back(live, "workflow.process.completed")

    # ---- their hands -----------------------------------------------------------------------------------------------

    @property
    def _now(self) -> datetime:
        return self.world.scene.baton.now

    def _draw(self, choices: Sequence[object]) -> object:
        return self.world.scene.chance.stream("people").choice(choices)

    def _say(self, what: str) -> None:
        self.world.scene.say(what)

    def _put(self, item: str, state: object) -> None:
        self._say(f"{item}: {state}")
        self._touch(item, {words().state_wire: STATE_IDS[str(state)]})

    def _edit(self, item: str, **values: object) -> None:
        self._say(f"{item}: {values}")
        self._touch(item, {words().fields[name].wire: value for name, value in values.items()})

    def _touch(self, item: str, values: Mapping[str, object]) -> None:
        thing = self._thing(item)
        thing.update(values)
        self.world.aprimo.touch(thing)
        self.world.tell_of(ACTIVITY, item)

    def _call_back(self, process: ProcessRead, kind: str) -> None:
        events = opentext_look(
            self.world.scene.routes,
            instance_id=process.instance_id,
            process_key=process.process_key,
            business_key="",
            type=f"opentext.{kind}",
            dedupe_key=opentext_call_back(process.instance_id, kind, "", self.world.scene.new_id("call")),
            time=self._now,
            settle_s=SETTLE_S,
        )
        self.world.tell(events, {"instance": process.instance_id, "kind": kind})

    # ---- what is there ---------------------------------------------------------------------------------------------

    def _thing(self, item: str) -> Thing:
        return self.world.aprimo.thing(ACTIVITY, item)

    def _state(self, item: str) -> str:
        return words().state_word(self._thing(item)[words().state_wire])

    def _field(self, item: str, name: str) -> JsonValue:
        return self._thing(item)[words().fields[name].wire]

    def _processes(self, item: str) -> list[ProcessRead]:
        key = aprimo_key(ACTIVITY, item)
        return [each for each in self.world.opentext.processes.values() if each.business_key == key]

    def _live(self, item: str) -> ProcessRead | None:
        return next((each for each in self._processes(item) if each.ended_at is None), None)

    def snapshot(self, want: Want, read_at: datetime) -> Snapshot:
        if want.kind == "process":
            known = self.world.opentext.processes.get(want.object_id)
            return Snapshot(want=want, read_at=read_at, process=known, is_absent=known is None)
        thing = self._thing(want.object_id)
        values: dict[str, JsonValue] = {name: thing[word.wire] for name, word in words().fields.items()}
        number, state = thing[words().state_wire], self._state(want.object_id)
        values |= {"state": state, "state_id": number, "state_name": state, "type_id": 17, "modified_by": OWNER["id"]}
        wire = {word.wire: thing[word.wire] for word in words().fields.values()}
        return Snapshot(want=want, read_at=read_at, version=thing["modified"].isoformat(), values=values, wire=wire)

    # ---- what must be true -----------------------------------------------------------------------------------------

    def changed(self, change: Change) -> None:
        kind, _, item = change.target.partition(":")
        if kind != ACTIVITY:
            return
        if self._is_approval(change) and not self._is_founded(item, change):
            self.unfounded.append(f"approval of {item} at {change.at}: {dict(change.values)}")
        self.world.tell_of(ACTIVITY, item)

    def _is_approval(self, change: Change) -> bool:
        written = {words().state_wire: STATE_IDS["in_production"], words().fields["decision"].wire: "approved"}
        return any(change.values.get(name) == value for name, value in written.items())

    def _is_founded(self, item: str, change: Change) -> bool:
        """Whether everybody approved what the brief says now, in its newest process, and nobody has taken it back."""
        stood = change.before.get(words().state_wire, self._thing(item)[words().state_wire])
        newest = self._newest(item)
        return (
            words().state_word(stood) not in _OPEN_STATES
            and newest is not None
            and decided(newest) == "approved"
            and newest.variables["budget"] == self._field(item, "budget")
            and newest.variables["regions"] == self._field(item, "regions")
        )

    def _newest(self, item: str) -> ProcessRead | None:
        processes = [each for each in self._processes(item) if each.started_at is not None]
        return max(processes, key=lambda each: each.started_at or self._now, default=None)

    def look_again(self) -> None:
        for number in range(self.items):
            item = str(5001 + number)
            self.world.tell_of(ACTIVITY, item)
            for process in self._processes(item):
                self._call_back(process, "looked.at")

    def violations(self) -> Iterator[str]:
        yield from (f"evidence: {each}" for each in self.unfounded)
        for number in range(self.items):
            yield from self._disagreements(str(5001 + number))

    def _disagreements(self, item: str) -> Iterator[str]:
        state, newest = self._state(item), self._newest(item)
        live = [each for each in self._processes(item) if each.ended_at is None]
        if len(live) > 1:
            yield f"agreement: {item} has {len(live)} processes"
        if state != "submitted" and live:
            yield f"agreement: {item} is {state}, and its process runs"
        if newest is None:
            if state == "submitted":
                yield f"agreement: {item} is submitted, and has no process"
            return
        outcome, shown = decided(newest), self._field(item, "decision")
        if state == "submitted" and outcome not in {"", "unknown"}:
            yield f"agreement: {item} is submitted, and its newest process was decided: {outcome}"
        if state == "submitted" and live and newest.variables["budget"] != self._field(item, "budget"):
            yield f"agreement: {item} is in approval with another budget"
        if state in _STATE_OF.values() and state != _STATE_OF.get(outcome):
            yield f"agreement: {item} is {state}, and its newest process: {outcome}"
        if shown not in {"", outcome} or (state in _STATE_OF.values() and shown != outcome):
            yield f"agreement: {item} shows the decision {shown!r}, and its newest process: {outcome}"


def decided(process: ProcessRead) -> str:
    """What a process decided, from its tasks alone; "" while it runs, or where we ended it."""
    if process.ended_at is None or process.delete_reason.endswith(OURS):
        return ""
    if process.delete_reason:
        return "cancelled"
    against = [task.outcome for task in process.tasks if task.outcome not in {None, "approved"}]
    if against:
        return str(against[0])
    return "approved" if all(task.outcome == "approved" for task in process.tasks) else "unknown"


_ACTS: Sequence[tuple[Callable[[Briefs, str], None], int]] = (
    (Briefs._decide, 70),
    (Briefs._submit, 15),
    (Briefs._take_back, 4),
    (Briefs._edit_what_matters, 4),
    (Briefs._edit_regions, 2),
    (Briefs._edit_what_does_not, 5),
    (Briefs._remark, 4),
    (Briefs._comment, 5),
    (Briefs._delete, 3),
    (Briefs._end_early, 1),
)
