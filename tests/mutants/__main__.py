"""`./run mutants`: puts small wrongs into the modules that decide, one at a time, and asks whether a test notices."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.mutants.report import Findings, read_reasons, renewed
from tests.mutants.run import run
from tests.mutants.targets import TARGETS


def main() -> int:
    """0 when enough is killed and every survivor has a reason, 1 otherwise."""
    told = _arguments()
    targets = [target for target in TARGETS if not told.modules or target.suite.module in told.modules]
    figures: dict[str, dict[str, float]] = {}
    wrong: list[str] = []
    for module, results in run(targets):
        findings = Findings(results={module: results}, reasons=read_reasons())
        figures |= findings.figures()
        wrong += [
            *(f"too few are killed: {one}" for one in findings.weak()),
            *(f"survived without a reason: {one}" for one in findings.unexplained()),
            *(f"a reason without a survivor: {one}" for one in findings.needless()),
        ]
        if told.report:
            _renew(told.report, findings)
    print("\n".join(wrong), file=sys.stderr)
    print(json.dumps(figures) if told.json else _told(figures))
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    names = [target.suite.module for target in TARGETS]
    parser = argparse.ArgumentParser(prog="./run mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"only these; of {', '.join(names)}")
    parser.add_argument("--report", type=Path, help="renew what a report says of these modules")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    told = parser.parse_args()
    if unknown := set(told.modules) - set(names):
        parser.error(f"not among the modules: {', '.join(sorted(unknown))}")
    return told


def _renew(report: Path, findings: Findings) -> None:
    page = report.read_text(encoding="utf-8") if report.exists() else ""
    report.write_text(renewed(page, findings), encoding="utf-8")


def _told(figures: dict[str, dict[str, float]]) -> str:
    return "\n".join(
        f"{module}: {each['killed']} of {each['mutants']} killed, {each['share']:.1%}"
        for module, each in figures.items()
    )


if __name__ == "__main__":
    sys.exit(main())
