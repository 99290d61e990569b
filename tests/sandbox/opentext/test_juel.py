"""Expressions mean here what they mean in the real engine, and nothing runs as Python."""

from typing import Any

import pytest

from sandbox.opentext.juel import evaluate, evaluate_boolean
from sandbox.opentext.juel_values import ExpressionError

SCOPE: dict[str, Any] = {
    "name": "Spring",
    "count": 3,
    "regions": ["DACH", "UK"],
    "none": None,
    "blank": "",
    "isOpen": True,
    "brief": {"owner": "Ann", "lines": [1, 2]},
    "execution": {"id": "e-1"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain text", "plain text"),
        ("PT1S", "PT1S"),
        ("", ""),
        ("${name}", "Spring"),
        ("${count}", 3),
        ("${count} of ${regions.size()}", "3 of 2"),
        ("<${none}|${isOpen}>", "<|true>"),
        ("${regions[0]}", "DACH"),
        ("${regions[7]}", None),
        ("${brief.owner}", "Ann"),
        ("${brief['owner']}", "Ann"),
        ("${brief.lines[1] + 1}", 3),
        ("${execution.id}", "e-1"),
        ("${count * 2 - 1}", 5),
        ("${count / 2}", 1.5),
        ("${count mod 2}", 1),
        ("${-count}", -3),
        ("${isOpen ? 'open' : 'shut'}", "open"),
        ('${"a}b"}', "a}b"),
        (r"${'it\'s'}", "it's"),
        ("${regions.contains('UK')}", True),
        ("${name.equals('Spring')}", True),
        ("${name.length()}", 6),
        ("${blank.isEmpty()}", True),
    ],
)
def test_a_text_has_the_value_the_engine_gives_it(text: str, value: object) -> None:
    assert evaluate(text, SCOPE) == value


@pytest.mark.parametrize(
    ("condition", "is_true"),
    [
        ('${name == "Spring"}', True),
        ('${name != "Spring"}', False),
        ('${none == "Spring"}', False),
        ('${none != "Spring"}', True),
        ("${none == null}", True),
        ("${none <= null}", True),
        ("${none < 3}", False),
        ("${count >= 3 && count lt 4}", True),
        ("${count gt 3 or isOpen}", True),
        ("${not isOpen}", False),
        ("${!(count eq 3)}", False),
        ("${count ne 3 || count le 3 and isOpen}", True),
        ("${empty blank}", True),
        ("${empty regions}", False),
        ("${empty none and not empty name}", True),
        ("${1 + 2 * 3 == 7}", True),
        ("  ${isOpen}\n", True),
    ],
)
def test_a_condition_is_decided_as_the_engine_decides_it(condition: str, is_true: bool) -> None:
    assert evaluate_boolean(condition, SCOPE) is is_true


@pytest.mark.parametrize(
    "text",
    [
        "${unknown}",
        "${brief.budget}",
        "${name.upper()}",
        "${__import__('os')}",
        "${name == 3}",
        "${isOpen == 1}",
        "${regions > 1}",
        "${count and isOpen}",
        "${name + 1}",
        "${1 / 0}",
        "${count",
        "${}",
        "${count count}",
        "${count ==}",
        "${(count}",
        "${count # 1}",
        "${name.}",
        "${count[0]}",
        "${'it''s'}",
    ],
)
def test_what_the_engine_refuses_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, SCOPE)


def test_a_condition_that_is_no_boolean_is_refused() -> None:
    with pytest.raises(ExpressionError, match="returns non-Boolean"):
        evaluate_boolean("${name}", SCOPE)


def test_an_unknown_name_behind_a_decided_or_is_not_looked_at() -> None:
    assert evaluate_boolean("${isOpen or unknown}", SCOPE) is True
