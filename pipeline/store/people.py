"""Who is who in both systems: met by plans, matched by the timetable, listed while nobody is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from pipeline.plan import Met
from pipeline.ports import Person
from pipeline.store.page import Page
from pipeline.store.statements import insert_into
from pipeline.store.tables import people
from pipeline.words import Side


@dataclass(frozen=True, kw_only=True)
class PersonLine(Page):
    """A person as operators read it: who it is in either system, and from when on nobody was found in the other."""

    aprimo_user: str
    opentext_user: str
    name: str
    how: str
    unresolved_since: datetime | None
    checked_at: datetime | None


def known_by(conn: Connection, aprimo_users: Sequence[str], opentext_users: Sequence[str]) -> list[Person]:
    """Whom we know by these users of either system."""
    return _read(conn, select(people).where(_is_any(aprimo_users, opentext_users)).order_by(people.c.id))


def put(conn: Connection, person: Person) -> None:
    """Keep how a person is known; what was known of either user before is replaced.

    Somebody who stays unresolved stays so since the first time. A name that was known stays where none is told.
    """
    users = _users(person)
    before = known_by(conn, *users)
    conn.execute(delete(people).where(_is_any(*users)))
    # Two transactions may meet the same person: the second one finds it told.
    conn.execute(insert_into(conn, people).on_conflict_do_nothing(), [vars(kept(person, before))])


def meet(conn: Connection, now: datetime, found: Sequence[Met]) -> None:
    """Keep whom plans came across, in the order of their users; who is known already stays as he is."""
    persons = {(person.side, person.user): person for person in found}
    for _, person in sorted(persons.items()):
        news = of_met(person, known_by(conn, *_users(as_person(person))), now)
        if news is not None:
            put(conn, news)


def to_match(conn: Connection, limit: int) -> list[Person]:
    """Who has no match, never looked for first, then the longest not looked for."""
    has_one_side = or_(people.c.aprimo_user.is_(None), people.c.opentext_user.is_(None))
    order = (people.c.checked_at.asc().nulls_first(), people.c.id)
    return _read(conn, select(people).where(has_one_side).order_by(*order).limit(limit))


def unresolved(conn: Connection) -> list[Person]:
    """People of one system that nobody could match in the other, longest first."""
    found = select(people).where(people.c.unresolved_since.is_not(None))
    return _read(conn, found.order_by(people.c.unresolved_since, people.c.id))


def lines(conn: Connection, *, is_unresolved_only: bool, limit: int) -> list[PersonLine]:
    """People as operators read them: those nobody could match first, longest first, then by their users."""
    ordered_by = (people.c.unresolved_since, people.c.aprimo_user, people.c.opentext_user)
    found = select(people).order_by(*(column.asc().nulls_last() for column in ordered_by)).limit(limit)
    if is_unresolved_only:
        found = found.where(people.c.unresolved_since.is_not(None))
    return [
        PersonLine(**{**vars(row), "aprimo_user": row.aprimo_user or "", "opentext_user": row.opentext_user or ""})
        for row in _read(conn, found)
    ]


# ---- rules that a store in memory keeps to as well -----------------------------------------------------------------


def as_person(met: Met) -> Person:
    """A person as a plan came across it."""
    here, there = met.user, met.match or None
    if met.side is Side.APRIMO:
        return Person(aprimo_user=here, opentext_user=there, how=met.how, name=met.name)
    return Person(aprimo_user=there, opentext_user=here, how=met.how, name=met.name)


def of_met(met: Met, known: Sequence[Person], now: datetime) -> Person | None:
    """What is to be kept of somebody whom a plan came across; None where all of it is known.

    Who is in Aprimo, without an e-mail and without an override, is unresolved at once. Who is in OpenText is looked
    for in Aprimo first, by the timetable.
    """
    person = as_person(met)
    before = next((row for row in known if _user(row, met.side) == met.user), None)
    if before is None:
        is_lost = not met.match and met.side is Side.APRIMO
        return replace(person, unresolved_since=now) if is_lost else person
    matched = _user(before, _other(met.side))
    is_settled = matched == met.match or (matched is not None and met.side is Side.OPENTEXT)
    return None if not met.match or is_settled else person


def kept(person: Person, before: Sequence[Person]) -> Person:
    """A person with what stays of how its users were known before."""
    earlier = [row.unresolved_since for row in before if row.unresolved_since]
    names = [row.name for row in before if row.name]
    if person.unresolved_since is not None:
        person = replace(person, unresolved_since=min([person.unresolved_since, *earlier]))
    return replace(person, name=person.name or next(iter(names), ""))


def _user(person: Person, side: Side) -> str | None:
    return person.aprimo_user if side is Side.APRIMO else person.opentext_user


def _other(side: Side) -> Side:
    return Side.OPENTEXT if side is Side.APRIMO else Side.APRIMO


def _users(person: Person) -> tuple[list[str], list[str]]:
    return (
        [person.aprimo_user] if person.aprimo_user is not None else [],
        [person.opentext_user] if person.opentext_user is not None else [],
    )


def _is_any(aprimo_users: Sequence[str], opentext_users: Sequence[str]) -> ColumnElement[bool]:
    return or_(people.c.aprimo_user.in_(aprimo_users), people.c.opentext_user.in_(opentext_users))


def _read(conn: Connection, found: Any) -> list[Person]:  # noqa: ANN401 - A select.
    rows = conn.execute(found).mappings()
    return [Person(**{name: value for name, value in row.items() if name != "id"}) for row in rows]
