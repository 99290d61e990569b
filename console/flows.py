"""`signoff flows`: what the flows' words say, who owns which field, and deploying the process models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import click

from config.settings import PACKAGED_PROCESSES
from console import deploying, flow_names, flow_words, installation, previewed
from console.shown import EXIT_CODES, as_json, fail, print_json, print_tables, reachable
from console.tables import Table
from pipeline import preview as previewing
from pipeline.errors import PipelineError, StoreAwayError
from pipeline.flows.tenant import FlowWords
from pipeline.ownership import STATES, owned

DEPLOYED_FILE = "deployed.json"
_CHECKED = ("flow", "system", "what", "name", "there", "what helps")


@click.group(epilog=EXIT_CODES)
def flows() -> None:
    """Show the flows' words and owners, preview what becomes of an item, and deploy process models."""


@flows.command(epilog=EXIT_CODES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@as_json
@reachable
def deploy(*, names: tuple[str, ...], as_json: bool) -> None:
    """Deploy the process models of these flows (default: all) to OpenText.

    A model that is there already is left alone. Running processes stay on the version they began with.
    """
    made = installation.wiring()
    wanted = [_named(made.words, name) for name in names] or list(made.words.values())
    settings = made.settings
    remembered = deploying.Remembered(
        settings.data_dir / DEPLOYED_FILE, f"{settings.opentext.url}#{settings.opentext.tenant_id}"
    )
    keys = dict.fromkeys(words.process_key for words in wanted)
    client = made.opentext.client
    try:
        found = list(deploying.deploy(keys, folder=PACKAGED_PROCESSES, client=client, remembered=remembered))
    except FileNotFoundError as err:
        fail(f"There is no process model {err.filename}.")
    except PipelineError as err:
        fail(f"OpenText did not take it: {err}")
    if as_json:
        print_json({"models": [{"process": each.key, "how": each.how, "version": each.version} for each in found]})
        return
    rows = tuple((each.key, each.how, each.version) for each in found)
    print_tables(Table(title="Process models", columns=("process", "outcome", "version"), rows=rows))


@flows.command(epilog=EXIT_CODES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@as_json
def check(*, names: tuple[str, ...], as_json: bool) -> None:
    """Look every name of these flows' files (default: all) up in Aprimo and in OpenText.

    Exit code 1 where one is missing, or where several bear it. What no documented route tells is said to be not
    checkable.
    """
    made = installation.wiring()
    wanted = [_named(made.words, name) for name in names] or list(made.words.values())
    try:
        rows = flow_names.check(wanted, made)
    except PipelineError as err:
        fail(f"The names cannot be looked up: {err}")
    wrong = [row for row in rows if row.is_wrong]
    if as_json:
        print_json({"names": [dict(zip(_CHECKED, row.cells(), strict=True)) for row in rows], "wrong": len(wrong)})
    else:
        print_tables(Table(title="Names", columns=_CHECKED, rows=tuple(row.cells() for row in rows)))
    if wrong:
        fail(f"{len(wrong)} of {len(rows)} names cannot be used as they are.")


@flows.command(epilog=EXIT_CODES)
@click.argument("name")
@as_json
def show(*, name: str, as_json: bool) -> None:
    """Show a flow: what starts it, its stages, its mapping with every field's owner, and terms of its own."""
    words = _named(installation.words(), name)
    if as_json:
        print_json(flow_words.as_json(words))
        return
    print_tables(*flow_words.tables(words))


@flows.command(epilog=EXIT_CODES)
@click.argument("name")
@click.option("--item", "item", required=True, metavar="ID", help="The vendor's id of the item, or its business key.")
@as_json
@reachable
def preview(*, name: str, item: str, as_json: bool) -> None:
    """Read an item now, and show what would be started or written for it. Nothing is stored, and nothing sent.

    It is planned as a notice of the item's system would be, with what is remembered of the item.
    """
    made = installation.wiring_on_database()
    words = _named(made.words, name)
    subject = previewing.key_of(item, words)
    if subject is None:
        fail(f"{item} is no business key of {name}, and no id of its items ({', '.join(words.kinds())}).")
    try:
        seen = previewing.preview(name, subject, at=datetime.now(UTC), ports=made.ports)
    except StoreAwayError:
        raise
    except PipelineError as err:
        fail(f"It cannot be read: {err}")
    if as_json:
        print_json(previewed.as_json(seen, words))
    else:
        print_tables(*previewed.as_tables(seen, words))
    if seen.item is not None and seen.item.is_absent:
        fail(f"Aprimo shows no {seen.item.want.kind} {seen.item.want.object_id}.")


@flows.command(epilog=EXIT_CODES)
@as_json
def ownership(*, as_json: bool) -> None:
    """Show which system owns each field, and which line writes it."""
    fields = [
        {
            "flow": words.flow,
            "field": name,
            "owner": str(owned(words, name).owner),
            "line": str(owned(words, name).writer),
        }
        for words in installation.words().values()
        for name in words.fields
    ]
    states = [
        {"flow": flow, "state": state, "owner": str(owner)}
        for flow, owners in STATES.items()
        for state, owner in owners.items()
    ]
    if as_json:
        print_json({"fields": fields, "states": states})
        return
    print_tables(
        Table(
            title="Fields",
            columns=("flow", "field", "owner", "written by"),
            rows=tuple(tuple(row.values()) for row in fields),
        ),
        Table(title="States", columns=("flow", "state", "owner"), rows=tuple(tuple(row.values()) for row in states)),
    )


def _named(words: Mapping[str, FlowWords], name: str) -> FlowWords:
    if name not in words:
        fail(f"There is no flow {name}; there are: {', '.join(words)}.")
    return words[name]
