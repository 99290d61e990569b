"""Where an operator sees a fault: the metrics, the attempts, the dead letters, the log. Some leave nothing to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from tests.chaos.checker.evidence import Evidence, Fault
from tests.chaos.checker.world import moment

WITHIN_S = 60.0
HARMLESS = frozenset(
    {
        "wipe",
        "lost message",
        "duplicate",
        "reorder",
        "slow answer",
        "token expiry",
        "cut broker",
        "cut database",
        "stop",
    }
)
"""Kinds that the mechanisms take as everyday: there is nothing that a person could do, so nobody is told.

A connection that breaks is made anew by the client's next call. Where a consumer waits on it at that moment the log
tells, else nothing does.
"""

_BROKER = re.compile(
    r"queue_away|onnection to broker lost|Cannot connect to|broker +\| ended|ConnectionError|Connection closed"
)
_ENDED = re.compile(r"\| ended with")

Look: TypeAlias = Callable[[Fault, Evidence], bool]


def is_seen(fault: Fault, evidence: Evidence) -> bool:
    """Whether a fault left a sign in time, or is one of those that need none."""
    return fault.kind in HARMLESS or any(look(fault, evidence) for look in _WHERE[fault.kind])


def complaints(evidence: Evidence) -> Iterator[str]:
    """What would have alarmed somebody. A call or a poll that is tried again would not: a busy machine makes some."""
    for line in evidence.said.get("the log", "").splitlines():
        if _ENDED.search(line):
            yield line
    for row in evidence.tables["dead_letters"]:
        yield f"dead letter {row['id']}: {row['code']}"
    for sample in evidence.run.samples:
        if "gate_closed" in sample["series"] or "_up" in sample["series"]:
            yield f"{sample['series']} at {sample['at']}"


# ---- where to look -------------------------------------------------------------------------------------------------


def _in_metrics(*words: str) -> Look:
    """A series with one of the words, while or soon after it happened."""

    def look(fault: Fault, evidence: Evidence) -> bool:
        return any(
            any(word in sample["series"] for word in words)
            for sample in evidence.run.samples
            if _is_soon(fault, sample["at"])
        )

    return look


def _in_attempts(*outcomes: str) -> Look:
    """An attempt that ended so."""

    def look(fault: Fault, evidence: Evidence) -> bool:
        return any(
            row["outcome"] in outcomes and row["ended_at"] and _is_soon(fault, row["ended_at"])
            for row in evidence.tables["attempts"]
        )

    return look


def _in_letters(fault: Fault, evidence: Evidence) -> bool:
    return any(_is_soon(fault, row["opened_at"]) for row in evidence.tables["dead_letters"])


def _in_ticks(fault: Fault, evidence: Evidence) -> bool:
    return any(row["error"] and _is_soon(fault, row["started_at"]) for row in evidence.tables["ticks"])


def _process_in_log(fault: Fault, evidence: Evidence) -> bool:
    log = evidence.said.get("the log", "")
    return f"pid:{fault.facts.get('pid')} exited with" in log or "| ended with SIGKILL" in log


def _role_in_log(fault: Fault, evidence: Evidence) -> bool:
    return bool(re.search(rf"{fault.facts.get('role')} +\| ended with", evidence.said.get("the log", "")))


def _broker_in_log(_: Fault, evidence: Evidence) -> bool:
    return bool(_BROKER.search(evidence.said.get("the log", "")))


_VENDOR: tuple[Look, ...] = (
    _in_attempts("unknown", "transient", "lost"),
    _in_metrics("vendor_wait", "backoff", "lookup", "gate_closed"),
    _in_ticks,
)
_WHERE: Mapping[str, tuple[Look, ...]] = {
    "kill": (_process_in_log,),
    "crash": (_role_in_log,),
    "broker away": (_broker_in_log, _in_metrics("signoff_broker_up")),
    "error": _VENDOR,
    "dropped answer": _VENDOR,
    "late effect": _VENDOR,
    "cut answer": _VENDOR,
    "throttling": _VENDOR,
    "vendor down": _VENDOR,
    "refusal": (_in_letters, _in_attempts("lost")),  # Its worker may have been killed before it could tell.
}


def _is_soon(fault: Fault, at: str) -> bool:
    began: datetime = moment(fault.began_at)
    return began - timedelta(seconds=1) <= moment(at) <= began + timedelta(seconds=WITHIN_S)
