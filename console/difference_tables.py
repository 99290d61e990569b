"""What reconciliation found, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import quote

from console.tables import Link, Table

if TYPE_CHECKING:  # Values only; the store brings SQLAlchemy.
    from pipeline.ports import Difference, Run
    from pipeline.suspects import Found

_LONGEST = 60
_ROWS = ("item_rows", "process_rows")
_WHY_NOT = {
    "never": "its policy is never, or nothing of ours can mend it",
    "not_open": "it is not open any more, or is being healed already",
    "not_healed": "nothing was healed, or it was taken back already",
    "heal_waits": "its heal has not ended yet; once it has, it can be taken back",
    "heal_died": "its heal died on the way; its dead letter says why (signoff dead-letters list)",
    "heal_wrote_nothing": "its heal ended without writing anything, so there is nothing to give back",
    "undo_waits": "it is being given back already; the next comparison says what came of it",
    "undo_died": "its way back died; its dead letter says why (signoff dead-letters list)",
    "not_undoable": "nothing was written over that could be given back",
    "changed_since": "somebody has changed it since",
    "not_ours_to_write": "it is not ours to write",
}
"""Why a difference is not healed, or a heal not taken back, for people."""
_PAGES = ("item_pages", "process_pages")
_COUNTS = (
    "items",
    "processes",
    "suspects",
    "reads",
    "differences",
    "healed",
    "unread",
    "moved",
)


def difference_table(found: Iterable[Difference], title: str = "Differences") -> Table:
    """Differences, one a row."""
    return Table(
        title=title,
        columns=("id", "flow", "item", "field", "cause", "Aprimo", "OpenText", "policy", "state", "since"),
        rows=tuple(
            (
                each.id,
                each.flow,
                _item(each.business_key),
                each.field,
                each.cause,
                short(each.aprimo),
                short(each.opentext),
                each.policy,
                each.state,
                each.first_seen,
            )
            for each in found
        ),
    )


def found_table(flow: str, found: Iterable[Found]) -> Table:
    """What a run found that keeps nothing."""
    return Table(
        title=f"Found in {flow}, and not kept",
        columns=("item", "field", "cause", "Aprimo", "OpenText", "policy"),
        rows=tuple(
            (
                _item(each.key),
                each.explained.mismatch.field,
                each.explained.cause,
                short(each.explained.mismatch.aprimo),
                short(each.explained.mismatch.opentext),
                each.explained.policy,
            )
            for each in found
        ),
    )


def difference_facts(difference: Difference) -> tuple[Table, Table]:
    """All that is known of one difference, and the evidence for its cause."""
    facts = asdict(difference)
    evidence = facts.pop("evidence")
    return (
        Table(title=f"Difference {difference.id}", rows=tuple((name, _said(value)) for name, value in facts.items())),
        Table(title="Evidence", rows=tuple((name, _said(value)) for name, value in evidence.items())),
    )


def run_table(runs: Iterable[Run]) -> Table:
    """Runs: how far each has come, and what it came to."""
    return Table(
        title="Runs",
        columns=(
            "run",
            "flow",
            "compares",
            "stands at",
            "began",
            "ended",
            *(name.replace("_", " ") for name in _ROWS),
            "pages",
            *_COUNTS,
        ),
        rows=tuple(
            (
                run.id,
                run.flow,
                run.mode,
                str(run.report.get("ended") or f"{run.phase} {run.cursor}".strip()),
                run.started_at,
                run.ended_at,
                *(_said(run.report.get(name)) for name in _ROWS),
                sum(run.counts.get(name, 0) for name in _PAGES),
                *(run.counts.get(name, 0) for name in _COUNTS),
            )
            for run in runs
        ),
    )


def found_json(flow: str, found: Iterable[Found]) -> list[Mapping[str, object]]:
    """What a run found that keeps nothing."""
    return [
        {
            "flow": flow,
            "business_key": each.key,
            **asdict(each.explained.mismatch),
            "cause": each.explained.cause,
            "policy": each.explained.policy,
            "evidence": each.explained.evidence,
        }
        for each in found
    ]


def acted_sentence(difference_id: str, done: str, reason: str) -> str:
    """What became of one difference. done: what is so where there is no reason against it."""
    return (
        f"Difference {difference_id}: {_WHY_NOT.get(reason, reason)}."
        if reason
        else f"Difference {difference_id} {done}."
    )


def short(value: object) -> str:
    """A value in one short line: what is long is shown by `differences show`."""
    text = " · ".join(_said(value).splitlines())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _said(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _item(key: str) -> Link:
    return Link(text=key, path=f"/events?subject={quote(key, safe='')}")
