"""A worker takes express before standard before bulk, whatever came first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from config.celery_options import celery_options, queues_of
from config.settings import load
from console.embedded import broker_command, free_ports, server_binary
from tests.support.processes import wait_until

QUEUES = queues_of("aprimo")


@pytest.fixture
def broker_url(tmp_path: Path) -> Iterator[str]:
    (port,) = free_ports([0])
    argv = broker_command(server_binary(), folder=tmp_path, port=port, password="pass-word")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        wait_until(lambda: "Ready to accept" in process.stdout.readline(), what="the broker")
        yield f"redis://:pass-word@127.0.0.1:{port}/0"
        process.kill()


def test_express_is_read_before_standard_before_bulk(broker_url: str) -> None:
    app = Celery("sender", set_as_current=False)
    app.config_from_object(celery_options(load({"SIGNOFF_BROKER_URL": broker_url})))
    for _ in range(4):
        for queue in reversed(QUEUES):
            app.send_task("note", queue=queue)
    app.close()

    with Redis.from_url(broker_url) as redis:
        argv = ["-m", "celery", "-A", "tests.support.queue_order_app", "worker", "-Q", ",".join(QUEUES)]
        environ = {**os.environ, "SIGNOFF_BROKER_URL": broker_url}
        with subprocess.Popen([sys.executable, *argv, "--without-mingle"], env=environ) as worker:
            try:
                wait_until(lambda: redis.llen("order") == 12, what="the last of 12 messages")
            finally:
                worker.kill()
        order = [name.decode() for name in redis.lrange("order", 0, -1)]

    assert order == [queue for queue in QUEUES for _ in range(4)]
