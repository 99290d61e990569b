"""`./run simulation`: plays seeds of orderings and faults in one process each, and judges what is left."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.simulation.deck import plot_of
from tests.simulation.report import renew_report
from tests.simulation.run import Tally, run
from tests.simulation.schedule import play


def main() -> int:
    """0 when every invariant held in every seed, 1 otherwise."""
    told = _arguments()
    if told.seed is not None:
        return _again(told.seed)
    tally = run(range(1, told.seeds + 1), processes=told.processes)
    for seed, violations in sorted(tally.violations.items()):
        for violation in violations:
            print(f"seed {seed}: {violation}", file=sys.stderr)
    if told.report:
        renew_report(told.report, tally)
    print(json.dumps(tally.to_json()) if told.json else _told(tally))
    return 1 if tally.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="play the seeds 1 to N")
    parser.add_argument("--seed", type=int, help="play this one seed, and print all that happened in it")
    parser.add_argument("--processes", type=int, help="how many play side by side; one for each core unless told")
    parser.add_argument("--report", type=Path, help="renew this run's row of a report")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


def _again(seed: int) -> int:
    verdict = play(plot_of(seed))
    print("\n".join(verdict.log))
    print(f"seed {seed}: log {verdict.digest}")
    for violation in verdict.violations:
        print(f"seed {seed}: {violation}")
    return 1 if verdict.violations else 0


def _told(tally: Tally) -> str:
    return "\n".join(f"{name}: {value}" for name, value in tally.to_json().items())


if __name__ == "__main__":
    sys.exit(main())
