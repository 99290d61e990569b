"""A flow that plans every kind of command there is, so that none waits for a flow of its own to be tried.

Its item is a thing in Aprimo with a version; each version wants some kinds done, each at a spot of its own: an
object, a mark or a value that nothing else uses. So each has to take effect exactly once, and in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.commands import KINDS, Command, OrderLinks, SendMessage
from pipeline.events import Event
from pipeline.keys import split_aprimo_key
from pipeline.plan import Hold, Link, LinkChanges, Plan, Snapshot, Snapshots, Want, deliver, ignore
from pipeline.words import DeliveryState, EffectKey, JsonValue, Purpose, Side
from tests.simulation.plays import World
from tests.simulation.spots import (
    COMMANDS,
    FLOW,
    MODEL,
    THING,
    Spot,
    expected_trace,
    spots_of,
    trace_of,
    without_overwritten,
)
from tests.simulation.things import furnish, prepare
from tests.support.memory.opentext import Opening
from tests.support.memory.system import Change

SHARED = Hold(object="signoff:shared", field_set="all")
"""What things that share hold while their plans are carried."""
_DONE = "done"
_REPEATED = frozenset({"dam.upload"})
"""Kinds that may be done again, because what they leave shows nowhere."""
_SURELY_OVER = timedelta(seconds=OrderLinks.LATE_S + 60.0)


@dataclass(frozen=True, kw_only=True)
class EveryKindFlow:
    """The flow: whatever versions are not done yet, in order. is_sharing: one thing's at a time."""

    name: str = FLOW
    is_sharing: bool = False

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        """The thing and its process."""
        del snapshots, link
        item = split_aprimo_key(event.subject)[1]
        process = Spot(item=int(item), version=0, place=0).instance
        return (
            Want(flow=FLOW, side=Side.APRIMO, kind=THING, object_id=item),
            Want(flow=FLOW, side=Side.OPENTEXT, kind="process", object_id=process),
        )

    def plan(self, event: Event, snapshots: Snapshots, link: Link) -> Plan:
        """The commands of every version since the last one that was settled.

        A message that an event sent which was let go of later is known by its marker, as in every flow.
        """
        del event
        read = {want.kind: snapshot for want, snapshot in snapshots.items()}
        thing, process = read[THING], read["process"].process
        version, done = int(thing.version), int(link.seen.get(_DONE, "0"))
        if version <= done or process is None:
            return ignore("unchanged")
        guard = str(thing.values["guard"])
        spots = spots_of(int(thing.want.object_id), thing.values["wanted"], after=done, guard=guard)
        planned = [COMMANDS[kind](spot) for kind, spot in without_overwritten(spots)]
        commands = [
            each for each in planned if not isinstance(each, SendMessage) or each.marker not in process.variables
        ]
        holds = (SHARED,) if self.is_sharing else ()
        return deliver(*commands, changes=LinkChanges(seen={_DONE: str(version)}), holds=holds)


