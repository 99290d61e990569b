"""The page of the timetable says which job looks for which reason, as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.watch import WATCHES
from pipeline.words import CatchUp

PAGE = (Path(__file__).parents[3] / "docs/timetable.md").read_text(encoding="utf-8")


def test_each_reason_stands_on_the_page_with_its_job() -> None:
    told = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", PAGE, re.MULTILINE)

    assert sorted(told) == sorted((reason.value, watch.job) for watch in WATCHES for reason in watch.reasons)


def test_each_catch_up_rule_stands_on_the_page() -> None:
    assert [rule for rule in CatchUp if f"| `{rule}` |" not in PAGE] == []
