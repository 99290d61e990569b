"""Judges the evidence of a failing seed again: `python -m tests.chaos.checker FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.chaos.checker.evidence import load
from tests.chaos.checker.verdict import judge


def main(path: Path) -> int:
    """1 when an invariant is violated."""
    found = judge(load(path))
    for violation in found:
        print(violation.invariant, violation.about, violation.says, *violation.shown, sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
