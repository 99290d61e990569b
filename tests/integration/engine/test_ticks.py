"""A job of the timetable runs once in each of its slots, whoever asks and whoever dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from pipeline.errors import TransientError
from pipeline.ports import Ports, Store, Tx
from pipeline.slots import Timing
from pipeline.ticks import Ran, run
from pipeline.words import CatchUp
from tests.support.engine_runs import FAST
from tests.support.fakes import make_world
from tests.support.store_rows import START, Clock

T = TypeVar("T")
EVERY_S = 60.0
SLOT = Timing(every_s=EVERY_S, catch_up=CatchUp.ONCE).slot_of(START)


def _timing(catch_up: CatchUp) -> Timing:
    return Timing(every_s=EVERY_S, catch_up=catch_up)


def _slots(*numbers: int) -> list[datetime]:
    return [SLOT + number * timedelta(seconds=EVERY_S) for number in numbers]


class _Job:
    """A job that notes the slots it was run for."""

    def __init__(self, store: Store, catch_up: CatchUp) -> None:
        self.timing = _timing(catch_up)
        self.ports = make_world(store, FAST).ports
        self.ran: list[datetime] = []

    def ask(self, *, me: str = "worker-1") -> list[Ran]:
        return run("job", self.timing, self.ran.append, replace(self.ports, me=me))

    def die(self) -> None:
        """A worker that begins a slot and is gone."""

        def work(_: datetime) -> None:
            raise KeyboardInterrupt

        ports: Ports = replace(self.ports, store=_Deaf(self.ports.store), me="gone")
        with pytest.raises(KeyboardInterrupt):
            run("job", self.timing, work, ports)


class _Deaf:
    """A store that takes the first transaction and none after it: the worker's machine is gone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._taken = 0
        self.begin = store.begin

    def run(self, work: Callable[[Tx], T]) -> T:
        self._taken += 1
        if self._taken > 1:
            raise KeyboardInterrupt
        return self._store.run(work)


@pytest.mark.parametrize("catch_up", CatchUp)
def test_a_slot_is_run_once_however_many_ask(ticking: Store, catch_up: CatchUp) -> None:
    job = _Job(ticking, catch_up)

    assert [job.ask(me=f"worker-{number}") for number in range(3)] == [[Ran(slot=SLOT)], [], []]
    assert job.ran == [SLOT]


def test_one_run_makes_up_for_all_that_were_missed(ticking: Store, clock: Clock) -> None:
    job = _Job(ticking, CatchUp.ONCE)
    job.ask()
    clock.pass_s(5.5 * EVERY_S)

    job.ask()
    job.ask()

    assert job.ran == _slots(0, 5)


def test_a_job_that_leaves_out_what_it_missed_goes_on_with_the_next_slot(ticking: Store, clock: Clock) -> None:
    job = _Job(ticking, CatchUp.SKIP)
    job.ask()
    clock.pass_s(5.6 * EVERY_S)
    job.ask()
    assert job.ran == _slots(0)

    clock.pass_s(0.5 * EVERY_S)
    job.ask()

    assert job.ran == _slots(0, 6)


def test_where_each_slot_counts_each_is_run_the_oldest_first(ticking: Store, clock: Clock) -> None:
    job = _Job(ticking, CatchUp.ALL)
    job.ask()
    clock.pass_s(3 * EVERY_S)

    assert job.ask() == [Ran(slot=slot) for slot in _slots(1, 2, 3)]
    assert job.ran == _slots(0, 1, 2, 3)


def test_a_vendor_that_is_away_ends_the_slot_with_an_error(ticking: Store) -> None:
    def away(_: datetime) -> None:
        raise TransientError("503")

    job = _Job(ticking, CatchUp.ONCE)

    assert run("job", job.timing, away, job.ports) == [Ran(slot=SLOT, error="TransientError: 503")]
    assert job.ask() == []


def test_a_fault_of_ours_ends_the_slot_with_an_error_and_is_raised(ticking: Store) -> None:
    job = _Job(ticking, CatchUp.ONCE)

    with pytest.raises(ZeroDivisionError):
        run("job", job.timing, lambda _: 1 / 0, job.ports)

    assert job.ask() == []


@pytest.mark.parametrize("catch_up", [CatchUp.ONCE, CatchUp.ALL])
def test_what_a_dead_worker_began_is_begun_again_when_nobody_can_be_at_it(
    ticking: Store, clock: Clock, catch_up: CatchUp
) -> None:
    job = _Job(ticking, catch_up)
    job.timing = Timing(every_s=1000.0, catch_up=catch_up)
    job.die()
    clock.pass_s(FAST.lease_s)
    assert job.ask() == []

    clock.pass_s(0.001)

    assert len(job.ask()) == 1
    assert job.ask() == []


def test_a_later_slot_makes_up_for_the_one_that_a_dead_worker_began(ticking: Store, clock: Clock) -> None:
    job = _Job(ticking, CatchUp.ONCE)
    job.die()
    clock.pass_s(2 * EVERY_S)

    job.ask()
    job.ask()

    assert job.ran == _slots(2)


def test_where_each_slot_counts_also_the_one_that_a_dead_worker_began_is_run(ticking: Store, clock: Clock) -> None:
    job = _Job(ticking, CatchUp.ALL)
    job.die()
    clock.pass_s(2 * EVERY_S)

    job.ask()

    assert job.ran == _slots(1, 2, 0)


def test_a_worker_that_was_taken_over_does_not_end_the_slot_of_another(ticking: Store, clock: Clock) -> None:
    job = _Job(ticking, CatchUp.ALL)
    job.die()
    clock.pass_s(FAST.lease_s + 1)
    job.ask()

    with ticking.begin() as tx:
        tx.ledger.end_tick("job", SLOT, "gone", "late")
        assert tx.ledger.retake_tick("job", "other", begun_before=clock.now, oldest=None) is None

    assert SLOT in job.ran
    assert job.ask() == []
