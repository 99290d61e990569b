"""`signoff erase`: a person's values make room for a placeholder, everywhere, and the audit log stays provable."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from console import installation
from console.exits import Exit
from console.shown import as_json, by_option, print_json, print_tables, reachable
from console.tables import Table, printable

if TYPE_CHECKING:
    from pipeline.erase import Erased, Found
    from pipeline.identity import Identity

EXIT_CODES = (
    "Exit codes: 0 done, or nothing to do · 2 work is under way on some of it, or wrong usage"
    " · 3 settings refused · 4 database unreachable"
)
SHOWN = 20
"""Rows in use that are named per table."""


@click.command(epilog=EXIT_CODES)
@click.argument("person", nargs=-1, required=True)
@click.option("--name", "names", multiple=True, help="A name the person is called by besides; several are allowed.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be erased, and change nothing.")
@click.option(
    "--even-open", "is_even_open", is_flag=True, help="Erase the rest where work is under way on some of it."
)
@by_option
@click.option("--note", default="", help="Why, for the audit log; it is kept as a salted hash.")
@as_json
@reachable
def erase(
    *,
    person: tuple[str, ...],
    names: tuple[str, ...],
    is_dry_run: bool,
    is_even_open: bool,
    by: str,
    note: str,
    as_json: bool,
) -> None:
    """Erase PERSON: their e-mail, or an id in Aprimo or OpenText; several of the same person are allowed.

    What else they are called is learned from what stands beside. Erase them in both systems first: what those still
    say is told again by the next look.
    """
    from pipeline import erase as erasing  # noqa: PLC0415 - `--help` needs no use case

    ports = installation.wiring_on_database().ports
    found = erasing.find(_given(person), names=_given(names), ports=ports, rest=time.sleep)
    erased = None
    if not is_dry_run and found.rows and (is_even_open or not found.in_use):
        try:
            erased = erasing.erase(found, by=by, note=note, ports=ports, rest=time.sleep)
        except ValueError as err:
            raise click.UsageError(f"{err}.") from err
        _log(erased, by)
    overrides = _overrides(found.identity)
    if as_json:
        print_json(_as_json(found, erased, overrides))
    else:
        _show(found, erased, overrides)
    in_use = erased.in_use if erased else found.in_use
    sys.exit(Exit.DIFFERENT if in_use else Exit.OK)


def _given(values: Sequence[str]) -> list[str]:
    from pipeline.steps import ACTOR  # noqa: PLC0415 - see above

    given = [value.strip() for value in values]
    if not all(given):
        raise click.UsageError("an empty value names nobody")
    if ACTOR in given:
        raise click.UsageError(f"{ACTOR} is no person: it is what the log calls this program")
    return given


def _overrides(identity: Identity) -> list[str]:
    """The flows whose file names the person in its table of people: nobody but a person changes those."""
    from pipeline.identity import Eraser  # noqa: PLC0415 - see above

    eraser = Eraser(identity, "")
    words = installation.words()
    return [flow for flow, each in words.items() if any(map(eraser.names, (*each.people, *each.people.values())))]


def _log(erased: Erased, by: str) -> None:
    import structlog  # noqa: PLC0415 - see above

    rows = dict(erased.rows)
    structlog.get_logger(__name__).info("person_erased", placeholder=erased.placeholder, by=by, rows=rows)


def _as_json(found: Found, erased: Erased | None, overrides: Sequence[str]) -> Mapping[str, object]:
    told = erased or found
    return {
        "known_as": found.identity.values,
        "placeholder": erased.placeholder if erased else None,
        "rows": told.rows,
        "in_use": told.in_use,
        "overrides": overrides,
    }


def _show(found: Found, erased: Erased | None, overrides: Sequence[str]) -> None:
    told = erased or found
    title = "Erased" if erased else "Would be erased"
    rows = tuple((table, count) for table, count in told.rows.items())
    in_use = tuple((table, len(each), ", ".join(sorted(set(each))[:SHOWN])) for table, each in told.in_use.items())
    known_as = Table(title="Known as", rows=tuple((value, "") for value in found.identity.values))
    tables = [known_as, Table(title=title, columns=("table", "rows"), rows=rows)]
    if in_use:
        tables.append(Table(title="Work is under way on", columns=("table", "rows", "about"), rows=in_use))
    print_tables(*tables)
    if erased:
        click.echo(f"\nIn their place stands {erased.placeholder} now.")
    if in_use:
        click.echo("\nThese stay until the work is done; then erase once more. --even-open erases the rest now.")
    for flow in overrides:
        click.echo(printable(f"\nThe table of people in {flow}.toml names them: take them out by hand."))
