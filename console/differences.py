"""`signoff differences`: where both systems do not agree, why, and what a person may do about it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from console import installation
from console.difference_tables import acted_sentence, difference_facts, difference_table, run_table
from console.exits import Exit
from console.filters import demand_cause, demand_flow, keys_of_item
from console.shown import EXIT_CODES, as_json, by_option, fail, print_json, print_tables, reachable
from console.tables import printable
from pipeline.errors import PipelineError, StoreAwayError

if TYPE_CHECKING:
    from pipeline.ports import Difference

LIMIT = 10_000


@click.group(epilog=EXIT_CODES)
def differences() -> None:
    """List where both systems differ and why, heal a difference, or take a heal back.

    Differences are found by `signoff reconcile` and by the timetable's runs.
    """


@differences.command(name="list", epilog=EXIT_CODES)
@click.option("--flow", default="", help="Only of this flow.")
@click.option("--item", default="", metavar="KEY", help="Only of this item: its id in Aprimo, or its business key.")
@click.option("--cause", default="", help="Only with this cause.")
@click.option("--all", "is_closed_too", is_flag=True, help="Those that are closed too.")
@click.option("--limit", type=click.IntRange(1, LIMIT), default=100, show_default=True, help="At most so many.")
@as_json
@reachable
def list_differences(*, flow: str, item: str, cause: str, is_closed_too: bool, limit: int, as_json: bool) -> None:
    """List differences, in the order in which they were first seen."""
    demand_flow(flow)
    demand_cause(cause)
    keys = keys_of_item(item, flow)
    is_open = None if is_closed_too else True
    found = installation.store().run(
        lambda tx: tx.differences.find(flow=flow, keys=keys, cause=cause, is_open=is_open, limit=limit)
    )
    if as_json:
        print_json({"differences": [asdict(each) for each in found]})
        return
    print_tables(difference_table(found))


@differences.command(epilog=EXIT_CODES)
@click.argument("difference_id", metavar="ID")
@as_json
@reachable
def show(difference_id: str, *, as_json: bool) -> None:
    """Show one difference: what each side shows, what both agreed on, and the evidence for its cause."""
    found = _named(difference_id)
    if as_json:
        print_json(asdict(found))
        return
    print_tables(*difference_facts(found))


@differences.command(epilog=EXIT_CODES)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@by_option
@as_json
@reachable
def heal(ids: tuple[str, ...], *, by: str, as_json: bool) -> None:
    """Heal differences: their items' flows plan what that takes, and write nothing over that was not seen."""
    from pipeline.heal import heal as mend  # noqa: PLC0415 - `--help` needs no use case

    acted = mend(ids, by=by, ports=installation.wiring_on_database().ports)
    if as_json:
        print_json({"differences": [asdict(each) for each in acted]})
    for each in () if as_json else acted:
        _say(each.difference_id, "is being healed", each.reason)
    sys.exit(Exit.OK if all(each.is_done for each in acted) else Exit.FAILED)


@differences.command(epilog=EXIT_CODES)
@click.argument("difference_id", metavar="ID")
@by_option
@as_json
@reachable
def undo(difference_id: str, *, by: str, as_json: bool) -> None:
    """Give back what a heal wrote over, where nobody has changed it since; it is not healed again by itself."""
    from pipeline.heal import undo as take_back  # noqa: PLC0415 - as above
    from pipeline.reconcile import bounds_of  # noqa: PLC0415 - as above

    _named(difference_id)
    ports = installation.wiring_on_database().ports
    try:
        acted = take_back(difference_id, by=by, bounds=bounds_of(ports), ports=ports)
    except StoreAwayError:
        raise
    except PipelineError as err:
        fail(f"It cannot be read: {err}")
    if as_json:
        print_json(asdict(acted))
    else:
        _say(difference_id, "is being given back", acted.reason)
    sys.exit(Exit.OK if acted.is_done else Exit.FAILED)


@differences.command(epilog=EXIT_CODES)
@click.option("--flow", default="", help="Only of this flow.")
@click.option("--limit", type=click.IntRange(1, LIMIT), default=20, show_default=True, help="At most so many.")
@as_json
@reachable
def runs(*, flow: str, limit: int, as_json: bool) -> None:
    """List the newest runs of reconciliation: how far each has come, and what it came to."""
    demand_flow(flow)
    found = installation.store().run(lambda tx: tx.differences.runs(flow, limit=limit))
    if as_json:
        print_json({"runs": [asdict(each) for each in found]})
        return
    print_tables(run_table(found))


def _named(difference_id: str) -> Difference:
    found = installation.store().run(lambda tx: tx.differences.find(ids=[difference_id], is_open=None))
    if not found:
        fail(f"There is no difference {difference_id}.")
    return found[0]


def _say(difference_id: str, done: str, reason: str) -> None:
    click.echo(printable(acted_sentence(difference_id, done, reason)), err=bool(reason))
