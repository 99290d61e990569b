"""A run says of every change whether the tests notice."""

from __future__ import annotations

import subprocess
import sys

from tests.mutants.trial import ROOT

RUN = """
import sys
from tests.mutants.run import run
from tests.mutants.targets import Target
from tests.mutants.trial import Suite
suite = Suite(module="tests.mutants.samples.doors", tests=(f"tests/mutants/samples/{sys.argv[1]}.py",))
((_, results),) = run([Target(suite=suite, why="")])
print(*(f"{result.key} {result.fate.name}" for result in results), sep="\\n")
"""


def run_with(tests: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: this one has imported the sample, perhaps, and has threads."""
    return subprocess.run(
        [sys.executable, "-c", RUN, tests], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )


def test_the_hour_that_no_test_asks_for_survives() -> None:
    told = run_with("check_doors")

    assert told.stdout.splitlines() == [
        "is_open: `return hour >= 8` → `return None` KILLED",
        "is_open: `hour >= 8` → `hour > 8` SURVIVED",
        "is_open: `hour >= 8` → `hour < 8` KILLED",
        "is_open: `8` → `9` SURVIVED",
    ]


def test_tests_that_never_ask_for_the_module_are_no_judges_of_it() -> None:
    told = run_with("check_nothing")

    assert told.stdout == ""
    assert told.stderr.splitlines()[-1].endswith(
        "on the module as it is: ('tests/mutants/samples/check_nothing.py',)"
    )
