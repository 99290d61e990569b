"""Pauses: a person holds a flow or a vendor, and lets it go on.

What a pause covers is not claimed: nothing is lost, nothing is tried, and notices are accepted as always. Whoever
holds a line already finishes the call that is under way, and begins no other.
"""

from __future__ import annotations

from datetime import datetime

from pipeline.ports import AuditEntry, Gate, Store, Tx
from pipeline.words import GateKind


def pause(scope: str, *, until: datetime | None, reason: str, by: str, store: Store) -> None:
    """Close a flow's or a vendor's gate until a moment, or (None) until a person opens it; again moves its end."""
    gate = Gate(scope=scope, kind=GateKind.PAUSE, until=until, reason=reason, by=by)

    def in_transaction(tx: Tx) -> None:
        tx.ledger.close_gate(gate)
        end = until.isoformat() if until else "a person opens it"
        tx.ledger.audit([AuditEntry(actor=by, act="pause.begun", object=scope, after=[end, reason])])

    store.run(in_transaction)


def resume(scope: str, *, by: str, store: Store) -> bool:
    """Open the gate now; False when nobody paused it. The next sweep finds what it held, however fresh its hints.

    A breaker of the same scope is not a person's, and stays as it is.
    """

    def in_transaction(tx: Tx) -> bool:
        is_opened = tx.ledger.open_gate(scope, GateKind.PAUSE)
        if is_opened:
            tx.ledger.audit([AuditEntry(actor=by, act="pause.ended", object=scope)])
        return is_opened

    return store.run(in_transaction)
