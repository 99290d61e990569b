"""Keeps log lines out of what an operator's command prints: they go to standard error, from warnings up."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from config.logging import configure
from config.problems import SettingsError
from config.running import current


def put_logs_aside() -> None:
    """Sets up the logs of a command for people; standard output is left to its answer.

    Settings that are refused are left to the command, whose help must be shown without them.
    """
    try:
        settings = current()
    except SettingsError:
        return
    level: Literal["debug", "warning"] = "debug" if settings.log_level == "debug" else "warning"
    configure(replace(settings, log_level=level, log_format="console"), "cli")
