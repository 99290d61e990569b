"""What the command's exit codes mean; one place, because scripts rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `signoff`."""

    OK = 0
    FAILED = 1
    """It was tried and did not work; the last line says why."""
    DIFFERENT = 2
    """Wrong usage; or, for commands that compare, something differs or is missing."""
    REFUSED = 3
    """The settings are missing, malformed or unsafe; nothing was started."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM ended a demo before its verdict; everything was stopped."""
    UNREACHABLE = 4
    """Something the command needs does not answer: the broker, the database, or no installation runs."""
