"""Waiting for processes and conditions, with a deadline instead of a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from config.running import process_started


def wait_until(
    holds: Callable[[], object], *, limit_s: float = 20.0, every_s: float = 0.02, what: str = "the condition"
) -> None:
    """Returns as soon as the condition holds; fails with its name after the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come true within {limit_s:g} s"
        time.sleep(every_s)


def lives(pid: int) -> bool:
    """Whether a process lives; one that ended and was not waited for does not."""
    return process_started(pid) is not None


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal and does not go on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def family(pid: int) -> set[int]:
    """A process and all its living descendants."""
    parents = {each: parent(each) for each in (int(path.name) for path in Path("/proc").glob("[0-9]*"))}
    found = {pid}
    while grown := {child for child, starter in parents.items() if starter in found} - found:
        found |= grown
    return {member for member in found if lives(member)}


def parent(pid: int) -> int:
    """Who started it, or adopted it; 0 when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(")")[2].split()[1])
