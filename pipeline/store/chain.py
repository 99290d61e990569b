"""The audit chain: each entry holds the hash of the one before, so that a change anywhere shows.

Whoever rewrites every entry from some place on, or cuts the end off, leaves a chain that is whole by itself. That
shows against an anchor: number and hash of an entry, written down when it was the newest.

Of actor, object and values an entry's hash covers salted hashes; the salts stand in the row. So a person can be
erased: value and salt go, the salted hash stays, from which nobody guesses the value back, and the chain stays as it
is. An erasure is an entry too, and says by a hash what it covers: a value that is gone without one counts as edited.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pipeline.ports import Anchor, AuditEntry
from pipeline.store.types import clean
from pipeline.words import JsonValue

ANCHORED = "audit.anchored"
"""The act of the entry that tells of an anchor; its object is the anchor's number, and it comes right after it."""

ERASED = "person.erased"
"""The act of the entry that tells of an erasure; its object is what stands where values of a person stood."""

VALUES = "values"
SALTED = ("actor", "object", VALUES)
"""What has a salt of its own: two fields that can be erased, and before and after, whose salt goes with either."""

START = "0" * 64
"""What the first entry has as its previous hash."""


@dataclass(frozen=True, kw_only=True)
class Linked:
    """An entry in its place. salts: by field. erased: the salted hashes of what was erased, by field."""

    number: int
    at: datetime
    actor: str
    act: str
    object: str
    before_hash: str
    after_hash: str
    salts: Mapping[str, str]
    previous_hash: str
    hash: str = ""
    erased: Mapping[str, str] = field(default_factory=dict)


def link_up(
    entries: Sequence[AuditEntry], *, at: datetime, number: int, previous_hash: str, new_salt: Callable[[], str]
) -> list[Linked]:
    """Entries in their places behind the entry of that number and hash."""
    linked = []
    for entry in entries:
        number += 1
        salts = {name: new_salt() for name in SALTED}
        item = Linked(
            number=number,
            at=at,
            # As the table keeps them: what is hashed must be what can be read again.
            actor=clean(str(entry.actor)),
            act=clean(str(entry.act)),
            object=clean(str(entry.object)),
            before_hash=hash_of_value(entry.before, salts[VALUES]),
            after_hash=hash_of_value(entry.after, salts[VALUES]),
            salts=salts,
            previous_hash=previous_hash,
        )
        previous_hash = hash_of(item)
        linked.append(replace(item, hash=previous_hash))
    return linked


def without(item: Linked, fields: Sequence[str], placeholder: str) -> Linked:
    """The entry with fields erased: a placeholder for each, and its salted hash in the place of its salt.

    The values it once had may name the same person, so their salt goes too; what an erasure covers names nobody.
    """
    going = {*fields, *(() if item.act == ERASED else (VALUES,))}
    return replace(
        item,
        actor=placeholder if "actor" in going else item.actor,
        object=placeholder if "object" in going else item.object,
        salts={name: salt for name, salt in item.salts.items() if name not in going},
        erased={**item.erased, **{name: _sealed(item, name) for name in going}},
    )


def new_salt() -> str:
    """A salt that nobody guesses."""
    return secrets.token_hex(16)


class Cover:
    """What an erasure covers, entry by entry in their order."""

    def __init__(self, number: int) -> None:
        """number: that of the first entry."""
        self.number = number
        self._hash = hashlib.sha256()

    def add(self, number: int, name: str) -> None:
        """A field of an entry that holds the placeholder."""
        self._hash.update(f"{number}.{name};".encode())

    def told(self) -> str:
        """How the erasure's entry tells of it."""
        return self._hash.hexdigest()


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
        self._covers: dict[str, Cover] = {}

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
        untold = sorted(cover.number for cover in self._covers.values())
        return [
            *(Fault(number=number, what="edited", detail="a value is gone without an erasure") for number in untold),
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
        yield from self._uncovered(item)
        for anchor in self._anchors.get(item.number, ()):
            if anchor.hash != item.hash:
                yield Fault(number=item.number, what="rewritten", detail=f"its hash was {anchor.hash}")

    def _uncovered(self, item: Linked) -> Iterator[Fault]:
        """Count what was erased of the entry; an erasure must tell of exactly what its placeholder stands for."""
        gone = [name for name in SALTED if name not in item.salts]
        if sorted(item.erased) != sorted(gone) or gone == [VALUES]:
            yield Fault(number=item.number, what="edited", detail="its salts are not those it had")
        for name in gone:
            if name != VALUES:
                placeholder = getattr(item, name)
                self._covers.setdefault(placeholder, Cover(item.number)).add(item.number, name)
        if item.act == ERASED:
            cover = self._covers.pop(item.object, None) or Cover(item.number)
            if hash_of_value(cover.told(), item.salts.get(VALUES, "")) != item.after_hash:
                yield Fault(number=cover.number, what="edited", detail=f"{item.object} stands for something else")


def hash_of(item: Linked) -> str:
    """The hash an entry must bear."""
    return _sha256(
        {
            "number": item.number,
            "at": item.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "act": item.act,
            **{name: _sealed(item, name) for name in SALTED},
            "before_hash": item.before_hash,
            "after_hash": item.after_hash,
            "previous_hash": item.previous_hash,
        }
    )


def hash_of_value(value: JsonValue, salt: str) -> str:
    """The salted hash of a before or after; "" for none."""
    return "" if value is None else _sha256([salt, value])


def _sealed(item: Linked, name: str) -> str:
    """The salted hash of a field: of what stands there, or what is left of it; "" where both are gone.

    Of the values it is one of their salt: they have hashes of their own.
    """
    salt = item.salts.get(name)
    if salt is None:
        return item.erased.get(name, "")
    return hashlib.sha256(f"{salt}:{getattr(item, name, '')}".encode()).hexdigest()


def _sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
