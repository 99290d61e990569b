"""What every role does the same way: it says when it can be used, and keeps Celery from touching the logs."""

from __future__ import annotations

import sys

from celery import signals


def say_ready(role: str, **_: object) -> None:
    """Prints the line that `signoff up` waits for, at once, also into a pipe. Fit to receive a Celery signal."""
    sys.stdout.write(f"signoff {role} is ready\n")
    sys.stdout.flush()


def keep_our_logs() -> None:
    """Keeps Celery from setting up logging: that somebody receives this signal is all it takes."""
    signals.setup_logging.connect(_nothing, weak=False)


def _nothing(**_: object) -> None:
    """Receives and does nothing."""
