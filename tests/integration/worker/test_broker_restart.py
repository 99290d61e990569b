"""A worker with a late-acknowledged task in flight outlives a restart of its broker.

When this fails after an upgrade of Celery, `tasks.consumer.KeepBrokenConnection` is not enough any more; when it
passes without that class, the class can go. The worker needs a free process for Celery 5.7.0 to fail: with every one
busy it asks the broker for nothing, and survives.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError

from config.celery_options import celery_options
from config.settings import load
from console.embedded import broker_command, free_ports, server_binary
from tests.support.processes import lives, wait_until

QUEUE = "standard.aprimo"


@contextmanager
def broker(folder: Path, port: int) -> Iterator[None]:
    argv = broker_command(server_binary(), folder=folder, port=port, password="pass-word")
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _answers(port), what="the broker")
            yield
        finally:
            process.terminate()


@contextmanager
def worker(broker_url: str) -> Iterator[subprocess.Popen[bytes]]:
    argv = ["-m", "celery", "-A", "tests.support.held_task_app", "worker", "-c", "2", "-Q", QUEUE, "--without-mingle"]
    environ = {**os.environ, "SIGNOFF_BROKER_URL": broker_url}
    with subprocess.Popen([sys.executable, *argv], env=environ, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def _answers(port: int) -> bool:
    try:
        with Redis(port=port, password="pass-word") as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def test_a_worker_with_a_task_in_flight_outlives_a_restart_of_its_broker(tmp_path: Path) -> None:
    (port,) = free_ports([0])
    broker_url = f"redis://:pass-word@127.0.0.1:{port}/0"
    sender = Celery("sender", set_as_current=False)
    sender.config_from_object(celery_options(load({"SIGNOFF_BROKER_URL": broker_url})))
    first, second = _folder(tmp_path / "first"), _folder(tmp_path / "second")

    with ExitStack() as first_broker, worker(broker_url) as running:
        first_broker.enter_context(broker(tmp_path / "broker", port))
        sender.send_task("hold", (str(first),), queue=QUEUE)
        wait_until(lambda: _lines(first / "started") == 1, what="the task to start")
        first_broker.close()
        wait_until(lambda: not _answers(port), what="the broker to end")
        with broker(tmp_path / "broker", port):
            (first / "go").touch()
            (second / "go").touch()
            wait_until(lambda: _lines(first / "ended") == 1, what="the task to end")
            sender.send_task("hold", (str(second),), queue=QUEUE)
            wait_until(lambda: _lines(second / "ended") == 1, what="the next task")

            assert lives(running.pid)
            assert _lines(first / "started") == 1
    sender.close()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
