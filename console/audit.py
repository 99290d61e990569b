"""`signoff audit`: proves that nothing in the audit log was changed, taken out, put in or cut off."""

from __future__ import annotations

import re
import sys

import click

from console import installation
from console.exits import Exit
from console.shown import as_json, print_json, print_tables, reachable
from console.tables import Table
from pipeline.ports import Anchor

EXIT_CODES = (
    "Exit codes: 0 whole · 2 something is wrong with it, or wrong usage · 3 settings refused · 4 database unreachable"
)
_ANCHOR = re.compile(r"(?P<number>[1-9]\d{0,17}):(?P<hash>[0-9a-f]{64})")


def _anchors(_: click.Context, __: click.Parameter, written: tuple[str, ...]) -> tuple[Anchor, ...]:
    found = [_ANCHOR.fullmatch(each) for each in written]
    if not all(found):
        raise click.BadParameter("write an entry's number and its hash, as the log has them: 4711:0a1b…")
    return tuple(Anchor(number=int(each["number"]), hash=each["hash"]) for each in found if each)


@click.group(epilog=EXIT_CODES)
def audit() -> None:
    """Prove that the audit log is whole."""


@audit.command(epilog=EXIT_CODES)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="NUMBER:HASH",
    callback=_anchors,
    help="An entry as it was once logged (`audit_anchored`), kept where nobody reaches who reaches the database.",
)
@as_json
@reachable
def verify(*, anchors: tuple[Anchor, ...], as_json: bool) -> None:
    """Read the whole chain and hold it against its anchors: edited, missing, moved and cut-off entries are named."""
    found = installation.pages().audit_check(anchors)
    if as_json:
        told = found.to_json()
        assert isinstance(told, dict)  # noqa: S101 - a check is an object
        print_json({**told, "is_whole": found.is_whole})
    else:
        facts = (
            ("entries", found.entries),
            ("newest entry", f"{found.last_number}:{found.last_hash}" if found.entries else None),
            ("anchors", found.anchors),
            ("whole", "yes" if found.is_whole else "no"),
        )
        rows = tuple((fault.number, fault.what, fault.detail) for fault in found.faults)
        faults = Table(title="What is wrong", columns=("entry", "what", "detail"), rows=rows)
        print_tables(Table(title="Audit log", rows=facts), *([faults] if rows else []))
    sys.exit(Exit.OK if found.is_whole else Exit.DIFFERENT)
