"""A real Valkey as the embedded default starts it, for the length of a test module."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from console.embedded import broker_command, free_ports, server_binary
from tests.support.processes import wait_until

PASSWORD = "test-broker-password"


@contextmanager
def running_valkey(folder: Path) -> Iterator[str]:
    """Start a server on a free port; gives its address, and ends it with the block."""
    (port,) = free_ports([0])
    command = broker_command(server_binary(), folder=folder, port=port, password=PASSWORD)
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: _answers(url), what="the broker")
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
