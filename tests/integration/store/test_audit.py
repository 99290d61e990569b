"""The audit log as it stands in the database: whatever is done to its rows is found, also a tail that was cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.engine import Engine

from pipeline.ports import Anchor, AuditEntry, Store
from pipeline.store import SqlPages, SqlStore
from pipeline.store.engine import writer
from pipeline.store.tables import anchors, audit
from tests.support.store_rows import Clock

ENTRIES = 6


def _append(store: Store, *objects: int) -> None:
    with store.begin() as tx:
        tx.ledger.audit([AuditEntry(actor="ops", act="replay", object=str(each), after=each) for each in objects])


def _anchor(store: Store) -> Anchor | None:
    with store.begin() as tx:
        return tx.ledger.anchor()


@pytest.fixture
def anchored(store: Store) -> Anchor:
    """Six entries, the last of them anchored, and two more."""
    _append(store, *range(ENTRIES))
    anchor = _anchor(store)
    _append(store, 7, 8)
    assert anchor is not None
    return anchor


def test_the_newest_entry_is_anchored_and_the_chain_tells_of_it(
    store: Store, pages: SqlPages, anchored: Anchor, clock: Clock
) -> None:
    found = pages.audit_check()

    assert (anchored.number, anchored.at) == (ENTRIES, clock.now)
    assert (found.entries, found.last_number, found.anchors, found.is_whole) == (ENTRIES + 3, ENTRIES + 3, 1, True)


def test_nothing_is_anchored_twice_nor_when_nothing_is_there(store: Store, pages: SqlPages) -> None:
    assert _anchor(store) is None
    assert (pages.audit_check().entries, pages.audit_check().last_hash) == (0, "")
    _append(store, 1)

    assert [anchor and anchor.number for anchor in (_anchor(store), _anchor(store))] == [1, None]


@pytest.fixture
def tampered(sql_store: SqlStore, any_database_url: str) -> Iterator[Engine]:
    _append(sql_store, *range(ENTRIES))
    _anchor(sql_store)
    _append(sql_store, 7, 8)
    engine = writer(any_database_url)
    yield engine
    engine.dispose()


def _edit(conn: Connection) -> None:
    conn.execute(update(audit).where(audit.c.number == 3).values(actor="somebody else"))


def _delete(conn: Connection) -> None:
    conn.execute(delete(audit).where(audit.c.number == 3))


def _insert(conn: Connection) -> None:
    newest = conn.execute(select(audit).order_by(audit.c.number.desc()).limit(1)).mappings().one()
    conn.execute(audit.insert().values({**newest, "number": newest["number"] + 1, "object": "13"}))


def _reorder(conn: Connection) -> None:
    for before, after in ((3, 100), (4, 3), (100, 4)):
        conn.execute(update(audit).where(audit.c.number == before).values(number=after))


def _cut(conn: Connection) -> None:
    conn.execute(delete(audit).where(audit.c.number >= 4))


def _cut_after_the_anchor(conn: Connection) -> None:
    conn.execute(delete(audit).where(audit.c.number > ENTRIES))


def _forget_the_anchor(conn: Connection) -> None:
    conn.execute(delete(anchors))


@pytest.mark.parametrize(
    ("tamper", "number", "what"),
    [
        (_edit, 3, "edited"),
        (_delete, 3, "missing"),
        (_insert, ENTRIES + 4, "unlinked"),
        (_reorder, 3, "unlinked"),
        (_cut, ENTRIES, "cut"),
        (_cut_after_the_anchor, ENTRIES, "cut"),
        (_forget_the_anchor, ENTRIES, "unanchored"),
    ],
)
def test_whatever_is_done_to_the_rows_is_found(
    tampered: Engine, any_database_url: str, tamper: object, number: int, what: str
) -> None:
    with tampered.begin() as conn:
        tamper(conn)  # type: ignore[operator] # One of the functions above.

    pages = SqlPages(any_database_url)
    found = pages.audit_check()
    pages.dispose()

    assert not found.is_whole
    assert (found.faults[0].number, found.faults[0].what) == (number, what)


def test_a_tail_cut_off_together_with_its_anchor_is_found_by_one_that_was_kept_elsewhere(
    tampered: Engine, any_database_url: str
) -> None:
    pages = SqlPages(any_database_url)
    with tampered.begin() as conn:
        kept = Anchor(**conn.execute(select(anchors)).mappings().one())
        _cut(conn)
        _forget_the_anchor(conn)

    assert pages.audit_check().is_whole
    assert [(fault.number, fault.what) for fault in pages.audit_check([kept]).faults] == [(ENTRIES, "cut")]
    pages.dispose()
