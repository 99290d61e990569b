"""How a command finds the installation that `signoff up` runs beside it: through `run.json` in the data folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.settings import Settings, load

RUN_FILE = "run.json"
_ASKED_AT_START = "SIGNOFF_SANDBOXES"
"""What runs was started so, or was not; a command beside it starts nothing."""


def current(environ: Mapping[str, str] | None = None, toml_path: Path | None = None) -> Settings:
    """The settings for a command: as `load`, joined to the running installation when no broker is set.

    What the environment says still wins over what the installation tells, but for the wish for sandboxes.
    Raises SettingsError as `load` does.
    """
    told = os.environ if environ is None else environ
    alone = load(told, toml_path)
    if told.get("SIGNOFF_BROKER_URL"):
        return alone
    running = read_run_file(alone.data_dir)
    said = {name: value for name, value in told.items() if value and name != _ASKED_AT_START}
    return load({**running["environ"], **said}, toml_path) if running else alone


def read_run_file(data_dir: Path) -> dict[str, Any] | None:
    """What the live supervisor of this data folder wrote, or None when none is alive.

    Keys: pid, started (its start time, against reused pids), environ, urls, logins, roles.
    """
    try:
        written: dict[str, Any] = json.loads((data_dir / RUN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return written if process_started(written["pid"]) == written["started"] else None


def process_started(pid: int) -> str | None:
    """A mark that tells a process from a later one with the same pid; None when no such process lives."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return _alive(pid) if not Path("/proc/self/stat").exists() else None
    after_name = stat.rpartition(")")[2].split()
    return None if after_name[0] == "Z" else after_name[19]


def _alive(pid: int) -> str | None:
    """As good as it gets where there is no /proc: the process lives, whoever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return "alive"
    return "alive"
