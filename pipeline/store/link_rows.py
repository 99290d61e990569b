"""Rows of a link's tables as the flows' values, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, delete, func, select, tuple_

from pipeline.plan import CommentRow, Link, LinkChanges, ProcessRow, ReviewRow
from pipeline.store import serial
from pipeline.store.statements import insert_into
from pipeline.store.tables import DELIVERY_HOLDS_ITS_KEY, comments, deliveries, holds, processes, reviews
from pipeline.words import DeliveryState, InstanceId, LinkId, ProcessState, WakeReason

NOT_A_LINKS = frozenset({"stopped", "mapping_version", "item_run", "process_run"})
"""Columns of a link's row that no flow sees."""
PROCESS_COLUMNS = tuple(item.name for item in fields(ProcessRow) if item.name != "revision")

_MAY_HAVE_STARTED = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.DONE})


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Processes, reviews and comments by link."""

    processes: Mapping[LinkId, tuple[ProcessRow, ...]] = field(default_factory=dict)
    reviews: Mapping[LinkId, tuple[ReviewRow, ...]] = field(default_factory=dict)
    comments: Mapping[LinkId, tuple[CommentRow, ...]] = field(default_factory=dict)


def read_parts(conn: Connection, ids: Sequence[LinkId]) -> Parts:
    """What hangs on these links, in a fixed order."""
    starts = and_(deliveries.c.effect_key == processes.c.started_effect, holds("deliveries", DELIVERY_HOLDS_ITS_KEY))
    found_processes = (
        select(processes, deliveries.c.state.label("start_state"), deliveries.c.vendor_ref.label("start_ref"))
        .select_from(processes)
        .outerjoin(deliveries, starts)
        .where(processes.c.link_id.in_(ids))
        .order_by(processes.c.revision)
    )
    found_reviews = (
        select(reviews)
        .where(reviews.c.link_id.in_(ids))
        .order_by(reviews.c.revision, reviews.c.stakeholder, reviews.c.opened_at, reviews.c.task_id)
    )
    found_comments = select(comments).where(comments.c.link_id.in_(ids)).order_by(comments.c.at, comments.c.origin_id)
    return Parts(
        processes=_by_link([(name, row) for name, row in _processes(conn, found_processes) if row is not None]),
        reviews=_by_link([_of_link(ReviewRow, row) for row in conn.execute(found_reviews).mappings()]),
        comments=_by_link([_of_link(CommentRow, row) for row in conn.execute(found_comments).mappings()]),
    )


def link(row: RowMapping, parts: Parts) -> Link:
    """A link with everything that hangs on it."""
    return Link(
        **{
            **{name: value for name, value in row.items() if name not in NOT_A_LINKS},
            "wake_reason": WakeReason(row["wake_reason"]) if row["wake_reason"] else None,
            "agreed": serial.load_agreed(row["agreed"]),
            "loops": serial.load_loops(row["loops"]),
            "processes": parts.processes.get(row["id"], ()),
            "reviews": parts.reviews.get(row["id"], ()),
            "comments": parts.comments.get(row["id"], ()),
        }
    )


def change(row: dict[str, Any], changes: LinkChanges) -> None:
    """Bring a link's row up to date in place; what the changes do not name stays."""
    if changes.state is not None:
        row["state"] = changes.state
    if changes.revision is not None:
        row["revision"] = changes.revision
    if changes.wake is not None:
        row["wake_at"], row["wake_reason"] = changes.wake.at, changes.wake.reason
    if changes.item is not None:
        row["item"] = changes.item
    if changes.mapping_version:
        row["mapping_version"] = changes.mapping_version
    row["agreed"] = {**row["agreed"], **{name: serial.dump(value) for name, value in changes.agreed.items()}}
    row["seen"] = {**row["seen"], **changes.seen}
    count_loops(row, {name: serial.dump(loop) for name, loop in changes.loops.items()})


