"""The thirteen invariants, each with the function that decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from tests.chaos.checker import agreement, effects, log, operation
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.violation import Violation
from tests.chaos.checker.world import World

Decide: TypeAlias = Callable[[Evidence, World], Iterator[Violation]]

INVARIANTS: Mapping[str, tuple[str, Decide]] = {
    "I1": ("no loss", log.no_loss),
    "I2": ("each effect once", effects.once),
    "I3": ("order", effects.in_order),
    "I4": ("no echo", effects.no_echo),
    "I5": ("both systems agree", agreement.agree),
    "I6": ("dead letters complete", log.letters_complete),
    "I7": ("audit chain whole", log.chain_whole),
    "I8": ("no secret leaks", operation.no_leak),
    "I9": ("bounded", log.bounded),
    "I10": ("soon well again", operation.recovers),
    "I11": ("never ahead of the reviewers", agreement.never_ahead),
    "I12": ("every fault visible", operation.visible),
    "I13": ("not trivially green", operation.not_trivial),
}


def judge(evidence: Evidence) -> list[Violation]:
    """Every breach there is."""
    world = World(evidence)
    return [violation for _, decide in INVARIANTS.values() for violation in decide(evidence, world)]
