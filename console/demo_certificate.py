"""A demo without webhooks, or without pollers: who told of each change instead, as `signoff certificate` says it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from console.demo_repair import run_command
from console.demo_settings import Without

_SILENT = {Without.WEBHOOKS: "notice", Without.POLLERS: "poll"}
"""How nothing may have been learned."""
_TRIES, _AGAIN_S = 20, 2.0
"""The last changes are told of a little after the demo is over: a poll leaves the newest seconds for the next one."""


def with_certificate(summary: Mapping[str, Any], environ: Mapping[str, str], without: Without) -> dict[str, Any]:
    """The summary, with the certificate of the whole run. ok: there is no gap either, and what was off told nothing.

    Raises CommandError.
    """
    found = _certified(environ)
    learned: Counter[str] = Counter()
    for each in found["changes"]:
        learned[each["learned"]] += each["count"]
    is_complete = not found["gaps"] and not learned[_SILENT[without]]
    certificate = {"learned": dict(sorted(learned.items())), **{name: found[name] for name in ("untold", "gaps")}}
    return {**summary, "ok": summary["ok"] and is_complete, "without": str(without), "certificate": certificate}


def _certified(environ: Mapping[str, str]) -> dict[str, Any]:
    until = datetime.now(UTC).isoformat()
    for _ in range(_TRIES):
        found: dict[str, Any] = run_command(environ, "certificate", "--to", until, "--json", may_differ=True)
        if not found["gaps"]:
            break
        time.sleep(_AGAIN_S)
    return found
