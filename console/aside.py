"""What an operator's command says beside its answer, on standard error: warnings, and no other log lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import click

from config.logging import configure
from config.problems import SettingsError
from config.running import current
from config.settings import all_settings
from config.sources import nearest, unknown_variables


def tell_strange_names(environ: Mapping[str, str]) -> None:
    """Warns of variables that look like settings and are none; most are misspelt."""
    known = all_settings()
    for name in unknown_variables(known, environ):
        near = nearest(name, known)
        hint = f" Did you mean {near}?" if near else ""
        click.echo(f"Warning: {name} is no setting of Signoff.{hint}", err=True)


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
