"""Evaluates the expressions of a process model: the part of JUEL that our models may use.

A model must run here as it runs in the real engine, so its `${...}` texts are parsed and evaluated by
a small interpreter; nothing is ever handed to Python's `eval`. What the real engine refuses (an unknown
name, a method that does not exist, a comparison of unlike types) raises ExpressionError here.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sandbox.opentext.juel_values import (
    ExpressionError,
    call_method,
    compare,
    compute,
    is_empty,
    read_index,
    read_property,
    to_boolean,
    to_text,
)

Scope = Mapping[str, Any]
Node = Callable[[Scope], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d+|\d+)
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:().,\[\]])
    )""",
    re.VERBOSE,
)
_WORD_SIGNS = {
    "and": "&&",
    "or": "||",
    "not": "!",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "div": "/",
    "mod": "%",
}
_LITERALS = {"true": True, "false": False, "null": None}
# From the loosest binding to the tightest, as in the grammar of JUEL.
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))


def evaluate(text: str, scope: Scope) -> Any:  # noqa: ANN401 (a model's values are open)
    """The value of a text with `${...}` parts.

    A text that is one expression gives that expression's value; a text with other characters around it
    gives a string; a text without any expression gives itself.
    """
    parts = _parse(text)
    if len(parts) == 1:
        return parts[0](scope)
    return "".join(to_text(part(scope)) for part in parts)


def evaluate_boolean(text: str, scope: Scope) -> bool:
    """The value of a condition; anything but a boolean is refused, as the real engine does."""
    value = evaluate(text.strip(), scope)
    if not isinstance(value, bool):
        raise ExpressionError(f"condition expression returns non-Boolean: {text.strip()}")
    return value


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Node, ...]:
    parts: list[Node] = []
    at = 0
    while at < len(text):
        begin = text.find("${", at)
        if begin < 0:
            parts.append(_constant(text[at:]))
            break
        if begin > at:
            parts.append(_constant(text[at:begin]))
        end = _closing_brace(text, begin + 2)
        parts.append(_Parser(text[begin + 2 : end]).whole())
        at = end + 1
    return tuple(parts) or (_constant(text),)


def _closing_brace(text: str, at: int) -> int:
    quote = ""
    for index in range(at, len(text)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote and text[index - 1] != "\\" else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "}":
            return index
    raise ExpressionError(f"Error while parsing expression: {text}")


def _constant(value: object) -> Node:
    return lambda _scope: value


class _Parser:
    """Turns one expression into a tree of closures, by recursive descent."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = _tokens(source)
        self._at = 0

    def whole(self) -> Node:
        """The tree of the whole expression."""
        node = self._choice()
        if self._at < len(self._tokens):
            raise self._wrong()
        return node

    def _choice(self) -> Node:
        condition = self._level(0)
        if not self._take("?"):
            return condition
        yes = self._choice()
        self._need(":")
        no = self._choice()
        return lambda scope: yes(scope) if to_boolean(condition(scope)) else no(scope)

    def _level(self, depth: int) -> Node:
        if depth == len(_LEVELS):
            return self._unary()
        left = self._level(depth + 1)
        while sign := self._take(*_LEVELS[depth]):
            left = _binary(sign, left, self._level(depth + 1))
        return left

    def _unary(self) -> Node:
        if self._take("!"):
            node = self._unary()
            return lambda scope: not to_boolean(node(scope))
        if self._take("-"):
            node = self._unary()
            return lambda scope: compute("-", 0, node(scope))
        if self._take_name("empty"):
            node = self._unary()
            return lambda scope: is_empty(node(scope))
        return self._value()

    def _value(self) -> Node:
        node = self._primary()
        while sign := self._take(".", "["):
            node = self._member(node) if sign == "." else self._index(node)
        return node

    def _primary(self) -> Node:
        if self._take("("):
            node = self._choice()
            self._need(")")
            return node
        kind, token = self._next()
        if kind == "number":
            return _constant(float(token) if "." in token else int(token))
        if kind == "text":
            return _constant(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if kind != "name":
            raise self._wrong()
        if token in _LITERALS:
            return _constant(_LITERALS[token])
        return self._variable(token)

    def _variable(self, name: str) -> Node:
        source = self._source

        def read(scope: Scope) -> Any:  # noqa: ANN401 (a model's values are open)
            if name not in scope:
                raise ExpressionError(f"Unknown property used in expression: ${{{source}}}")
            return scope[name]

        return read

    def _member(self, base: Node) -> Node:
        kind, name = self._next()
        if kind != "name":
            raise self._wrong()
        if not self._take("("):
            return lambda scope: read_property(base(scope), name)
        arguments: list[Node] = []
        while not self._take(")"):
            arguments.append(self._choice())
            self._take(",")
        return lambda scope: call_method(base(scope), name, [argument(scope) for argument in arguments])

    def _index(self, base: Node) -> Node:
        index = self._choice()
        self._need("]")
        return lambda scope: read_index(base(scope), index(scope))

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *signs: str) -> str:
        if self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            if kind == "sign" and token in signs:
                self._at += 1
                return token
        return ""

    def _take_name(self, name: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("name", name):
            self._at += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._wrong()

    def _wrong(self) -> ExpressionError:
        return ExpressionError(f"Error while parsing expression: ${{{self._source}}}")


def _binary(sign: str, left: Node, right: Node) -> Node:
    if sign == "||":
        return lambda scope: to_boolean(left(scope)) or to_boolean(right(scope))
    if sign == "&&":
        return lambda scope: to_boolean(left(scope)) and to_boolean(right(scope))
    if sign in {"==", "!=", "<", "<=", ">", ">="}:
        return lambda scope: compare(sign, left(scope), right(scope))
    return lambda scope: compute(sign, left(scope), right(scope))


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while source[at:].strip():
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"Error while parsing expression: ${{{source}}}")
        kind, token = match.lastgroup, match.group(match.lastgroup)
        if kind == "name" and token in _WORD_SIGNS:
            kind, token = "sign", _WORD_SIGNS[token]
        tokens.append((kind, token))
        at = match.end()
    return tokens
