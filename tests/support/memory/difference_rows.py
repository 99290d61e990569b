"""Differences as rows in memory, as looks and plans put them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.plan import FoundDifference
from pipeline.ports import DifferenceState
from pipeline.states import OPEN_EVENT_STATES
from pipeline.store.difference_rows import difference_of, seen_again, told_values
from pipeline.words import BusinessKey
from tests.support.memory.rows import Row, Tables

Place = tuple[str, BusinessKey, str]
"""Flow, item, and what differs."""


def put(tables: Tables, now: datetime, place: Place, shown: Row, run_id: str | None = None) -> None:
    """Make one stand open with what it shows."""
    seen: Row = {"last_seen": now, **({"run_id": run_id} if run_id else {})}
    row = _standing(tables, place)
    if row is None:
        flow, key, field = place
        new = {"flow": flow, "business_key": key, "field": field, "state": DifferenceState.OPEN, "first_seen": now}
        tables["differences"].insert({**shown, **new, **seen})
        return
    heal = tables["events"].get(row["heal_event_id"]) if row["heal_event_id"] else None
    is_healing = heal is not None and heal["state"] in OPEN_EVENT_STATES
    tables["differences"].change(row, **seen_again(difference_of(row), shown, is_healing=is_healing), **seen)


def tell(tables: Tables, now: datetime, flow: str, key: BusinessKey, found: Sequence[FoundDifference]) -> None:
    """Keep what a plan came across."""
    of_item = [row for row in tables["differences"].where("business_key", key) if row["flow"] == flow]
    undone = [difference_of(row) for row in of_item if row["undone_at"] is not None]
    for item in found:
        row = _standing(tables, (flow, key, item.field))
        put(tables, now, (flow, key, item.field), told_values(item, difference_of(row) if row else None, undone))


def _standing(tables: Tables, place: Place) -> Row | None:
    flow, key, field = place
    stands = [
        row
        for row in tables["differences"].where("business_key", key)
        if (row["flow"], row["field"]) == (flow, field) and row["state"] != DifferenceState.CLOSED
    ]
    return stands[0] if stands else None
