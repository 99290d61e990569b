"""`signoff loops`: fields that were changed each time we wrote them, and are not written until a person says so."""

from __future__ import annotations

import click

from console import installation
from console.filters import demand_flow
from console.shown import EXIT_CODES, as_json, by_option, fail, print_json, print_tables, reachable
from console.tables import printable, stopped_table
from pipeline.words import BusinessKey


@click.group(epilog=EXIT_CODES)
def loops() -> None:
    """List the fields that a loop has stopped, or let one be written again."""


@loops.command(name="list", epilog=EXIT_CODES)
@as_json
@reachable
def list_loops(*, as_json: bool) -> None:
    """List fields that are not written any more: each time we wrote one, it was changed at once."""
    found = installation.pages().stopped_fields()
    if as_json:
        print_json({"stopped": [each.to_json() for each in found]})
        return
    print_tables(stopped_table(found))


@loops.command(epilog=EXIT_CODES)
@click.argument("flow")
@click.argument("item")
@click.option("--field", default="", help="Only this field; default: all stopped ones of the item.")
@by_option
@as_json
@reachable
def release(*, flow: str, item: str, field: str, by: str, as_json: bool) -> None:
    """Let the fields of an item be written again, and look at it at once.

    Mend what changed them first: a rule, a robot, another integration. Else they are stopped again.
    """
    from pipeline.loops import release as let_write  # noqa: PLC0415 - `--help` needs no use case

    demand_flow(flow)
    released = let_write(flow, BusinessKey(item), field, by=by, ports=installation.wiring().ports)
    if not released:
        fail(f"No {f'field {field}' if field else 'field'} of {item} is stopped in {flow}.")
    if as_json:
        print_json({"flow": flow, "item": item, "released": released})
        return
    click.echo(printable(f"Written again: {', '.join(released)}."))
