"""Every reason code that the code base gives has a cure for the person who meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pipeline
from pipeline import codes

ROOT = Path(pipeline.__file__).parent
GIVEN = re.compile(r"(?:PermanentError|MisconfiguredError|refuse)\(\s*\"([a-z_]+)\"")


def given() -> list[str]:
    found = {code for path in ROOT.rglob("*.py") for code in GIVEN.findall(path.read_text(encoding="utf-8"))}
    return sorted(found)


@pytest.mark.parametrize("code", given())
def test_a_code_that_is_given_has_a_cure(code: str) -> None:
    assert code in codes.CODES


def test_codes_are_found_in_the_source() -> None:
    assert {"values_missing", "plan_failed", "refused_by_vendor"} <= set(given())


def test_an_unknown_code_gets_general_advice() -> None:
    assert codes.cure("never_heard_of") == ("See the hint and the attempts, mend the cause, then replay or discard.")
    assert not codes.is_mended_at_source("never_heard_of")


def test_the_guide_lists_every_code_with_its_cure() -> None:
    guide = (ROOT.parent / "docs" / "dead-letters.md").read_text(encoding="utf-8")
    rows = [line for line in guide.splitlines() if line.startswith("| `")]

    assert rows == [
        f"| `{name}` | {code.cure} | {'overtaken by a newer look' if code.is_mended_at_source else ''} |"
        for name, code in sorted(codes.CODES.items())
    ]
