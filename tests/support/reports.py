"""The reports of the long runs in docs/: each run renews its own row, and the rows of the others stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

REPORTS = Path(__file__).resolve().parents[2] / "docs" / "reports"


def renew(report: Path, *, title: str, about: str, row: str, figures: Mapping[str, object]) -> None:
    """Write a row of figures into a report; a report whose columns changed begins anew."""
    columns = ["run", *figures]
    head = [f"# {title}", "", about, "", _line(columns), _line(["---"] * len(columns))]
    kept = _rows(report, head)
    kept[row] = _line([row, *map(str, figures.values())])
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text("\n".join([*head, *(kept[name] for name in sorted(kept)), ""]), encoding="utf-8")


def _rows(report: Path, head: list[str]) -> dict[str, str]:
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    if lines[: len(head)] != head:
        return {}
    return {line.split("|")[1].strip(): line for line in lines[len(head) :] if line}


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
