"""What each seed plays: most kill processes at named places, the others let everything happen to everything.

Of five seeds three are meant for three pairs each of a failpoint and a kind of command, and go round all there are;
the other two play the flows, alone or together, in whatever weather they draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from pipeline.commands import KINDS
from pipeline.failpoints import Point
from tests.simulation.briefs import Briefs
from tests.simulation.every_kind import EveryKind, EveryKindFlow
from tests.simulation.plays import Play
from tests.simulation.scene import Target
from tests.simulation.schedule import Plot

EVERY_PAIR: Sequence[Target] = tuple(Target(point=point, kind=kind) for kind in sorted(KINDS) for point in Point)
"""Every failpoint with every kind of command."""
PAIRS_A_SEED = 3
ROUND = 5
MEANT = 3
"""Of a round so many are meant for pairs."""
_MEANT: Sequence[Sequence[Target]] = tuple(
    tuple(Target(point=point, kind=kind) for point in tuple(Point)[first : first + PAIRS_A_SEED])
    for kind in sorted(KINDS)
    for first in range(0, len(Point), PAIRS_A_SEED)
)

PLAYS: Sequence[Callable[[Random], Sequence[Play]]] = (
    lambda draws: [EveryKind(items=3, flow=EveryKindFlow(is_sharing=draws.random() < 0.5))],
    lambda draws: [Briefs(items=draws.randint(1, 2))],
    lambda _: [Briefs(items=1), EveryKind(items=1)],
)
"""What plays where no pair is meant. A flow that is new joins here."""


SEEDS_FOR_EVERY_PAIR = -(-len(_MEANT) // MEANT) * ROUND
"""So many seeds go once round all pairs."""


def plot_of(seed: int) -> Plot:
    """What a seed plays."""
    number, place = divmod(seed, ROUND)
    if place < MEANT:
        targets = _MEANT[(number * MEANT + place) % len(_MEANT)]
        kind = targets[0].kind
        return Plot(seed=seed, plays=[EveryKind(items=2, only=kind)], targets=targets, kind=kind)
    draws = Random(f"{seed}/deck")
    return Plot(seed=seed, plays=draws.choice(PLAYS)(draws))
