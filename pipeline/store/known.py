"""What our tables know of items that differ: the evidence that a cause is told by, for many items at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from pipeline.differences import Known, ToldOf, Written
from pipeline.keys import is_notes, line_key
from pipeline.ownership import CLASSIFICATIONS, STATUS
from pipeline.store.tables import EVENT_IS_OPEN, attempts, dead_letters, deliveries, events, holds, links
from pipeline.words import BusinessKey, DeliveryState, EventId, EventKind, EventState, JsonValue, LineKey, Side

_Row = Mapping[str, Any]

NEWEST = 30
"""So many notices and writes of an item are looked at, the newest ones."""
MADE = ("aprimo.", ".created")
"""How the type of a notice begins and ends that tells of an item's making."""
OF_OURS = ("signoff", "operator", "timetable")
"""How the sources begin that tell of nothing in either system."""


def read_known(conn: Connection, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, Known]:
    """What is known of each of these items, with nothing where nothing is."""
    if not keys:
        return {}
    main = {line_key(flow, key): key for key in keys}
    lines = {**main, **{line_key(flow, key, is_notes=True): key for key in keys}}
    told = _by_key(_events(conn, sorted(lines)), lines)
    written = _by_key(_written(conn, sorted(lines)), lines)
    letters = {main[row["line_key"]]: row for row in _letters(conn, sorted(main))}
    versions = _versions(conn, flow, keys)
    return {
        key: known_of(
            told.get(key, ()), written.get(key, ()), letter=letters.get(key), mapping_version=versions.get(key)
        )
        for key in keys
    }


def read_events(conn: Connection, ids: Iterable[EventId | None]) -> dict[EventId | None, _Row]:
    """How events stand, or ended: those of heals and of ways back; nothing of one that is kept no more."""
    named = {each for each in ids if each is not None}
    if not named:
        return {}
    columns = (events.c.id, events.c.state, events.c.reason, events.c.data, events.c.ended_at)
    found = conn.execute(select(*columns).where(events.c.id.in_(named))).mappings()
    return {row["id"]: dict(row) for row in found}


def read_made(conn: Connection, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, datetime]:
    """When items were made, as the first notice of that says; absent where none came. Rows of events are kept."""
    if not keys:
        return {}
    lines = {line_key(flow, key): key for key in keys}
    is_of_making = events.c.type.startswith(MADE[0]) & events.c.type.endswith(MADE[1])
    made = select(events.c.line_key, func.min(events.c.time).label("at"))
    found = conn.execute(made.where(events.c.line_key.in_(lines), is_of_making).group_by(events.c.line_key))
    return {lines[row.line_key]: row.at for row in found}


def known_of(
    told: Sequence[_Row],
    written: Sequence[_Row],
    *,
    letter: _Row | None,
    mapping_version: str | None,
) -> Known:
    """What rows of the tables say of one item. told: its events, written: its deliveries that are done."""
    newest = sorted(told, key=lambda row: (row["accepted_at"], row["position"]), reverse=True)
    return Known(
        open_events=tuple(_told_of(row) for row in reversed(newest) if _is_on_its_way(row)),
        letter=str(letter["id"]) if letter else "",
        letter_code=letter["code"] if letter else "",
        told=tuple(_told_of(row) for row in newest if is_notice(row))[:NEWEST],
        written=tuple(
            Written(delivery_id=row["id"], kind=row["kind"], at=row["at"], fields=_fields(row["values"]))
            for row in sorted(written, key=lambda row: (row["at"], row["ordinal"]), reverse=True)
        )[:NEWEST],
        mapping_version=mapping_version or "",
    )


def is_notice(row: _Row) -> bool:
    """Whether an event is what a system told, or a list of it showed."""
    is_told = row["kind"] == EventKind.LOOK or str(row["type"]).endswith(".deleted")
    return is_told and not str(row["source"]).startswith(OF_OURS)


