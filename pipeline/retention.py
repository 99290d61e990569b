"""Retention: what is over lets go of its payload in time, in commits so short that no step waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from pipeline.ports import Payload, Ports, Tx


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What a run came to: rows by class, and whether its time was over before all of it was done."""

    rows: Mapping[Payload, int] = field(default_factory=dict)
    is_cut_short: bool = False


def prune(days: Mapping[Payload, int], ports: Ports, *, batch_rows: int, rest: Callable[[float], object]) -> Pruned:
    """Let go of what is older than its class's days, one batch of each class after another until nothing is left.

    rest: waits so many seconds. After each commit it is as long as the commit took, so that others get at least half
    of a database that takes one writer at a time. Where the time of a step is over, the next run goes on.
    Raises StoreAwayError.
    """
    began = ports.monotonic()
    rows: Counter[Payload] = Counter()
    left = list(days)
    while left:
        for payload in list(left):
            batch_began = ports.monotonic()
            if batch_began - began >= ports.limits.no_new_call_after_s:
                return Pruned(rows=dict(rows), is_cut_short=True)
            gone = ports.store.run(partial(_batch, payload=payload, days=days[payload], limit=batch_rows))
            rows[payload] += gone
            if gone < batch_rows:
                left.remove(payload)
            rest(ports.monotonic() - batch_began)
    return Pruned(rows={payload: gone for payload, gone in rows.items() if gone})


def _batch(tx: Tx, *, payload: Payload, days: int, limit: int) -> int:
    return tx.upkeep.prune(payload, before=tx.now - timedelta(days=days), limit=limit)
