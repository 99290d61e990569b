"""Starts our own roles as forks of one process that has imported what all of them need.

A role's imports cost a second of a processor or more, and an installation has eight roles. The server is Python's own
(`multiprocessing`, start method forkserver); it has one thread and opens nothing, so a fork of it is safe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from console.leash import die_with_parent, name_process

_CONTEXT = multiprocessing.get_context("forkserver")
IMPORTED = (
    "console.worker_role",  # First: it tells Celery's libraries what SIGTERM means.
    "console.roles",
    "console.flows",
    "console.deploying",
    "console.flower_role",
    "console.scheduler_role",
    "console.web_role",
    "config.logging",
    "pipeline.store.migrate",
    "celery.bin.celery",
    "celery.apps.beat",
    "celery.backends.base",
    "celery.concurrency.prefork",
    "celery.events.receiver",
    "celery.fixups.django",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "kombu.transport.redis",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "console.fork_server_process",  # Last: it settles the process.
)
"""What the roles import by and by. A name that a library has no more is passed over: a role imports what it needs."""
_LOCK = threading.Lock()
"""Two threads that ask `multiprocessing` how a process ended would both read its one answer."""


def ensure() -> None:
    """Starts the server where none runs, without waiting for it.

    The kernel ties it, and so all its forks, to the life of the *thread* that calls this.
    """
    with _LOCK:
        _CONTEXT.set_forkserver_preload(list(IMPORTED))
        forkserver.ensure_running()


class Forked:
    """A role's process. As a Popen, as far as a supervisor asks."""

    def __init__(self, role: str, words: Sequence[str], environ: Mapping[str, str]) -> None:
        """Starts it. words: of our command line; environ: all that it is told. Raises OSError or EOFError."""
        reading, writing = _CONTEXT.Pipe(duplex=False)
        told = (role, tuple(words), dict(environ), Path.cwd(), writing)
        with reading, writing:
            self._process = _CONTEXT.Process(target=_become, args=told, daemon=True)
            with _LOCK:
                self._process.start()
            self.stdout: IO[str] = os.fdopen(os.dup(reading.fileno()), encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """The process id; also its group's."""
        assert self._process.pid is not None  # noqa: S101 - it was started
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with _LOCK:
            return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Sends a signal to the process itself, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _become(role: str, words: Sequence[str], environ: Mapping[str, str], folder: Path, output: Connection) -> None:
    """What the fork does: it becomes what `signoff WORDS` is as a program of its own."""
    from console import cli, fork_server_process  # noqa: PLC0415 - the supervisor needs neither

    os.setsid()
    with Path(os.devnull).open() as nothing, output:
        for ours, standard in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(ours.fileno(), standard)
    if os.getpid() == fork_server_process.PID:
        sys.exit("The fork server could not import what is ours: `console` is not on its path.")
    die_with_parent(fork_server_process.PID)
    for number in fork_server_process.OUTLASTED:
        signal.signal(number, signal.SIG_DFL)
    name_process(role)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["signoff", *words]
    cli.main()
