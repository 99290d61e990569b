"""What really happened, by the histories that both sandboxes keep: shares nothing with the pipeline or its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.demo_http import admin

OUR_USER = {"aprimo": "91", "opentext": "signoff.integration@example.test"}
_DECISION = 307
_ONCE = ("start:", "comment:", "message:", "end:", "project:", "complete:")
"""Natural identities of effects that must never take place twice."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What happened in both systems in one day."""

    once: Counter[str]
    """How often each effect with an identity took place."""
    decided: Counter[str]
    """How often a decision was written to each item."""
    writes: int
    """Writes of ours to items that changed something ..."""
    repeated: int
    """... and calls of ours in either system that changed nothing."""

    def of(self, kind: str) -> int:
        """How many different effects of a kind there were."""
        return sum(1 for identity in self.once if identity.startswith(f"{kind}:"))

    @property
    def doubled(self) -> dict[str, int]:
        """Effects that took place more than once."""
        return {identity: times for identity, times in self.once.items() if times > 1}


class Histories:
    """Both histories, read from where this was made."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = {vendor: urls[vendor] for vendor in OUR_USER}
        self._since = {vendor: _last(admin(url, "GET", "history")) for vendor, url in self._urls.items()}

    @classmethod
    def whole(cls, urls: Mapping[str, str]) -> Histories:
        """Everything that both have ever done."""
        made = cls(urls)
        made._since = dict.fromkeys(OUR_USER, 0)
        return made

    def effects(self) -> Effects:
        """What happened since."""
        rows = {
            vendor: admin(url, "GET", f"history?since={self._since[vendor]}") for vendor, url in self._urls.items()
        }
        ours = [row for vendor, found in rows.items() for row in found if row["actor"] == OUR_USER[vendor]]
        items = [row for row in ours if row["object"].startswith("activity:")]
        return Effects(
            once=_identities(row for found in rows.values() for row in found),
            decided=_decisions(items),
            writes=sum(1 for row in items if row["changed"]),
            repeated=sum(1 for row in ours if not row["changed"]),
        )


def _last(rows: Sequence[Row]) -> int:
    return int(rows[-1]["number"]) if rows else 0


def _identities(rows: Iterable[Row]) -> Counter[str]:
    found = (row["identity"] for row in rows if row["identity"] and row["changed"])
    return Counter(identity for identity in found if identity.startswith(_ONCE))


def _decisions(rows: Iterable[Row]) -> Counter[str]:
    return Counter(
        row["object"]
        for row in rows
        if row["before"] and _attribute(row["after"]) and _attribute(row["after"]) != _attribute(row["before"])
    )


def _attribute(item: Row) -> str:
    found = (each["eaValue"] for each in item["extendedAttributes"] if each["eaId"] == _DECISION)
    return str(next(found, None) or "")
