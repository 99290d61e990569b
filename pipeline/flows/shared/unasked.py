"""Unasked: what stands approved in Aprimo, and nobody was ever asked whether it may.

That no process of ours was begun for it says little by itself: its approval may be older than the installation. It is
not where the item was made since the flow is in use here, or where we have seen it before it stood so.
"""

from __future__ import annotations

from datetime import datetime

from pipeline.differences import STATE
from pipeline.flows.shared.values import instant, moment, text
from pipeline.flows.tenant import FlowWords
from pipeline.plan import Link, Snapshot
from pipeline.words import JsonValue

CREATED = "created"
"""A field in which a tenant's file may say when an item was made, for kinds of which Aprimo does not."""


def proof(item: Snapshot, link: Link | None, words: FlowWords, in_use_since: datetime | None) -> dict[str, JsonValue]:
    """How we know that an item which stands approved was approved without us, as evidence; empty where we do not.

    words: those of the item. in_use_since: since when the flow is in use here, where its file says nothing else.
    """
    if link is not None and link.processes:
        return {}
    since = words.approvals_since or in_use_since
    return {**_made_since(item, since), **_seen_before(item, link, words.approvals_since)}


def _made_since(item: Snapshot, since: datetime | None) -> dict[str, JsonValue]:
    """It is younger than the flow's use here, and so is its approval."""
    made = item.created_at or moment(item.values.get(CREATED))
    if made is None or since is None or made < since:
        return {}
    return {"created_at": instant(made), "in_use_since": instant(since)}


def _seen_before(item: Snapshot, link: Link | None, since: datetime | None) -> dict[str, JsonValue]:
    """We have seen it elsewhere, so it was approved after that; not where the file says that this was still right.

    since: what the file says; an item that nobody has changed from then on was approved earlier.
    """
    seen, changed = link.agreed.get(STATE) if link else None, moment(item.version)
    is_earlier = since is not None and changed is not None and changed < since
    if seen is None or is_earlier or text(seen.value) in {"", text(item.values.get(STATE))}:
        return {}
    return {"seen": seen.value, "seen_at": instant(seen.at)}
