"""Where settings are said: the environment first, then one optional TOML file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from config.declare import PREFIX, Declared
from config.problems import Problem

CONFIG_VARIABLE = f"{PREFIX}CONFIG"
FAILPOINTS_VARIABLE = f"{PREFIX}FAILPOINTS"
"""Names a folder of orders for failpoints; of use in a test build alone, refused in any other."""


def said(
    known: Sequence[Declared], environ: Mapping[str, str], toml_path: Path | None
) -> tuple[dict[Declared, object], list[Problem]]:
    """What was said of each known setting, not yet read, and what is wrong with the TOML file itself.

    An empty variable counts as not set.
    """
    path = toml_path or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    table, problems = _read_toml(path) if path else ({}, [])
    if path and not problems:
        problems = _unknown_keys(path, table, known)
    raw = {each: environ.get(each.env) or _from_table(table, each) for each in known}
    return {each: value for each, value in raw.items() if value is not None}, problems


def unknown_variables(known: Sequence[Declared], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like ours and are none.

    A matter for a warning only: Kubernetes, for one, adds SIGNOFF_WEB_SERVICE_HOST beside a service of ours.
    """
    ours = {each.env for each in known} | {CONFIG_VARIABLE, FAILPOINTS_VARIABLE}
    return tuple(sorted(name for name in environ if name.startswith(PREFIX) and name not in ours))


def nearest(name: str, known: Sequence[Declared]) -> str:
    """The setting whose name is most like this one, "" where none is."""
    ours = [each.env.removeprefix(PREFIX) for each in known]
    near = difflib.get_close_matches(name.removeprefix(PREFIX), ours, n=1)
    return f"{PREFIX}{near[0]}" if near else ""


def _read_toml(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except OSError as err:
        reason = f"{path} cannot be read: {err.strerror}."
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        reason = f"{path} is not TOML: {err}."
    return {}, [Problem(names=(CONFIG_VARIABLE,), reason=reason, example="/etc/signoff/signoff.toml")]


def _from_table(table: Mapping[str, Any], each: Declared) -> object:
    section = table.get(each.group, {}) if each.group else table
    return section.get(each.name) if isinstance(section, Mapping) else None


def _unknown_keys(path: Path, table: Mapping[str, Any], known: Sequence[Declared]) -> list[Problem]:
    groups = {each.group for each in known if each.group}
    ours = {_dotted(each) for each in known}
    written = [
        f"{key}.{inner}" if key in groups and isinstance(value, Mapping) else key
        for key, value in table.items()
        for inner in (value if key in groups and isinstance(value, Mapping) else ("",))
    ]
    return [_unknown(path, name, ours) for name in written if name not in ours]


def _dotted(each: Declared) -> str:
    return f"{each.group}.{each.name}" if each.group else each.name


def _unknown(path: Path, name: str, ours: set[str]) -> Problem:
    near = difflib.get_close_matches(name, ours, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return Problem(names=(name,), reason=f"{path} sets it, but there is no such setting.{hint}")
