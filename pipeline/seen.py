"""Seeing notices: what people were told is shown until somebody says that it was seen."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.ports import AuditEntry, Store, Tx


def see(notice_ids: Sequence[str], *, by: str, store: Store) -> list[str]:
    """Mark notices seen, on the record; returns those that nobody had seen before. Raises StoreAwayError."""

    def in_transaction(tx: Tx) -> list[str]:
        seen = tx.ledger.see_notices(notice_ids)
        tx.ledger.audit([AuditEntry(actor=by, act="notice.seen", object=notice_id) for notice_id in seen])
        return seen

    return store.run(in_transaction)
