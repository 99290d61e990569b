"""When a worker is taken for deaf, and when not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.pulse import BACKLOG_MAX, Pulse, pulse_queue

ROLE = "worker-aprimo"
DEAF_AFTER_S = 60.0
PERIOD_S = 10.0


@dataclass
class Worker:
    """A worker, its queue and its supervisor. hears: it works its queue off at once."""

    hears: bool = True
    is_broker_there: bool = True
    ready: bool = True
    process: int = 1
    waiting: list[int] = field(default_factory=list)
    written: int = 0
    replaced: list[str] = field(default_factory=list)

    def send(self, number: int) -> bool:
        if self.is_broker_there and len(self.waiting) < BACKLOG_MAX:
            self.waiting.append(number)
        self.work()
        return self.is_broker_there

    def last(self) -> int | None:
        return self.written if self.is_broker_there else None

    def work(self) -> None:
        if self.hears and self.is_broker_there:
            self.written = max([self.written, *self.waiting])
            self.waiting.clear()

    def pid(self, role: str) -> int | None:
        return self.process

    def is_ready(self, role: str) -> bool:
        return self.ready

    def replace(self, role: str, why: str) -> None:
        self.replaced.append(f"{role} {why}")
        self.process += 1


class Watch:
    """A supervisor that looks every ten seconds."""

    def __init__(self, worker: Worker, *, now: float = 0.0) -> None:
        self.now = now
        self.worker = worker
        self.pulse = Pulse(
            worker, dict, deaf_after_s=DEAF_AFTER_S, monotonic=lambda: self.now, clock=lambda: 1000.0 + self.now
        )

    def pass_s(self, seconds: float) -> None:
        for _ in range(round(seconds / PERIOD_S)):
            self.pulse.look({ROLE: self.worker})
            self.now += PERIOD_S


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def watch(worker: Worker) -> Watch:
    return Watch(worker)


def test_a_worker_that_works_is_left_alone(watch: Watch, worker: Worker) -> None:
    watch.pass_s(3600)

    assert worker.replaced == []


def test_a_worker_that_works_nothing_off_is_replaced(watch: Watch, worker: Worker) -> None:
    watch.pass_s(30)
    worker.hears = False

    watch.pass_s(DEAF_AFTER_S + 2 * PERIOD_S)

    assert worker.replaced == [f"{ROLE} has worked nothing off for 70 s"]
    assert len(worker.waiting) <= BACKLOG_MAX


def test_a_worker_that_answers_in_the_end_is_left_alone(watch: Watch, worker: Worker) -> None:
    for _ in range(5):
        worker.hears = False
        watch.pass_s(DEAF_AFTER_S - PERIOD_S)
        worker.hears = True
        worker.work()
        watch.pass_s(PERIOD_S)

    assert worker.replaced == []


def test_nobody_is_blamed_for_a_broker_that_is_away(watch: Watch, worker: Worker) -> None:
    worker.hears = False
    watch.pass_s(50)
    worker.is_broker_there = False
    watch.pass_s(600)
    worker.is_broker_there = True
    watch.pass_s(50)

    assert worker.replaced == []


def test_a_pulse_that_a_wiped_broker_lost_is_sent_again(watch: Watch, worker: Worker) -> None:
    worker.hears = False
    watch.pass_s(20)
    worker.waiting.clear()
    worker.written = 0
    worker.hears = True
    watch.pass_s(3600)

    assert worker.replaced == []


def test_a_worker_that_starts_has_its_time_before_it_and_so_has_a_new_process(watch: Watch, worker: Worker) -> None:
    worker.hears, worker.ready = False, False
    watch.pass_s(600)
    worker.ready = True
    watch.pass_s(50)
    worker.process += 1
    watch.pass_s(50)

    assert worker.replaced == []


def test_answers_to_an_earlier_supervisor_count_for_nothing(worker: Worker) -> None:
    Watch(worker).pass_s(3600)
    worker.hears = False

    Watch(worker, now=7200.0).pass_s(DEAF_AFTER_S + 2 * PERIOD_S)

    assert len(worker.replaced) == 1


def test_each_installation_has_queues_of_its_own_and_keeps_them(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"

    assert pulse_queue(ROLE, one) == pulse_queue(ROLE, one)
    assert len({pulse_queue(ROLE, one), pulse_queue(ROLE, other), pulse_queue("worker-opentext", one)}) == 3
