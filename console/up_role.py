"""`signoff up`: the whole installation as one command, one log stream and one end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

import click

from console import service_manager
from console.embedded import CannotRunError
from console.embedded_plan import Wishes
from console.exits import Exit
from console.supervisor import AlreadyRunningError, Installation
from console.supervisor_loop import StartError


def run() -> Exit:
    """Runs until Ctrl-C, SIGTERM or the terminal's end; gives the exit code."""
    stream = Stream()
    is_over = _told_to_end()
    overrides = {} if os.environ.get("SIGNOFF_LOG_FORMAT") else {"SIGNOFF_LOG_FORMAT": "console"}
    wishes = Wishes(known_ports=True)
    try:
        installation = Installation.start(overrides, wishes=wishes, show=stream.show)
    except (CannotRunError, AlreadyRunningError, StartError) as err:
        click.echo(f"signoff up: {err}", err=True)
        return Exit.FAILED
    with installation:
        stream.show("up", addresses(installation))
        service_manager.tell(service_manager.READY)
        is_over.wait()
        service_manager.tell(service_manager.STOPPING)
        stream.show("up", "stopping")
    stream.show("up", "stopped")
    return Exit.OK


def addresses(installation: Installation) -> str:
    """Where people find what runs, and how they log in."""
    lines = [f"{name:<9} {url}{_login(installation, name)}" for name, url in installation.urls.items()]
    return "\n".join(["everything runs; Ctrl-C stops it", *lines])


class Stream:
    """One stream of lines on standard output, each with its role in front."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def show(self, role: str, text: str) -> None:
        """Writes the lines of a text, whole and in order, whoever else writes now."""
        written = "".join(f"{role:<16} | {line}\n" for line in text.splitlines())
        with self._lock:
            try:
                sys.stdout.write(written)
                sys.stdout.flush()
            except BrokenPipeError:  # Nobody reads any more; the roles go on.
                return


def _login(installation: Installation, name: str) -> str:
    if name not in installation.logins:
        return ""
    user, password = installation.logins[name]
    return f"   login {user} / {password}"


def _told_to_end() -> threading.Event:
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, tell)
    return told
