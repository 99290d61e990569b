"""The demo's summary: one JSON object whose figures come from both sandboxes and from our own commands and tables.

Of calls it tells both: how often each sandbox was asked, and what Signoff says that it asked them for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis

from console.demo_http import admin
from console.demo_repair import Letters
from console.demo_settings import BUDGETS_PER_S
from pipeline.store.traffic import Traffic
from pipeline.transport.tally import counted
from pipeline.words import Side

_THROTTLED = 429
_OUR_AGENT = "signoff"
_TRIES, _AGAIN_S = 10, 0.3
_BROKER_WITHIN_S = 5.0
_VENDORS = tuple(side.value for side in Side)
_FOR_EVENTS = ("read", "send", "look_up")
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
    writes = {vendor: traffic.sends.get(vendor, 0) for vendor in _VENDORS}
    total = sum(writes.values())
    return {
        "events": traffic.events,
        "writes": writes,
        "lookups": sum(traffic.lookups.values()),
        "writes_per_event": round(total / traffic.events, 2) if traffic.events else 0.0,
    }


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Signoff's own calls: as each sandbox counted them, and as Signoff did, by what they were made for.

    rows: vendor, flow, purpose and calls of each kind.
    """

    seen: Mapping[str, int]
    rows: Sequence[Mapping[str, Any]]

    @property
    def is_whole(self) -> bool:
        """Whether both count the same: no call was under way while they were asked."""
        return all(count == sum(row["calls"] for row in self._of(vendor)) for vendor, count in self.seen.items())

    def of_flow(self, flow: str, *, events: int) -> dict[str, Any]:
        """The calls that a flow's events caused: to each vendor, per event, and what for."""
        rows = [row for row in self.rows if row["flow"] == flow and row["purpose"] in _FOR_EVENTS]
        total = sum(row["calls"] for row in rows)
        return {
            **{vendor: _sum(rows, vendor=vendor) for vendor in _VENDORS},
            "per_event": round(total / events, 2) if events else 0.0,
            "for": {purpose: _sum(rows, purpose=purpose) for purpose in _FOR_EVENTS},
        }

    def of_vendor(self, vendor: str) -> dict[str, Any]:
        """The calls to a vendor: all, those that the events of one flow caused, and the rest by purpose."""
        rows = self._of(vendor)
        of_flows = [row for row in rows if row["flow"] and row["purpose"] in _FOR_EVENTS]
        others = [row for row in rows if row not in of_flows]
        purposes = sorted({str(row["purpose"]) for row in others})
        return {
            "by_signoff": self.seen[vendor],
            "for_flows": _sum(of_flows),
            "for_no_flow": {purpose: _sum(others, purpose=purpose) for purpose in purposes},
        }

    def _of(self, vendor: str) -> list[Mapping[str, Any]]:
        return [row for row in self.rows if row["vendor"] == vendor]


def read_calls(urls: Mapping[str, str], broker_url: str) -> Calls:
    """Signoff's calls, read again a few times where one came between the two countings."""
    with Redis.from_url(broker_url, socket_timeout=_BROKER_WITHIN_S) as broker:
        calls = _read_calls(urls, broker)
        for _ in range(_TRIES):
            if calls.is_whole:
                break
            time.sleep(_AGAIN_S)
            calls = _read_calls(urls, broker)
    return calls


def _read_calls(urls: Mapping[str, str], broker: Redis) -> Calls:
    seen = {vendor: admin(urls[vendor], "GET", f"requests?agent={_OUR_AGENT}")["total"] for vendor in _VENDORS}
    return Calls(seen=seen, rows=[asdict(each) for each in counted(broker)])


def sandbox_calls(base: str) -> dict[str, Any]:
    """How often one sandbox was asked, by everybody: in all, in its busiest second, refused as too many, by route."""
    counted = admin(base, "GET", "requests")
    by_route: Counter[str] = Counter()
    for row in counted["routes"]:
        by_route[f"{row['method']} {row['route']}"] += row["count"]
    return {
        "total": counted["total"],
        "peak_per_s": counted["peak_per_s"],
        "throttled": sum(row["count"] for row in counted["routes"] if row["status"] == _THROTTLED),
        "by_route": dict(sorted(by_route.items())),
    }


def _sum(rows: Sequence[Mapping[str, Any]], **of: str) -> int:
    return sum(row["calls"] for row in rows if of.items() <= row.items())
