"""The checker is checked: what a good run left satisfies it, and each planted violation makes it fail for that."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.checker.evidence import Run, load
from tests.chaos.checker.verdict import INVARIANTS, judge
from tests.chaos.plants import PLANTS, Good, attribute

CHECKER = Path(__file__).parent / "checker"
OURS = {"config", "console", "pipeline", "sandbox", "schedules", "tasks", "tests"}
CASES = [(invariant, plant) for invariant, plants in PLANTS.items() for plant in plants]


def _name(value: object) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", "").strip("_")


@pytest.fixture
def good() -> Good:
    return Good.read()


def test_what_a_good_run_left_satisfies_every_invariant(good: Good) -> None:
    assert judge(good.evidence()) == []


def test_the_good_run_is_rich_enough_to_be_judged_by(good: Good) -> None:
    assert len(good.starts()) == 2
    assert [row["state"] for row in good.tables["dead_letters"]] == ["replayed"]
    assert attribute(good.written_by_us(307), 307) == "approved"


def test_a_notice_of_several_flows_is_the_original_of_each_of_their_events(good: Good) -> None:
    letter = good.tables["dead_letters"][0]
    of_another_flow = {**good.one("events", id=letter["event_id"]), "id": "ev-another-flow"}
    good.tables["events"].append(of_another_flow)
    letter["event_id"] = of_another_flow["id"]

    assert "I6" not in {violation.invariant for violation in judge(good.evidence())}


@pytest.mark.parametrize(("invariant", "plant"), CASES, ids=_name)
def test_a_planted_violation_is_found(good: Good, invariant: str, plant: Callable[[Good], None]) -> None:
    plant(good)

    assert invariant in {violation.invariant for violation in judge(good.evidence())}


def test_every_invariant_has_a_planted_violation() -> None:
    assert list(PLANTS) == list(INVARIANTS) == [f"I{number}" for number in range(1, 14)]


def test_the_checker_imports_nothing_of_what_it_judges() -> None:
    imported = {name for path in CHECKER.glob("*.py") for name in _imports(path)}
    strangers = {
        name for name in imported if name.split(".")[0] in OURS and not name.startswith("tests.chaos.checker")
    }

    assert strangers == set()


def test_evidence_is_kept_and_read_again_without_its_secrets(good: Good, tmp_path: Path) -> None:
    evidence = replace(good.evidence(), run=Run(acts=("a b",)))
    evidence.save(tmp_path / "evidence.json")

    assert load(tmp_path / "evidence.json") == replace(evidence, secrets={})


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found
