"""Differences as rows in memory, as looks and plans put them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipeline.plan import FoundDifference
from pipeline.ports import DifferenceState
from pipeline.store.difference_rows import difference_of, given_back, seen_again, told_values
from pipeline.words import BusinessKey, EventId
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
    heal = _event(tables, row["heal_event_id"])
    tables["differences"].change(row, **seen_again(difference_of(row), shown, heal), **seen)


def tell(tables: Tables, now: datetime, flow: str, key: BusinessKey, found: Sequence[FoundDifference]) -> None:
    """Keep what a plan came across."""
    settle(tables, flow, [key])
    of_item = [row for row in tables["differences"].where("business_key", key) if row["flow"] == flow]
    undone = [difference_of(row) for row in of_item if row["undone_at"] is not None]
    for item in found:
        row = _standing(tables, (flow, key, item.field))
        put(tables, now, (flow, key, item.field), told_values(item, difference_of(row) if row else None, undone))


def settle(tables: Tables, flow: str, keys: Iterable[BusinessKey]) -> None:
    """Say of each way back that has ended what it came to."""
    for row in [row for key in keys for row in tables["differences"].where("business_key", key)]:
        ended = given_back(difference_of(row), _event(tables, row["undo_event_id"])) if row["flow"] == flow else {}
        if ended:
            tables["differences"].change(row, **ended)


def is_undone(tables: Tables, row: Row) -> bool:
    """Whether what a heal wrote over was written again, whether a look has said so or not."""
    ended = given_back(difference_of(row), _event(tables, row["undo_event_id"]))
    return row["undone_at"] is not None or "undone_at" in ended


def _event(tables: Tables, event_id: EventId | None) -> Row | None:
    return tables["events"].get(event_id) if event_id else None


def _standing(tables: Tables, place: Place) -> Row | None:
    flow, key, field = place
    stands = [
        row
        for row in tables["differences"].where("business_key", key)
        if (row["flow"], row["field"]) == (flow, field) and row["state"] != DifferenceState.CLOSED
    ]
    return stands[0] if stands else None