def _is_on_its_way(row: _Row) -> bool:
    """A dead remark is nothing that the item's own line waits for."""
    if row["state"] == EventState.DEAD:
        return not is_notes(row["line_key"])
    return row["state"] in {EventState.ACCEPTED, EventState.PLANNED, EventState.CARRIED}


def _events(conn: Connection, lines: Sequence[LineKey]) -> list[_Row]:
    """Of each line the newest events, and all that are open."""
    newest = func.row_number().over(partition_by=events.c.line_key, order_by=events.c.position.desc())
    ranked = (
        select(
            *(events.c[name] for name in ("id", "line_key", "position", "source", "type", "kind", "side", "state")),
            *(events.c[name] for name in ("reason", "time", "accepted_at")),
            newest.label("rank"),
        )
        .where(events.c.line_key.in_(lines))
        .subquery("events")
    )
    wanted = or_(ranked.c.rank <= NEWEST, holds("events", EVENT_IS_OPEN))
    return [dict(row) for row in conn.execute(select(ranked).where(wanted)).mappings()]


def _written(conn: Connection, lines: Sequence[LineKey]) -> list[_Row]:
    """Of each line the newest deliveries that are done."""
    newest = func.row_number().over(
        partition_by=events.c.line_key, order_by=(events.c.position.desc(), deliveries.c.ordinal.desc())
    )
    at = select(func.max(attempts.c.ended_at)).where(attempts.c.delivery_id == deliveries.c.id).scalar_subquery()
    ranked = (
        select(
            *(deliveries.c[name] for name in ("id", "kind", "values", "ordinal")),
            events.c.line_key,
            func.coalesce(at, events.c.accepted_at).label("at"),
            newest.label("rank"),
        )
        .select_from(deliveries)
        .join(events, events.c.id == deliveries.c.event_id)
        .where(events.c.line_key.in_(lines), deliveries.c.state == DeliveryState.DONE)
        .subquery("written")
    )
    return [dict(row) for row in conn.execute(select(ranked).where(ranked.c.rank <= NEWEST)).mappings()]


def _letters(conn: Connection, lines: Sequence[LineKey]) -> list[_Row]:
    is_open = holds("dead_letters", "state = 'open'")
    joined = and_(events.c.id == dead_letters.c.event_id, events.c.line_key.in_(lines))
    found = select(dead_letters.c.id, dead_letters.c.code, events.c.line_key).join(events, joined).where(is_open)
    return [dict(row) for row in conn.execute(found).mappings()]


def _versions(conn: Connection, flow: str, keys: Sequence[BusinessKey]) -> dict[BusinessKey, str]:
    found = select(links.c.business_key, links.c.mapping_version).where(
        links.c.flow == flow, links.c.business_key.in_(keys)
    )
    return {BusinessKey(row.business_key): row.mapping_version for row in conn.execute(found)}


def _by_key(rows: Sequence[_Row], lines: Mapping[LineKey, BusinessKey]) -> dict[BusinessKey, list[_Row]]:
    sorted_: dict[BusinessKey, list[_Row]] = {}
    for row in rows:
        sorted_.setdefault(lines[row["line_key"]], []).append(row)
    return sorted_


def _told_of(row: _Row) -> ToldOf:
    return ToldOf(
        event_id=row["id"],
        source=row["source"],
        side=Side(row["side"]),
        state=EventState(row["state"]),
        reason=row["reason"],
        time=row["time"],
        accepted_at=row["accepted_at"],
    )


def _fields(values: _Row) -> Mapping[str, JsonValue]:
    """What a command writes: fields of an item, or variables of a process; of a record also how it files it."""
    paths = [*(values.get("add_classifications") or ()), *(values.get("remove_classifications") or ())]
    filed = {CLASSIFICATIONS: paths, STATUS: values.get("status")}
    return {
        **(values.get("fields") or {}),
        **(values.get("variables") or {}),
        **{name: value for name, value in filed.items() if value},
    }
