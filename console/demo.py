"""`signoff demo`: the main job on sample work, in an installation of its own that is gone afterwards.

What it claims at the end is read from both sandboxes, and it fails where they do not agree.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import click
import requests
from rich.console import Console

from console.casts import Choice, flow_names
from console.demo_repair import CommandError
from console.demo_run import LOG_FILE, Running, play, start
from console.demo_scenario import HOUR_S, PACE, Story
from console.demo_settings import BUDGETS_PER_S, Without, forget_environment
from console.demo_show import Board, Lines, Screen
from console.embedded import CannotRunError, private_folder
from console.exits import Exit
from console.supervisor import AlreadyRunningError
from console.supervisor_loop import StartError
from console.up_role import addresses

_USUAL_BRIEFS = 24
_LEAST_BRIEFS = len(Story)


@click.command()
@click.option("--headless", is_flag=True, help="No table: lines of progress on standard error.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object, the last line.")
@click.option(
    "--briefs",
    "count",
    type=click.IntRange(_LEAST_BRIEFS, 120),
    default=_USUAL_BRIEFS,
    show_default=True,
    help="How many briefs; every outcome in turn.",
)
@click.option(
    "--flow", type=click.Choice(flow_names()), help="Play this flow alone; default: all that can be played."
)
@click.option("--no-webhooks", is_flag=True, help="The sandboxes tell nothing by themselves.")
@click.option("--no-pollers", is_flag=True, help="No feed is read by the clock.")
@click.option("--stay", is_flag=True, help="Keep everything running afterwards, until Ctrl-C.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to keep the installation's data in; default: a temporary one, gone afterwards.",
)
def demo(
    *,
    headless: bool,
    as_json: bool,
    count: int,
    flow: str | None,
    no_webhooks: bool,
    no_pollers: bool,
    stay: bool,
    data_dir: Path | None,
) -> None:
    """Carry sample work through both sandboxes, and show that both agree at the end.

    Without webhooks, or without pollers, the summary names every change that no notice told of, and who did.

    Exit codes: 0 both sandboxes agree on every item, 1 they do not, or something could not be started, 130 it was
    interrupted.
    """
    if no_webhooks and no_pollers:
        raise click.UsageError("Without both nothing is told: name one of --no-webhooks and --no-pollers.")
    without = Without.WEBHOOKS if no_webhooks else Without.POLLERS if no_pollers else Without.NOTHING
    began = time.monotonic()
    screen: Screen = Lines() if headless or not sys.stdout.isatty() else Board(Console(highlight=False))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    forget_environment()
    folder = data_dir or Path(tempfile.mkdtemp(prefix="signoff-demo-"))
    private_folder(folder)
    try:
        result = _carried(folder.absolute(), Choice(flow=flow or "", briefs=count), screen, without, is_staying=stay)
    except KeyboardInterrupt:
        _tidy(folder, is_ours=data_dir is None)
        sys.exit(Exit.INTERRUPTED)
    except (CannotRunError, AlreadyRunningError, StartError, CommandError, requests.RequestException) as err:
        click.echo(f"The demo could not be played: {err}\nWhat every role said: {folder / LOG_FILE}", err=True)
        sys.exit(Exit.FAILED)
    result["seconds_total"] = round(time.monotonic() - began, 1)
    _report(result, as_json=as_json)
    if not result["ok"]:
        click.echo(f"What every role said: {folder / LOG_FILE}", err=True)
        sys.exit(Exit.FAILED)
    _tidy(folder, is_ours=data_dir is None)


def _carried(folder: Path, choice: Choice, screen: Screen, without: Without, *, is_staying: bool) -> dict[str, Any]:
    """The summary of a demo that was started, played and stopped again."""
    budgets = ", ".join(f"{vendor} {rate}/s" for vendor, rate in BUDGETS_PER_S.items())
    screen.tell(f"starting everything in {folder}; call budgets: {budgets}")
    with ExitStack() as held:
        held.callback(screen.tell, "stopped")
        running = start(folder, held, without)
        held.callback(screen.tell, "stopping")
        for line in addresses(running.installation).splitlines():
            screen.tell(line)
        screen.tell(f"marketers write their work; one second stands for {PACE // HOUR_S} hours")
        result = play(running, choice, screen)
        if is_staying:
            _stay(running, screen)
    return result


def _stay(running: Running, screen: Screen) -> None:
    screen.tell(addresses(running.installation))
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


def _tidy(folder: Path, *, is_ours: bool) -> None:
    if is_ours:
        shutil.rmtree(folder, ignore_errors=True)


def _report(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    letters = result["dead_letters"]
    for name, flow in result["flows"].items():
        _report_flow(name, flow)
    click.echo(f"{result['seconds']} s after everything ran, {result['seconds_total']} s in all.")
    click.echo(f"Dead letters: {letters['seen']} seen, {letters['replayed']} replayed, {letters['open']} open.")
    for vendor, calls in result["calls"].items():
        click.echo(
            f"Calls to {vendor}: {calls['total']}, {calls['throttled']} of them refused as too many;"
            f" {calls['by_signoff']} were Signoff's, {calls['for_flows']} of these for the flows' events."
        )


def _report_flow(name: str, flow: Mapping[str, Any]) -> None:
    comments, writes, calls = flow["comments"], flow["writes"], flow["calls"]
    click.echo(f"{name}: Aprimo and OpenText agree on {flow['agree']} of {flow['items']} items.")
    click.echo(f"  {flow['processes']} processes, {flow['reviews']} reviews, {flow['events']} events;")
    click.echo(f"  comments: {comments['to_opentext']} to OpenText, {comments['to_aprimo']} to Aprimo;")
    click.echo(f"  writes: {writes['aprimo']} to Aprimo, {writes['opentext']} to OpenText;")
    click.echo(
        f"  calls: {calls['aprimo']} to Aprimo, {calls['opentext']} to OpenText, {calls['per_event']} per event"
    )
    for outcome, number in flow["outcomes"].items():
        click.echo(f"  {number} {outcome.replace('_', ' ')}")


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """SIGTERM ends the demo as Ctrl-C does, and Ctrl-C does so in the background too: everything is stopped."""
    raise KeyboardInterrupt
