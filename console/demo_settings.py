"""The demo's installation: a folder of its own, real budgets, and durations shortened by its pace."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from config.settings import PACKAGED_FLOWS
from console.demo_scenario import PACE

BUDGETS_PER_S: Mapping[str, int] = {"aprimo": 12, "opentext": 50}
"""What our workers may call, all together; the Aprimo sandbox enforces 15 for everybody."""

MARKETERS_PER_S = 3
"""What the demo's marketers and its reading may call: what our budget leaves of Aprimo's limit."""

DRAFTING_PER_S = 9
"""The same while briefs are only written: Signoff has next to nothing to do then."""

_TERM = re.compile(r'^(?P<key>\s*(?:due_in|after_end)\s*=\s*)"(?P<term>[^"]+)"', re.MULTILINE)
_PARTS = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?")


class Without(StrEnum):
    """What the demo may do without: what it does not tell, reconciliation finds."""

    NOTHING = ""
    WEBHOOKS = "webhooks"
    POLLERS = "pollers"


def forget_environment() -> None:
    """Takes every setting of ours out of this process's environment: the demo must never meet a real tenant."""
    for name in [name for name in os.environ if name.startswith("SIGNOFF_")]:
        del os.environ[name]


def overrides(folder: Path, without: Without = Without.NOTHING) -> dict[str, str]:
    """The settings of the demo, by their environment names; writes the flows' files with shortened terms."""
    compared = {"SIGNOFF_RECONCILE_RECENT_EVERY_S": "10", "SIGNOFF_RECONCILE_OVERLAP_S": "20"} if without else {}
    return {
        **compared,
        "SIGNOFF_POLL_ENABLED": "false" if without is Without.POLLERS else "true",
        "SIGNOFF_DATA_DIR": str(folder),
        "SIGNOFF_SANDBOXES": "true",
        "SIGNOFF_FLOWS_DIR": str(_flows_with_short_terms(folder / "flows")),
        "SIGNOFF_APRIMO_RATE_PER_S": str(BUDGETS_PER_S["aprimo"]),
        "SIGNOFF_APRIMO_BURST": "4",
        "SIGNOFF_OPENTEXT_RATE_PER_S": str(BUDGETS_PER_S["opentext"]),
        "SIGNOFF_OPENTEXT_BURST": "5",
        "SIGNOFF_OPENTEXT_CALLBACK_SETTLE_S": "0.2",
        "SIGNOFF_OPENTEXT_AUDIT_OVERLAP_S": "10",
        "SIGNOFF_POLL_APRIMO_EVERY_S": "5",
        "SIGNOFF_POLL_APRIMO_OVERLAP_S": "10",
        "SIGNOFF_POLL_OPENTEXT_EVERY_S": "5",
        "SIGNOFF_POLL_OPENTEXT_LIST_EVERY_S": "10",
        "SIGNOFF_POLL_OVERDUE_EVERY_S": "1",
        "SIGNOFF_POLL_REVIEWS_DUE_EVERY_S": "1",
        "SIGNOFF_POLL_HISTORY_EVERY_S": "1",
        "SIGNOFF_ENGINE_RETRY_BASE_S": "0.5",
        "SIGNOFF_ENGINE_SWEEP_EVERY_S": "2",
    }


def shortened(document: str, *, pace: float) -> str:
    """A flow's TOML with every `due_in` and `after_end` divided by the pace, in whole seconds and at least one."""

    def shorten(found: re.Match[str]) -> str:
        seconds = max(1, round(_duration(found["term"]).total_seconds() / pace))
        return f'{found["key"]}"PT{seconds}S"'

    return _TERM.sub(shorten, document)


def _flows_with_short_terms(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for path in PACKAGED_FLOWS.glob("*.toml"):
        document = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(shortened(document, pace=PACE), encoding="utf-8")
    return folder


def _duration(term: str) -> timedelta:
    """An ISO 8601 duration of days, hours, minutes and seconds. Raises ValueError for anything else."""
    found = _PARTS.fullmatch(term)
    if found is None or term in {"P", "PT"}:
        raise ValueError(f"{term!r} is no duration such as P2D or PT8H")
    return timedelta(**{name: int(text) for name, text in found.groupdict().items() if text})
