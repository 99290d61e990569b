"""Which modules are changed, why these, and which tests must notice."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutants.changes import Change
from tests.mutants.trial import Suite

_ON_SQLITE = ("-k", "sqlite or not (postgresql or memory)")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A module or a part of one. parts: the functions and classes that are changed, all where none is named."""

    suite: Suite
    why: str
    parts: tuple[str, ...] = ()

    def covers(self, change: Change) -> bool:
        """Whether a change is in a part of it."""
        return not self.parts or change.place.startswith(self.parts)


def _target(module: str, why: str, *tests: str, parts: tuple[str, ...] = ()) -> Target:
    return Target(suite=Suite(module=module, tests=tests), why=why, parts=parts)


TARGETS = (
    _target(
        "pipeline.store.claims",
        "Claim: the conditional update by which one worker gets a line, and what the sweeper finds.",
        "tests/integration/store/test_claims.py",
        "tests/integration/store/test_standing.py",
        *_ON_SQLITE,
    ),
    _target(
        "pipeline.states",
        "States: the tables of legal moves, through which a store writes every state.",
        "tests/unit/rules/test_states.py",
    ),
    _target(
        "pipeline.plan",
        "Plan: the values that a flow gives back, and what a link knows of its processes.",
        "tests/unit/rules/test_plan.py",
    ),
    _target(
        "pipeline.backoff",
        "Retry: how long a failure waits, and which is the last.",
        "tests/unit/rules/test_backoff.py",
    ),
    _target(
        "pipeline.outcomes",
        "Retry: from the outcome of a call to the next state, the wait and the look-up.",
        "tests/unit/usecases/test_outcome_rows.py",
        "tests/unit/usecases/test_outcomes.py",
    ),
    _target(
        "pipeline.transport.verdicts",
        "Retry: from an answer, or none, to the class of error that says what to do.",
        "tests/unit/transport/test_verdict_errors.py",
        "tests/unit/transport/test_verdicts.py",
    ),
    _target(
        "pipeline.steps",
        "Claim and waits: whom a step claims for, what is poison, how long a message and a gate wait.",
        "tests/unit/usecases/test_steps.py",
        parts=(
            "Onward",
            "_countdown",
            "after",
            "claim",
            "close_gate",
            "closed_scopes",
            "closed_sides",
            "is_poison",
            "waiting",
        ),
    ),
    _target(
        "pipeline.planned",
        "Retry: a read that failed waits for the right thing, or its event dies.",
        "tests/unit/usecases/test_failed_reads.py",
        parts=("_Failures",),
    ),
)
