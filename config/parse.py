"""Turns what the environment or a TOML file says into the type a setting declares."""

from __future__ import annotations

import math
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from config.declare import Declared
from config.secret import Secret

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Malformed(ValueError):  # noqa: N818 - it names what is wrong with a value, and never leaves this package
    """A value that cannot be what its setting needs; the message never repeats a secret."""


def parse(declared: Declared, raw: object) -> Any:  # noqa: ANN401 - the type is the declaration's
    """The value of a setting from environment text or from a TOML value. Raises Malformed."""
    value = _of_type(declared.type, raw)
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_bounds(declared, value)
    return value


def _of_type(wanted: Any, raw: object) -> Any:  # noqa: ANN401 - types are values here
    if get_origin(wanted) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(wanted) if part is not type(None))
        return _of_type(inner, raw)
    if get_origin(wanted) is Literal:
        return _choice(get_args(wanted), raw)
    if get_origin(wanted) is tuple:
        return tuple(_of_type(get_args(wanted)[0], part) for part in _parts(raw))
    return _PARSERS[wanted](raw)


def _check_bounds(declared: Declared, value: float) -> None:
    if declared.at_least is not None and value < declared.at_least:
        raise Malformed(f"is {value:g}, but must be at least {declared.at_least:g}")
    if declared.at_most is not None and value > declared.at_most:
        raise Malformed(f"is {value:g}, but must be at most {declared.at_most:g}")


def _choice(choices: tuple[str, ...], raw: object) -> str:
    if not isinstance(raw, str) or raw not in choices:
        raise Malformed(f"is {raw!r}, but must be one of {', '.join(choices)}")
    return raw


def _parts(raw: object) -> list[object]:
    if isinstance(raw, str):
        return [part.strip() for part in raw.split(",") if part.strip()]
    if isinstance(raw, list):
        return raw
    raise Malformed("must be a list, or text with commas")


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise Malformed(f"is {raw!r}, but must be text")
    return raw


def _secret(raw: object) -> Secret:
    if not isinstance(raw, str):
        raise Malformed("must be text")
    return Secret(raw)


def _path(raw: object) -> Path:
    return Path(_text(raw)).expanduser()


def _integer(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise Malformed(f"is {raw!r}, but must be a whole number")
    try:
        return int(raw)
    except ValueError:
        raise Malformed(f"is {raw!r}, but must be a whole number") from None


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise Malformed(f"is {raw!r}, but must be a number")
    try:
        value = float(raw)
    except ValueError:
        raise Malformed(f"is {raw!r}, but must be a number") from None
    if not math.isfinite(value):
        raise Malformed(f"is {raw!r}, but must be a finite number")
    return value


def _boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in _TRUE | _FALSE:
        return raw.lower() in _TRUE
    raise Malformed(f"is {raw!r}, but must be true or false")


_PARSERS = {
    str: _text,
    Secret: _secret,
    Path: _path,
    int: _integer,
    float: _number,
    bool: _boolean,
}
