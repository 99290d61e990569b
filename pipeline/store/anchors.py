"""Anchors of the audit chain: its newest entry, written down in time, so that a tail that was cut off shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.ports import Anchor, AuditEntry
from pipeline.store import chain
from pipeline.store.page import Page
from pipeline.store.tables import anchors, audit

READ_AT_ONCE = 2000
FAULTS_TOLD = 100


@dataclass(frozen=True, kw_only=True)
class ChainCheck(Page):
    """What reading the whole chain came to. last_hash is "" for an empty chain; at most some faults are told."""

    entries: int
    last_number: int
    last_hash: str
    anchors: int
    faults: tuple[chain.Fault, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was edited, taken out, put in, moved or cut off."""
        return not self.faults


def write(conn: Connection, now: datetime, *, number: int, hash_: str) -> AuditEntry:
    """Write an entry's number and hash down; returns the entry by which the chain itself tells of it."""
    conn.execute(anchors.insert().values(number=number, hash=hash_, at=now))
    return AuditEntry(actor="signoff", act=chain.ANCHORED, object=str(number), after=hash_)


def check(conn: Connection, told: Sequence[Anchor]) -> ChainCheck:
    """Read the whole chain and hold it against our anchors and those kept elsewhere, in flat memory."""
    own = [Anchor(**row) for row in conn.execute(select(anchors).order_by(anchors.c.number)).mappings()]
    walk = chain.Walk([*own, *told])
    faults: list[chain.Fault] = []
    for item in _entries(conn):
        faults += walk.step(item)
        del faults[FAULTS_TOLD:]
    faults += walk.end(own)
    return ChainCheck(
        entries=walk.entries,
        last_number=walk.number,
        last_hash=walk.hash if walk.number else "",
        anchors=len(own) + len(told),
        faults=tuple(faults[:FAULTS_TOLD]),
    )


def _entries(conn: Connection) -> Iterator[chain.Linked]:
    in_order = select(audit).order_by(audit.c.number)
    for row in conn.execution_options(yield_per=READ_AT_ONCE).execute(in_order).mappings():
        yield chain.Linked(**row)
