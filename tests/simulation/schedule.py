"""One schedule: a seed's world is set up, disturbed, cleared up, brought to rest and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from pipeline import failpoints
from pipeline.backoff import RetryPolicy
from pipeline.pauses import pause, resume
from pipeline.plan import Snapshot, Want
from pipeline.ports import Limits, Ports
from pipeline.replay import discard, replay
from pipeline.states import OPEN_EVENT_STATES
from pipeline.words import EventState, Side
from tests.simulation import roles
from tests.simulation.baton import Baton
from tests.simulation.calls import simulated_calls
from tests.simulation.invariants import Watch, broken
from tests.simulation.lists import AprimoLists, OpenTextLists
from tests.simulation.plays import Play, World, routes_of
from tests.simulation.queue import Queue
from tests.simulation.scene import Scene, Target
from tests.simulation.vendors import SimulatedVendor, Wishes
from tests.simulation.weather import START, Chance, Weather
from tests.support.memory.aprimo import MemoryAprimo
from tests.support.memory.opentext import MemoryOpenText
from tests.support.memory.store import MemoryStore
from tests.support.memory.system import Change

CALM_AFTER_S = (120.0, 600.0)
"""When the day clears up."""
LOOK_EVERY_S = 75.0
"""Longer than a poll's period: who is at rest twice in a row has heard everything."""
EXTRA_ACTS_MAX = 12
REST_MAX_S = 4 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a seed is to play. Everything else is drawn.

    targets: where processes are to be killed. kind: the only kind of command that is planned, "" for many.
    weather: a given one instead of one that is drawn.
    """

    seed: int
    plays: Sequence[Play]
    targets: Sequence[Target] = ()
    kind: str = ""
    weather: Weather | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a schedule. violations: none is good."""

    seed: int
    violations: tuple[str, ...]
    digest: str
    struck: frozenset[Target]
    figures: dict[str, int]
    log: tuple[str, ...] = field(default=(), repr=False)

    def without_log(self) -> Verdict:
        """The verdict alone, which travels between processes."""
        return replace(self, log=())


def play(plot: Plot) -> Verdict:
    """Play a schedule to its end."""
    stage = _Stage.of(plot)
    disarm = failpoints.arm(stage.scene.strike)
    try:
        with simulated_calls(stage.scene.baton):
            stage.whole()
    finally:
        disarm()
        stage.scene.baton.end()
    return stage.verdict()


