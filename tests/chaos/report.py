"""What a run of chaos says: a line a seed while it runs, and the report of all of them as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import VERSION
from tests.chaos.checker.verdict import INVARIANTS
from tests.chaos.deck import kinds
from tests.chaos.tally import Played, Total, total

_HEAD = """# Fault report

What Signoff was put through, and what a checker that shares no code with it found afterwards. Two workers for each
vendor, a real broker and database, the scheduler, the web intake and both sandboxes over HTTP; in each seed six
campaign briefs of different stories were carried while troubles drawn from the seed came over them. Leases, late
times and deadlines are seconds here, by their settings. [chaos.md](chaos.md) says how to run it, and what each
trouble is.
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """All seeds of one database."""

    database: str
    played: Sequence[Played]


def line(played: Played) -> str:
    """One seed in a line."""
    met = ", ".join(sorted(fault.kind for fault in played.faults if fault.hits)) or "no troubles"
    verdict = "ok" if not played.violations else f"FAILED ({len(played.violations)} violations)"
    return (
        f"seed {played.seed}: {verdict} · {played.events} events · useful {played.useful:.0%}"
        f" · recovered in {played.recovery_s:.1f} s · {played.seconds:.0f} s · {met}"
    )


def details(played: Played) -> list[str]:
    """Why a seed failed, a line each, and how it is played again."""
    found = [f"  {each.invariant} {each.about}: {each.says}" for each in played.violations]
    shown = [f"    {row}" for each in played.violations for row in each.shown]
    return [*found, *shown, *(f"  people see: {note}" for note in played.notes)]


def write(path: Path, section: Section) -> None:
    """Renew a database's section of the report; the others' stay."""
    kept = _sections(path)
    kept[section.database] = _section(section)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([_HEAD, *(kept[name] for name in sorted(kept, reverse=True))]), encoding="utf-8")


def _sections(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = text.split("\n## ")[1:]
    return {part.partition("\n")[0].strip().lower(): f"## {part.rstrip()}\n" for part in parts}


def _section(section: Section) -> str:
    summed = total(list(section.played))
    return "\n".join(
        [
            f"## {'PostgreSQL' if section.database == 'postgresql' else 'SQLite'}",
            "",
            *_figures(summed),
            "",
            *_troubles(summed, section.database),
            "",
            *_invariants(section.played),
            "",
        ]
    )


def _figures(summed: Total) -> list[str]:
    rows: Mapping[str, object] = {
        "version": VERSION,
        "run on": datetime.now(UTC).date().isoformat(),
        "seeds": summed.seeds,
        "events": summed.events,
        "faults": sum(summed.faults.values()),
        "lost": summed.lost,
        "doubled": summed.doubled,
        "out of order": summed.disordered,
        "useful work, of the run without faults": f"{summed.useful:.1%} in the worst seed",
        "slowest recovery": f"{summed.slowest_recovery_s} s",
        "failing seeds": ", ".join(map(str, summed.failing_seeds)) or "none",
    }
    return ["| Figure | Value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def _troubles(summed: Total, database: str) -> list[str]:
    rows = [f"| {kind} | {summed.faults.get(kind, 0)} |" for kind in kinds(database)]
    return ["| Trouble | Met something |", "|---|---|", *rows]


def _invariants(played: Sequence[Played]) -> list[str]:
    found = Counter(violation.invariant for each in played for violation in each.violations)
    rows = [f"| {name} | {what} | {found[name]} |" for name, (what, _) in INVARIANTS.items()]
    return ["| Invariant | Holds | Violations |", "|---|---|---|", *rows]
