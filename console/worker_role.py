"""Runs one Celery worker: prefork, its queues in order of urgency, with the end it deserves."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from functools import partial

# Celery reads this when it is first imported: SIGTERM then lets steps finish for a while, and hands back the rest.
os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")

from celery import signals
from celery.apps import worker as celery_worker
from celery.platforms import SecurityWarning

from config.celery_options import own_queue, queues_of
from config.settings import Settings
from console.leash import die_with_parent, kernel_keeps_it
from console.ready import keep_our_logs, say_ready
from tasks.app import create


def run(settings: Settings, role: str, targets: Sequence[str], *, pulse: str | None = None) -> None:
    """Works until told to stop; its processes never outlive it. pulse: a queue of its own, read before all others."""
    # Celery warns every worker that runs as root, because a message could carry code; ours are JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    app = create(settings)
    own = [pulse] if pulse else []
    app.conf.task_queues = [*app.conf.task_queues, *map(own_queue, own)]
    keep_our_logs()
    # Its advice on Ctrl-C goes past every logger, and is for somebody who started it by hand.
    celery_worker.safe_say = _say_nothing
    signals.worker_ready.connect(partial(say_ready, role), weak=False)
    if kernel_keeps_it():
        signals.worker_process_init.connect(partial(_tie, os.getpid()), weak=False)
    app.worker_main(["--quiet", "worker", *worker_arguments(role, [*own, *queues_read(targets)])])


def queues_read(targets: Sequence[str]) -> list[str]:
    """The queues of these targets, most urgent first."""
    return [queue for target in targets for queue in queues_of(target)]


def worker_arguments(role: str, queues: Sequence[str]) -> list[str]:
    """Celery's arguments. Workers need no news of each other: without that they start a second sooner."""
    return ["-Q", ",".join(queues), "-n", f"{role}@%h", "--without-gossip", "--without-mingle"]


def _say_nothing(*_: object) -> None:
    """Takes the place of what writes to the terminal in a signal handler."""


def _tie(main_pid: int, **_: object) -> None:
    die_with_parent(main_pid)
