"""What people must be told until they have seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, text, update

from pipeline.plan import Notice
from pipeline.store.page import Page
from pipeline.store.statements import insert_into
from pipeline.store.tables import holds, links, notices
from pipeline.words import LinkId

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class NoticeLine(Page):
    """A notice as people read it; person "" means the operators.

    One that is about no item has no flow, and its subject is what it is about.
    """

    id: str
    at: datetime
    flow: str
    subject: str
    revision: int
    person: str
    code: str
    text: str
    seen_at: datetime | None = None


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


def read_notices(conn: Connection, *, is_seen_too: bool, limit: int) -> list[NoticeLine]:
    """What people were told, newest first."""
    found = (
        select(notices, links.c.flow, links.c.business_key)
        .outerjoin(links, links.c.id == notices.c.link_id)
        .order_by(notices.c.at.desc(), notices.c.id.desc())
        .limit(limit)
    )
    if not is_seen_too:
        found = found.where(holds("notices", "seen_at is null"))
    return _lines(conn, found)


def read_about_no_item(conn: Connection, *, limit: int) -> list[NoticeLine]:
    """What people were told that is about no item, and have not seen, newest first."""
    found = select(notices, links.c.flow, links.c.business_key).outerjoin(links, links.c.id == notices.c.link_id)
    unseen = found.where(notices.c.about != "", holds("notices", "seen_at is null"))
    return _lines(conn, unseen.order_by(notices.c.at.desc(), notices.c.id.desc()).limit(limit))


def _lines(conn: Connection, found: Select[Any]) -> list[NoticeLine]:
    return [
        NoticeLine(
            id=str(row["id"]),
            at=row["at"],
            flow=row["flow"] or "",
            subject=row["business_key"] or row["about"],
            revision=row["revision"],
            person=row["person"],
            code=row["code"],
            text=row["text"],
            seen_at=row["seen_at"],
        )
        for row in conn.execute(found).mappings()
    ]


def tell_about(conn: Connection, now: datetime, about: str, notice: Notice, *, revision: int) -> bool:
    """Keep a notice that is about no item; False where the same one of this revision is kept already."""
    insert = insert_into(conn, notices).values(about=about, revision=revision, at=now, **vars(notice))
    new = insert.on_conflict_do_nothing(
        index_elements=["about", "code", "revision"], index_where=text("about <> ''")
    ).returning(notices.c.id)
    return conn.execute(new).first() is not None


def see_about(conn: Connection, now: datetime, about: str, code: str) -> None:
    """What a notice about something said is not so any more: nobody needs to see it."""
    unseen = update(notices).where(notices.c.about == about, notices.c.code == code, notices.c.seen_at.is_(None))
    conn.execute(unseen.values(seen_at=now))


def see(conn: Connection, now: datetime, notice_ids: Sequence[str]) -> list[str]:
    """Mark notices seen; returns the ids of those that were not seen before, in their order."""
    numbers = [int(each) for each in notice_ids if each.isascii() and each.isdecimal() and int(each) <= _LARGEST_ID]
    if not numbers:
        return []
    unseen = update(notices).where(notices.c.id.in_(numbers), holds("notices", "seen_at is null"))
    seen = conn.execute(unseen.values(seen_at=now).returning(notices.c.id)).scalars()
    return [str(number) for number in sorted(seen)]
