"""Starts a program that ends with the one who started it, however that one ends.

Run as a script (`python -I -S leash.py PARENT_PID PROGRAM ARGS…`), so that it costs no imports of ours. On Linux the
kernel keeps the promise, and the program takes this process's place; elsewhere this process stays and watches.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
WATCH_EVERY_S = 0.5


def die_with_parent(parent_pid: int) -> None:
    """Asks the kernel to kill this process when its parent ends; ends it at once if that has happened already.

    Only where there is such a kernel (`kernel_keeps_it`). The mark survives exec, and is lost in a fork.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def name_process(name: str) -> None:
    """Has `ps -o comm`, `top` and `pgrep` show this name, of which Linux keeps 15 bytes. As `die_with_parent`."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())


def kernel_keeps_it() -> bool:
    """Whether this system's kernel can tie a process to its parent's life."""
    return sys.platform == "linux"


def watch(parent_pid: int, argv: list[str]) -> int:
    """Runs the program and gives its exit code; kills its own group, and so both, when the parent is gone.

    The supervisor gave this process a group of its own.
    """
    child = subprocess.Popen(argv)  # noqa: S603 - the supervisor says what to run
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: child.send_signal(got))
    while child.poll() is None:
        if os.getppid() != parent_pid:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        time.sleep(WATCH_EVERY_S)
    return child.returncode


def main(argv: list[str]) -> None:
    """Ties, then runs: argv is the parent's pid, the program and its arguments."""
    parent_pid, program = int(argv[0]), argv[1:]
    if kernel_keeps_it():
        die_with_parent(parent_pid)
        os.execvp(program[0], program)  # noqa: S606 - the supervisor says what to run
    sys.exit(watch(parent_pid, program))


if __name__ == "__main__":
    main(sys.argv[1:])