@dataclass(kw_only=True)
class EveryKind:
    """The play. only: the one kind that is planned, "" for all of them. unheld: effects without the hold."""

    items: int
    only: str = ""
    flow: EveryKindFlow = field(default_factory=EveryKindFlow)
    unheld: list[str] = field(default_factory=list)
    kinds: Sequence[str] = (THING,)
    process_key: str = MODEL
    opening: Opening | None = None
    acts: tuple[int, int] = (1, 8)
    _world: World | None = None
    _thing_of: dict[str, int] = field(default_factory=dict)
    """Whose effect is whose, by its trace."""

    @property
    def world(self) -> World:
        """Where it plays."""
        if self._world is None:
            raise RuntimeError("it has not begun")
        return self._world

    def begin(self, world: World) -> None:
        self._world = world
        for item in range(1, self.items + 1):
            furnish(world.aprimo, world.opentext, item)
            self.edit(item)

    def mend(self, event_id: str) -> None:
        """Orders cannot be searched: where nobody can tell, a person looks, and orders by hand what never arrived."""
        tables = self.world.scene.memory.tables
        for row in tables["deliveries"].where("event_id", event_id):
            if row["kind"] == "dam.order" and row["state"] == DeliveryState.UNKNOWN:
                order = OrderLinks(**row["values"])
                tries = tables["attempts"].where("delivery_id", row["id"])
                sent_at = max(each["started_at"] for each in tries if each["purpose"] == Purpose.SEND)
                is_over = sent_at < self.world.scene.baton.now - _SURELY_OVER
                if is_over and not self._is_ordered(order):
                    self.world.scene.say(f"ordered by hand: {order.target()}")
                    self.world.aprimo.send(order, EffectKey(""))

    def _is_ordered(self, order: OrderLinks) -> bool:
        versions = {
            thing["version"] for (kind, _), thing in self.world.aprimo.things.items() if kind == "public-link"
        }
        return versions.issuperset(order.versions.values())

    def act(self) -> None:
        draws = self.world.scene.chance.stream("people")
        item = draws.randint(1, self.items)
        if draws.random() < 0.3:
            self._guard(item)
        else:
            self.edit(item)

    def edit(self, item: int) -> None:
        """A new version that wants some kinds done."""
        draws, thing = self.world.scene.chance.stream("people"), self.world.aprimo.thing(THING, item)
        version = thing["version"] + 1
        kinds = [self.only] if self.only else draws.choices(sorted(KINDS), k=draws.randint(1, 3))
        for place, kind in enumerate(kinds):
            spot = Spot(item=item, version=version, place=place)
            prepare(self.world.aprimo, self.world.opentext, kind, spot)
            self._thing_of[self._trace(COMMANDS[kind](spot))] = item
        thing.update(version=version, wanted={**thing["wanted"], str(version): kinds})
        self.world.scene.say(f"thing {item} version {version}: {' '.join(kinds)}")
        self.world.aprimo.touch(thing)
        self.world.tell_of(THING, item)

    def _trace(self, command: Command) -> str:
        return expected_trace(self.world.aprimo if command.SIDE is Side.APRIMO else self.world.opentext, command)

    def _guard(self, item: int) -> None:
        thing = self.world.aprimo.thing(THING, item)
        thing["guard"] = str(int(thing["guard"]) + 1)
        self.world.aprimo.touch(thing)
        self.world.tell_of(THING, item)

    def changed(self, change: Change) -> None:
        item = self._thing_of.get(trace_of(change))
        if item is not None and self.flow.is_sharing and self._holder() != item:
            self.unheld.append(f"{trace_of(change)} of thing {item}, while thing {self._holder()} held it")
        if change.target.startswith(f"{THING}:"):
            self.world.tell_of(THING, change.target.partition(":")[2])

    def _holder(self) -> int | None:
        tables = self.world.scene.memory.tables
        row = tables["holds"].get(SHARED.object, SHARED.field_set)
        event = tables["events"].get(row["event_id"]) if row and row["event_id"] else None
        return int(split_aprimo_key(event["subject"])[1]) if event else None

    def snapshot(self, want: Want, read_at: datetime) -> Snapshot:
        if want.kind == "process":
            return Snapshot(want=want, read_at=read_at, process=self.world.opentext.processes[want.object_id])
        thing = self.world.aprimo.thing(THING, want.object_id)
        values: dict[str, JsonValue] = {"wanted": dict(thing["wanted"]), "guard": thing["guard"]}
        return Snapshot(want=want, read_at=read_at, version=str(thing["version"]), values=values)

    def look_again(self) -> None:
        for item in range(1, self.items + 1):
            self.world.tell_of(THING, item)

    def violations(self) -> Iterator[str]:
        yield from (f"holds: {each}" for each in self.unheld)
        took = [trace_of(change) for change in self.world.aprimo.changes]
        for item in range(1, self.items + 1):
            wanted = self.world.aprimo.thing(THING, item)["wanted"]
            spots = spots_of(item, wanted, after=0)
            needed = set(without_overwritten(spots))
            places = []
            for kind, spot in spots:
                trace = self._trace(COMMANDS[kind](spot))
                times = took.count(trace)
                may_repeat = kind in _REPEATED
                if (times > 1 and not may_repeat) or (not times and (kind, spot) in needed):
                    yield f"effects: {kind}, {trace}, took effect {times} times"
                places += [took.index(trace)] if times else []
            if places != sorted(places):
                yield f"order: the effects of thing {item} came as {places}"
