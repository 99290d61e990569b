"""How it was to run: no secret leaked (I8), soon well again (I10), every fault seen (I12), and work done (I13)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.chaos.checker import signs
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.violation import Violation
from tests.chaos.checker.world import World

_SHOWN_CHARS = 60


def no_leak(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I8: no secret in a log, a table, a page or a metric."""
    places = {**evidence.said, "the database": json.dumps(evidence.tables, ensure_ascii=False)}
    for place, text in places.items():
        for name, secret in evidence.secrets.items():
            if secret and (at := text.find(secret)) >= 0:
                around = text[max(0, at - _SHOWN_CHARS) : at].replace("\n", " ")
                yield Violation(invariant="I8", about=name, says=f"it stands in {place}", shown=(f"{around}***",))


def recovers(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I10: after the last fault the queue's age was soon what it always is."""
    run = evidence.run
    if run.recovery_s > run.recovery_limit_s:
        says = f"{run.recovery_s:.1f} s after the last fault, not {run.recovery_limit_s:g} s"
        yield Violation(invariant="I10", about="the queue", says=f"its age was normal again only {says}")


def visible(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I12: every fault that hit left a sign where an operator looks, and without a fault nothing complained."""
    for fault in evidence.run.faults:
        if fault.hits and not signs.is_seen(fault, evidence):
            says = f"nobody could have seen it ({fault.what}, at {fault.began_at})"
            yield Violation(invariant="I12", about=fault.kind, says=says)
    for complaint in signs.complaints(evidence) if evidence.run.is_without_faults else ():
        yield Violation(invariant="I12", about="the run without faults", says=f"it complained: {complaint}")


def not_trivial(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I13: the run did its work, and each planned fault took place."""
    run = evidence.run
    if run.useful < run.useful_min:
        says = f"{run.useful:.0%} of what a run without faults delivers, not {run.useful_min:.0%}"
        yield Violation(invariant="I13", about="the work", says=says)
    for fault in run.faults:
        if not fault.hits:
            yield Violation(
                invariant="I13", about=fault.kind, says=f"it was planned and never took place: {fault.what}"
            )
