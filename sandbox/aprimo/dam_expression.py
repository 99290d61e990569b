"""The DAM's search expression, turned into a test of rows (aprimo.md §4.2).

    or := and (OR and)* · and := not ([AND] not)* · not := NOT not | (or) | operand comparison value
    operand := FieldName('x') | FieldId('x') | word · comparison := = <> > >= < <= CONTAINS in
    value := @name | ? | @0 | 'text' | number | (value, value)

Words without AND or OR between them are joined by `defaultLogicalOperator`.
"""

import fnmatch
import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from sandbox.aprimo import pm_times
from sandbox.aprimo.refusals import Refusal
from sandbox.aprimo.state import Row

Test = Callable[[Row], bool]
TEXT, NUMBER, TIME = "text", "number", "time"
Reader = Callable[[Row], Sequence[object]]
"""Gives the values of an operand in a row; a row matches where any of them does."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<name>@\w+|\?)|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<sign><>|>=|<=|[=<>(),])|(?P<word>[A-Za-z_][\w.]*))""",
    re.VERBOSE,
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Operands(Protocol):
    """What can be searched; refuses what cannot."""

    def find(self, function: str, name: str) -> tuple[str, Reader]:
        """Give type and reader of `FieldName('name')` (function `fieldname`), `FieldId`, or a word (no function)."""
        ...


def compile_search(search: object, operands: Operands) -> Test:
    """Make the test of a `searchExpression` object."""
    if not isinstance(search, dict) or not isinstance(search.get("expression"), str):
        raise Refusal(400, "The search needs a 'searchExpression' with an 'expression'.")
    if not search["expression"].strip():
        return lambda _: True
    return _Parser(search, operands).whole()


class _Parser:
    def __init__(self, search: Row, operands: Operands) -> None:
        self._tokens = _tokens(search["expression"])
        self._at = 0
        self._operands = operands
        self._named = {str(key).casefold(): value for key, value in (search.get("namedParameters") or {}).items()}
        self._listed = list(search.get("parameters") or [])
        self._next_listed = 0
        self._joins_by_or = str(search.get("defaultLogicalOperator", "AND")).upper() == "OR"
        self._has_wildcards = bool(search.get("supportWildcards", False))

    def whole(self) -> Test:
        test = self._or()
        if self._at < len(self._tokens):
            raise _wrong(self._tokens[self._at][1])
        return test

    def _or(self) -> Test:
        tests = [self._and()]
        while self._takes("or") or (self._joins_by_or and self._starts_another()):
            tests.append(self._and())
        return lambda row: any(test(row) for test in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._takes("and") or (not self._joins_by_or and self._starts_another()):
            tests.append(self._not())
        return lambda row: all(test(row) for test in tests)

    def _starts_another(self) -> bool:
        kind, text = self._peek()
        return text == "(" or (kind == "word" and text.casefold() not in ("and", "or"))

    def _not(self) -> Test:
        if self._takes("not"):
            inner = self._not()
            return lambda row: not inner(row)
        if self._takes("("):
            test = self._or()
            self._demand(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        kind, read = self._operand()
        sign = self._next()[1].casefold()
        if sign == "in":
            wanted = [self._typed(each, kind) for each in self._values()]
            return lambda row: any(_same(value, kind) in wanted for value in read(row))
        value = self._value()
        if sign == "contains":
            part = str(value).casefold()
            return lambda row: any(part in str(each).casefold() for each in read(row))
        if sign == "<>":
            equal = self._equal(kind, read, value)
            return lambda row: not equal(row)
        if sign == "=":
            return self._equal(kind, read, value)
        if sign not in _SIGNS:
            raise _wrong(sign)
        compare, limit = _SIGNS[sign], self._typed(value, kind)
        return lambda row: any(compare(_same(each, kind), limit) for each in read(row))

    def _equal(self, kind: str, read: Reader, value: object) -> Test:
        if self._has_wildcards and kind == TEXT and "*" in str(value):
            pattern = str(value).casefold().replace("[", "[[]").replace("?", "[?]")
            return lambda row: any(fnmatch.fnmatchcase(str(each).casefold(), pattern) for each in read(row))
        wanted = self._typed(value, kind)
        return lambda row: any(_same(each, kind) == wanted for each in read(row))

    def _operand(self) -> tuple[str, Reader]:
        kind, word = self._next()
        if kind != "word":
            raise _wrong(word)
        if word.casefold() not in ("fieldname", "fieldid"):
            return self._operands.find("", word)
        self._demand("(")
        name = str(self._value())
        self._demand(")")
        return self._operands.find(word.casefold(), name)

    def _values(self) -> list[object]:
        if not self._takes("("):
            value = self._value()
            return value if isinstance(value, list) else [value]
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._demand(")")
        return [inner for each in values for inner in (each if isinstance(each, list) else [each])]

    def _value(self) -> Any:  # noqa: ANN401 -- JSON.
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace(text[0] * 2, text[0])
        if kind == "number":
            return float(text)
        if kind != "name":
            raise _wrong(text)
        return self._parameter(text)

    def _parameter(self, text: str) -> Any:  # noqa: ANN401 -- JSON.
        name = text.removeprefix("@").casefold()
        if text == "?":
            name, self._next_listed = str(self._next_listed), self._next_listed + 1
        if name in self._named:
            return self._named[name]
        if name.isdecimal() and int(name) < len(self._listed):
            return self._listed[int(name)]
        raise Refusal(400, f"The parameter '{text}' has no value.")

    @staticmethod
    def _typed(value: object, kind: str) -> str | float | datetime:
        if value is None or isinstance(value, list | dict):
            raise Refusal(400, "A parameter has no value to compare with.")
        return _same(value, kind)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if not token[0]:
            raise Refusal(400, "The search expression ends too early.")
        self._at += 1
        return token

    def _takes(self, text: str) -> bool:
        kind, found = self._peek()
        is_there = kind in ("word", "sign") and found.casefold() == text
        self._at += is_there
        return is_there

    def _demand(self, text: str) -> None:
        if not self._takes(text):
            raise _wrong(self._peek()[1] or "the end")


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    expression = expression.strip()
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise _wrong(expression[at:])
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _same(value: object, kind: str) -> str | float | datetime:
    """Bring a value into the form in which its type is compared; texts without regard to case."""
    if kind == TIME:
        return pm_times.read_time(value, "a parameter")
    if kind == TEXT:
        return str(value).casefold()
    try:
        return float(str(value))
    except ValueError as err:
        raise Refusal(400, f"{value!r} is not a number.") from err


def _wrong(text: str) -> Refusal:
    return Refusal(400, f"The search expression is wrong at '{text}'.")
