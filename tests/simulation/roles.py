"""The processes of an installation: workers, the timetable, the web's intake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from pipeline.carry import carry
from pipeline.errors import PipelineError, StoreAwayError
from pipeline.events import Reading
from pipeline.feeds import AprimoFeed, OpenTextFeed
from pipeline.intake import accept
from pipeline.polling import poll_aprimo, poll_opentext, poll_opentext_lists
from pipeline.ports import Ports
from pipeline.settle import settle
from pipeline.sweep import sweep
from pipeline.transform import transform
from pipeline.watch import WATCHES, look
from pipeline.words import Side, Step
from tests.simulation.baton import Task
from tests.simulation.queue import Message
from tests.simulation.scene import Scene

STEPS = {Step.TRANSFORM: transform, Step.CARRY: carry, Step.SETTLE: settle}
_ORDER = tuple(Step)
SWEEP_EVERY_S = 5.0
POLL_EVERY_S = 60.0
WATCH_EVERY_S = 30.0
OVERLAP_S = 120.0
RETRY_MAX_S = 40.0


def start_workers(scene: Scene, side: Side, count: int) -> None:
    """Workers of one side: each takes a message, runs its step, hands the chain on, acknowledges."""
    for number in range(count):
        scene.serve(f"{side}-{number}", partial(_work, scene, side))


def _work(scene: Scene, side: Side, ports: Ports) -> None:
    me = scene.baton.running().process
    message = scene.queue.take(side, me)
    scene.say(f"{message.step} {message.lane} {','.join(message.event_ids)}")
    ids = STEPS[message.step](message.event_ids, lane_name=message.lane, ports=ports)
    if message.step is not Step.SETTLE:
        following = _ORDER[_ORDER.index(message.step) + 1]
        scene.queue.put(Message(step=following, lane=message.lane, event_ids=tuple(ids)))
    scene.queue.acknowledge(me)


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """What the pollers read."""

    aprimo: AprimoFeed
    opentext: OpenTextFeed


def start_timetable(scene: Scene, feeds: Feeds) -> None:
    """The sweeper, the watches and the pollers, each in its period."""
    jobs: Mapping[str, tuple[float, Callable[[Ports], object]]] = {
        "sweep": (SWEEP_EVERY_S, sweep),
        "watches": (WATCH_EVERY_S, lambda ports: [look(watch, ports) for watch in WATCHES]),
        "poll-aprimo": (
            POLL_EVERY_S,
            lambda ports: poll_aprimo(feeds.aprimo, scene.routes, overlap_s=OVERLAP_S, ports=ports),
        ),
        "poll-opentext": (
            POLL_EVERY_S,
            lambda ports: poll_opentext(feeds.opentext, scene.routes, overlap_s=OVERLAP_S, ports=ports),
        ),
        "poll-lists": (
            POLL_EVERY_S,
            lambda ports: poll_opentext_lists(feeds.opentext, scene.routes, ports=ports),
        ),
    }
    for name, (every_s, job) in jobs.items():
        scene.serve(name, partial(_tick, scene, every_s, job))


def _tick(scene: Scene, every_s: float, job: Callable[[Ports], object], ports: Ports) -> None:
    scene.baton.sleep(every_s)
    try:
        job(ports)
    except StoreAwayError:
        raise
    except PipelineError as error:
        scene.say(f"waits: {error}")


@dataclass(kw_only=True)
class Intake:
    """The web's intake: notices come, are acknowledged after the commit, and come again where they were not.

    acknowledged: what the senders believe is kept. unheard: told and not acknowledged yet.
    """

    scene: Scene
    acknowledged: list[Reading] = field(default_factory=list)
    unheard: list[Reading] = field(default_factory=list)
    _waiting: list[Reading] = field(default_factory=list)
    _idle: Task | None = None

    def start(self) -> None:
        """Serve for ever."""
        self.scene.serve("web", self._serve)

    def deliver(self, reading: Reading) -> None:
        """A sender tells us something, once or twice, if it does not get lost before it leaves."""
        chance = self.scene.chance
        if chance.strikes("notice_lost"):
            return
        for _ in range(2 if chance.strikes("notice_doubled") else 1):
            self.unheard.append(reading)
            self.scene.baton.after(chance.between("notice", 0.0, RETRY_MAX_S), lambda: self._arrive(reading))

    def _arrive(self, reading: Reading) -> None:
        self._waiting.append(reading)
        # Whoever gets no 2xx tells us again.
        self.scene.baton.after(RETRY_MAX_S, lambda: self._again(reading))
        if self._idle is not None:
            self.scene.baton.wake(self._idle)

    def _again(self, reading: Reading) -> None:
        if any(each is reading for each in self.unheard):
            self._arrive(reading)

    def _serve(self, ports: Ports) -> None:
        if not self._waiting:
            self._idle = self.scene.baton.running()
            self.scene.baton.park()
        group, self._waiting = self._waiting, []
        if group:
            accepted = accept(group, store=ports.store, new_id=ports.new_id, limits=ports.limits)
            ports.waker.wake(accepted.hints)
            self._acknowledge([reading for index, reading in enumerate(group) if index not in accepted.failed])

    def _acknowledge(self, kept: list[Reading]) -> None:
        self.acknowledged += kept
        told = {id(reading) for reading in kept}
        self.unheard = [reading for reading in self.unheard if id(reading) not in told]
