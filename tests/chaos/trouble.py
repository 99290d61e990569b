"""What a trouble is, and what all of them share."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.chaos.scene import Scene

Facts: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Met:
    """What a trouble met: how often, and what the checker needs to find its signs."""

    hits: int
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that will go wrong: when (seconds after the first brief), and the deed, which ends when it is over.

    A deed raises NeverHappenedError when it met nothing in time.
    """

    kind: str
    what: str
    at_s: float
    act: Callable[[Scene], Met]


Draw: TypeAlias = Callable[[random.Random], Trouble]
"""Makes one trouble of a kind, by chance."""
