"""The demo's summary: one JSON object whose figures come from both sandboxes and from our own commands and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from console.demo_http import admin
from console.demo_repair import Letters
from console.demo_settings import BUDGETS_PER_S
from pipeline.store.traffic import Traffic
from pipeline.words import Side

_THROTTLED = 429
_OUR_AGENT = "signoff"
REPLAYED = Letters(seen=1, replayed=1, open=0)
"""The one dead letter that is made where briefs are played."""


def summary(
    flows: Mapping[str, Mapping[str, Any]],
    letters: Letters,
    calls: Mapping[str, Any],
    *,
    wanted: Letters = REPLAYED,
    seconds: float,
) -> dict[str, Any]:
    """The summary. ok: every item of every flow agrees, and the dead letters are the wanted ones, all replayed."""
    agrees = all(figures["agree"] == figures["items"] for figures in flows.values())
    return {
        "ok": agrees and letters == wanted,
        "seconds": round(seconds, 1),
        "flows": {name: dict(figures) for name, figures in flows.items()},
        "dead_letters": asdict(letters),
        "calls": dict(calls),
        "budgets": {f"{vendor}_per_s": rate for vendor, rate in BUDGETS_PER_S.items()},
    }


def traffic_of(traffic: Traffic) -> dict[str, Any]:
    """A flow's events, and what they led to: writes to each vendor, look-ups of writes whose answer was unknown."""
    writes = {side.value: traffic.sends.get(side.value, 0) for side in (Side.APRIMO, Side.OPENTEXT)}
    total = sum(writes.values())
    return {
        "events": traffic.events,
        "writes": writes,
        "lookups": sum(traffic.lookups.values()),
        "writes_per_event": round(total / traffic.events, 2) if traffic.events else 0.0,
    }


def calls_of(base: str, *, events: int) -> dict[str, Any]:
    """How often one sandbox was asked, by everybody: in all, in its busiest second, refused as too many, by route.

    by_signoff: what of it were Signoff's own calls, by its User-Agent; they are told per event of all flows together,
    because a poll or a list is for no flow alone.
    """
    counted = admin(base, "GET", "requests")
    ours = admin(base, "GET", f"requests?agent={_OUR_AGENT}")["total"]
    by_route: Counter[str] = Counter()
    for row in counted["routes"]:
        by_route[f"{row['method']} {row['route']}"] += row["count"]
    return {
        "total": counted["total"],
        "peak_per_s": counted["peak_per_s"],
        "throttled": sum(row["count"] for row in counted["routes"] if row["status"] == _THROTTLED),
        "by_signoff": ours,
        "by_signoff_per_event": round(ours / events, 2) if events else 0.0,
        "by_route": dict(sorted(by_route.items())),
    }
