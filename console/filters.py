"""Filters that name nothing are a mistake, and are said to be one: an empty answer would look like all is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from config.running import current
from console import installation
from console.letters import find
from pipeline.codes import CODES
from pipeline.words import BusinessKey

if TYPE_CHECKING:
    from pipeline.ports import Tx

EXAMPLES = 5
"""So many items are named where the one that was asked for is none."""


def demand_flow(flow: str) -> None:
    """Raises BadParameter for a flow that has no file and never had an event; "" is no filter."""
    known = sorted(path.stem for path in current().flows_dir.glob("*.toml"))
    if flow and flow not in known and not installation.pages().event_list(flow=flow, limit=1):
        raise click.BadParameter(f"There is no flow {flow!r}; there are: {', '.join(known)}.", param_hint="--flow")


def demand_code(code: str) -> None:
    """Raises BadParameter for a code that is none of ours and that no letter bears; vendors have codes too."""
    if code and code not in CODES and not find(installation.store(), code=code, state="any", limit=1):
        known = ", ".join(sorted(CODES))
        raise click.BadParameter(f"There is no reason code {code!r}; there are: {known}.", param_hint="--code")


def demand_cause(cause: str) -> None:
    """Raises BadParameter for a cause that is none of ours and that no difference bears; flows have words too."""
    from pipeline.differences import Cause  # noqa: PLC0415 - `--help` needs no causes

    if not cause or cause in set(Cause):
        return
    if not installation.store().run(lambda tx: tx.differences.find(cause=cause, is_open=None, limit=1)):
        known = ", ".join(sorted(Cause))
        raise click.BadParameter(f"There is no cause {cause!r}; there are: {known}.", param_hint="--cause")


def keys_of_item(item: str, flow: str) -> list[BusinessKey]:
    """The business keys under which an item may differ, by its id in Aprimo or a key; none for "".

    Raises BadParameter for an item that nothing was ever carried or found of.
    """
    if not item:
        return []
    from pipeline.preview import key_of  # noqa: PLC0415 - as above

    words = {name: each for name, each in installation.words().items() if flow in {"", name}}
    named = {name: key for name, each in words.items() if (key := key_of(item, each)) is not None}
    keys = installation.store().run(lambda tx: _known_keys(tx, item, named))
    if not keys:
        known = installation.store().run(lambda tx: tx.differences.find(flow=flow, limit=EXAMPLES))
        raise click.BadParameter(_unknown_item(item, [each.business_key for each in known]), param_hint="--item")
    return keys


def _known_keys(tx: Tx, item: str, named: Mapping[str, BusinessKey]) -> list[BusinessKey]:
    """The keys that something is known of: those of links to the item, and of its differences. named: it, by flow."""
    linked = [tx.differences.links_of(flow, [key]).values() for flow, key in named.items()]
    keys = [link.business_key for every in linked for links in every for link in links]
    differing = tx.differences.find(keys=[BusinessKey(item), *named.values()], is_open=None)
    return list(dict.fromkeys([*keys, *(each.business_key for each in differing)]))


def _unknown_item(item: str, known: Sequence[BusinessKey]) -> str:
    such = ", ".join(dict.fromkeys(known)) or "none"
    return (
        f"Nothing is known here of an item {item!r}; items that differ are, for example: {such}."
        " `signoff reconcile --item` compares one now."
    )
