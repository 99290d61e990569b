"""How the commands show things to people and to programs, and what they do when SQL is away.

Much of what is shown was typed by strangers: it is never taken for markup, and control characters never reach a
terminal.
"""

from __future__ import annotations

import functools
import getpass
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NoReturn, ParamSpec

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.exits import Exit
from pipeline.errors import StoreAwayError

P = ParamSpec("P")

WIDE = 240
"""Columns where nobody looks: a pipe or a file gets whole words."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
EXIT_CODES = (
    "Exit codes: 0 done · 1 failed, or no such thing · 2 wrong usage · 3 settings refused · 4 database unreachable"
)


def by_option(command: Callable[P, None]) -> Callable[P, None]:
    """Who acts, for the audit log."""
    option = click.option("--by", default=None, callback=_operator, help="Who acts; default: your user name here.")
    return option(command)


def reachable(command: Callable[P, None]) -> Callable[P, None]:
    """Makes a database that is away one sentence and exit code 4."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except StoreAwayError as err:
            click.echo(f"The database cannot be used: {err}", err=True)
            sys.exit(Exit.UNREACHABLE)

    return guarded


def fail(sentence: str) -> NoReturn:
    """End with exit code 1 and the reason on the last line."""
    click.echo(sentence, err=True)
    sys.exit(Exit.FAILED)


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=_plain))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; where it has no rows, a sentence."""
    cells = [[Text(cell(value)) for value in row] for row in rows]
    if not cells:
        console().print(Text(f"{title}: none."))
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console().print(table)


def console() -> Console:
    """Standard output as it is now; what is no terminal is as wide as it takes."""
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False, emoji=False)


def cell(value: object) -> str:
    """A value as one cell shows it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return at(value)
    return printable(str(value))


def at(time: datetime) -> str:
    """A time to the second, UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def age(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def printable(text: str) -> str:
    """The text without what could steer a terminal."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def _operator(_: click.Context, __: click.Parameter, given: str | None) -> str:
    try:
        return given or getpass.getuser()
    except (KeyError, OSError) as err:  # A container's user may have no name.
        raise click.BadParameter("who you are is not known here; name yourself with --by") from err


def _plain(value: Any) -> str:  # noqa: ANN401 - json's signature
    return value.isoformat() if isinstance(value, datetime) else str(value)
