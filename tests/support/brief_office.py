"""Briefs in both systems, in memory, with the whole engine between them: accept, the three steps, reconciliation.

People and faults are the test's; nobody tells of a change unless the test does. What each list and read costs is
counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline import reconcile
from pipeline.commands import Command
from pipeline.errors import PermanentError, PipelineError
from pipeline.events import Event, NewEvent
from pipeline.flows.registry import BoundFlow, bind
from pipeline.keys import aprimo_key, line_key
from pipeline.plan import Link, Plan, ProcessRead, Snapshot, Snapshots, Want
from pipeline.ports import Bounds, Difference, Hint, Limits, Mode, NotThere, Ports, Sent, Store
from pipeline.ports.inventory import Inventory, ItemPage, ProcessPage
from pipeline.reconcile import Step
from pipeline.walk import Terms
from pipeline.words import BusinessKey, EffectKey, EventKind, JsonValue, Side, Urgency
from tests.simulation.briefs import ACTIVITY, open_reviews
from tests.support.briefs import FLOW, OWNER, STATE_IDS, brief, words
from tests.support.engine_runs import FAST, put, run
from tests.support.fakes import FakeBulkhead, FakeWaker, new_id
from tests.support.memory.aprimo import MemoryAprimo
from tests.support.memory.opentext import MemoryOpenText
from tests.support.memory.system import System, Thing
from tests.support.store_rows import Clock

RULES: JsonValue = {"id": 99, "email": "rules@example.test", "name": "Rules"}
"""Who edits as a robot."""
AUTOMATIONS = frozenset({"rules@example.test"})


@dataclass(kw_only=True)
class OfficeVendor:
    """The port `Vendor` over a system in memory. reads: what was asked for; refused: targets that take no write."""

    system: System
    office: Office
    reads: list[Want] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    unreadable: dict[str, PipelineError] = field(default_factory=dict)

    @property
    def side(self) -> Side:
        return self.system.side

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        self.reads += wants
        return {want: self.unreadable.get(want.object_id) or self.office.snapshot(want) for want in wants}

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        if command.target() in self.refused:
            raise PermanentError("forbidden", "Nobody may.", status=403)
        return self.system.send(command, effect_key)

    def look_up(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
        return self.system.look_up(command, effect_key)

    def wait_s(self, route: str, urgency: Urgency) -> float:
        return 0.0


@dataclass(kw_only=True)
class OfficeFlow:
    """The flow of briefs, which can be made to err. errs: what it plans instead, whatever it is told."""

    bound: BoundFlow = field(default_factory=lambda: bind(FLOW, words(automations=AUTOMATIONS)))
    errs: Plan | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.bound, name)

    def plan(self, event: Event, snapshots: Snapshots, link: Link) -> Plan:
        return self.errs or self.bound.plan(event, snapshots, link)


@dataclass(kw_only=True)
class Office:
    """Everything. pages: how many list pages were read, of both systems."""

    store: Store
    clock: Clock
    limits: Limits = FAST
    page: int = 3
    is_whole: bool = True
    pages: int = 0
    waker: FakeWaker = field(default_factory=FakeWaker)

    def __post_init__(self) -> None:
        self.flow = OfficeFlow()
        self.aprimo = MemoryAprimo(self.clock)
        self.opentext = MemoryOpenText(self.clock, {words().process_key: open_reviews})
        self.in_aprimo = OfficeVendor(system=self.aprimo, office=self)
        self.in_opentext = OfficeVendor(system=self.opentext, office=self)
        self.ports = Ports(
            store=self.store,
            vendors={Side.APRIMO: self.in_aprimo, Side.OPENTEXT: self.in_opentext},
            waker=self.waker,
            flows={FLOW: self.flow},  # type: ignore[dict-item]  # It hands on what it does not do itself.
            limits=self.limits,
            me="worker-1",
            new_id=new_id,
            chance=lambda: 0.5,
            monotonic=lambda: float(self.pages),
            bulkhead=FakeBulkhead(),
        )
        self.inventory = Inventory(items=self, processes=self)

    # ---- people ----------------------------------------------------------------------------------------------------

    def write_brief(self, number: int, state: str = "submitted", **values: JsonValue) -> None:
        """A marketer has a brief, which nobody tells of."""
        told = {**brief("draft").values, **values}
        fields = {word.wire: told.get(name, "") for name, word in words().fields.items()}
        state_id = {words().state_wire: STATE_IDS[state]}
        self.aprimo.things[ACTIVITY, str(number)] = {**fields, **state_id}
        self.aprimo.touch(self.thing(number))

    def submit(self, *numbers: int) -> None:
        """Briefs are submitted, told of, and in review."""
        for number in numbers:
            self.write_brief(number)
            self.tell(number)
        self.rest()
        for number in numbers:
            self.tell(number, Side.OPENTEXT)
        self.rest()

    def approve(self, *numbers: int) -> None:
        """Everybody approves these, which is told of, and shown; and that is told of as well."""
        self.clock.pass_s(60)
        for number in numbers:
            self.decide(number)
            self.tell(number, Side.OPENTEXT)
        self.rest()
        for number in numbers:
            self.tell(number)
        self.rest()

    def decide(self, number: int, outcome: str = "approved") -> None:
        """Everybody says so, and the process ends; nobody tells of it."""
        live = self.live(number)
        tasks = tuple(
            replace(each, outcome=outcome, ended_at=self.clock.now, assignee=f"{each.definition_key}@example.test")
            for each in live.tasks
        )
        self.opentext.keep(replace(live, tasks=tasks, ended_at=self.clock.now))

    def edit(self, number: int, by: JsonValue = None, **values: JsonValue) -> None:
        """Somebody edits fields of a brief in Aprimo, by our names; nobody tells of it."""
        self.clock.pass_s(60)
        thing = self.thing(number)
        thing.update({words().fields[name].wire: value for name, value in {**values, "editor": by or OWNER}.items()})
        self.aprimo.touch(thing)

    def put_state(self, number: int, state_id: int) -> None:
        """Somebody puts a brief into a state; nobody tells of it."""
        self.clock.pass_s(60)
        self.thing(number)[words().state_wire] = state_id
        self.aprimo.touch(self.thing(number))

    def set_variables(self, number: int, **values: JsonValue) -> None:
        """Somebody edits variables of the process in OpenText; nobody tells of it."""
        live = self.live(number)
        self.opentext.keep(replace(live, variables={**live.variables, **values}))

    def tell(self, number: int, side: Side = Side.APRIMO, *, moment: str = "changed") -> list[Hint]:
        """A notice of one system is accepted. moment: what Aprimo's tells of."""
        named: dict[str, JsonValue] = {"object_id": str(number)}
        if side is Side.OPENTEXT:
            named = {"instance_id": self.newest(number).instance_id}
        event = NewEvent(
            flow=FLOW,
            source=f"{side}.webhook",
            type=f"aprimo.activity.{moment}" if side is Side.APRIMO else "opentext.workflow.task.completed",
            kind=EventKind.LOOK,
            side=side,
            subject=key(number),
            line_key=line_key(FLOW, key(number)),
            dedupe_key=new_id("key"),
            time=self.clock.now,
            data=named,
        )
        hints = put(self, event)  # type: ignore[arg-type]  # It has what a world has.
        self.waker.wake(hints)
        return hints

    # ---- the engine ------------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Everything that is on its way arrives."""
        hints, self.waker.hints = self.waker.hints, []
        run(self, hints, rounds=500)  # type: ignore[arg-type]  # As above.

    def reconcile(self, mode: Mode = Mode.FULL, **terms: object) -> Step:
        """A whole run."""
        chosen = Terms(**terms)  # type: ignore[arg-type]  # Tests name real terms.
        step = Step(run=reconcile.begin(FLOW, mode, chosen, self.ports))
        found = step.found
        while not step.is_over:
            step = reconcile.step(step.run, self.inventory, chosen, self.ports)
            found += step.found
        self.clock.pass_s(60)
        return replace(step, found=found)

    def differences(self, *, is_open: bool | None = True) -> dict[int, list[Difference]]:
        """What stands, by the number of the brief."""
        found = self.store.run(lambda tx: tx.differences.find(is_open=is_open, limit=100_000))
        by_number: dict[int, list[Difference]] = {}
        for each in found:
            by_number.setdefault(int(each.business_key.rpartition(":")[2]), []).append(each)
        return by_number

    def link(self, number: int) -> Link:
        """What is remembered of a brief."""
        return self.store.run(lambda tx: tx.links.of([(FLOW, key(number))]))[FLOW, key(number)]

    # ---- both systems ----------------------------------------------------------------------------------------------

    def thing(self, number: int) -> Thing:
        """A brief as it stands in Aprimo."""
        return self.aprimo.thing(ACTIVITY, number)

    def field(self, number: int, name: str) -> JsonValue:
        """One of its fields, by our name."""
        return self.thing(number)[words().fields[name].wire]  # type: ignore[no-any-return]  # Things hold JSON.

    def living(self, number: int) -> list[ProcessRead]:
        """Its processes that live."""
        every = self.opentext.processes.values()
        return [each for each in every if each.business_key == key(number) and each.ended_at is None]

    def live(self, number: int) -> ProcessRead:
        """The one that lives."""
        return self.living(number)[0]

    def newest(self, number: int) -> ProcessRead:
        """The one that began last."""
        return [each for each in self.opentext.processes.values() if each.business_key == key(number)][-1]

    def snapshot(self, want: Want) -> Snapshot:
        """What a read shows."""
        if want.kind == "process":
            known = self.opentext.processes.get(want.object_id)
            return Snapshot(want=want, read_at=self.clock.now, process=known, is_absent=known is None)
        thing = self.aprimo.things.get((want.kind, want.object_id))
        if thing is None:
            return Snapshot(want=want, read_at=self.clock.now, is_absent=True)
        number, state = thing[words().state_wire], words().state_word(thing[words().state_wire])
        values: dict[str, JsonValue] = {name: thing[word.wire] for name, word in words().fields.items()}
        values |= {"state": state, "state_id": number, "state_name": state or "On hold", "type_id": 17}
        wire = {word.wire: thing[word.wire] for word in words().fields.values()}
        return Snapshot(
            want=want,
            read_at=self.clock.now,
            version=thing["modified"].isoformat(),
            values=values,
            wire={**wire, words().state_wire: number},
            created_at=thing.get("created"),
        )

    def items(self, flow: str, since: datetime | None, cursor: str, bounds: Bounds) -> Iterator[ItemPage]:
        """Pages of briefs."""
        wants = [
            Want(flow=flow, side=Side.APRIMO, kind=kind, object_id=number)
            for (kind, number), thing in sorted(self.aprimo.things.items())
            if kind == ACTIVITY and (since is None or thing["modified"] >= since)
        ]
        for rows, following in self._pages(wants, cursor):
            yield ItemPage(
                items=tuple(self.snapshot(each) for each in rows), cursor=following, is_whole=self.is_whole
            )

    def processes(self, flow: str, cursor: str, bounds: Bounds) -> Iterator[ProcessPage]:
        """Pages of processes that live."""
        living = [each for each in self.opentext.processes.values() if each.ended_at is None]
        wants = [
            Want(flow=flow, side=Side.OPENTEXT, kind="process", object_id=each.instance_id)
            for each in sorted(living, key=lambda each: each.instance_id)
        ]
        for rows, following in self._pages(wants, cursor):
            read = [self.snapshot(each).process for each in rows]
            yield ProcessPage(processes=tuple(each for each in read if each), cursor=following)

    def _pages(self, wants: Sequence[Want], cursor: str) -> Iterator[tuple[Sequence[Want], str]]:
        place = int(cursor or 0)
        while True:
            following = place + self.page
            self.pages += 1
            yield wants[place:following], str(following) if following < len(wants) else ""
            place = following
            if place >= len(wants):
                return


def key(number: int) -> BusinessKey:
    """The business key of a brief."""
    return aprimo_key(ACTIVITY, number)
