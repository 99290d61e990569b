"""Runs Flower: Celery's own dashboard, which may look and not touch."""

from __future__ import annotations

import os
import socket
import threading
import time

from config.settings import Settings
from console.ready import keep_our_logs, say_ready
from tasks.app import create

_KNOCK_EVERY_S = 0.1


def run(settings: Settings) -> None:
    """Serves until told to stop. Replay and discard belong to our own audited commands, so it is read-only."""
    _forget_stray_options()
    # In the environment rather than on the command line, where every user of the machine could read it.
    password = settings.flower.password.reveal() if settings.flower.password else ""
    os.environ["FLOWER_BASIC_AUTH"] = f"{settings.flower.user}:{password}"
    app = create(settings)
    keep_our_logs()
    threading.Thread(target=_tell_when_open, args=(settings.flower.port,), daemon=True).start()
    app.start(["--quiet", "flower", *flower_arguments(settings)])


def flower_arguments(settings: Settings) -> list[str]:
    """Flower's arguments; a configuration file in the current folder would be executed, so none is read."""
    return [
        f"--address={settings.flower.host}",
        f"--port={settings.flower.port}",
        "--read_only=True",
        "--persistent=False",
        "--logging=none",
        f"--conf={os.devnull}",
    ]


def _forget_stray_options() -> None:
    """Drops FLOWER_ variables: one of them opens its API to everybody."""
    for name in [name for name in os.environ if name.startswith("FLOWER_")]:
        del os.environ[name]


def _tell_when_open(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_KNOCK_EVERY_S)
        else:
            say_ready("flower")
            return
