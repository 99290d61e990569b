"""The figures of a run of the simulation, as a row of its report in docs/."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.deck import EVERY_PAIR
from tests.simulation.run import Tally
from tests.support.reports import REPORTS, renew

REPORT = REPORTS / "simulation.md"
_ABOUT = (
    "Schedules drawn from seeds; [simulation.md](../simulation.md) says what is simulated and what must hold."
    " Pairs are those of a failpoint and a kind of command at which a process died. The last figure is that of"
    " a machine as busy as it was then. Renewed by `./run test --long`."
)


def renew_report(path: Path, tally: Tally) -> None:
    """Renew the row of a run of so many seeds."""
    figures = tally.figures
    renew(
        path,
        title="Simulation",
        about=_ABOUT,
        row=f"{tally.seeds} seeds",
        figures={
            "violations": sum(map(len, tally.violations.values())),
            "pairs struck": f"{len(EVERY_PAIR) - len(tally.missed)} of {len(EVERY_PAIR)}",
            "processes killed": figures["kills"],
            "events": figures["events"],
            "calls": figures["calls"],
            "effects": figures["effects"],
            "dead letters": figures["dead"],
            "simulated hours": figures["seconds"] // 3600,
            "schedules a minute": tally.a_minute,
        },
    )
