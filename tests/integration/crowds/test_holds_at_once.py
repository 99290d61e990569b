"""Many lines that write the same few objects, several workers, crashes between the steps: no update is lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from pipeline.carry import carry
from pipeline.commands import Command, SetFields
from pipeline.errors import PipelineError
from pipeline.events import Event
from pipeline.plan import Hold, Link, Plan, Snapshot, Snapshots, Want, deliver
from pipeline.ports import Bounds, Sent
from pipeline.settle import settle
from pipeline.store import SqlStore
from pipeline.store.engine import writer
from pipeline.sweep import sweep
from pipeline.transform import transform
from pipeline.words import EffectKey, EventId, EventKind, Side, Step
from tests.support.engine_runs import FAST, put
from tests.support.fakes import FLOW, T0, FakeFlow, FakeVendor, World, look, make_world
from tests.support.states import States

OBJECTS, ITEMS, NOTICES, WORKERS = 4, 8, 3, 4
WITHIN_S = 100.0
HELD_AGAIN_S = 600.0
"""A line that nobody wakes would wait for longer than the test."""


@dataclass
class Counting(FakeVendor):
    """Keeps a number per object, read whole and written whole, as a field that is not owned by one line."""

    numbers: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(OBJECTS), 0))

    def read(self, wants: Sequence[Want], bounds: Bounds) -> dict[Want, Snapshot | PipelineError]:
        with self._lock:
            values = {str(number): count for number, count in self.numbers.items()}
        time.sleep(0.005)
        return {want: Snapshot(want=want, read_at=T0, values=values) for want in wants}

    def send(self, command: Command, effect_key: EffectKey, bounds: Bounds) -> Sent:
        assert isinstance(command, SetFields)
        time.sleep(0.002)
        with self._lock:
            self.numbers[command.object_id] = int(str(command.fields["count"]))
            self.effects.append((command.KIND, effect_key))
        return Sent(how="sent")


@dataclass
class ReadingFacts(FakeFlow):
    """Every fact is read for, and none covers another."""

    def wants(self, event: Event, snapshots: Snapshots, link: Link | None) -> tuple[Want, ...]:
        return (Want(flow=FLOW, side=Side.APRIMO, kind="numbers", object_id="all"),)


def _pair(event: Event) -> tuple[int, int]:
    """Two objects of each item, in an order of its own: neighbours want them the other way round."""
    number = int(event.subject.rpartition(":")[2])
    one, two = number % OBJECTS, (number + 1) % OBJECTS
    return (one, two) if number % 2 else (two, one)


def _add_one(event: Event, snapshots: Snapshots, _: Link) -> Plan:
    (read,) = (snapshot.values for snapshot in snapshots.values())
    return deliver(
        *(
            SetFields(object_kind="record", object_id=each, fields={"count": int(str(read[str(each)])) + 1})
            for each in _pair(event)
        ),
        holds=tuple(Hold(object=f"record:{each}", field_set="count") for each in _pair(event)),
    )


class _Worker(threading.Thread):
    """Works off what is published, and now and then forgets what it was about to hand on."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__()
        self.ports = replace(world.ports, me=f"worker-{seed}")
        self.waker = world.waker
        self.chance = random.Random(seed)  # noqa: S311 - Chance, not secrets.
        self.is_over = threading.Event()
        self.crashes = 0
        self.fault: Exception | None = None

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                self._next()
        except Exception as error:  # noqa: BLE001 - The test shows it.
            self.fault = error

    def _next(self) -> None:
        try:
            hint = self.waker.hints.pop(0)
        except IndexError:
            sweep(self.ports)
            self.is_over.wait(0.01)
            return
        time.sleep(hint.wait_s)
        ids: list[EventId] = list(hint.event_ids)
        for step, work in ((Step.TRANSFORM, transform), (Step.CARRY, carry), (Step.SETTLE, settle)):
            if list(Step).index(step) < list(Step).index(hint.step):
                continue
            if self.chance.random() < 0.1:
                self.crashes += 1
                return
            ids = work(ids, lane_name=hint.lane, ports=self.ports)


@pytest.fixture
def sql_states(any_database_url: str) -> Iterator[States]:
    engine = writer(any_database_url)
    yield States(engine)
    engine.dispose()


def test_no_update_is_lost_however_many_write_the_same_objects(sql_store: SqlStore, sql_states: States) -> None:
    """Each plan reads two numbers and writes each one more; every one must find what the one before it wrote."""
    world = make_world(sql_store, replace(FAST, rehint_after_s=0.2, held_again_s=HELD_AGAIN_S, batch_lines=3))
    vendor = Counting(side=Side.APRIMO)
    world.ports = replace(world.ports, vendors={Side.APRIMO: vendor, Side.OPENTEXT: world.opentext})
    world.ports = replace(world.ports, flows={FLOW: ReadingFacts(plans=_add_one)})
    for _ in range(NOTICES):
        facts = [look(f"aprimo:activity:{item}", kind=EventKind.FACT) for item in range(ITEMS)]
        world.waker.hints += put(world, *facts)
    workers = [_Worker(world, seed) for seed in range(WORKERS)]

    for worker in workers:
        worker.start()
    _wait(sql_states, workers)

    assert [worker.fault for worker in workers] == [None] * WORKERS
    assert sql_states.events() == ["delivered"] * (ITEMS * NOTICES)
    assert sum(vendor.numbers.values()) == 2 * ITEMS * NOTICES
    assert len(vendor.effects) == len(set(vendor.effects)) == 2 * ITEMS * NOTICES
    assert sql_states.holds() == []
    assert sum(worker.crashes for worker in workers) > 0


def _wait(states: States, workers: list[_Worker]) -> None:
    deadline = time.monotonic() + WITHIN_S
    try:
        while {"accepted", "planned", "carried"} & set(states.events()):
            assert time.monotonic() < deadline, (states.events(), states.waits(), states.holds())
            time.sleep(0.05)
    finally:
        for worker in workers:
            worker.is_over.set()
        for worker in workers:
            worker.join()
