"""A worker that is there and works nothing off is replaced, whatever ails it; real workers are made deaf."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest
from celery import Celery
from redis import Redis

from config.celery_options import celery_options, queues_of
from console.embedded_plan import Wishes
from console.pulse import pulse_queue
from console.supervisor import Installation
from tasks.pulse import last_pulse
from tests.support.processes import wait_until

ROLE = "worker-timetable"
DEAF_AFTER_S = 4
QUICK = {
    "CONNECT_TIMEOUT_S": 0.5,
    "READ_TIMEOUT_S": 0.5,
    "CALL_DEADLINE_S": 0.5,
    "NO_NEW_CALL_AFTER_S": 1,
    "MARGIN_S": 0.5,
    "BUDGET_WAIT_MAX_S": 0.5,
    "HARD_LIMIT_S": 2,
    "LEASE_S": 3,
    "COUNTDOWN_MAX_S": 1,
    "DEAF_AFTER_S": DEAF_AFTER_S,
    "LATE_FACTOR": 1,
}


@pytest.fixture(scope="module")
def shown() -> list[str]:
    return []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, shown: list[str]) -> Iterator[Installation]:
    told = {f"SIGNOFF_ENGINE_{name}": str(value) for name, value in QUICK.items()}
    told["SIGNOFF_DATA_DIR"] = str(tmp_path_factory.mktemp("deaf"))
    wishes = Wishes(roles=frozenset({"broker", "db", ROLE}))
    with Installation.start(told, wishes=wishes, show=lambda role, line: shown.append(f"{role} | {line}")) as made:
        yield made


@pytest.fixture
def redis(running: Installation) -> Iterator[Redis]:
    with Redis.from_url(str(running.settings.broker_url)) as client:
        yield client


def works(running: Installation, redis: Redis) -> None:
    """Returns when the worker has worked off a pulse that was not there before."""
    queue = pulse_queue(ROLE, running.settings.data_dir)
    before = last_pulse(redis, queue)
    wait_until(lambda: last_pulse(redis, queue) > before, limit_s=60, what="a pulse")


def test_a_worker_that_is_connected_but_consumes_nothing_is_replaced(
    running: Installation, redis: Redis, shown: list[str]
) -> None:
    works(running, redis)
    deaf = running.pid(ROLE)
    app = Celery("control", set_as_current=False)
    app.config_from_object(celery_options(running.settings))
    for queue in (pulse_queue(ROLE, running.settings.data_dir), *queues_of("timetable")):
        (answer,) = app.control.cancel_consumer(
            queue, destination=[f"{ROLE}@{socket.gethostname()}"], reply=True, timeout=5
        )
        assert "ok" in next(iter(answer.values()))

    wait_until(lambda: running.pid(ROLE) not in (None, deaf), limit_s=60, what="another worker")
    works(running, redis)

    assert any(f"{ROLE} | has worked nothing off for" in line for line in shown)


def test_a_worker_that_is_frozen_is_replaced(running: Installation, redis: Redis) -> None:
    works(running, redis)
    frozen = running.pid(ROLE)
    assert frozen is not None
    os.kill(frozen, signal.SIGSTOP)

    wait_until(lambda: running.pid(ROLE) not in (None, frozen), limit_s=60, what="another worker")

    works(running, redis)


def test_a_worker_that_works_is_not_replaced(running: Installation, redis: Redis) -> None:
    works(running, redis)
    pid = running.pid(ROLE)

    for _ in range(2 * DEAF_AFTER_S):
        works(running, redis)

    assert running.pid(ROLE) == pid
