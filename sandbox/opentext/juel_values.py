"""What the operators of JUEL do to values: the strict subset our models may rely on.

The real engine coerces far more (`"5" == 5` is true there). A model that leans on such coercions is
hard to read, so only like types compare here and everything else is an ExpressionError.
"""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

_COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ExpressionError(Exception):
    """The expression cannot be parsed or has no value; the message is worded as the real engine's."""


def to_text(value: Any) -> str:  # noqa: ANN401 (a model's values are open)
    """The value as the engine writes it into a text: null is empty, booleans are lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def to_boolean(value: Any) -> bool:  # noqa: ANN401 (a model's values are open)
    """The operand of a logical sign; null and the empty string are false."""
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"Cannot convert '{value}' to Boolean")


def is_empty(value: Any) -> bool:  # noqa: ANN401 (a model's values are open)
    """The operator `empty`: null, an empty string, an empty list or map."""
    return value is None or (isinstance(value, str | Sequence | Mapping) and len(value) == 0)


def compare(sign: str, left: Any, right: Any) -> bool:  # noqa: ANN401 (a model's values are open)
    """A comparison; equality is null-safe, order needs two numbers or two strings."""
    if left is None or right is None:
        return (left is None) == (right is None) if sign == "==" else _with_null(sign, left, right)
    if not _alike(left, right):
        raise ExpressionError(f"Cannot compare '{left}' with '{right}'")
    return bool(_COMPARISONS[sign](left, right))


def compute(sign: str, left: Any, right: Any) -> int | float:  # noqa: ANN401 (a model's values are open)
    """An arithmetic result; null counts as zero, division gives a decimal."""
    first, second = _number(left), _number(right)
    try:
        match sign:
            case "+":
                return first + second
            case "-":
                return first - second
            case "*":
                return first * second
            case "/":
                return first / second
            case _:
                return first % second
    except ZeroDivisionError as err:
        raise ExpressionError("/ by zero") from err


def read_property(base: Any, name: str) -> Any:  # noqa: ANN401 (a model's values are open)
    """`base.name`; only maps have properties here, and null has none but gives null."""
    if base is None:
        return None
    if isinstance(base, Mapping) and name in base:
        return base[name]
    raise ExpressionError(f"Could not find property {name} in {type(base).__name__}")


def read_index(base: Any, index: Any) -> Any:  # noqa: ANN401 (a model's values are open)
    """`base[index]`; outside a list and for an unknown key the value is null."""
    if isinstance(base, Mapping):
        return base.get(index)
    if isinstance(base, list | tuple) and isinstance(index, int):
        return base[index] if 0 <= index < len(base) else None
    raise ExpressionError(f"Could not find property {index} in {type(base).__name__}")


def call_method(base: Any, name: str, arguments: list[Any]) -> Any:  # noqa: ANN401 (a model's values are open)
    """`base.name(...)`: the few methods of lists and strings that both engines have."""
    match name, arguments:
        case "size", [] if isinstance(base, list | tuple | Mapping):
            return len(base)
        case "isEmpty", [] if isinstance(base, str | list | tuple | Mapping):
            return len(base) == 0
        case "length", [] if isinstance(base, str):
            return len(base)
        case "contains", [item] if isinstance(base, str | list | tuple):
            return item in base
        case "equals", [item] if base is not None:
            return bool(base == item)
        case _:
            raise ExpressionError(f"Cannot find method {name} with {len(arguments)} parameters")


def _with_null(sign: str, left: Any, right: Any) -> bool:  # noqa: ANN401 (a model's values are open)
    if sign == "!=":
        return (left is None) != (right is None)
    # As JUEL: an ordered comparison with null is false, except `<=` and `>=` of null with null.
    return left is None and right is None and sign in {"<=", ">="}


def _alike(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    if isinstance(left, int | float):
        return isinstance(right, int | float)
    return isinstance(left, str) and isinstance(right, str)


def _number(value: object) -> int | float:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"Cannot coerce '{value}' to a number")
    return value