@dataclass(kw_only=True)
class _Stage:
    plot: Plot
    scene: Scene
    world: World
    watch: Watch
    violations: list[str] = field(default_factory=list)
    extra_acts: int = 0
    is_fair: bool = False
    paused: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, plot: Plot) -> _Stage:
        chance = Chance(seed=plot.seed)
        chance.weather = plot.weather or chance.drawn_weather()
        baton = Baton(chance.stream("baton"), START)

        def clock() -> datetime:
            return baton.now

        changes: list[Change] = []
        aprimo = MemoryAprimo(clock, changes)
        models = {play.process_key: play.opening for play in plot.plays if play.opening}
        opentext = MemoryOpenText(clock, models, changes)
        memory = MemoryStore(clock)
        watch = Watch(tables=memory.tables)
        by_flow = {play.flow.name: play for play in plot.plays}

        def reads(want: Want, read_at: datetime) -> Snapshot:
            return by_flow[want.flow].snapshot(want, read_at)

        limits = _limits(chance.stream("limits"))
        wishes = _wishes(plot.targets)
        vendors = {
            system.side: SimulatedVendor(
                system=system,
                reads=reads,
                baton=baton,
                chance=chance,
                limits=limits,
                wishes=wishes,
                on_call=watch.call,
            )
            for system in (aprimo, opentext)
        }
        scene = Scene(
            baton=baton,
            chance=chance,
            memory=memory,
            queue=Queue(baton=baton, chance=chance),
            vendors=vendors,
            flows={name: each.flow for name, each in by_flow.items()},
            routes=routes_of(plot.plays),
            limits=limits,
            targets=list(plot.targets),
            kind=plot.kind,
        )
        world = World(scene=scene, aprimo=aprimo, opentext=opentext, intake=roles.Intake(scene=scene))
        for system in (aprimo, opentext):
            system.on_change = lambda change: [play.changed(change) for play in plot.plays] and None
        return cls(plot=plot, scene=scene, world=world, watch=watch)

    def whole(self) -> None:
        """Disturb, clear up, bring to rest."""
        scene, baton = self.scene, self.scene.baton
        for side in Side:
            roles.start_workers(scene, side, scene.chance.stream("roles").randint(1, 3))
        roles.start_timetable(
            scene,
            roles.Feeds(
                aprimo=self._aprimo_lists(),
                opentext=OpenTextLists(vendor=scene.vendors[Side.OPENTEXT], opentext=self.world.opentext),
            ),
        )
        self.world.intake.start()
        scene.serve("operator", self._operate)
        for play in self.plot.plays:
            play.begin(self.world)
        calm_s = scene.chance.between("calm", *CALM_AFTER_S)
        self._people_act(calm_s)
        self._trouble(calm_s)
        baton.after(calm_s, self._clear_up)
        baton.run()

    def _aprimo_lists(self) -> AprimoLists:
        """On some days the lists say of no object when it was changed."""
        kinds = tuple(kind for play in self.plot.plays for kind in play.kinds)
        is_dated = self.scene.chance.stream("lists").random() < 0.7
        return AprimoLists(
            vendor=self.scene.vendors[Side.APRIMO],
            aprimo=self.world.aprimo,
            dated=kinds if is_dated else (),
            undated=() if is_dated else kinds,
        )

    # ---- the bad part of the day -----------------------------------------------------------------------------------

    def _people_act(self, until_s: float) -> None:
        draws = self.scene.chance.stream("people")
        for play in self.plot.plays:
            for _ in range(draws.randint(*play.acts)):
                self.scene.baton.after(until_s * draws.random(), play.act)

    def _trouble(self, until_s: float) -> None:
        draws, baton = self.scene.chance.stream("trouble"), self.scene.baton
        if draws.random() < 0.3:
            baton.after(until_s * draws.random(), self.scene.queue.wipe)
        for vendor in self.scene.vendors.values():
            if draws.random() < 0.2:
                away_s = until_s * draws.random()
                baton.after(until_s * draws.random(), lambda vendor=vendor, away_s=away_s: vendor.go_away(away_s))  # type: ignore[misc]

    def _operate(self, ports: Ports) -> None:
        """A person looks after dead letters, now and then by letting go."""
        draws = self.scene.chance.stream("operator")
        self.scene.baton.sleep(5.0 + 60.0 * draws.random())
        self._hold_up(ports)
        letters = ports.store.run(
            lambda tx: [(each, tx.letters.has_unknown(each.event_id)) for each in tx.letters.find()]
        )
        for letter, has_unknown in letters:
            self.scene.say(f"operator: {letter.code} of {letter.event_id}")
            for each in self.plot.plays:
                each.mend(letter.event_id)
            # Nobody lets go of what may have happened, nor of anything after the last look.
            if not has_unknown and not self.is_fair and draws.random() < 0.2:
                discard([letter.id], by="operator", note="let go", ports=ports)
            else:
                replay([letter.id], is_resume=draws.random() < 0.5, by="operator", note="mended", ports=ports)

    def _hold_up(self, ports: Ports) -> None:
        """The same person pauses a flow or a vendor, and lets it go on."""
        draws = self.scene.chance.stream("operator")
        if self.paused or self.is_fair:
            for scope in self.paused:
                self.scene.say(f"resume {scope}")
                resume(scope, by="operator", store=ports.store)
            self.paused = []
        elif draws.random() < 0.3:
            scope = draws.choice([*(f"vendor:{side}" for side in Side), *(f"flow:{name}" for name in ports.flows)])
            until = (
                self.scene.baton.now + timedelta(seconds=draws.choice([20, 100])) if draws.random() < 0.5 else None
            )
            self.paused = [scope]
            self.scene.say(f"pause {scope} until {until}")
            pause(scope, until=until, reason="maintenance", by="operator", store=ports.store)

    # ---- the good part ---------------------------------------------------------------------------------------------

    def _clear_up(self) -> None:
        self.is_fair = True
        self.scene.clear_up()
        self._look_again()

    def _look_again(self) -> None:
        for play in self.plot.plays:
            play.look_again()
        self._await_rest(seen=-1)

    def _await_rest(self, seen: int) -> None:
        """Two looks in a row at which nothing is open and nothing came in between: then it is at rest."""
        if self.scene.baton.monotonic() > REST_MAX_S:
            self.violations.append(f"liveness: still busy after {REST_MAX_S:.0f} s: {self._open()}")
            self.scene.baton.stop()
            return
        events = len(self.scene.memory.tables["events"])
        is_quiet = not self._open() and not self.world.intake.unheard and not self.paused
        if is_quiet and seen == events:
            if self.scene.targets and self.extra_acts < EXTRA_ACTS_MAX:
                self._go_for_targets()
                return
            self.scene.baton.stop()
            return
        self.scene.baton.after(LOOK_EVERY_S, lambda: self._await_rest(events if is_quiet else -1))

    def _go_for_targets(self) -> None:
        """A target nobody came by yet gets more work."""
        self.extra_acts += 1
        self.plot.plays[0].act()
        self.scene.baton.after(LOOK_EVERY_S, lambda: self._await_rest(-1))

    def _open(self) -> list[str]:
        return [row["id"] for row in self.scene.memory.tables["events"] if row["state"] in OPEN_EVENT_STATES]

    def verdict(self) -> Verdict:
        """Judge what is left."""
        tables = self.scene.memory.tables
        found = [*self.violations, *self.watch.seen, *broken(self.scene, self.world)]
        for play in self.plot.plays:
            found += play.violations()
        events = list(tables["events"])
        figures = {
            "events": len(events),
            "delivered": sum(row["state"] == EventState.DELIVERED for row in events),
            "dead": len(tables["dead_letters"]),
            "calls": sum(len(vendor.calls) for vendor in self.scene.vendors.values()),
            "effects": len(self.world.aprimo.changes),
            "kills": self.scene.kills,
            "switches": self.scene.baton.switches,
            "seconds": round(self.scene.baton.monotonic()),
        }
        log = self.scene.chance.log
        for table in tables.all():
            log.say(self.scene.baton.now, "rows", f"{table.name} {[sorted(row.items()) for row in table]}")
        return Verdict(
            seed=self.plot.seed,
            violations=tuple(found),
            digest=log.digest(),
            struck=frozenset(self.scene.struck),
            figures=figures,
            log=tuple(log.lines),
        )


def _limits(draws: Random) -> Limits:
    return Limits(
        batch_lines=draws.choice([1, 2, 50]),
        call_threads=draws.choice([1, 2, 8]),
        retry=RetryPolicy(tries=draws.choice([3, 8]), cap_s=60.0),
    )


def _wishes(targets: Sequence[Target]) -> Wishes:
    """What must happen so that the targets are come by: a look-up needs a lost answer, a replay a dead letter."""
    wishes = Wishes()
    for target in targets:
        if target.point.startswith("look_up."):
            wishes.unanswered.append(target.kind)
        elif target.point.startswith("replay."):
            wishes.refused.append(target.kind)
    return wishes
