"""How the commands show things to people and to programs, and what they do when SQL is away.

Much of what is shown was typed by strangers: it is never taken for markup.
"""

from __future__ import annotations

import functools
import getpass
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn, ParamSpec

import click
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from console.exits import Exit
from console.tables import Table, cell, printable
from pipeline.errors import StoreAwayError

P = ParamSpec("P")

WIDE = 240
"""Columns where nobody looks: a pipe or a file gets whole words."""

EXIT_CODES = (
    "Exit codes: 0 done · 1 failed, or no such thing · 2 wrong usage · 3 settings refused · 4 database unreachable"
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")


def by_option(command: Callable[P, None]) -> Callable[P, None]:
    """Who acts, for the audit log."""
    option = click.option("--by", default=None, callback=_operator, help="Who acts; default: your user name here.")
    return option(command)


def reachable(command: Callable[P, None]) -> Callable[P, None]:
    """Makes a database that is away one sentence and exit code 4."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - `--help` needs no database

        try:
            command(*args, **kwargs)
        except StoreAwayError as err:
            _unreachable(str(err))
        except DBAPIError as err:
            if not _is_table_missing(err.orig):
                raise
            _unreachable("its tables are not up to date. Run `signoff db upgrade`.")

    return guarded


def fail(sentence: str) -> NoReturn:
    """End with exit code 1 and the reason on the last line."""
    click.echo(printable(sentence), err=True)
    sys.exit(Exit.FAILED)


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=_plain))


def print_tables(*tables: Table) -> None:
    """Tables for people, an empty line between two; where one has no rows, a sentence."""
    out = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False, emoji=False)
    for number, table in enumerate(tables):
        if number:
            out.print()
        out.print(_rich(table) if table.rows else Text(f"{printable(table.title)}: none."))


def _rich(table: Table) -> RichTable:
    made = RichTable(
        title=Text(printable(table.title)),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if table.columns else None,
        show_header=bool(table.columns),
        show_edge=False,
        pad_edge=False,
    )
    for column in table.columns or ("", ""):
        made.add_column(column, overflow="fold")
    for row in table.rows:
        made.add_row(*(Text(cell(value)) for value in row))
    return made


def _operator(_: click.Context, __: click.Parameter, given: str | None) -> str:
    try:
        return given or getpass.getuser()
    except (KeyError, OSError) as err:  # A container's user may have no name.
        raise click.BadParameter("who you are is not known here; name yourself with --by") from err


def _unreachable(why: str) -> NoReturn:
    click.echo(printable(f"The database cannot be used: {why}"), err=True)
    sys.exit(Exit.UNREACHABLE)


def _is_table_missing(err: BaseException | None) -> bool:
    """Whether a table or a column is not there, by what SQLite and PostgreSQL say."""
    is_there_not = getattr(err, "sqlstate", None) in {"42P01", "42703"}
    return is_there_not or str(err).startswith(("no such table", "no such column"))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
