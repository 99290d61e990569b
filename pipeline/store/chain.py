"""The audit chain: each entry holds the hash of the one before, so that a change anywhere shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pipeline.ports import AuditEntry
from pipeline.words import JsonValue

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
            actor=entry.actor,
            act=entry.act,
            object=entry.object,
            before_hash=hash_of_value(entry.before),
            after_hash=hash_of_value(entry.after),
            previous_hash=previous_hash,
        )
        previous_hash = hash_of(item)
        linked.append(Linked(**{**vars(item), "hash": previous_hash}))
    return linked


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
