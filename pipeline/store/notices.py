"""What people must be told until they have seen it, and differences nobody may mend by himself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from pipeline.plan import FoundDifference, Notice
from pipeline.store.statements import insert_into
from pipeline.store.tables import differences, notices
from pipeline.words import BusinessKey, LinkId

OPEN = "open"


def tell(conn: Connection, now: datetime, found: Sequence[tuple[LinkId, int, Notice]]) -> None:
    """Keep notices; the same one about one revision is kept once."""
    rows = [
        {
            "link_id": name,
            "revision": revision,
            "person": item.person,
            "code": item.code,
            "text": item.text,
            "at": now,
        }
        for name, revision, item in found
    ]
    if rows:
        unique = ["link_id", "code", "revision", "person"]
        conn.execute(insert_into(conn, notices).on_conflict_do_nothing(index_elements=unique), rows)


def keep_differences(
    conn: Connection, now: datetime, found: Sequence[tuple[str, BusinessKey, FoundDifference]]
) -> None:
    """Keep differences; one that stands open already gets the newest values."""
    rows = [
        {
            "flow": flow,
            "business_key": key,
            "field": item.field,
            "ours": item.ours,
            "theirs": item.theirs,
            "cause": item.cause,
            "policy": item.policy,
            "state": OPEN,
            "first_seen": now,
            "last_seen": now,
        }
        for flow, key, item in found
    ]
    if not rows:
        return
    insert = insert_into(conn, differences)
    newest = {name: insert.excluded[name] for name in ("ours", "theirs", "cause", "policy", "last_seen")}
    kept = insert.on_conflict_do_update(
        index_elements=["flow", "business_key", "field"], index_where=text("state <> 'closed'"), set_=newest
    )
    conn.execute(kept, rows)
