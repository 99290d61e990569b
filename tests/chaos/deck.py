"""Every kind of trouble there is, and how a seed draws its own."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.chaos import troubles_inside as inside
from tests.chaos import troubles_vendors as vendors
from tests.chaos.trouble import Draw, Trouble

DECK: Mapping[str, Draw] = {
    "kill": inside.kill,
    "crash": inside.crash,
    "stop": inside.stop,
    "wipe": inside.wipe,
    "broker away": inside.away,
    "cut broker": inside.cut_broker,
    "cut database": inside.cut_sql,
    "lost message": inside.lose,
    "duplicate": inside.duplicate,
    "reorder": inside.reorder,
    "error": vendors.error,
    "refusal": vendors.refusal,
    "dropped answer": vendors.dropped,
    "late effect": vendors.late,
    "cut answer": vendors.cut,
    "slow answer": vendors.slow,
    "throttling": vendors.throttled,
    "token expiry": vendors.token_over,
    "vendor down": vendors.down,
}
_ON_POSTGRESQL_ALONE = frozenset({"cut database"})
"""SQLite has no connections that could break."""
_A_SEED = 8


def kinds(database: str) -> tuple[str, ...]:
    """The kinds of trouble that a database can have."""
    return tuple(kind for kind in DECK if database == "postgresql" or kind not in _ON_POSTGRESQL_ALONE)


def draw(seed: int, database: str) -> list[Trouble]:
    """The troubles of a seed, in order of time. Seeds in a row share the deck out, so that soon every kind came."""
    every = kinds(database)
    start = seed * _A_SEED
    shuffled = [
        kind
        for turn in range(start // len(every), (start + _A_SEED) // len(every) + 1)
        for kind in random.Random(f"deck {turn}").sample(every, len(every))
    ]
    first = start % len(every)
    chance = random.Random(f"seed {seed}")
    troubles = [DECK[kind](chance) for kind in shuffled[first : first + _A_SEED]]
    return sorted(troubles, key=lambda trouble: trouble.at_s)
