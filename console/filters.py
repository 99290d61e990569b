"""Filters that name nothing are a mistake, and are said to be one: an empty answer would look like all is well."""

from __future__ import annotations

import click

from config.running import current
from console import installation
from console.letters import find
from pipeline.codes import CODES


def demand_flow(flow: str) -> None:
    """Raises BadParameter for a flow that has no file and never had an event; "" is no filter."""
    known = sorted(path.stem for path in current().flows_dir.glob("*.toml"))
    if flow and flow not in known and not installation.pages().event_list(flow=flow, limit=1):
        raise click.BadParameter(f"There is no flow {flow!r}; there are: {', '.join(known)}.", param_hint="--flow")


def demand_code(code: str) -> None:
    """Raises BadParameter for a code that is none of ours and that no letter bears; vendors have codes too."""
    if code and code not in CODES and not find(installation.store(), code=code, state="any", limit=1):
        known = ", ".join(sorted(CODES))
        raise click.BadParameter(f"There is no reason code {code!r}; there are: {known}.", param_hint="--code")
