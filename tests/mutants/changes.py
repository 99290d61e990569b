"""Small wrongs in a module's source, one at a time: what a slip of the hand or of the head would have written.

A change is made in the parsed tree itself, by a process that ends with it; so none is ever taken back.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LONGEST = 90
"""Characters of source that a change shows of itself."""

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    # The limit on the other side, and the contrary.
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_REPLACED: dict[type[ast.AST], type[ast.AST]] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED = {"and_": "or_", "or_": "and_", "any": "all", "all": "any", "min": "max", "max": "min"}
_CALLED_OF = {"is_": "is_not", "is_not": "is_", "min": "max", "max": "min", "in_": "not_in"}
_UNTOUCHED = {"annotation", "returns", "decorator_list", "type_comment", "type_params", "ctx"}
"""Fields that say nothing of what is done, or that Python checks itself."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One wrong: where it is, how the source reads before and after, and what makes it in the tree.

    place: the function or class it is in, with those around it; "" for the module. after: "" where something goes.
    """

    place: str
    line: int
    before: str
    after: str
    make: Callable[[], None] = field(repr=False, compare=False)

    def __str__(self) -> str:
        """The change as a reader of a list wants it."""
        return f"`{self.before}` → `{self.after}`" if self.after else f"without `{self.before}`"


def changes(tree: ast.Module) -> list[Change]:
    """Every change of a module, in the order of its source."""
    return sorted(_within(tree, ""), key=lambda change: change.line)


def _within(node: ast.AST, place: str) -> Iterator[Change]:
    if _is_left_alone(node):
        return
    for name, value in ast.iter_fields(node):
        if name in _UNTOUCHED:
            continue
        yield from _removals(node, name, value, place)
        for slot in _slots(node, name, value):
            yield from _of(slot, place)
            yield from _within(slot.node, _inner(slot.node, place))


def _is_left_alone(node: ast.AST) -> bool:
    """Imports, names for types, and the words of an error for its reader."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise):
        return True
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation) == "TypeAlias"
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"TypeVar", "NewType"}


def _inner(node: ast.AST, place: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return f"{place}.{node.name}" if place else node.name
    return place


@dataclass(frozen=True, kw_only=True)
class _Slot:
    """Where a node stands in its parent; at: its index where it is one of several."""

    parent: ast.AST
    name: str
    at: int | None
    node: ast.AST

    def put(self, node: ast.AST) -> None:
        if self.at is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.at] = node

    def changed(self, node: ast.AST, place: str) -> Change:
        """The change that puts another node in its place."""
        before, after = _text(self.node), _text(node)
        return Change(place=place, line=_line(self.node), before=before, after=after, make=lambda: self.put(node))


def _slots(parent: ast.AST, name: str, value: object) -> Iterator[_Slot]:
    if isinstance(value, ast.AST):
        yield _Slot(parent=parent, name=name, at=None, node=value)
    elif isinstance(value, list):
        for at, node in enumerate(value):
            if isinstance(node, ast.AST):
                yield _Slot(parent=parent, name=name, at=at, node=node)


def _of(slot: _Slot, place: str) -> Iterator[Change]:
    """What can be wrong with one node as a whole."""
    for other in _others(slot):
        yield slot.changed(other, place)
    # A comparison and a negation have their contrary already.
    if slot.name in {"test", "ifs", "guard"} and not isinstance(slot.node, ast.Compare | ast.UnaryOp):
        yield slot.changed(ast.UnaryOp(op=ast.Not(), operand=slot.node), place)


def _others(slot: _Slot) -> Iterator[ast.AST]:
    match slot.node:
        case ast.Compare(left=left, ops=[op], comparators=comparators):
            for other in _COMPARED[type(op)]:
                yield ast.Compare(left=left, ops=[other()], comparators=comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(op=_operator(op), values=values)
            yield from (_without(op, values, at) for at in range(len(values)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _REPLACED:
            yield ast.BinOp(left=left, op=_operator(op), right=right)
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=value) if not isinstance(slot.parent, ast.Expr):  # A docstring.
            yield from (ast.Constant(value=other) for other in _values(value))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(value=ast.Constant(value=None))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Call():
            yield from _calls(slot.node)


def _calls(call: ast.Call) -> Iterator[ast.Call]:
    match call.func:
        case ast.Name(id=name) if name in _CALLED:
            yield ast.Call(func=ast.Name(id=_CALLED[name], ctx=ast.Load()), args=call.args, keywords=call.keywords)
        case ast.Attribute(value=value, attr=name) if name in _CALLED_OF:
            func = ast.Attribute(value=value, attr=_CALLED_OF[name], ctx=ast.Load())
            yield ast.Call(func=func, args=call.args, keywords=call.keywords)


def _removals(node: ast.AST, name: str, value: object, place: str) -> Iterator[Change]:
    """What can be missing: an entry of a table, a named argument, a case, a statement."""
    if not isinstance(value, list):
        return
    for at, item in enumerate(value):
        if name in {"elts", "keywords", "cases"} or (isinstance(node, ast.Dict) and name == "keys"):
            yield _removed(node, name, at, item, place)
        elif isinstance(item, ast.stmt) and _is_removable(item):
            slot = _Slot(parent=node, name=name, at=at, node=item)
            yield Change(
                place=place, line=item.lineno, before=_text(item), after="", make=lambda s=slot: s.put(ast.Pass())
            )


def _removed(node: ast.AST, name: str, at: int, item: ast.AST | None, place: str) -> Change:
    def make() -> None:
        del getattr(node, name)[at]
        if isinstance(node, ast.Dict):
            del node.values[at]

    before = _text(item) if item else f"**{_text(node.values[at])}"  # type: ignore[attr-defined]  # Of a dict.
    return Change(place=place, line=_line(item or node), before=before, after="", make=make)


def _is_removable(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case _:
            return False


def _values(value: object) -> tuple[object, ...]:
    match value:
        case bool():
            return (not value,)
        case int() | float():
            return (value + 1,)
        case str():
            return (f"{value}x",)
        case _:
            return ()


def _without(op: ast.boolop, values: list[ast.expr], at: int) -> ast.expr:
    """The others; of two, the other."""
    left = [value for other, value in enumerate(values) if other != at]
    return left[0] if len(left) == 1 else ast.BoolOp(op=op, values=left)


def _operator(op: ast.AST) -> ast.AST:
    return _REPLACED[type(op)]()


def _line(node: ast.AST) -> int:
    """The line of a node, or of the first in it that has one (a pattern's case has none)."""
    return next(one.lineno for one in ast.walk(node) if hasattr(one, "lineno"))


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
