"""Erasing a person: every column of every table that could hold a value of theirs, page by page.

New columns and tables are covered as they come. Left out are keys, by which rows find each other and promises are
kept: no value of a person goes into one. Rows that work is under way on are told and left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    RowMapping,
    Table,
    UniqueConstraint,
    and_,
    case,
    delete,
    exists,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pipeline.identity import Eraser, Identity, is_telling
from pipeline.ports import Swept
from pipeline.store import chain
from pipeline.store.tables import (
    DELIVERY_IS_OPEN,
    EVENT_IS_OPEN,
    anchors,
    attempts,
    audit,
    comments,
    dead_letters,
    deliveries,
    differences,
    events,
    holds,
    links,
    metadata,
    notices,
    people,
    processes,
    receipts,
    replay_items,
    replay_plans,
    reviews,
    runs,
)
from pipeline.store.types import Json, Word
from pipeline.words import ReplayState

FOR_PEOPLE: frozenset[Column[Any]] = frozenset(
    {
        people.c.aprimo_user,
        people.c.opentext_user,
        people.c.name,
        notices.c.person,
        reviews.c.assignee,
        reviews.c.by,
        comments.c.author,
        dead_letters.c.closed_by,
        differences.c.closed_by,
        audit.c.actor,
        metadata.tables["gates"].c.by,
        replay_plans.c.by,
    }
)
"""Columns whose value is a person, also where it is no e-mail: what is short counts as one only here."""
REFERENCES = frozenset(
    {
        "event_id",
        "heal_event_id",
        "undo_event_id",
        "superseded_by",
        "link_id",
        "run_id",
        "item_run",
        "process_run",
        "subject",
        "trace_id",
        "started_effect",
        "state",
    }
)
"""Columns by which rows name each other without a foreign key, or say how far they are."""


def swept_tables() -> tuple[str, ...]:
    """The tables that could hold values of a person."""
    return tuple(table.name for table in metadata.sorted_tables if _columns(table))


def known_as(conn: Connection, identity: Identity) -> Identity:
    """What the table of people knows of the same person."""
    for row in _people(conn, identity):
        identity = identity.with_users(row["aprimo_user"], row["opentext_user"]).with_names(row["name"])
    return identity


def look(conn: Connection, table: str, eraser: Eraser, *, after: Sequence[Any] | None, limit: int) -> Swept:
    """What a page of a table has of the person; nothing is changed."""
    found = metadata.tables[table]
    rows = conn.execute(_page(found, after, limit)).mappings().all()
    named = [row for row in rows if _erased(found, row, eraser)]
    met = Identity()
    for row in rows:
        for column in _columns(found):
            if isinstance(column.type, Json):
                met = met.joined(eraser.identity.met_in(row[column.name]))
    return _swept(found, rows, named, limit, met)


def erase(conn: Connection, table: str, eraser: Eraser, *, after: Sequence[Any] | None, limit: int) -> Swept:
    """Replace what a page of a table has of the person, but for rows that are in use."""
    found = metadata.tables[table]
    rows = conn.execute(_page(found, after, limit)).mappings().all()
    named = [row for row in rows if _erased(found, row, eraser)]
    if named:
        # Somebody may have written to them since: locked, they are read and judged once more.
        at = tuple_(*found.primary_key).in_([_key(found, row) for row in named])
        locked = _rows(found).where(at).with_for_update(of=found)
        named = [row for row in conn.execute(locked).mappings() if _erased(found, row, eraser)]
        for row in named:
            if not row["is_in_use"]:
                _put(conn, found, row, _erased(found, row, eraser))
    return _swept(found, rows, named, limit, Identity())


def forget(conn: Connection, identity: Identity) -> int:
    """Take the person out of the table of people; returns how many rows."""
    numbers = [row["id"] for row in _people(conn, identity)]
    return conn.execute(delete(people).where(people.c.id.in_(numbers))).rowcount if numbers else 0


def erase_audit(conn: Connection, eraser: Eraser) -> tuple[int, str]:
    """Erase the person from the audit log; returns how many entries, and how an entry must tell of it."""
    cover = chain.Cover(0)
    erased = [(item, _named(item, eraser)) for item in _entries(conn, eraser.identity)]
    erased = [(item, names) for item, names in erased if names]
    for item, names in erased:
        without = chain.without(item, names, eraser.placeholder)
        values = {name: getattr(without, name) for name in ("actor", "object", "salts", "erased")}
        conn.execute(update(audit).where(audit.c.number == item.number).values(values))
        for name in names:
            cover.add(item.number, name)
    return len(erased), cover.told()


def _named(item: chain.Linked, eraser: Eraser) -> list[str]:
    """The fields of an entry that name the person and are not erased already."""
    names = [("actor", eraser.names(item.actor)), ("object", eraser.text(item.object) != item.object)]
    return [name for name, is_named in names if is_named and name in item.salts]


def _entries(conn: Connection, identity: Identity) -> Iterator[chain.Linked]:
    """Entries that may name the person, in their order. SQL looks first: the log is the longest table."""
    telling = [f"%{_like(value)}%" for value in identity.values if is_telling(value)]
    may_name = [audit.c.actor.ilike(_like(value)) for value in identity.values]
    may_name += [column.ilike(value) for value in telling for column in (audit.c.actor, audit.c.object)]
    found = select(audit).where(or_(*may_name)).order_by(audit.c.number)
    for row in conn.execute(found).mappings().all():
        yield chain.Linked(**row)


def _people(conn: Connection, identity: Identity) -> list[RowMapping]:
    columns = (people.c.aprimo_user, people.c.opentext_user)
    alike = [column.ilike(_like(user)) for user in identity.users for column in columns]
    eraser = Eraser(Identity(users=identity.users), "")
    rows = conn.execute(select(people).where(or_(*alike))).mappings()
    return [row for row in rows if any(row[column.name] and eraser.names(row[column.name]) for column in columns)]


def _like(value: str) -> str:
    """A pattern that misses nobody: SQLite knows large and small letters of ASCII alone."""
    return "".join(letter if letter.isascii() and letter not in "%_\\" else "_" for letter in value)


# ---- rows ----------------------------------------------------------------------------------------------------------


def _columns(table: Table) -> tuple[Column[Any], ...]:
    """What is looked through of a table: texts, JSON and bytes that are no keys."""
    if table in (audit, anchors):
        # What else is in the log proves it: actor and object go together with their salts.
        return (audit.c.actor, audit.c.object) if table is audit else ()
    return tuple(
        column
        for column in table.columns
        if isinstance(column.type, Word | Json | LargeBinary) and (column in FOR_PEOPLE or not is_key(column))
    )


def is_key(column: Column[Any]) -> bool:
    """Whether rows are found by it: its value must stay what it is."""
    if column.name in REFERENCES:
        return True
    table = column.table
    uniques = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    uniques += [index.columns for index in table.indexes if index.unique]
    return column.primary_key or bool(column.foreign_keys) or any(column.name in each for each in uniques)


def _rows(table: Table) -> Any:  # noqa: ANN401 - A select.
    in_use = _IN_USE.get(table.name)
    is_in_use = case((in_use.condition, 1), else_=0) if in_use else literal(0)
    about = in_use.about if in_use else literal("")
    return select(*table.columns, is_in_use.label("is_in_use"), about.label("is_about"))


def _page(table: Table, after: Sequence[Any] | None, limit: int) -> Any:  # noqa: ANN401 - A select.
    key = list(table.primary_key)
    page = _rows(table).order_by(*key).limit(limit)
    if after is None:
        return page
    return page.where(_is_behind(key, after))


def _is_behind(key: Sequence[Column[Any]], after: Sequence[Any]) -> ColumnElement[bool]:
    is_behind: ColumnElement[bool] = key[0] > after[0]
    if len(key) == 1:
        return is_behind
    return or_(is_behind, and_(key[0] == after[0], _is_behind(key[1:], after[1:])))


def _erased(table: Table, row: RowMapping, eraser: Eraser) -> dict[str, Any]:
    """The columns of a row that name the person, as they are without."""
    found = {}
    for column in _columns(table):
        value = row[column.name]
        new = None if value is None else _ways(column)(eraser)(value)
        if new != value:
            found[column.name] = new
    return found


def _ways(column: Column[Any]) -> Callable[[Eraser], Callable[[Any], Any]]:
    if isinstance(column.type, Json):
        return lambda eraser: eraser.json
    if isinstance(column.type, LargeBinary):
        return lambda eraser: lambda value: eraser.body(bytes(value))
    return (lambda eraser: eraser.user) if column in FOR_PEOPLE else (lambda eraser: eraser.text)


def _put(conn: Connection, table: Table, row: RowMapping, values: Mapping[str, Any]) -> None:
    """Write a row; one that says no more than another one says already is taken away."""
    at = and_(*(column == row[column.name] for column in table.primary_key))
    try:
        with conn.begin_nested():
            conn.execute(update(table).where(at).values(values))
    except IntegrityError:
        conn.execute(delete(table).where(at))


def _key(table: Table, row: RowMapping) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _swept(table: Table, rows: Sequence[RowMapping], named: Sequence[RowMapping], limit: int, met: Identity) -> Swept:
    return Swept(
        rows=sum(not row["is_in_use"] for row in named),
        in_use=tuple(str(row["is_about"]) for row in named if row["is_in_use"]),
        met=met,
        last=_key(table, rows[-1]) if len(rows) == limit else None,
    )


# ---- what is in use ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _InUse:
    """When work may still read a row, and what it is about, for people."""

    condition: ColumnElement[bool]
    about: ColumnElement[Any]


def _link(link_id: ColumnElement[Any]) -> _InUse:
    """A link with a process that lives, or with an event that is open on one of its lines."""
    is_live = exists().where(processes.alias("live").c.link_id == link_id, holds("live", "state <> 'ended'"))
    waiting = events.alias("waiting")
    of_lines = or_(waiting.c.line_key == link_id, waiting.c.line_key == link_id + "~notes")
    is_waiting = exists().where(of_lines, holds("waiting", EVENT_IS_OPEN))
    return _InUse(condition=or_(is_live, is_waiting), about=link_id)


def _event(event_id: ColumnElement[Any]) -> _InUse:
    """An event that is open, also one of another flow that came with the same notice."""
    named, same = events.alias("named"), events.alias("same")
    of_notice = named.join(same, same.c.dedupe_key == named.c.dedupe_key)
    is_open = exists().select_from(of_notice).where(named.c.id == event_id, holds("same", EVENT_IS_OPEN))
    return _InUse(condition=is_open, about=event_id)


def _delivery() -> _InUse:
    """A delivery that is not through, whatever became of its event."""
    of_event = _event(deliveries.c.event_id)
    return _InUse(condition=or_(holds("deliveries", DELIVERY_IS_OPEN), of_event.condition), about=of_event.about)


def _attempt() -> _InUse:
    sent = deliveries.alias("sent")
    of_sent = _event(sent.c.event_id).condition
    is_open = (
        exists()
        .select_from(sent)
        .where(sent.c.id == attempts.c.delivery_id, or_(holds("sent", DELIVERY_IS_OPEN), of_sent))
    )
    return _InUse(condition=is_open, about=attempts.c.delivery_id)


def _replayed() -> _InUse:
    """A plan that is being applied compares each letter with what it has shown."""
    is_of_item = and_(replay_plans.c.hash == replay_items.c.plan_hash, replay_plans.c.state == ReplayState.APPLYING)
    return _InUse(condition=exists().where(is_of_item), about=replay_items.c.plan_hash)


_IN_USE: Mapping[str, _InUse] = {
    "receipts": _event(receipts.c.event_id),
    "events": _InUse(condition=holds("events", EVENT_IS_OPEN), about=events.c.id),
    "deliveries": _delivery(),
    "attempts": _attempt(),
    "dead_letters": _event(dead_letters.c.event_id),
    "links": _link(links.c.id),
    "processes": _link(processes.c.link_id),
    "reviews": _link(reviews.c.link_id),
    "comments": _link(comments.c.link_id),
    "notices": _link(notices.c.link_id),
    "differences": _InUse(condition=holds("differences", "state <> 'closed'"), about=differences.c.business_key),
    "replay_items": _replayed(),
    "runs": _InUse(condition=runs.c.ended_at.is_(None), about=runs.c.id),
}
