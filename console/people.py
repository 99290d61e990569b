"""`signoff people`: who is who in both systems, and whom nobody could match."""

from __future__ import annotations

import click

from console import installation
from console.shown import EXIT_CODES, as_json, print_json, print_tables, reachable
from console.tables import people_table

LIMIT = 1000


@click.group(epilog=EXIT_CODES)
def people() -> None:
    """List who is who in both systems, and whom nobody could match."""


@people.command(name="list", epilog=EXIT_CODES)
@click.option("--unresolved", "is_unresolved_only", is_flag=True, help="Only those whom nobody could match.")
@click.option("--limit", type=click.IntRange(1, LIMIT), default=100, show_default=True, help="At most so many.")
@as_json
@reachable
def list_people(*, is_unresolved_only: bool, limit: int, as_json: bool) -> None:
    """List people, those whom nobody could match first, the longest unresolved on top."""
    found = installation.pages().people_list(is_unresolved_only=is_unresolved_only, limit=limit)
    if as_json:
        print_json({"people": [person.to_json() for person in found]})
        return
    print_tables(people_table(found))