def count_loops(row: dict[str, Any], loops: Mapping[str, Any]) -> None:
    """Bring a row's loop counters up to date in place, and how many of its fields are stopped."""
    row["loops"] = {**row["loops"], **loops}
    row["stopped"] = sum(loop["is_stopped"] for loop in row["loops"].values())


def release_loops(row: dict[str, Any], field: str) -> tuple[str, ...]:
    """Begin the counters of stopped fields anew in place, all of them or one field's; returns the fields' names."""
    stopped = {key: loop for key, loop in row["loops"].items() if loop["is_stopped"] and field in {"", loop["field"]}}
    count_loops(row, {key: {**loop, "is_stopped": False, "rounds": 0, "over": ""} for key, loop in stopped.items()})
    return tuple(sorted(loop["field"] for loop in stopped.values()))


def update_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that write a link's row."""
    names = ("id", "state", "revision", "agreed", "seen", "wake_at", "wake_reason", "item", "loops", "stopped")
    return {f"b_{name}": row[name] for name in (*names, "mapping_version")}


def process_values(name: LinkId, row: ProcessRow) -> dict[str, Any]:
    """A process as a row."""
    return {"link_id": name, **vars(row)}


def review_values(name: LinkId, row: ReviewRow) -> dict[str, Any]:
    """A review as a row."""
    return {"link_id": name, **vars(row)}


def comment_values(name: LinkId, row: CommentRow) -> dict[str, Any]:
    """A comment as a row."""
    return {"link_id": name, **vars(row)}


def put(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: tuple[str, ...],
    kept_where_null: tuple[str, ...] = (),
) -> None:
    """Insert rows or replace them by key; a null in `kept_where_null` leaves the stored value."""
    if not rows:
        return
    insert = insert_into(conn, table)
    replaced = {
        name: func.coalesce(insert.excluded[name], table.c[name])
        if name in kept_where_null
        else insert.excluded[name]
        for name in table.columns.keys()  # noqa: SIM118 - A collection of columns, which iterates over columns.
        if name not in key
    }
    conn.execute(insert.on_conflict_do_update(index_elements=key, set_=replaced), [dict(row) for row in rows])


def forget_reviews_without_task(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """A review that was waiting for its task gives way to the row that has one."""
    if not rows:
        return
    names = tuple_(reviews.c.link_id, reviews.c.revision, reviews.c.stakeholder)
    found = sorted({(row["link_id"], row["revision"], row["stakeholder"]) for row in rows})
    conn.execute(delete(reviews).where(reviews.c.task_id == "", names.in_(found)))


def _processes(conn: Connection, found: Any) -> list[tuple[LinkId, ProcessRow | None]]:  # noqa: ANN401 - A select.
    rows = []
    for row in conn.execute(found).mappings():
        values = dict(row)
        state, ref = values.pop("start_state"), values.pop("start_ref")
        name, process = _of_link(ProcessRow, values)
        rows.append((name, _as_started(process, state, ref)))
    return rows


def _as_started(process: ProcessRow, start_state: str | None, start_ref: str | None) -> ProcessRow | None:
    """A starting process as its start's delivery tells it; None when that certainly had no effect."""
    if process.state is not ProcessState.STARTING or not process.started_effect:
        return process
    if start_state is None or DeliveryState(start_state) not in _MAY_HAVE_STARTED:
        return None
    if process.instance_id is None and start_ref and start_state == DeliveryState.DONE:
        return replace(process, instance_id=InstanceId(start_ref))
    return process


def _of_link(kind: type[Any], row: Mapping[Any, Any]) -> tuple[LinkId, Any]:
    values = dict(row)
    return values.pop("link_id"), serial.load(kind, values)


def _by_link(rows: Sequence[tuple[LinkId, Any]]) -> dict[LinkId, tuple[Any, ...]]:
    found: dict[LinkId, list[Any]] = {}
    for name, row in rows:
        found.setdefault(name, []).append(row)
    return {name: tuple(items) for name, items in found.items()}
