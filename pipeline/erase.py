"""Erase: a person's values make room for a placeholder in every table, and the audit log stays provable.

What work is under way on stays as it is, because what is sent or compared next rests on it. Vendors are not asked:
what they still say of the person the next look at an item tells again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline.identity import Eraser, Identity
from pipeline.ports import AuditEntry, Ports, Swept, Tx

ERASED = "person.erased"
PEOPLE = "people"
AUDIT = "audit"
PAGE_ROWS = 100
"""Rows looked through in one commit: bodies of notices may be long."""
LOOKS_MAX = 5
"""Each look may learn of further values, and the next one looks for them too."""

Rest = Callable[[float], object]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What stands here of a person. rows: by table; in_use: what work is under way on, by table."""

    identity: Identity
    rows: Mapping[str, int] = field(default_factory=dict)
    in_use: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was erased, and what stays until work on it is done. placeholder: what stands there now."""

    placeholder: str
    rows: Mapping[str, int]
    in_use: Mapping[str, tuple[str, ...]]


def find(given: Sequence[str], *, names: Sequence[str], ports: Ports, rest: Rest) -> Found:
    """What stands here of whoever has these e-mails and ids, and what else they are known by. Nothing is changed.

    rest: waits so many seconds; after each commit it is as long as the commit took. Raises StoreAwayError.
    """
    identity = Identity().with_users(*given).with_names(*names)
    for _ in range(LOOKS_MAX):
        known = ports.store.run(partial(_known_as, identity=identity))
        found, met = _look(known, ports, rest)
        if met == known:
            return found
        identity = met
    return found


def erase(found: Found, *, by: str, note: str, ports: Ports, rest: Rest) -> Erased:
    """Put a new placeholder where the person stands, but for what is in use; the act is an entry of the audit log.

    While anything is in use the match of their users stays, so that work on it goes on. Raises ValueError where by or
    note name the person, and StoreAwayError.
    """
    eraser = Eraser(found.identity, ports.new_id("erased"))
    if eraser.names(by) or eraser.names(note):
        raise ValueError("who acts and the note must not name the person who is erased")
    rows: Counter[str] = Counter()
    in_use: dict[str, tuple[str, ...]] = {}
    for table in ports.store.run(_tables):
        if table not in {PEOPLE, AUDIT}:
            for swept in _sweep(partial(_erase_page, table=table, eraser=eraser), ports, rest):
                _count(table, swept, rows, in_use)
    if not in_use:
        rows[PEOPLE] = ports.store.run(partial(_forget, identity=found.identity))
    rows[AUDIT] = ports.store.run(partial(_erase_audit, eraser=eraser, by=by, note=note))
    return Erased(placeholder=eraser.placeholder, rows=_some(rows), in_use=in_use)


def _look(identity: Identity, ports: Ports, rest: Rest) -> tuple[Found, Identity]:
    rows: Counter[str] = Counter()
    in_use: dict[str, tuple[str, ...]] = {}
    met = identity
    eraser = Eraser(identity, "")
    for table in ports.store.run(_tables):
        for swept in _sweep(partial(_look_at_page, table=table, eraser=eraser), ports, rest):
            _count(table, swept, rows, in_use)
            met = met.joined(swept.met)
    return Found(identity=identity, rows=_some(rows), in_use=in_use), met


def _sweep(page: Callable[..., Swept], ports: Ports, rest: Rest) -> Iterator[Swept]:
    """A table, page by page, each in a commit of its own."""
    after: tuple[Any, ...] | None = None
    while True:
        began = ports.monotonic()
        swept = ports.store.run(partial(page, after=after))
        yield swept
        if swept.last is None:
            return
        after = swept.last
        rest(ports.monotonic() - began)


def _count(table: str, swept: Swept, rows: Counter[str], in_use: dict[str, tuple[str, ...]]) -> None:
    rows[table] += swept.rows
    if swept.in_use:
        in_use[table] = (*in_use.get(table, ()), *swept.in_use)


def _some(rows: Mapping[str, int]) -> dict[str, int]:
    return {table: count for table, count in rows.items() if count}


# ---- one commit each -----------------------------------------------------------------------------------------------


def _tables(tx: Tx) -> tuple[str, ...]:
    return tx.upkeep.swept_tables()


def _known_as(tx: Tx, *, identity: Identity) -> Identity:
    return tx.upkeep.known_as(identity)


def _look_at_page(tx: Tx, *, table: str, eraser: Eraser, after: tuple[Any, ...] | None) -> Swept:
    return tx.upkeep.look(table, eraser, after=after, limit=PAGE_ROWS)


def _erase_page(tx: Tx, *, table: str, eraser: Eraser, after: tuple[Any, ...] | None) -> Swept:
    return tx.upkeep.erase(table, eraser, after=after, limit=PAGE_ROWS)


def _forget(tx: Tx, *, identity: Identity) -> int:
    return tx.upkeep.forget(identity)


def _erase_audit(tx: Tx, *, eraser: Eraser, by: str, note: str) -> int:
    entries, told = tx.upkeep.erase_audit(eraser)
    tx.ledger.audit([AuditEntry(actor=by, act=ERASED, object=eraser.placeholder, before=note, after=told)])
    return entries
