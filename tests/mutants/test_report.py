"""What a report says, and what fails a run."""

from __future__ import annotations

import pytest

from tests.mutants.report import Findings, read_reasons, renewed
from tests.mutants.run import Result
from tests.mutants.targets import TARGETS, Target
from tests.mutants.trial import ROOT, Fate, Suite

TARGETS_HERE = [
    Target(suite=Suite(module="a.b", tests=()), why="What is tried.", parts=("c",)),
    Target(suite=Suite(module="a.d", tests=()), why="What is tried next."),
]
LIVES = "c: `1` → `2`"


def result(change: str, fate: Fate, number: int = 1) -> Result:
    return Result(place="c", line=7, change=change, fate=fate, number=number)


def findings(*results: Result, module: str = "a.b", reasons: dict[str, str] | None = None) -> Findings:
    return Findings(results={module: results}, reasons={module: reasons or {}})


KILLED = result("without `d`", Fate.KILLED)
SLOW = result("without `e`", Fate.TIMED_OUT)
SURVIVED = result("`1` → `2`", Fate.SURVIVED)


def test_a_report_counts_by_module_and_gives_each_survivor_its_reason() -> None:
    page = renewed("", findings(KILLED, SLOW, SURVIVED, KILLED, reasons={LIVES: "One a | two."}), TARGETS_HERE)

    assert page.splitlines()[5:] == [
        "| module | what it decides | mutants | killed | share |",
        "|---|---|--:|--:|--:|",
        "| `a.b` | What is tried. Of it `c`. | 4 | 3 | 75.0% |",
        "| all | | 4 | 3 | 75.0% |",
        "",
        "## Survivors",
        "",
        "Each with the reason why it may live; a survivor without one fails the run.",
        "",
        "### a.b",
        "",
        "| change | reason |",
        "|---|---|",
        "| c: `1` → `2` | One a \\| two. |",
    ]


def test_a_run_over_one_module_leaves_what_is_said_of_the_others() -> None:
    first = renewed("", findings(KILLED, SURVIVED, module="a.d"), TARGETS_HERE)
    both = renewed(first, findings(KILLED, KILLED), TARGETS_HERE)
    again = renewed(both, findings(KILLED, SURVIVED), TARGETS_HERE)

    assert [line for line in both.splitlines() if "%" in line or "###" in line] == [
        "| `a.b` | What is tried. Of it `c`. | 2 | 2 | 100.0% |",
        "| `a.d` | What is tried next. | 2 | 1 | 50.0% |",
        "| all | | 4 | 3 | 75.0% |",
        "### a.d",
    ]
    assert [line for line in again.splitlines() if "###" in line] == ["### a.b", "### a.d"]
    assert again.endswith(first[first.index("\n### a.d") :])


def test_a_survivor_needs_a_reason_and_a_reason_a_survivor() -> None:
    told = findings(SURVIVED, result("`1` → `2`", Fate.SURVIVED, number=2), reasons={LIVES: "", "c: `3` → `4`": ""})

    assert told.unexplained() == ["a.b c: `1` → `2` (2)"]
    assert told.needless() == ["a.b c: `3` → `4`"]


@pytest.mark.parametrize(("killed", "weak"), [(16, ["a.b"]), (17, [])])
def test_a_module_is_held_when_at_least_eighty_five_in_a_hundred_are_killed(killed: int, weak: list[str]) -> None:
    assert findings(*[KILLED] * killed, *[SURVIVED] * (20 - killed)).weak() == weak


def test_reasons_are_given_for_modules_that_are_tried() -> None:
    assert set(read_reasons()) <= {target.suite.module for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.suite.module)
def test_every_module_and_its_tests_exist(target: Target) -> None:
    assert target.suite.path.is_file()
    assert [name for name in target.suite.tests if name.endswith(".py") and not (ROOT / name).is_file()] == []
