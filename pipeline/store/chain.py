"""The audit chain: each entry holds the hash of the one before, so that a change anywhere shows.

Whoever rewrites every entry from some place on, or cuts the end off, leaves a chain that is whole by itself. That
shows against an anchor: number and hash of an entry, written down when it was the newest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pipeline.ports import Anchor, AuditEntry
from pipeline.store.types import clean
from pipeline.words import JsonValue

ANCHORED = "audit.anchored"
"""The act of the entry that tells of an anchor; its object is the anchor's number, and it comes right after it."""

START = "0" * 64
"""What the first entry has as its previous hash."""


@dataclass(frozen=True, kw_only=True)
class Linked:
    """An entry in its place. The hash covers every other field."""

    number: int
    at: datetime
    actor: str
    act: str
    object: str
    before_hash: str
    after_hash: str
    previous_hash: str
    hash: str = ""


def link_up(entries: Sequence[AuditEntry], *, at: datetime, number: int, previous_hash: str) -> list[Linked]:
    """Entries in their places behind the entry of that number and hash."""
    linked = []
    for entry in entries:
        number += 1
        item = Linked(
            number=number,
            at=at,
            # As the table keeps them: what is hashed must be what can be read again.
            actor=clean(str(entry.actor)),
            act=clean(str(entry.act)),
            object=clean(str(entry.object)),
            before_hash=hash_of_value(entry.before),
            after_hash=hash_of_value(entry.after),
            previous_hash=previous_hash,
        )
        previous_hash = hash_of(item)
        linked.append(Linked(**{**vars(item), "hash": previous_hash}))
    return linked


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with the chain, and at which entry.

    what: `edited`, `missing`, `unlinked`, `rewritten` (differs from an anchor), `cut` (ends before an anchor) or
    `unanchored` (an anchor that was written down is gone).
    """

    number: int
    what: str
    detail: str


class Walk:
    """Goes through the chain entry by entry, from the first one on, and tells what is wrong."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self.entries = 0
        self.number = 0
        self.hash = START
        self._anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.number, []).append(anchor)
        self._told: set[int] = set()

    def step(self, item: Linked) -> list[Fault]:
        """The next entry by number."""
        faults = list(self._faults(item))
        if item.act == ANCHORED:
            self._told.add(item.number - 1)
        self.entries, self.number, self.hash = self.entries + 1, item.number, item.hash
        return faults

    def end(self, own: Sequence[Anchor]) -> list[Fault]:
        """No further entry: what the anchors tell of the end, and the chain of `own` anchors that are gone."""
        cut = [number for number in sorted(self._anchors) if number >= self.number]
        lost = sorted(self._told - {anchor.number for anchor in own})
        return [
            *(Fault(number=number, what="cut", detail=f"the chain ends with entry {self.number}") for number in cut),
            *(Fault(number=number, what="unanchored", detail="its anchor is gone") for number in lost),
        ]

    def _faults(self, item: Linked) -> Iterator[Fault]:
        if item.number != self.number + 1:
            yield Fault(number=self.number + 1, what="missing", detail=f"the next entry is {item.number}")
        elif item.previous_hash != self.hash:
            yield Fault(number=item.number, what="unlinked", detail="it does not name the hash of the one before")
        if hash_of(item) != item.hash:
            yield Fault(number=item.number, what="edited", detail="it does not bear its own hash")
        for anchor in self._anchors.get(item.number, ()):
            if anchor.hash != item.hash:
                yield Fault(number=item.number, what="rewritten", detail=f"its hash was {anchor.hash}")


def hash_of(item: Linked) -> str:
    """The hash an entry must bear."""
    values = asdict(item)
    del values["hash"]
    values["at"] = item.at.astimezone(UTC).isoformat(timespec="microseconds")
    return _sha256(values)


def hash_of_value(value: JsonValue) -> str:
    """The hash of a before or after; "" for none."""
    return "" if value is None else _sha256(value)


def _sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
