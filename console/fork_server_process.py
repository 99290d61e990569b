"""Settles the process that our roles are forked from (`console.fork_server`); imported last there, and nowhere else.

The process is tied to its parent's life, and outlasts what is signalled to a whole group: its forks end in their own
time. What it has imported stays shared with them: the collector of garbage does not touch it again.
"""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType

from console.leash import die_with_parent

PID = os.getpid()
OUTLASTED = (signal.SIGTERM, signal.SIGHUP)


def _end_if_forked(number: int, _frame: FrameType | None) -> None:
    """A fork that is told to end before it has become a role."""
    if os.getpid() != PID:
        os._exit(128 + number)


die_with_parent(os.getppid())
for _number in OUTLASTED:
    signal.signal(_number, _end_if_forked)
gc.freeze()
