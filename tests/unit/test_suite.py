"""The suite's streams leave no test out and play none twice."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path

from tests.suite import BUSY, DAYS, ENGINE, IN_MEMORY, ON_DATABASES, REST, RULES, STREAMS, Run

ROOT = Path(__file__).parents[2]
RUNS = tuple(chain.from_iterable(STREAMS.values()))


HALVES = {"": (IN_MEMORY, ON_DATABASES), IN_MEMORY: (IN_MEMORY,), ON_DATABASES: (ON_DATABASES,)}


def holds(run: Run, file: Path) -> bool:
    """Whether a run plays the tests of a file, or a half of them."""
    is_named, is_left = (any(file.is_relative_to(each) for each in paths) for paths in (run.paths, run.without))
    return is_named and not is_left


def test_each_half_of_each_file_of_tests_is_played_by_one_run() -> None:
    files = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]

    played = Counter((file, half) for run in RUNS for file in files if holds(run, file) for half in HALVES[run.half])

    assert len(files) > 200
    wanted = [
        (file, half) for file in files for half in HALVES[""] if half is IN_MEMORY or file.is_relative_to(ENGINE)
    ]
    assert {each: played[each] for each in wanted if played[each] != 1} == {}


def test_only_tests_that_are_played_in_halves_are_marked_as_such() -> None:
    marking = [path for path in (ROOT / "tests").rglob("*.py") if "mark.database" in path.read_text(encoding="utf-8")]

    assert [path.relative_to(ROOT) for path in marking if path != Path(__file__)] == [Path(ENGINE, "conftest.py")]


def test_what_nobody_has_thought_of_is_played_as_well() -> None:
    assert holds(REST, Path("tests/new/test_new.py"))
    assert not any(holds(run, Path("tests/new/test_new.py")) for run in (RULES, BUSY, DAYS))
