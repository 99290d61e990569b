"""The figures of reconciliation: how often both systems are compared, and how much that may cost."""

from __future__ import annotations

from dataclasses import dataclass

from config.declare import setting


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Comparing both systems with what they last agreed on."""

    recent_every_s: float = setting(
        300.0, "Between two comparisons of what changed, or lives, in each flow.", example="300", unit="s", at_least=1
    )
    full_every_s: float = setting(
        86_400.0,
        "Between two beginnings of a comparison of everything in a flow.",
        example="86400",
        unit="s",
        at_least=1,
    )
    step_every_s: float = setting(
        10.0, "Between two steps of comparisons, which take many.", example="10", unit="s", at_least=1
    )
    step_s: float = setting(
        4.0,
        "A step makes no new call after this long: jobs of the timetable share its worker.",
        example="4",
        unit="s",
        at_least=1,
    )
    share: float = setting(
        0.25,
        "Of the lower of both rate budgets, what comparisons may ask for.",
        example="0.25",
        at_least=0.001,
        at_most=1,
    )
    overlap_s: float = setting(
        120.0, "How far back changes are read again, because lists lag.", example="120", unit="s", at_least=0
    )
    heals: bool = setting(
        True, "Whether the timetable's runs heal what the flows' policies let heal by itself.", example="false"
    )
