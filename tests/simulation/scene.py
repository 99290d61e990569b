"""One schedule's world: clock, SQL, queue, vendors, and the processes that come and go in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.errors import StoreAwayError
from pipeline.failpoints import Point
from pipeline.ports import FlowPort, Limits, Ports
from pipeline.routes import Routes
from pipeline.words import Side
from tests.simulation.baton import Baton, KilledError, Process
from tests.simulation.queue import Queue
from tests.simulation.truth import SimulatedStore
from tests.simulation.vendors import SimulatedVendor
from tests.simulation.weather import Chance
from tests.support.memory.store import MemoryStore

STOP_MAX_S = 200.0
"""Longer than a lease."""
RESTART_MAX_S = 30.0
_FULL_SHARE = 0.1
_IN_COMMIT = frozenset(point for point in Point if point.endswith("in_commit"))
"""Who stands still there would hold the database."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a schedule means to kill a process, once, while it works on a kind of command."""

    point: Point
    kind: str


class SometimesFull:
    """A worker of which, now and then, enough processes wait for the other vendor already."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    @contextmanager
    def place(self) -> Iterator[bool]:
        yield self._chance.stream("bulkhead").random() >= _FULL_SHARE


@dataclass(kw_only=True)
class Scene:
    """Everything of one schedule. struck: where processes died, with the kind of command it was about."""

    baton: Baton
    chance: Chance
    memory: MemoryStore
    queue: Queue
    vendors: Mapping[Side, SimulatedVendor]
    flows: Mapping[str, FlowPort]
    routes: Routes
    limits: Limits
    targets: list[Target] = field(default_factory=list)
    kind: str = ""
    """The only kind of command that this schedule's own items plan, "" for many."""
    struck: set[Target] = field(default_factory=set)
    kills: int = 0
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def ports(self, me: Process) -> Ports:
        """What the use cases are handed in a process."""
        return Ports(
            store=SimulatedStore(self.memory, self.baton, self.chance),
            vendors=self.vendors,
            waker=self.queue,
            flows=self.flows,
            limits=self.limits,
            me=me.name,
            new_id=self.new_id,
            chance=self.chance.stream("jitter").random,
            monotonic=self.baton.monotonic,
            bulkhead=SometimesFull(self.chance),
        )

    def new_id(self, prefix: str) -> str:
        """Ids in order."""
        return f"{prefix}-{next(self._numbers):06d}"

    def say(self, what: str) -> None:
        """Log something that the current task does, or the world."""
        task = self.baton.current
        self.chance.log.say(self.baton.now, task.name if task else "world", what)

    def serve(self, name: str, work: Callable[[Ports], None]) -> None:
        """Run a role for ever, in one process after another: who dies is started anew after a while."""
        process = self.baton.process(f"{name}#{next(self._numbers)}")

        def live() -> None:
            ports = self.ports(process)
            try:
                while True:
                    self._once(work, ports)
            except KilledError:
                self.queue.forget(process)
                self.baton.after(self.chance.between("restart", 0.0, RESTART_MAX_S), lambda: self.serve(name, work))
                raise

        self.baton.spawn(process.name, live, process)

    def _once(self, work: Callable[[Ports], None], ports: Ports) -> None:
        """One round. Where SQL is away the round failed, as a task fails, and the next begins."""
        try:
            work(ports)
        except StoreAwayError:
            self.say("failed: SQL is away")
            self.queue.acknowledge(self.baton.running().process)
            self.baton.sleep(1.0)

    # ---- failpoints ------------------------------------------------------------------------------------------------

    def strike(self, point: Point, kinds: tuple[str, ...]) -> None:
        """At every named place: die, stand still, or let somebody else go on first."""
        process = self.baton.running().process
        self.say(f"{point} {' '.join(kinds)}".strip())
        if self._is_target(point, kinds) or self.chance.strikes("killed"):
            self.die(process, point, kinds)
        if point in _IN_COMMIT:
            return
        if self.chance.strikes("stopped"):
            self.say("stopped")
            self.baton.halt(process, self.chance.between("stop", 1.0, STOP_MAX_S))
        self.baton.pause()

    def die(self, process: Process, point: Point, kinds: tuple[str, ...]) -> None:
        """End this process here and now."""
        self.say(f"killed at {point}")
        self.kills += 1
        self.struck |= {Target(point=point, kind=kind) for kind in (kinds or (self.kind,)) if kind}
        self.baton.kill(process)
        raise KilledError

    def _is_target(self, point: Point, kinds: tuple[str, ...]) -> bool:
        met = [target for target in self.targets if target.point is point and (not kinds or target.kind in kinds)]
        if met:
            self.targets.remove(met[0])
        return bool(met)

    def clear_up(self) -> None:
        """No faults from here on."""
        self.say("clear up")
        self.chance.clear_up()
        for vendor in self.vendors.values():
            vendor.away_until = None
