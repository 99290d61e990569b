"""How many calls each vendor got, for which flow and what for: figures on Redis, which all processes add to.

The script that grants a call from the rate budget counts it as well, so that counting costs no round trip of its own.
An emptied Redis begins at nothing again, as any counter may.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import cast

import redis

from pipeline.ports import Errand
from pipeline.words import CallPurpose, Side

KEY = "signoff:calls"
"""A hash: `<vendor>/<purpose>/<flow>` to the number of calls."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Calls of one kind. flow: "" for what no flow causes, or several at once (a list that was read for all)."""

    vendor: str
    purpose: str
    flow: str
    calls: int


class Tally:
    """Counts the calls to one vendor. Thread-safe."""

    def __init__(self, client: redis.Redis, vendor: Side) -> None:
        self._client = client
        self._vendor = vendor

    def field(self, errand: Errand) -> str:
        """What a call for this is counted under, for the script that grants it."""
        return f"{self._vendor}/{errand.purpose}/{errand.flow}"

    def add_token(self) -> None:
        """Count a call for a token, which no budget grants."""
        # A figure that is one short harms nobody; a call that waits for it would.
        with contextlib.suppress(redis.RedisError):
            self._client.hincrby(KEY, self.field(Errand(purpose=CallPurpose.TOKEN)), 1)


def counted(client: redis.Redis) -> tuple[Counted, ...]:
    """All calls since Redis was last empty, in the order of vendor, flow and purpose; () when Redis is away."""
    try:
        known = cast("dict[bytes, bytes]", client.hgetall(KEY))
    except redis.RedisError:
        return ()
    return tuple(sorted((_counted(field, count) for field, count in known.items()), key=_place))


def _counted(field: bytes, count: bytes) -> Counted:
    vendor, purpose, flow = field.decode().split("/", 2)
    return Counted(vendor=vendor, purpose=purpose, flow=flow, calls=int(count))


def _place(each: Counted) -> tuple[str, str, str]:
    return each.vendor, each.flow, each.purpose
