"""The settings as a table for people, made from their declarations."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import get_args

from config.declare import Declared
from config.secret import Secret
from config.settings import without_password

_TITLES = {
    "": "Installation",
    "aprimo": "Aprimo",
    "opentext": "OpenText",
    "engine": "Engine",
    "polling": "Polling",
    "reconciliation": "Reconciliation",
    "retention": "Retention",
    "web": "Web app",
    "flower": "Flower",
}
_HEAD = """# Settings

Said in the environment, or in a TOML file that `SIGNOFF_CONFIG` names; the environment wins. In the file the name
is the one in brackets, under a table of the group (`[aprimo]`); lists are lists there, and text with commas in the
environment. An empty variable counts as not set. What is missing, malformed or unsafe is named all together when a
role starts, and nothing starts. *Secret* values are never shown.

This page is made by `./run signoff settings --markdown`; a test keeps it current.
"""


def markdown(declared: Iterable[Declared]) -> str:
    """The page `docs/settings.md`."""
    parts = [_HEAD]
    ordered = sorted(declared, key=lambda each: list(_TITLES).index(each.group))
    for name, members in groupby(ordered, key=lambda each: each.group):
        table = f" (`[{name}]`)" if name else ""
        parts.append(f"\n## {_TITLES[name]}{table}\n\n| Setting | Default | Meaning | Example |\n|---|---|---|---|\n")
        parts += [_row(each) for each in members]
    return "".join(parts)


def effective(settings: object, declared: Iterable[Declared]) -> str:
    """The values in force, one a line as the environment would say them; secrets and passwords blotted out."""
    return "".join(f"{name}={value}\n" for name, value in values(settings, declared).items())


def values(settings: object, declared: Iterable[Declared]) -> dict[str, str]:
    """The values in force by name, as `effective` shows them."""
    return {each.env: _value(settings, each) for each in declared}


def _row(each: Declared) -> str:
    unit = f" {each.unit}" if each.unit else ""
    default = each.default_text or f"{_text(each.default)}{unit if each.default is not None else ''}"
    meaning = each.meaning + (" *Secret.*" if is_secret(each) else "") + _choices(each)
    return f"| `{each.env}` (`{each.name}`) | {default} | {meaning} | `{each.example}` |\n"


def is_secret(each: Declared) -> bool:
    """Whether the value of a setting must never be shown."""
    return each.type is Secret or Secret in get_args(each.type)


def _choices(each: Declared) -> str:
    words = [word for word in get_args(each.type) if isinstance(word, str)]
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""


def _text(default: object) -> str:
    if default is None or default in ("", ()) or isinstance(default, Secret):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default.as_posix() if isinstance(default, Path) else default}`"


def _value(settings: object, each: Declared) -> str:
    value = getattr(getattr(settings, each.group) if each.group else settings, each.name)
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return without_password(value) if each.has_password else str(value)
