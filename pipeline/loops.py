"""Loops: a person lets a field be written again that a loop has stopped."""

from __future__ import annotations

from datetime import datetime

from pipeline import intake, keys
from pipeline.events import NewEvent
from pipeline.ports import AuditEntry, Hint, Ports, Tx
from pipeline.words import BusinessKey, EventKind, Side


def release(flow: str, business_key: BusinessKey, field: str, *, by: str, ports: Ports) -> tuple[str, ...]:
    """Begin the counters of stopped fields anew, all of them (field "") or one, and look at both sides at once.

    Returns the names of the fields; nothing where none was stopped. Raises StoreAwayError.
    """
    trace_id = ports.new_id("tr")

    def in_transaction(tx: Tx) -> tuple[tuple[str, ...], list[Hint]]:
        # Lines are locked before links, as everybody does who changes both.
        tx.lines.touch({keys.line_key(flow, business_key): flow})
        released = tx.links.release_loops(flow, business_key, field)
        if not released:
            return (), []
        name = f"{flow}/{business_key}"
        tx.ledger.audit([AuditEntry(actor=by, act="loop.released", object=f"{name} {each}") for each in released])
        looks = [_look(flow, business_key, side, trace_id, tx.now) for side in Side]
        _, hints = intake.place(tx, looks, new_id=ports.new_id, limits=ports.limits)
        return released, hints

    released, hints = ports.store.run(in_transaction)
    ports.waker.wake(hints)
    return released


def _look(flow: str, business_key: BusinessKey, side: Side, trace_id: str, now: datetime) -> NewEvent:
    return NewEvent(
        flow=flow,
        source="operator",
        type="signoff.look",
        kind=EventKind.LOOK,
        side=side,
        subject=business_key,
        line_key=keys.line_key(flow, business_key),
        dedupe_key=keys.operator(f"{trace_id}:{side}"),
        time=now,
        trace_id=trace_id,
    )
