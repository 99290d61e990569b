"""The suite's streams leave no test out and play none twice."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from tests.suite import BUSY, DAYS, REST, RULES, STREAMS, Run

ROOT = Path(__file__).parents[2]
RUNS = tuple(chain.from_iterable(STREAMS.values()))


def holds(run: Run, file: Path) -> bool:
    """Whether a run plays the tests of a file."""
    is_named, is_left = (any(file.is_relative_to(each) for each in paths) for paths in (run.paths, run.without))
    return is_named and not is_left


def test_each_file_of_tests_is_played_by_one_run() -> None:
    files = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]

    played = {file: sum(holds(run, file) for run in RUNS) for file in files}

    assert len(files) > 200
    assert {file: times for file, times in played.items() if times != 1} == {}


def test_what_nobody_has_thought_of_is_played_as_well() -> None:
    assert holds(REST, Path("tests/new/test_new.py"))
    assert not any(holds(run, Path("tests/new/test_new.py")) for run in (RULES, BUSY, DAYS))
