"""Which wrongs are put into a source, and which are not."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.changes import changes


def wrongs(source: str) -> list[str]:
    return [str(change) for change in changes(ast.parse(source))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b < 1", ["`b < 1` → `b <= 1`", "`b < 1` → `b >= 1`", "`1` → `2`"]),
        ("a = b is None", ["`b is None` → `b is not None`"]),
        ("a = b and c", ["`b and c` → `b or c`", "`b and c` → `c`", "`b and c` → `b`"]),
        ("a = b + c", ["`b + c` → `b - c`"]),
        ("a = not b", ["`not b` → `b`"]),
        ("a = True", ["`True` → `False`"]),
        ("a = 'b'", ["`'b'` → `'bx'`"]),
        ("a = {b, c}", ["without `b`", "without `c`"]),
        ("a = {b: c, **d}", ["without `b`", "without `**d`"]),
        ("a(b=c)", ["without `a(b=c)`", "without `b=c`"]),
        ("a = any(b)", ["`any(b)` → `all(b)`"]),
        ("a = b.c.is_(d)", ["`b.c.is_(d)` → `b.c.is_not(d)`"]),
        ("a = b if c else d", ["`b if c else d` → `b`", "`b if c else d` → `d`", "`c` → `not c`"]),
        ("if a: b = c", ["`a` → `not a`"]),
        ("a += b", ["without `a += b`"]),
        ("raise A('b')", ["without `raise A('b')`"]),
    ],
)
def test_what_can_be_wrong_with_a_statement(source: str, expected: list[str]) -> None:
    assert wrongs(source) == expected


def test_a_case_can_be_missing() -> None:
    assert wrongs("match a:\n  case b.c: d = e\n  case _: d = f") == [
        "without `case b.c: d = e`",
        "without `case _: d = f`",
    ]


def test_a_function_can_give_nothing_back() -> None:
    assert wrongs("def a():\n  return b") == ["`return b` → `return None`"]


@pytest.mark.parametrize(
    "source",
    [
        '"""Words for the reader."""',
        "from a import b",
        "a: 'b[c]'",
        "A = TypeVar('A')",
        "A: TypeAlias = 'B'",
        "@a(b=True)\nclass C: pass",
        "def a(b: 'c') -> 'd': pass",
    ],
)
def test_what_says_nothing_of_what_is_done_stays(source: str) -> None:
    assert wrongs(source) == []


def test_a_change_is_in_the_function_and_the_class_around_it() -> None:
    (change,) = changes(ast.parse("class A:\n  def b(self):\n    return c"))

    assert (change.place, change.line) == ("A.b", 3)


def test_making_a_change_makes_no_other() -> None:
    tree = ast.parse("a = {b, c}\nd = 1 < 2")
    made = changes(tree)[1]

    made.make()

    assert ast.unparse(tree) == "a = {b}\nd = 1 < 2"


def test_every_change_leaves_a_module_that_can_be_compiled() -> None:
    source = "def a(b):\n  for c in b:\n    continue\n  if b or c:\n    raise D\n  e[0] = {}\n  return (b,)"
    for number in range(len(wrongs(source))):
        tree = ast.parse(source)
        changes(tree)[number].make()
        compile(ast.fix_missing_locations(tree), "a.py", "exec")

    assert len(wrongs(source)) == 10
