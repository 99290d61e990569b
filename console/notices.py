"""`signoff notices`: what people were told, shown until somebody says that it was seen."""

from __future__ import annotations

import sys

import click

from console import installation
from console.exits import Exit
from console.shown import EXIT_CODES, as_json, by_option, print_json, print_tables, reachable
from console.tables import notice_table, printable

LIMIT = 1000


@click.group(epilog=EXIT_CODES)
def notices() -> None:
    """List what people were told, and mark it seen."""


@notices.command(name="list", epilog=EXIT_CODES)
@click.option("--all", "is_seen_too", is_flag=True, help="Also what was seen.")
@click.option("--limit", type=click.IntRange(1, LIMIT), default=100, show_default=True, help="At most so many.")
@as_json
@reachable
def list_notices(*, is_seen_too: bool, limit: int, as_json: bool) -> None:
    """List notices that nobody has seen yet, newest first."""
    found = installation.pages().notice_list(is_seen_too=is_seen_too, limit=limit)
    if as_json:
        print_json({"notices": [notice.to_json() for notice in found]})
        return
    print_tables(notice_table(found))


@notices.command(epilog=EXIT_CODES)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@by_option
@as_json
@reachable
def seen(*, ids: tuple[str, ...], by: str, as_json: bool) -> None:
    """Mark notices seen, by ID; who did it is kept in the audit chain."""
    from pipeline.seen import see  # noqa: PLC0415 - `--help` needs no use case

    done = see(ids, by=by, store=installation.store())
    missed = [notice_id for notice_id in ids if notice_id not in done]
    if as_json:
        print_json({"seen": done, "missed": missed})
    else:
        click.echo(f"{len(done)} marked seen.")
        for notice_id in missed:
            click.echo(f"{printable(notice_id)} is no notice that waits to be seen.", err=True)
    sys.exit(Exit.FAILED if missed else Exit.OK)
